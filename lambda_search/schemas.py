"""What requests and answers hold, checked by pydantic and shown in the OpenAPI document."""

import base64
import binascii
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

MAX_ID = 200  # characters; ids are UUIDs, but a catalogue may have its own
MAX_NAME = 500
MAX_PATH = 10  # levels of a category path
MAX_IDS = 1000  # of a filter
MAX_STEERING = 20  # listings liked, and as many disliked
MAX_NUMBERS = 16_384  # of an embedding; the release says how many it needs
EXAMPLE_ID = "6a2b5ec3-9a6f-4a43-a7a2-1c6c3ac9b1de"
EXAMPLE_IMAGE = "f1a7cbd2-8a35-4f4b-8f0e-0b2f4a6f6f52"
EXAMPLE_PATH = ["Home & Garden", "Dining, Living Room Furniture", "Chairs"]


def _decoded(photo: Any) -> Any:
    if not isinstance(photo, str):
        return photo
    try:
        return base64.b64decode("".join(photo.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise PydanticCustomError(
            "bad_base64",
            "This is not base64. Send the file's bytes in base64 without a prefix such as "
            "'data:image/jpeg;base64,', or send the file itself: curl -F photo=@FILE",
        ) from error


PhotoBytes = Annotated[
    bytes,
    BeforeValidator(_decoded),
    WithJsonSchema(
        {"type": "string", "contentEncoding": "base64", "description": "The photo's bytes."}
    ),
]
Id = Annotated[str, Field(min_length=1, max_length=MAX_ID)]


class Request(BaseModel):
    """A body: nothing but the fields named, and of their own type."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class SearchFilters(Request):
    """What a listing must be to be found."""

    category: (
        Annotated[
            list[Annotated[str, Field(max_length=MAX_NAME)]],
            Field(max_length=MAX_PATH, examples=[EXAMPLE_PATH[:1]]),
        ]
        | None
    ) = Field(None, description="The beginning of the category path.")
    price_min: FiniteFloat | None = Field(None, examples=[10])
    price_max: FiniteFloat | None = Field(None, examples=[250])
    location: Annotated[str, Field(max_length=MAX_NAME, examples=["London"])] | None = None
    listed_after: Annotated[AwareDatetime, Field(strict=False)] | None = Field(
        None,
        description="ISO 8601 with a time zone. Listings of unknown age are left out.",
        examples=["2026-11-01T00:00:00Z"],
    )
    product_ids: Annotated[list[Id], Field(max_length=MAX_IDS)] | None = Field(
        None, description="Only these listings.", examples=[[EXAMPLE_ID]]
    )

    @model_validator(mode="after")
    def _prices_in_order(self) -> "SearchFilters":
        low, high = self.price_min, self.price_max
        if low is not None and high is not None and low > high:
            raise PydanticCustomError(
                "price_range",
                "price_min is {low}, above price_max {high}: nothing can match.",
                {"low": low, "high": high},
            )
        return self


class SearchRequest(Request):
    """Exactly one of photo, embedding and product_id, and what is wanted of the results."""

    photo: PhotoBytes | None = None
    embedding: Annotated[list[FiniteFloat], Field(max_length=MAX_NUMBERS)] | None = None
    product_id: Id | None = Field(None, examples=[EXAMPLE_ID])
    k: int = Field(10, description="How many listings; the most is a setting, 100.", examples=[10])
    filters: SearchFilters | None = None
    like: Annotated[list[Id], Field(max_length=MAX_STEERING)] = Field(
        [], description="Listings that the query is moved towards; they are left out."
    )
    dislike: Annotated[list[Id], Field(max_length=MAX_STEERING)] = Field(
        [], description="Listings that the query is moved away from; they are left out."
    )
    min_similarity: Annotated[FiniteFloat, Field(ge=-1, le=1)] | None = Field(
        None, description="Nothing less similar comes back.", examples=[0.5]
    )

    @model_validator(mode="after")
    def _one_query(self) -> "SearchRequest":
        given = [
            name for name in ("photo", "embedding", "product_id") if getattr(self, name) is not None
        ]
        if not given:
            raise PydanticCustomError(
                "missing_photo",
                "There is nothing to search with. Send a file as the form field photo, or JSON "
                "with one of photo (base64), embedding and product_id.",
            )
        if len(given) > 1:
            raise PydanticCustomError(
                "ambiguous_query",
                "{given} were sent; send one of photo, embedding and product_id.",
                {"given": " and ".join(given)},
            )
        return self


class EmbedRequest(Request):
    """One photo."""

    photo: PhotoBytes


class ClassifyRequest(Request):
    """One photo, and how many categories are wanted."""

    photo: PhotoBytes
    k: int = Field(5, description="How many categories.", examples=[5])


class CategoryGuess(BaseModel):
    """A category and its probability: the softmax of the extractor's logits.

    The extractor has the temperature in it that calibrates them (fitted on held-out listings), so
    of guesses given with 0.8 about 80 % are right.
    """

    path: list[str] = Field(examples=[EXAMPLE_PATH])
    probability: float = Field(examples=[0.87])


class FoundListing(BaseModel):
    """A listing found, with its photo that is nearest.

    `similarity` is that photo's cosine, -1 to 1, and the probabilities are what it means: that the
    two photos show the same item, or items of the same category, where about half of what is
    searched for is in the catalogue. They are null where the release does not know, as without
    listings that have several photos.
    """

    product_id: str = Field(examples=[EXAMPLE_ID])
    title: str = Field(examples=["Oak dining chair"])
    price: float | None = Field(examples=[45.0])
    currency: str | None = Field(examples=["GBP"])
    price_status: str = Field(examples=["ok"])
    category: list[str] = Field(examples=[EXAMPLE_PATH])
    location: str = Field(examples=["London"])
    listed_at: datetime | None = Field(examples=["2026-11-01T09:30:00Z"])
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
    """Listings, nearest first. `category` is there where a photo was sent.

    `match` is null where the release does not know which similarity is enough. Without results
    nothing is a good match.
    """

    release: str = Field(examples=["20261123T101500Z-3f9c21"])
    category: CategoryGuess | None
    match: MatchAnswer | None
    results: list[FoundListing]


class EmbedAnswer(BaseModel):
    """The photo's embedding: unit length, as many numbers as the release's extractor gives."""

    release: str
    embedding: list[float]


class ClassifyAnswer(BaseModel):
    """The categories that are most probable, first the best."""

    release: str
    categories: list[CategoryGuess]


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
