"""Many small photos as one JPEG: a page with an image for each would be slow and large."""

import io
import math
from collections.abc import Iterable
from dataclasses import dataclass

from PIL import Image

MOST_SIDE, LEAST_SIDE = 96, 48
PIXELS = 13_000_000  # of all of them
JPEG_QUALITY = 60


@dataclass(frozen=True)
class Sprite:
    """Tiles of `side` pixels, `columns` in a row, in the order in which they were given."""

    jpeg: bytes
    side: int
    columns: int


def sprite_of(photos: Iterable[bytes], count: int) -> Sprite:
    """Of `count` photos, the larger the fewer there are."""
    side = min(MOST_SIDE, max(LEAST_SIDE, 8 * int(math.sqrt(PIXELS / count) / 8)))
    columns = math.ceil(math.sqrt(count))
    whole = Image.new("RGB", (side * columns, side * math.ceil(count / columns)), "white")
    for number, photo in enumerate(photos):
        image = Image.open(io.BytesIO(photo)).convert("RGB")
        image.thumbnail((side, side))
        row, column = divmod(number, columns)
        # In the middle of its tile.
        left, top = (side - image.width) // 2, (side - image.height) // 2
        whole.paste(image, (side * column + left, side * row + top))
    buffer = io.BytesIO()
    whole.save(buffer, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return Sprite(buffer.getvalue(), side, columns)
