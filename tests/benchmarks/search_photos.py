"""The photos that bench_cold.py searches with: a phone's of 12 megapixels, and one of 100 kB."""

import io

import numpy as np
from PIL import ExifTags, Image

from model_export.golden.draw import scene

TURNED_RIGHT = 6  # as a phone that was held upright says in EXIF
SENSOR_NOISE = 6  # of 255
QUALITIES = range(95, 20, -1)


def large_photo() -> bytes:
    """4000 x 3000 pixels, on their side, about 3 MB."""
    return turned(_noisy(scene(1, 4000, 3000)), 3_200_000)


def small_photo() -> bytes:
    """900 x 675 pixels, about 100 kB."""
    return _jpeg(_noisy(scene(2, 900, 675)), 105_000, Image.Exif())


def turned(image: Image.Image, most_bytes: int) -> bytes:
    """As JPEG that says it lies on its side."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = TURNED_RIGHT
    return _jpeg(image, most_bytes, exif)


def _noisy(image: Image.Image) -> Image.Image:
    pixels = np.asarray(image)
    noise = np.random.default_rng(0).normal(0, SENSOR_NOISE, pixels.shape)
    return Image.fromarray((pixels + noise).clip(0, 255).astype(np.uint8))


def _jpeg(image: Image.Image, most_bytes: int, exif: Image.Exif) -> bytes:
    """In the best quality that has at most so many bytes."""
    for quality in QUALITIES:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality, exif=exif)
        if buffer.tell() <= most_bytes:
            return buffer.getvalue()
    raise ValueError(f"No quality gives {most_bytes:,} bytes.")
