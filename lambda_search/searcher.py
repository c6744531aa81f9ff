"""Answers one question from one release: search, embed, classify, the listings like a listing."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lambda_search.answers import (
    CategoryGuess,
    ClassifyAnswer,
    EmbedAnswer,
    FoundListing,
    MatchAnswer,
    SearchAnswer,
)
from lambda_search.bodies import ClassifyRequest, EmbedRequest, SearchFilters, SearchRequest
from lambda_search.errors import RequestError
from lambda_search.observing import observation, stage
from lambda_search.photos import Uploads, extract
from lambda_search.shown import listing_of, photo_url
from release.calibration import Calibration, Curve, Match
from release.crop import WHOLE, Crop
from release.extractor import Extracted
from release.faiss_search import ListingHit, Wanted
from release.filters import Filters
from release.reader import Release

Features = NDArray[np.float32]  # (n, width), any length but zero


def search(release: Release, asked: SearchRequest, uploads: Uploads) -> SearchAnswer:
    """The listings nearest to photos of one item, an embedding or a listing of the release.

    Raises PhotoError, RequestError, QueryError and StoreError.
    """
    features, category = _features(release, asked, uploads)
    with stage("search"):
        hits = release.search.search_listings(features, asked.k, _wanted(asked))
    return _answer(release, hits, category)


def embed(release: Release, asked: EmbedRequest, uploads: Uploads) -> EmbedAnswer:
    """Raises PhotoError, RequestError and StoreError."""
    extracted = extract(release, asked.given_photos, uploads, _crop_of(asked.crop))
    return EmbedAnswer(
        release=release.manifest.release_id, embedding=extracted.embedding[0].tolist()
    )


def classify(release: Release, asked: ClassifyRequest, uploads: Uploads) -> ClassifyAnswer:
    """The `k` most probable categories, or all where there are fewer. Raises as `embed`."""
    extracted = extract(release, asked.given_photos, uploads, _crop_of(asked.crop))
    guesses = _guesses(release, extracted, asked.k)
    return ClassifyAnswer(release=release.manifest.release_id, categories=guesses)


def _crop_of(box: tuple[float, float, float, float] | None) -> Crop:
    """The whole photo for None."""
    return Crop(*box) if box else WHOLE


def _features(
    release: Release, asked: SearchRequest, uploads: Uploads
) -> tuple[Features, CategoryGuess | None]:
    if asked.given_photos:
        extracted = extract(release, asked.given_photos, uploads, _crop_of(asked.crop))
        return extracted.embedding, _guesses(release, extracted, 1)[0]
    if asked.product_id is not None:
        return release.search.features_of(asked.product_id), None
    return _checked(asked.embedding or [], release.search.width), None


def _checked(embedding: Sequence[float], width: int) -> Features:
    """The numbers as (1, width), scaled so that float32 holds them. Raises RequestError."""
    if len(embedding) != width:
        raise RequestError(
            "invalid_embedding",
            f"The embedding has {len(embedding)} numbers; this release's have {width}. "
            "POST /embed makes one from a photo.",
        )
    numbers = np.asarray(embedding, dtype=np.float64)
    largest = np.abs(numbers).max()
    if largest == 0:
        raise RequestError(
            "invalid_embedding", "The embedding is all zeros. POST /embed makes one from a photo."
        )
    features: Features = (numbers / largest).astype(np.float32)[None]
    return features


def _wanted(asked: SearchRequest) -> Wanted:
    return Wanted(
        filters=_filters(asked.filters) if asked.filters else None,
        without=frozenset({asked.product_id} if asked.product_id else ()),
        like=tuple(asked.like),
        dislike=tuple(asked.dislike),
        min_similarity=asked.min_similarity,
    )


def _filters(asked: SearchFilters) -> Filters:
    return Filters(
        category=tuple(asked.category) if asked.category else None,
        price_min=asked.price_min,
        price_max=asked.price_max,
        location=asked.location,
        listed_after=asked.listed_after,
        product_ids=None if asked.product_ids is None else frozenset(asked.product_ids),
        words=asked.words,
    )


def _guesses(release: Release, extracted: Extracted, k: int) -> list[CategoryGuess]:
    """Of one item: the mean over its photos."""
    probabilities = extracted.category_probabilities.mean(axis=0)  # (categories,)
    best = np.argsort(-probabilities, kind="stable")[:k]
    return [
        CategoryGuess(
            path=list(release.manifest.categories[place]),
            probability=_rounded(float(probabilities[place])),
        )
        for place in best.tolist()
    ]


def _answer(
    release: Release, hits: Sequence[ListingHit], category: CategoryGuess | None
) -> SearchAnswer:
    calibration = release.manifest.calibration
    match = _match(calibration.match, hits) if calibration.match else None
    results = [_found(hit, calibration) for hit in hits]
    observed = observation()
    observed.good_match = match.good if match else None
    return SearchAnswer(
        release=release.manifest.release_id,
        category=category,
        match=match,
        results=results,
        timings_ms={
            name: round(spent, 2)
            for name, spent in {**observed.stages_ms, "total": observed.elapsed_ms}.items()
        },
    )


def _match(match: Match, hits: Sequence[ListingHit]) -> MatchAnswer:
    return MatchAnswer(
        good=bool(hits) and match.good(hits[0].similarity),
        of=match.of,
        threshold=_rounded(match.threshold),
        precision=_rounded(match.precision),
    )


def _found(hit: ListingHit, calibration: Calibration) -> FoundListing:
    return FoundListing(
        **listing_of(hit.listing, hit.photos),
        similarity=_rounded(hit.similarity),
        same_item_probability=_probability(calibration.same_item, hit),
        same_category_probability=_probability(calibration.same_category, hit),
        image_id=hit.photo.image_id,
        photo=photo_url(hit.photo),
    )


def _probability(curve: Curve | None, hit: ListingHit) -> float | None:
    return _rounded(curve.probability(hit.similarity)) if curve else None


def _rounded(number: float) -> float:
    """To as many digits as float32 similarities are good for."""
    return round(number, 6)
