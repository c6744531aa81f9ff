"""A prepared photo as an answer, which a browser may keep."""

from fastapi import Request
from starlette.responses import Response

from release.blobs import Blob, read_blob
from release.store import Store

_CACHE = "public, max-age=3600"  # an update may change the photo of an id


def jpeg(store: Store, blob: Blob, request: Request) -> Response:
    """The photo's bytes, or 304 where the client has them. Raises StoreError."""
    headers = {"ETag": f'"{blob.sha256}"', "Cache-Control": _CACHE}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(read_blob(store, blob), 200, headers, "image/jpeg")
