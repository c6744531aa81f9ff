"""Small photos of many formats, and files that are no photos."""

import io
import random
import struct
import zlib
from collections.abc import Callable

from PIL import Image

Encoded = tuple[bytes, tuple[int, int]]  # with the width and height that the file says

FLAT = ("PNG", "BMP", "TIFF", "WEBP")  # these keep every pixel
MODES: dict[str, tuple[str, str]] = {
    "jpeg": ("JPEG", "RGB"),
    "grey jpeg": ("JPEG", "L"),
    "cmyk jpeg": ("JPEG", "CMYK"),
    "turned jpeg": ("JPEG", "RGB"),
    "png": ("PNG", "RGB"),
    "alpha png": ("PNG", "RGBA"),
    "palette png": ("PNG", "P"),
    "16 bit png": ("PNG", "I;16"),
    "gif": ("GIF", "P"),
    "animated gif": ("GIF", "P"),
    "webp": ("WEBP", "RGB"),
    "avif": ("AVIF", "RGB"),
    "bmp": ("BMP", "RGB"),
    "tiff": ("TIFF", "RGB"),
}
_EXIF_ORIENTATION = 0x0112


def picture(rng: random.Random) -> Image.Image:
    """Sixty-four patches of colour: no two pictures are near each other."""
    small = Image.frombytes("RGB", (8, 8), rng.randbytes(192))
    return small.resize((rng.randint(48, 80), rng.randint(48, 80)), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind: str) -> Encoded:
    form, mode = MODES[kind]
    if mode == "I;16":
        grey = image.convert("L").tobytes()
        image = Image.frombytes(
            "I;16", image.size, bytes(part for level in grey for part in (0, level))
        )
    else:
        image = image.convert(mode)
    if kind == "turned jpeg":
        exif = Image.Exif()
        exif[_EXIF_ORIENTATION] = 6
        return _saved(image, form, exif=exif), image.size
    if kind == "animated gif":
        other = Image.new("P", image.size, 3)
        return _saved(image, form, save_all=True, append_images=[other]), image.size
    return _saved(image, form), image.size


def same_pixels(image: Image.Image, form: str) -> bytes:
    """Without loss, in another format or the same."""
    return _saved(image.convert("RGB"), form, lossless=True)


def _saved(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    quality = {} if options.get("lossless") else {"quality": 92}
    image.save(buffer, form, **quality, **options)
    return buffer.getvalue()


def _truncated(image: Image.Image, rng: random.Random) -> bytes:
    form, mark = rng.choice([("JPEG", b"\xff\xda"), ("PNG", b"IDAT")])
    whole = _saved(image, form)
    start = whole.index(mark) + 16
    return whole[: start + (len(whole) - start) // 3]


def _not_an_image(image: Image.Image, rng: random.Random) -> bytes:
    return rng.choice([b"<html><title>404 Not Found</title></html>", b"\0" * 500, b"sold"])


def _too_small(image: Image.Image, rng: random.Random) -> bytes:
    return _saved(image.resize(rng.choice([(31, 200), (64, 20), (1, 1)])), "PNG")


def _bomb(image: Image.Image, rng: random.Random) -> bytes:
    """A whole PNG of 200 megapixels, one bit each, in 25 KB."""
    width, height = 20_000, 10_000
    rows = zlib.compressobj(9)
    data = b"".join(rows.compress(b"\0" * (1 + width // 8)) for _ in range(height)) + rows.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


# By the reason for which they are rejected.
DAMAGED: dict[str, Callable[[Image.Image, random.Random], bytes]] = {
    "empty_file": lambda _image, _rng: b"",
    "not_an_image": _not_an_image,
    "truncated": _truncated,
    "too_small": _too_small,
    "too_many_pixels": _bomb,
}
