"""The endpoints: what is asked goes to the searcher or the store, what they say goes back."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import RedirectResponse, Response

from lambda_search import searcher
from lambda_search.errors import RequestError
from lambda_search.inputs import body_of, check_k, request_body
from lambda_search.releases import Releases
from lambda_search.schemas import (
    ClassifyAnswer,
    ClassifyRequest,
    EmbedAnswer,
    EmbedRequest,
    Health,
    Ready,
    SearchAnswer,
    SearchRequest,
)
from lambda_search.settings import Settings
from release.blobs import Blob, read_blob
from release.errors import UnknownIdError
from release.listings import Photo
from release.reader import Release

PRESIGNED_FOR = timedelta(hours=1)
# A browser must not keep a redirect longer than the URL behind it is good.
_REDIRECT_CACHE = "private, max-age=3000"
_PHOTO_CACHE = "public, max-age=31536000, immutable"


def _releases(request: Request) -> Releases:
    found: Releases = request.app.state.releases
    return found


def _settings(request: Request) -> Settings:
    found: Settings = request.app.state.settings
    return found


def _current(releases: Annotated[Releases, Depends(_releases)]) -> Release:
    return releases.current()


AnyRelease = Annotated[Releases, Depends(_releases)]
CurrentRelease = Annotated[Release, Depends(_current)]
CurrentSettings = Annotated[Settings, Depends(_settings)]

router = APIRouter()


@router.post("/search", openapi_extra=request_body(SearchRequest))
def search(
    asked: Annotated[SearchRequest, Depends(body_of(SearchRequest))],
    release: CurrentRelease,
    settings: CurrentSettings,
) -> SearchAnswer:
    """The listings that look most like a photo, an embedding or another listing."""
    check_k(asked.k, settings.max_k)
    return searcher.search(release, asked)


@router.post("/embed", openapi_extra=request_body(EmbedRequest))
def embed(
    asked: Annotated[EmbedRequest, Depends(body_of(EmbedRequest))], release: CurrentRelease
) -> EmbedAnswer:
    """The photo as numbers, which /search takes too."""
    return searcher.embed(release, asked.photo)


@router.post("/classify", openapi_extra=request_body(ClassifyRequest))
def classify(
    asked: Annotated[ClassifyRequest, Depends(body_of(ClassifyRequest))],
    release: CurrentRelease,
    settings: CurrentSettings,
) -> ClassifyAnswer:
    """The categories that the photo most probably belongs to."""
    check_k(asked.k, settings.max_k)
    return searcher.classify(release, asked.photo, asked.k)


@router.get("/listings/{product_id}/similar")
def similar(
    product_id: str,
    release: CurrentRelease,
    settings: CurrentSettings,
    k: Annotated[int, Query(description="How many listings.")] = 10,
) -> SearchAnswer:
    """The listings that look most like a listing, itself left out."""
    check_k(k, settings.max_k)
    return searcher.similar(release, product_id, k)


@router.get(
    "/photos/{image_id}",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}, 302: {"description": "The photo's URL"}},
)
def photo(image_id: str, request: Request, releases: AnyRelease) -> Response:
    """The photo as JPEG: its bytes, or where S3 has it for the next hour."""
    store, release = releases.current_with_store()
    found = _photo(release, image_id)
    blob = Blob(found.sha256, found.size_bytes)
    if url := store.presign(blob.path, PRESIGNED_FOR):
        return RedirectResponse(url, 302, {"Cache-Control": _REDIRECT_CACHE})
    headers = {"ETag": f'"{blob.sha256}"', "Cache-Control": _PHOTO_CACHE}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(read_blob(store, blob), 200, headers, "image/jpeg")


@router.get("/health")
async def health() -> Health:
    """Answers whenever the process is alive."""
    return Health(status="ok")


@router.get("/ready")
def ready(release: CurrentRelease) -> Ready:
    """Which release answers; 503 with the reason where there is none."""
    return Ready(
        status="ready",
        release=release.manifest.release_id,
        photos=release.search.photo_count,
        listings=release.search.listing_count,
    )


def _photo(release: Release, image_id: str) -> Photo:
    try:
        return release.search.photo(image_id)
    except UnknownIdError as error:
        raise RequestError("unknown_photo", str(error)) from error
