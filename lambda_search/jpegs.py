"""A prepared photo as an answer, which a browser may keep."""

from fastapi import Request
from starlette.responses import Response

from release.blobs import Blob, read_blob
from release.store import Store

FOR_AN_HOUR = "public, max-age=3600"
ASKED_AGAIN = "no-cache"  # each time, and answered 304 where it is the same


def jpeg(store: Store, blob: Blob, request: Request, cache: str) -> Response:
    """The photo's bytes, or 304 where the client has them: then nothing is read.

    `cache` is what Cache-Control says. Raises StoreError.
    """
    headers = {"ETag": f'"{blob.sha256}"', "Cache-Control": cache}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(read_blob(store, blob), 200, headers, "image/jpeg")
