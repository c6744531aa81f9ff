"""Draws the golden photos and records their embeddings: python -m model_export.golden.draw

The photos are drawn by this script and free of rights (CC0). Only what is missing is drawn, so that
another version of Pillow does not replace a photo; delete one to draw it again.
"""

import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from model_export.verify import FOLDER, REFERENCE, golden_photos, reference_embeddings

ORIENTATION, TURNED_RIGHT = 0x0112, 6


def scene(seed: int, width: int, height: int) -> Image.Image:
    """A thing of a few shapes before a wall and a floor, softly lit."""
    rng = random.Random(seed)  # noqa: S311 - drawings
    image = Image.new("RGB", (width, height), _colour(rng, 150, 240))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height * 2 // 3, width, height), fill=_colour(rng, 60, 160))
    for number in range(6):
        shape = (draw.ellipse, draw.rectangle, draw.rounded_rectangle)[(seed + number) % 3]
        left, top = rng.randint(0, width // 2), rng.randint(0, height // 2)
        right = left + rng.randint(width // 6, width // 2)
        bottom = top + rng.randint(height // 6, height // 2)
        shape((left, top, right, bottom), fill=_colour(rng, 20, 230), outline=_colour(rng, 0, 80))
    return image.filter(ImageFilter.GaussianBlur(max(width, height) / 300))


def _colour(rng: random.Random, low: int, high: int) -> tuple[int, int, int]:
    return rng.randint(low, high), rng.randint(low, high), rng.randint(low, high)


def _saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _turned() -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = TURNED_RIGHT
    return _saved(scene(1, 400, 300), "JPEG", quality=80, exif=exif)


def _sixteen_bits() -> bytes:
    grey = np.asarray(scene(3, 160, 120).convert("L")).astype(np.uint16)
    return _saved(Image.fromarray(grey * 257), "PNG")


def _transparent() -> bytes:
    image = scene(4, 200, 240)
    mask = Image.new("L", image.size, 0)
    ImageDraw.Draw(mask).ellipse((10, 10, 190, 230), fill=255)
    image.putalpha(mask)
    return _saved(image, "PNG")


PHOTOS: dict[str, Callable[[], bytes]] = {
    "turned.jpg": _turned,
    "cmyk.jpg": lambda: _saved(scene(2, 300, 300).convert("CMYK"), "JPEG", quality=80),
    "sixteen-bits.png": _sixteen_bits,
    "transparent.png": _transparent,
    "palette.gif": lambda: _saved(scene(5, 220, 160).quantize(64), "GIF"),
    "lossy.webp": lambda: _saved(scene(6, 320, 480), "WEBP", quality=75),
    "progressive-grey.jpg": lambda: _saved(
        scene(7, 500, 400).convert("L"), "JPEG", quality=80, progressive=True
    ),
    "tiny.png": lambda: _saved(scene(8, 32, 40), "PNG"),
    "wide.jpg": lambda: _saved(scene(9, 1600, 90), "JPEG", quality=75),
    "large.jpg": lambda: _saved(scene(10, 2400, 1800), "JPEG", quality=60),
    "subsampled.jpg": lambda: _saved(scene(11, 333, 257), "JPEG", quality=50, subsampling=2),
    "tall.webp": lambda: _saved(scene(12, 90, 700), "WEBP", lossless=True),
}


def main() -> None:
    for name, make in PHOTOS.items():
        path = Path(FOLDER, name)
        if not path.exists():
            path.write_bytes(make())
    np.save(REFERENCE, reference_embeddings(list(golden_photos().values())))


if __name__ == "__main__":
    main()
