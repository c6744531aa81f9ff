"""What there is without a search: the catalogue in numbers, listings, photos to search with."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from lambda_search.answers import Listing, ListingAnswer, NewestAnswer
from lambda_search.bodies import NewestQuery
from lambda_search.catalogue_answers import CatalogueAnswer, catalogue_answer
from lambda_search.errors import RequestError
from lambda_search.inputs import check_k
from lambda_search.jpegs import ASKED_AGAIN, jpeg
from lambda_search.routes import JPEG, CurrentRelease, CurrentSettings, Held
from lambda_search.shown import listing_of, whole_listing_of
from lambda_search.threads import Route

MOST_PHOTOS = 50  # of one listing
_CATALOGUE_CACHE = "max-age=60"

router = APIRouter(route_class=Route)


@router.get("/catalogue")
def catalogue(
    release: CurrentRelease, settings: CurrentSettings, response: Response
) -> CatalogueAnswer:
    """What the current release has to be searched, by category, price and place."""
    response.headers["Cache-Control"] = _CATALOGUE_CACHE
    return catalogue_answer(release, settings)


@router.get("/listings")
def newest(
    query: Annotated[NewestQuery, Query()], release: CurrentRelease, settings: CurrentSettings
) -> NewestAnswer:
    """The listings put up last, the newest first; those of unknown age at the end."""
    if "k" in query.model_fields_set:
        check_k(query.k, settings.max_k)
    found = release.search.newest(min(query.k, settings.max_k))
    results = [Listing(**listing_of(one.listing, one.photos)) for one in found]
    return NewestAnswer(release=release.manifest.release_id, results=results)


@router.get("/listings/{product_id}")
def listing(product_id: str, release: CurrentRelease) -> ListingAnswer:
    """All that there is of a listing."""
    found = release.search.shown([product_id], MOST_PHOTOS).get(product_id)
    if found is None:
        raise RequestError(
            "unknown_listing", f"There is no listing {product_id!r} in this release."
        )
    shown = whole_listing_of(found.listing, found.photos)
    return ListingAnswer(release=release.manifest.release_id, listing=shown)


@router.get("/samples/{number}", response_class=Response, responses=JPEG)
def sample(number: int, request: Request, held: Held) -> Response:
    """A photo to search with, as JPEG: one of those that GET /catalogue lists."""
    store, release = held
    samples = release.manifest.samples
    if not 1 <= number <= len(samples):
        raise RequestError(
            "unknown_sample",
            f"There is no sample {number}. GET /catalogue lists the {len(samples)} that there are.",
        )
    return jpeg(store, samples[number - 1], request, ASKED_AGAIN)  # a release has its own
