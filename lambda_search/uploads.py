"""Where to put a photo that is too large for a request."""

import uuid
from datetime import timedelta

from fastapi import APIRouter

from lambda_search.answers import UploadAnswer
from lambda_search.errors import RequestError
from lambda_search.routes import CurrentSettings, Held
from lambda_search.threads import Route

UPLOAD_FOR = timedelta(minutes=15)

router = APIRouter(route_class=Route)


@router.post("/uploads", status_code=201)
def upload(held: Held, settings: CurrentSettings) -> UploadAnswer:
    """A URL that takes a photo by PUT, and the key to search with afterwards. Needs S3."""
    store, _ = held
    key = f"uploads/{uuid.uuid4().hex}"
    url = store.presign(key, UPLOAD_FOR, "PUT")
    if url is None:
        raise RequestError(
            "uploads_unavailable",
            "This service has no S3 to upload to. Send the photo in the request: up to "
            f"{settings.max_body_bytes:,} bytes.",
        )
    return UploadAnswer(
        key=key,
        url=url,
        expires_s=int(UPLOAD_FOR.total_seconds()),
        max_bytes=settings.max_upload_bytes,
    )
