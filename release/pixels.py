"""One function turns a photo's bytes into the network's input, for `clean` and for the query alike.

A second way of resizing, anywhere, would make queries differ from what was indexed.
"""

import io
import struct
import warnings
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from release.errors import PhotoError

# Named, so that Pillow never tries a format that starts another program (EPS) or that nobody sends.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "BMP", "TIFF")
MIN_SIDE = 32
# A JPEG is decoded at a reduced scale; another photo needs some 12 bytes a pixel to be decoded.
MAX_JPEG_PIXELS = 100_000_000
MAX_PIXELS = 40_000_000
JPEG_QUALITY = 95
PHOTO_REASONS = (
    "empty_file",
    "not_an_image",
    "truncated",
    "too_small",
    "too_many_pixels",
    "unsupported",
)

# Broken metadata of a photo whose pixels are fine. Once and for all threads, since they share it.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
Image.MAX_IMAGE_PIXELS = None  # MAX_PIXELS is checked here, before anything is decoded
_SRGB = ImageCms.createProfile("sRGB")
_WHITE = (255, 255, 255)
# What Pillow's decoders raise on damaged content; they take a tag's type on trust.
_DECODE_ERRORS = (
    ArithmeticError,
    LookupError,
    TypeError,
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    RuntimeError,
    struct.error,
    zlib.error,
)

Pixels = NDArray[np.uint8]  # (size, size, 3) RGB


@dataclass(frozen=True)
class Prepared:
    """The network's input, (size, size, 3) uint8 RGB, and the source's size as it was stored."""

    pixels: Pixels
    source_width: int
    source_height: int


def prepare(photo: bytes, size: int) -> Prepared:
    """Decodes a photo and fits the whole of it into `size` x `size`, white around it.

    EXIF orientation applied, colours brought to sRGB, transparency over white, the first frame of
    an animation, large JPEGs decoded at a reduced scale. A photo that `encode` wrote at this size
    comes back as it is. Raises PhotoError with one of PHOTO_REASONS.
    """
    if not photo:
        raise PhotoError("empty_file", "The photo has no bytes. Send a photo file.")
    image = _open(photo)
    width, height = image.size
    _check_size(width, height, MAX_JPEG_PIXELS if image.format == "JPEG" else MAX_PIXELS)
    try:
        pixels = _fit(_decode(image, size), size)
    except _DECODE_ERRORS as error:
        raise _decode_error(error) from error
    return Prepared(pixels, width, height)


def encode(pixels: Pixels) -> bytes:
    """Prepared pixels as JPEG of high quality, without chroma subsampling."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return buffer.getvalue()


def _open(photo: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(photo), formats=FORMATS)
    except UnidentifiedImageError as error:
        raise PhotoError(
            "not_an_image",
            f"The file is not a photo that can be read. Formats are {', '.join(FORMATS)}.",
        ) from error
    except _DECODE_ERRORS as error:
        raise _decode_error(error) from error


def _check_size(width: int, height: int, limit: int) -> None:
    if min(width, height) < MIN_SIDE:
        raise PhotoError(
            "too_small",
            f"The photo is {width} x {height} pixels; each side needs at least {MIN_SIDE}.",
        )
    if width * height > limit:
        raise PhotoError(
            "too_many_pixels",
            f"The photo is {width} x {height} pixels; at most {limit:,} in all are read. "
            "Send it smaller.",
        )


def _decode_error(error: Exception) -> PhotoError:
    message = str(error).lower()
    if any(word in message for word in ("unsupported", "not supported", "not implemented")):
        return PhotoError("unsupported", f"The photo's encoding is not supported ({error}).")
    return PhotoError("truncated", f"The photo's data is damaged or incomplete ({error}).")


def _decode(image: Image.Image, size: int) -> Image.Image:
    """Upright and in sRGB."""
    image.draft("RGB", (2 * size, 2 * size))  # JPEG only: decode at 1/2, 1/4 or 1/8
    image.load()
    profile = image.info.get("icc_profile")
    ImageOps.exif_transpose(image, in_place=True)  # a copy of the largest photo is 400 MB
    return _to_rgb(image, profile)


def _to_rgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if image.mode.startswith("I;16") or image.mode == "I":
        sixteen = np.asarray(image)
        if sixteen.dtype.itemsize > 2:
            sixteen = sixteen.clip(0, 65535).astype(np.uint16)
        image = Image.fromarray((sixteen >> 8).astype(np.uint8))
    if image.has_transparency_data:
        image = _over_white(image if image.mode == "RGBA" else image.convert("RGBA"))
    if profile and image.mode in ("RGB", "P", "CMYK", "L"):
        image = _from_profile(image.convert("RGB") if image.mode == "P" else image, profile)
    return image if image.mode == "RGB" else image.convert("RGB")


def _over_white(rgba: Image.Image) -> Image.Image:
    rgb = Image.new("RGB", rgba.size, _WHITE)
    rgb.paste(rgba, mask=rgba.getchannel("A"))
    return rgb


def _from_profile(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return image  # a profile that does not fit its pixels, as phones and editors do write
    return converted or image


def _fit(image: Image.Image, size: int) -> Pixels:
    if image.size == (size, size):
        return np.asarray(image)
    scale = size / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    small = image.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0)
    canvas = Image.new("RGB", (size, size), _WHITE)
    canvas.paste(small, ((size - width) // 2, (size - height) // 2))
    return np.asarray(canvas)
