"""One function turns a photo's bytes into the network's input, for `clean` and for the query alike.

A second way of resizing, anywhere, would make queries differ from what was indexed.
"""

import io
import struct
import warnings
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms, ImageOps, UnidentifiedImageError

from release.crop import WHOLE, Crop, size_of
from release.errors import PhotoError
from release.photo_kinds import is_heif, is_read, unsupported_kind

# Named, so that Pillow never tries a format that starts another program (EPS) or that nobody sends.
PILLOW_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "BMP", "TIFF")
FORMATS = (*PILLOW_FORMATS, "HEIC")
MIN_SIDE = 32
# A JPEG is decoded at a reduced scale; another photo needs some 12 bytes a pixel to be decoded.
MAX_PIXELS = 40_000_000
MAX_JPEG_PIXELS = 100_000_000
MAX_HEIC_PIXELS = 50_000_000  # what phones make has 48 million; 9 bytes a pixel
MAX_SCANS = 40  # of a JPEG with its preview; 2 seconds for the largest
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
_JPEG, _START_OF_SCAN = b"\xff\xd8\xff", b"\xff\xda"
_WHITE = (255, 255, 255)
_LIMITS = {"JPEG": MAX_JPEG_PIXELS, "MPO": MAX_JPEG_PIXELS, "HEIF": MAX_HEIC_PIXELS}
_SEND = f"Send one of {', '.join(FORMATS)}."
# Tags of TIFF.
NEW_SUBFILE_TYPE, TILE_WIDTH, TILE_LENGTH, DNG_VERSION = 254, 322, 323, 50706
REDUCED = 1
LYING = (5, 6, 7, 8)  # EXIF orientations that turn a photo on its side
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


def prepare(photo: bytes, size: int, crop: Crop = WHOLE) -> Prepared:
    """Decodes a photo and fits the whole of `crop` into `size` x `size`, white around it.

    EXIF orientation applied, colours brought to sRGB, transparency over white, the first frame of
    an animation, large JPEGs decoded at a reduced scale. A photo that `encode` wrote at this size
    comes back as it is. Raises PhotoError with one of PHOTO_REASONS.
    """
    if not photo:
        raise PhotoError("empty_file", "The photo has no bytes. Send a photo file.")
    image = _open(photo)
    width, height = image.size
    try:
        _check_kind(image)
        pixels = _fit(_decode(image, size, crop), size)
    except _DECODE_ERRORS as error:
        raise _decode_error(error) from error
    return Prepared(pixels, width, height)


def encode(pixels: Pixels) -> bytes:
    """Prepared pixels as JPEG of high quality, without chroma subsampling."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return buffer.getvalue()


def _open(photo: bytes) -> Image.Image:
    kind = unsupported_kind(photo)
    if kind:
        raise PhotoError("unsupported", f"The file is {kind}, which is not read. {_SEND}")
    try:
        return _open_heif(photo) if is_heif(photo) else _open_by_pillow(photo)
    except _DECODE_ERRORS as error:
        if is_read(photo):
            raise _decode_error(error) from error
        raise PhotoError(
            "not_an_image", f"The file is not a photo that can be read. {_SEND}"
        ) from error


def _open_by_pillow(photo: bytes) -> Image.Image:
    # Each scan of a progressive JPEG goes over all pixels, and takes no more than 200 bytes.
    if photo.startswith(_JPEG) and photo.count(_START_OF_SCAN) > MAX_SCANS:
        raise PhotoError(
            "unsupported",
            f"The JPEG has more than {MAX_SCANS} scans; a photo has about ten. Save it anew.",
        )
    return Image.open(io.BytesIO(photo), formats=PILLOW_FORMATS)


def _open_heif(photo: bytes) -> Image.Image:
    from release.heif import open_heif  # noqa: PLC0415 - for such photos, not at each cold start

    heif = open_heif(photo)
    _check_size(*heif.size, MAX_HEIC_PIXELS)
    return heif.decode()


def _check_kind(image: Image.Image) -> None:
    """Refuses by the header, before anything is decoded."""
    _check_size(*image.size, _LIMITS.get(image.format or "", MAX_PIXELS))
    _check_tiff(getattr(image, "tag_v2", {}))


def _check_size(width: int, height: int, limit: int) -> None:
    _check_sides("photo", width, height)
    _check_pixels(width, height, limit)


def _check_sides(what: str, width: int, height: int) -> None:
    if min(width, height) < MIN_SIDE:
        raise PhotoError(
            "too_small",
            f"The {what} is {width} x {height} pixels; each side needs at least {MIN_SIDE}.",
        )


def _check_pixels(width: int, height: int, limit: int) -> None:
    if width * height > limit:
        raise PhotoError(
            "too_many_pixels",
            f"The photo is {width} x {height} pixels; at most {limit:,} in all are read. "
            "Send it smaller.",
        )


def _check_tiff(tags: Mapping[int, Any]) -> None:
    """Tiles are decoded whole, however small the photo. A raw file begins with its thumbnail."""
    _check_pixels(tags.get(TILE_WIDTH, 0), tags.get(TILE_LENGTH, 0), MAX_PIXELS)
    if DNG_VERSION in tags or tags.get(NEW_SUBFILE_TYPE, 0) == REDUCED:
        raise PhotoError("unsupported", f"The file is a camera's raw file, not read. {_SEND}")


def _decode_error(error: Exception) -> PhotoError:
    if isinstance(error, UnidentifiedImageError):  # its text holds an address in memory
        return PhotoError("truncated", "The photo's header is damaged or incomplete.")
    message = str(error).lower()
    if any(words in message for words in ("unsupported", "not supported", "not implemented")):
        return PhotoError("unsupported", f"The photo's encoding is not supported ({error}).")
    if "max_text" in message:  # PNG's compressed texts and profile
        return PhotoError("unsupported", f"The photo's metadata is too large ({error}).")
    return PhotoError("truncated", f"The photo's data is damaged or incomplete ({error}).")


def _decode(image: Image.Image, size: int, crop: Crop) -> Image.Image:
    """Upright, in sRGB and, if it was larger, of the size in which it is shown."""
    longest = max(image.size) if crop == WHOLE else _longest_side(image, crop)
    width, height = (max(1, 2 * side * size // longest) for side in image.size)
    image.draft("RGB", (width, height))  # JPEG only: decode at 1/2, 1/4 or 1/8
    image.load()
    profile = image.info.get("icc_profile")
    ImageOps.exif_transpose(image, in_place=True)  # a copy of the largest photo is 400 MB
    if crop != WHOLE:
        image = image.crop(crop.of(*image.size))
    small = _shrink(_plain(image), size)  # before the profile, which takes longer for more pixels
    if profile:
        small = _from_profile(small, profile)
    return small if small.mode == "RGB" else small.convert("RGB")


def _longest_side(image: Image.Image, crop: Crop) -> int:
    """Of the crop in the pixels of the file, before it is decoded."""
    width, height = image.size
    if image.getexif().get(ExifTags.Base.Orientation, 1) in LYING:
        width, height = height, width
    sides = size_of(crop.of(width, height))
    _check_sides("crop", *sides)
    return max(sides)


def _plain(image: Image.Image) -> Image.Image:
    """In a mode of 8 bits that can be resized."""
    if image.mode.startswith("I;16") or image.mode == "I":
        sixteen = np.asarray(image)
        if sixteen.dtype.itemsize > 2:
            sixteen = sixteen.clip(0, 65535).astype(np.uint16)
        image = Image.fromarray((sixteen >> 8).astype(np.uint8))
    if image.has_transparency_data:
        return _over_white(image if image.mode == "RGBA" else image.convert("RGBA"))
    return image if image.mode in ("RGB", "L", "CMYK") else image.convert("RGB")


def _over_white(rgba: Image.Image) -> Image.Image:
    rgb = Image.new("RGB", rgba.size, _WHITE)
    rgb.paste(rgba, mask=rgba.getchannel("A"))
    return rgb


def _shrink(image: Image.Image, size: int) -> Image.Image:
    if image.size == (size, size):
        return image
    scale = size / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0)


def _from_profile(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return image  # a profile that does not fit its pixels, as phones and editors do write
    return converted or image


def _fit(image: Image.Image, size: int) -> Pixels:
    """In the middle of white."""
    if image.size == (size, size):
        return np.asarray(image)
    canvas = Image.new("RGB", (size, size), _WHITE)
    canvas.paste(image, ((size - image.width) // 2, (size - image.height) // 2))
    return np.asarray(canvas)
