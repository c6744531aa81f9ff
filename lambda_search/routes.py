"""The endpoints: what is asked goes to the searcher or the store, what they say goes back."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import RedirectResponse, Response

from lambda_search import searcher
from lambda_search.answers import ClassifyAnswer, EmbedAnswer, Health, Ready, SearchAnswer
from lambda_search.bodies import ClassifyRequest, EmbedRequest, SearchRequest, SimilarQuery
from lambda_search.errors import RequestError
from lambda_search.inputs import body_of, check_k, request_body
from lambda_search.jpegs import FOR_AN_HOUR, jpeg
from lambda_search.observing import observation
from lambda_search.photos import Uploads
from lambda_search.releases import Releases
from lambda_search.settings import Settings
from lambda_search.threads import Route, aside
from release.blobs import Blob
from release.errors import UnknownIdError
from release.listings import Photo
from release.reader import Release
from release.store import Store

PRESIGNED_FOR = timedelta(hours=1)
# A URL that temporary credentials have signed ends with them, which may be before its own time.
_REDIRECT_CACHE = "private, max-age=240"
JPEG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/jpeg": {}}}}


async def _releases(request: Request) -> Releases:
    found: Releases = request.app.state.releases
    return found


async def _settings(request: Request) -> Settings:
    found: Settings = request.app.state.settings
    return found


async def _held(releases: Annotated[Releases, Depends(_releases)]) -> tuple[Store, Release]:
    if releases.has_one:  # else it is looked for, which takes a while
        held = releases.current_with_store()
    else:
        held = await aside(releases.current_with_store)
    observation().release = held[1].manifest.release_id
    return held


async def _current(held: Annotated[tuple[Store, Release], Depends(_held)]) -> Release:
    return held[1]


Held = Annotated[tuple[Store, Release], Depends(_held)]
CurrentRelease = Annotated[Release, Depends(_current)]
CurrentSettings = Annotated[Settings, Depends(_settings)]


async def _uploads(held: Held, settings: CurrentSettings) -> Uploads:
    return Uploads(held[0], settings.max_upload_bytes)


CurrentUploads = Annotated[Uploads, Depends(_uploads)]

router = APIRouter(route_class=Route)


@router.post("/search", openapi_extra=request_body(SearchRequest))
def search(
    asked: Annotated[SearchRequest, Depends(body_of(SearchRequest))],
    release: CurrentRelease,
    uploads: CurrentUploads,
    settings: CurrentSettings,
) -> SearchAnswer:
    """The listings that look most like a photo, an embedding or another listing."""
    check_k(asked.k, settings.max_k)
    return searcher.search(release, asked, uploads)


@router.post("/embed", openapi_extra=request_body(EmbedRequest))
def embed(
    asked: Annotated[EmbedRequest, Depends(body_of(EmbedRequest))],
    release: CurrentRelease,
    uploads: CurrentUploads,
) -> EmbedAnswer:
    """The photo as numbers, which /search takes too."""
    return searcher.embed(release, asked, uploads)


@router.post("/classify", openapi_extra=request_body(ClassifyRequest))
def classify(
    asked: Annotated[ClassifyRequest, Depends(body_of(ClassifyRequest))],
    release: CurrentRelease,
    uploads: CurrentUploads,
    settings: CurrentSettings,
) -> ClassifyAnswer:
    """The categories that the photo most probably belongs to."""
    check_k(asked.k, settings.max_k)
    return searcher.classify(release, asked, uploads)


@router.get("/listings/{product_id}/similar")
def similar(
    product_id: str,
    query: Annotated[SimilarQuery, Query()],
    release: CurrentRelease,
    uploads: CurrentUploads,
    settings: CurrentSettings,
) -> SearchAnswer:
    """The listings that look most like a listing, itself left out."""
    check_k(query.k, settings.max_k)
    # Not checked: an id that is too long is one that is not there.
    asked = SearchRequest.model_construct(product_id=product_id, k=query.k)
    return searcher.search(release, asked, uploads)


@router.get(
    "/photos/{image_id}",
    response_class=Response,
    responses={**JPEG, 302: {"description": "The photo's URL"}},
)
def photo(image_id: str, request: Request, held: Held) -> Response:
    """The photo as JPEG, as small as a thumbnail: its bytes, or where S3 has it for an hour."""
    store, release = held
    found = _photo(release, image_id)
    blob = Blob(found.sha256, found.size_bytes)
    if url := store.presign(blob.path, PRESIGNED_FOR):
        return RedirectResponse(url, 302, {"Cache-Control": _REDIRECT_CACHE})
    return jpeg(store, blob, request, FOR_AN_HOUR)  # an update may change the photo of an id


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
