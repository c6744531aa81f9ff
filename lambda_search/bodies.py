"""What requests hold, checked by pydantic and shown in the OpenAPI document."""

from typing import Annotated, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    model_validator,
)
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from lambda_search.fields import (
    CROP_TEXT,
    EXAMPLE_ID,
    EXAMPLE_PATH,
    CropBox,
    Id,
    PhotoBytes,
    UploadKey,
    Words,
)
from lambda_search.settings import DEFAULT_K
from release.filters import MAX_WORDS

MAX_NAME = 500
MAX_PATH = 10  # levels of a category path
MAX_IDS = 1000  # of a filter
MAX_STEERING = 20  # listings liked, and as many disliked
MAX_PHOTOS = 5  # of one item
DEFAULT_NEWEST = 24
_K: JsonDict = {"minimum": 1, "maximum": 100}  # for readers; what counts is the setting MAX_K
MAX_NUMBERS = 16_384  # of an embedding; the release says how many it needs
MISSING_PHOTO = (
    "There is no photo. Send a file as the form field photo (curl -F photo=@FILE), or JSON with "
    "photo in base64 or the key of an upload."
)
MISSING_QUERY = (
    "There is nothing to search with. Send a file as the form field photo, or JSON with one of "
    "photo (base64), photos, uploads, embedding and product_id."
)


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
    words: Words | None = Field(
        None,
        description=(
            f"At most {MAX_WORDS}. Each begins a word of the title; case and accents do not count."
        ),
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


class PhotoRequest(Request):
    """One photo, or the key of one that was uploaded."""

    photo: PhotoBytes | None = None
    upload: UploadKey | None = None
    crop: CropBox | None = None

    @property
    def given_photos(self) -> list[bytes | str]:
        """Bytes, or keys of uploads."""
        return [one for one in (self.photo, self.upload) if one is not None]

    @model_validator(mode="after")
    def _one_photo(self) -> Self:
        if not self.given_photos:
            raise PydanticCustomError("missing_photo", MISSING_PHOTO)
        if len(self.given_photos) > 1:
            raise PydanticCustomError(
                "ambiguous_query", "photo and upload were sent; send one of them."
            )
        return self


class EmbedRequest(PhotoRequest):
    """One photo."""


class ClassifyRequest(PhotoRequest):
    """One photo, and how many categories are wanted."""

    k: int = Field(5, description="How many categories.", json_schema_extra=_K)


class SearchRequest(Request):
    """One to five photos of one item, an embedding or a product_id; and what is wanted.

    Photos may come as bytes (`photo`, `photos`) and as keys of uploads (`upload`, `uploads`).
    """

    photo: PhotoBytes | None = None
    photos: list[PhotoBytes] = Field(
        [], max_length=MAX_PHOTOS, description="Several photos of one item."
    )
    upload: UploadKey | None = None
    uploads: list[UploadKey] = Field(
        [], max_length=MAX_PHOTOS, description="Several photos that were uploaded."
    )
    crop: CropBox | None = Field(None, description=f"{CROP_TEXT} Of the first photo.")
    embedding: Annotated[list[FiniteFloat], Field(max_length=MAX_NUMBERS)] | None = None
    product_id: Id | None = Field(None, examples=[EXAMPLE_ID])
    k: int = Field(DEFAULT_K, description="How many listings.", json_schema_extra=_K)
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

    @property
    def given_photos(self) -> list[bytes | str]:
        """Bytes, or keys of uploads."""
        single = [one for one in (self.photo, self.upload) if one is not None]
        return [*single, *self.photos, *self.uploads]

    @model_validator(mode="after")
    def _one_query(self) -> Self:
        given = ["photo"] if self.given_photos else []
        given += [name for name in ("embedding", "product_id") if getattr(self, name) is not None]
        if not given:
            raise PydanticCustomError("missing_photo", MISSING_QUERY)
        if len(given) > 1:
            raise PydanticCustomError(
                "ambiguous_query",
                "{given} were sent; send photos, an embedding or a product_id.",
                {"given": " and ".join(given)},
            )
        return self

    @model_validator(mode="after")
    def _few_photos(self) -> Self:
        if len(self.given_photos) > MAX_PHOTOS:
            raise PydanticCustomError(
                "too_many_photos",
                "There are {count} photos; at most {most} of one item are read.",
                {"count": len(self.given_photos), "most": MAX_PHOTOS},
            )
        return self

    @model_validator(mode="after")
    def _crop_of_a_photo(self) -> Self:
        if self.crop is not None and not self.given_photos:
            raise PydanticCustomError("ambiguous_query", "There is a crop, but no photo.")
        return self


class SimilarQuery(Request):
    """What may be asked of the listings like a listing."""

    model_config = ConfigDict(strict=False)

    k: int = Field(DEFAULT_K, description="How many listings.", json_schema_extra=_K)


class NewestQuery(Request):
    """How many listings are wanted."""

    model_config = ConfigDict(strict=False)

    k: int = Field(DEFAULT_NEWEST, description="How many listings.", json_schema_extra=_K)
