"""Small photos for pages, which have them inside."""

import io

from PIL import Image

SIDE = 96
JPEG_QUALITY = 75


def thumbnail(photo: bytes, side: int = SIDE) -> bytes:
    """A photo as JPEG of at most `side` pixels a side."""
    image = Image.open(io.BytesIO(photo))
    image.thumbnail((side, side))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return buffer.getvalue()
