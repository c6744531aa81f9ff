"""What GET /catalogue answers."""

from pydantic import BaseModel, Field

from lambda_search.fields import EXAMPLE_PATH
from lambda_search.settings import Settings
from release.facets import Facets, PriceBin
from release.manifest import SegmentInfo
from release.reader import Release


class CategoryCount(BaseModel):
    """How many listings are in just this category, and not below it."""

    path: list[str] = Field(examples=[EXAMPLE_PATH])
    listings: int


class PriceRange(BaseModel):
    """How many listings have a price of at least `from` and less than `to`."""

    start: float = Field(serialization_alias="from", examples=[10.0])
    end: float = Field(serialization_alias="to", examples=[15.0])
    listings: int


class Prices(BaseModel):
    """How many listings have a price, and which: ranges that join on to each other."""

    listings: int
    bins: list[PriceRange]


class LocationCount(BaseModel):
    """A location as most of its listings spell it."""

    name: str = Field(examples=["London"])
    listings: int


class ExtractorAnswer(BaseModel):
    """The network that embeds photos: pixels a side, numbers of an embedding."""

    backbone: str = Field(examples=["resnet50"])
    size: int = Field(examples=[224])
    width: int = Field(examples=[1000])
    precision: str = Field(examples=["int8"])


class SegmentAnswer(BaseModel):
    """A part of the index. Figures are of photos that it did not have; null where not measured."""

    name: str = Field(examples=["base"])
    plan: str = Field(examples=["SVD256,IVF1024,SQ8"])
    photos: int
    listings: int
    dead_listings: int = Field(description="Of its listings, those that a newer segment replaces.")
    recall_at_1: float | None
    recall_at_10: float | None
    p50_ms: float | None
    p95_ms: float | None
    bytes_per_photo: float | None


class CatalogueAnswer(BaseModel):
    """What the current release holds, for a page's filters and for those who tune.

    `currency` is null where the priced listings have several. `locations` are the 200 with most
    listings. `scores` are what training measured on held-out listings.
    """

    release: str
    created_at: str = Field(examples=["2026-11-23T10:15:00.000000+00:00"])
    catalogue: str = Field(description="The name of the catalogue.", examples=["furniture"])
    listings: int
    photos: int
    max_k: int = Field(description="The most listings that a search may ask for.")
    max_body_bytes: int = Field(description="The largest request.")
    currency: str | None = Field(examples=["GBP"])
    categories: list[CategoryCount]
    prices: Prices
    locations: list[LocationCount]
    samples: list[str] = Field(description="Photos to search with.", examples=[["/samples/1"]])
    extractor: ExtractorAnswer
    segments: list[SegmentAnswer]
    scores: dict[str, float]


def catalogue_answer(release: Release, settings: Settings) -> CatalogueAnswer:
    """Of the current release, with what may be asked of it."""
    manifest, facets = release.manifest, release.facets
    return CatalogueAnswer(
        release=manifest.release_id,
        created_at=manifest.created_at,
        catalogue=manifest.catalogue.name,
        listings=release.search.listing_count,
        photos=release.search.photo_count,
        max_k=settings.max_k,
        max_body_bytes=settings.max_body_bytes,
        currency=facets.currency,
        categories=[CategoryCount(path=list(path), listings=n) for path, n in facets.categories],
        prices=_prices(facets),
        locations=[LocationCount(name=name, listings=n) for name, n in facets.places],
        samples=[f"/samples/{number}" for number in range(1, len(manifest.samples) + 1)],
        extractor=ExtractorAnswer.model_validate(manifest.extractor, from_attributes=True),
        segments=[_segment(info) for info in manifest.segments],
        scores=manifest.scores,
    )


def _prices(facets: Facets) -> Prices:
    return Prices(listings=facets.priced, bins=[_range(one) for one in facets.prices])


def _range(one: PriceBin) -> PriceRange:
    return PriceRange(start=one.start, end=one.end, listings=one.listings)


def _segment(info: SegmentInfo) -> SegmentAnswer:
    measured = ("recall_at_1", "recall_at_10", "p50_ms", "p95_ms", "bytes_per_photo")
    return SegmentAnswer(
        name=info.name,
        plan=info.plan,
        photos=info.photos,
        listings=info.listings,
        dead_listings=info.dead_listings,
        **{name: getattr(info.measured, name, None) for name in measured},
    )
