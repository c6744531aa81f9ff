"""Single fields of requests that check themselves, and what the documents show as examples."""

from typing import Annotated, Any

from pybase64 import b64decode
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from release.crop import Crop
from release.errors import QueryError
from release.filters import MAX_TEXT, check_words

MAX_ID = 200  # characters; ids are UUIDs, but a catalogue may have its own
EXAMPLE_ID = "6a2b5ec3-9a6f-4a43-a7a2-1c6c3ac9b1de"
EXAMPLE_IMAGE = "f1a7cbd2-8a35-4f4b-8f0e-0b2f4a6f6f52"
EXAMPLE_UPLOAD = "uploads/0b5e2f0c9d5e4c0f8f6f3a1d2c4b6a78"
EXAMPLE_PATH = ["Home & Garden", "Dining, Living Room Furniture", "Chairs"]


def _decoded(photo: Any) -> Any:
    if not isinstance(photo, str):
        return photo
    try:
        return _from_base64(photo)
    except ValueError as error:
        raise PydanticCustomError(
            "bad_base64",
            "This is not base64. Send the file's bytes in base64 without a prefix such as "
            "'data:image/jpeg;base64,', or send the file itself: curl -F photo=@FILE",
        ) from error


def _checked_crop(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    try:
        Crop(*box)
    except QueryError as error:
        raise PydanticCustomError("bad_crop", "{reason}", {"reason": str(error)}) from error
    return box


def _few_words(text: str) -> str:
    try:
        check_words(text)
    except QueryError as error:
        raise PydanticCustomError("too_many_words", "{reason}", {"reason": str(error)}) from error
    return text


def _from_base64(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:  # lines, perhaps, which the fast way does not pass over
        return b64decode("".join(text.split()), validate=True)


PhotoBytes = Annotated[
    bytes,
    BeforeValidator(_decoded),
    WithJsonSchema(
        {"type": "string", "contentEncoding": "base64", "description": "The photo's bytes."}
    ),
]
CROP_TEXT = "[left, top, right, bottom] in fractions of the upright photo."
UploadKey = Annotated[str, Field(pattern=r"^uploads/[0-9a-f]{32}$", examples=[EXAMPLE_UPLOAD])]
CropBox = Annotated[
    tuple[float, float, float, float],
    Field(strict=False, description=CROP_TEXT, examples=[[0.1, 0.2, 0.9, 0.8]]),
    AfterValidator(_checked_crop),
]
Words = Annotated[str, Field(max_length=MAX_TEXT, examples=["oak cha"]), AfterValidator(_few_words)]
Id = Annotated[str, Field(min_length=1, max_length=MAX_ID)]
