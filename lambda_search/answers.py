"""What the endpoints answer, as shown in the OpenAPI document."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from lambda_search.fields import EXAMPLE_ID, EXAMPLE_IMAGE, EXAMPLE_PATH, EXAMPLE_UPLOAD


class CategoryGuess(BaseModel):
    """A category and its probability: the softmax of the extractor's logits.

    The extractor has the temperature in it that calibrates them (fitted on held-out listings), so
    of guesses given with 0.8 about 80 % are right.
    """

    path: list[str] = Field(examples=[EXAMPLE_PATH])
    probability: float = Field(examples=[0.87])


class Listing(BaseModel):
    """A listing. `photos` are URLs of at most eight of its photos."""

    product_id: str = Field(examples=[EXAMPLE_ID])
    title: str = Field(examples=["Oak dining chair"])
    price: float | None = Field(examples=[45.0])
    currency: str | None = Field(examples=["GBP"])
    price_status: str = Field(examples=["ok"])
    category: list[str] = Field(examples=[EXAMPLE_PATH])
    location: str = Field(examples=["London"])
    listed_at: datetime | None = Field(examples=["2026-11-01T09:30:00Z"])
    photos: list[str] = Field(examples=[[f"/photos/{EXAMPLE_IMAGE}"]])


class WholeListing(Listing):
    """All that there is of a listing. `photos` are URLs of at most fifty of its photos."""

    description: str = Field(examples=["Solid oak, a few scratches."])


class FoundListing(Listing):
    """A listing found, with its photo that is nearest, which is the first of `photos`, too.

    `similarity` is that photo's cosine, -1 to 1, and the probabilities are what it means: that the
    two photos show the same item, or items of the same category, where about half of what is
    searched for is in the catalogue. They are null where the release does not know, as without
    listings that have several photos.
    """

    similarity: float = Field(examples=[0.934201])
    same_item_probability: float | None = Field(examples=[0.962674])
    same_category_probability: float | None = Field(examples=[0.991043])
    image_id: str = Field(examples=[EXAMPLE_IMAGE])
    photo: str = Field(examples=[f"/photos/{EXAMPLE_IMAGE}"])


class MatchAnswer(BaseModel):
    """Whether the nearest listing is a good match: where its similarity is at least `threshold`.

    Of nearest listings called good, the share `precision` showed the same item (`of` "item") or
    were of the same category (`of` "category"). That was measured with single photos of held-out
    listings, without filters, half of them with no other photo of theirs in the catalogue.
    """

    good: bool = Field(examples=[True])
    of: Literal["item", "category"] = Field(examples=["item"])
    threshold: float = Field(examples=[0.712345])
    precision: float = Field(examples=[0.952381])


class SearchAnswer(BaseModel):
    """Listings, nearest first. `category` is there where photos were sent.

    `match` is null where the release does not know which similarity is enough. Without results
    nothing is a good match.
    """

    release: str = Field(examples=["20261123T101500Z-3f9c21"])
    category: CategoryGuess | None
    match: MatchAnswer | None
    results: list[FoundListing]
    timings_ms: dict[str, float] = Field(
        description="Milliseconds of each stage, and of all until the answer was made.",
        examples=[{"read": 0.8, "decode": 11.2, "extract": 27.9, "search": 0.6, "total": 41.0}],
    )


class NewestAnswer(BaseModel):
    """Listings, the newest first."""

    release: str
    results: list[Listing]


class ListingAnswer(BaseModel):
    """One listing."""

    release: str
    listing: WholeListing


class EmbedAnswer(BaseModel):
    """The photo's embedding: unit length, as many numbers as the release's extractor gives."""

    release: str
    embedding: list[float]


class ClassifyAnswer(BaseModel):
    """The categories that are most probable, first the best."""

    release: str
    categories: list[CategoryGuess]


class UploadAnswer(BaseModel):
    """Where to put a photo that is too large for a request: PUT its bytes to `url`.

    The URL is good for `expires_s` seconds at most. Then give `key` as `upload` or in `uploads`,
    within a day.
    """

    key: str = Field(examples=[EXAMPLE_UPLOAD])
    url: str = Field(examples=["https://bucket.s3.eu-west-1.amazonaws.com/uploads/0b5e?X-Amz-..."])
    method: Literal["PUT"] = "PUT"
    expires_s: int = Field(examples=[900])
    max_bytes: int = Field(examples=[25_000_000])


class Health(BaseModel):
    """The process is alive."""

    status: str = Field("ok", examples=["ok"])


class Ready(BaseModel):
    """There is a release to answer from, and how large it is."""

    status: str = Field("ready", examples=["ready"])
    release: str
    photos: int
    listings: int


class ErrorBody(BaseModel):
    """`detail` names what was wrong, the limit and the remedy."""

    code: str = Field(examples=["k_out_of_range"])
    detail: str = Field(examples=["k is 101; it must be from 1 to 100."])
