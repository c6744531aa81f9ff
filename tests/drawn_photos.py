"""Photos drawn for tests, and what is looked at in their prepared pixels."""

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from release.errors import PhotoError
from release.pixels import PHOTO_REASONS, prepare

# `quarters(96, 72)` in four ways and a ramp of 10 bits, written by pillow-heif 1.8 (quality 90,
# chroma 4:4:4). What the project itself reads HEIC with cannot write it.
DRAWN, TURNED, TRANSPARENT, PROFILE, DEEP = (
    (Path(__file__).parent / "fixtures" / f"drawn{name}.heic").read_bytes()
    for name in ("", "-turned", "-transparent", "-profile", "-deep")
)
SIZE = 64
RED, GREEN, BLUE, YELLOW = (220, 30, 30), (30, 200, 40), (40, 50, 210), (230, 210, 40)
WHITE = (255, 255, 255)
TRANSPOSED = {  # EXIF orientation -> how the stored pixels were turned away from the photo
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def quarters(width: int = SIZE, height: int = SIZE) -> Image.Image:
    """Red and green above blue and yellow: no turn and no mirror leaves it as it is."""
    image = Image.new("RGB", (width, height), RED)
    draw = ImageDraw.Draw(image)
    draw.rectangle((width // 2, 0, width, height // 2 - 1), fill=GREEN)
    draw.rectangle((0, height // 2, width // 2 - 1, height), fill=BLUE)
    draw.rectangle((width // 2, height // 2, width, height), fill=YELLOW)
    return image


def scene(width: int, height: int) -> Image.Image:
    """Soft colours and shapes of every size, as photos have them."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    waves = [np.sin(7 * x + 3 * y), np.cos(5 * y - 2 * x), np.sin(11 * x * y)]
    image = Image.fromarray((np.stack(waves, axis=-1) * 100 + 128).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for place in range(6):
        left, top = width * place // 8, height * (place * 3 % 7) // 8
        draw.ellipse((left, top, left + width // 5, top + height // 4), fill=(place * 40, 90, 160))
    return image


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def pixels_of(photo: bytes, size: int = SIZE) -> NDArray[np.uint8]:
    pixels = prepare(photo, size).pixels
    assert (pixels.shape, pixels.dtype) == ((size, size, 3), np.uint8)
    return pixels


def difference(left: NDArray[np.uint8], right: NDArray[np.uint8]) -> float:
    """The mean absolute difference, 0 to 255."""
    return float(np.abs(left.astype(int) - right.astype(int)).mean())


def corners(pixels: NDArray[np.uint8]) -> list[tuple[int, ...]]:
    """The colours in the middle of the quarters: above left and right, below left and right."""
    low, high = SIZE // 4, 3 * SIZE // 4
    places = ((low, low), (low, high), (high, low), (high, high))
    return [tuple(pixels[place].tolist()) for place in places]


def near(*colours: tuple[int, int, int], tolerance: int = 6) -> list[object]:
    return [pytest.approx(colour, abs=tolerance) for colour in colours]


def reason_of(photo: bytes) -> str:
    with pytest.raises(PhotoError) as refused:
        prepare(photo, SIZE)
    assert refused.value.reason in PHOTO_REASONS
    return refused.value.reason
