"""Decodes HEIC and other HEIF, through the C module of pi-heif.

Its Python classes are passed by. They read all metadata when they open a photo, where a damaged
byte ends the process, and they widen deep greys in C, which writes past the end of the pixels where
a photo's header and data disagree (both in pi-heif 1.4.0). Nothing of that is needed here.
"""

from dataclasses import dataclass
from typing import Any

import _pi_heif  # type: ignore[import-not-found]
import numpy as np
from PIL import Image

THREADS = 0  # those who call this have a thread for each core
_TO_8_BITS, _BGR, _WITHOUT_STRIDE, _TO_16_BITS, _WITHOUT_LIMITS = True, False, False, False, False
_DECODER = ""  # libheif's choice
_MODES = ("RGB", "RGBA", "RGBa", "L", "LA", "La")


@dataclass(frozen=True)
class Heif:
    """The primary image of a HEIF, not decoded yet; its size is that after all turns."""

    size: tuple[int, int]
    _image: Any

    def decode(self) -> Image.Image:
        """Upright, with its colour profile, in a mode of Pillow with 8 bits."""
        data, stride = self._image.data, self._image.stride
        (width, height), mode = self._image.size_mode  # known for certain only now
        mode, _, bits = mode.replace("I;", "L;").partition(";")  # such as "I;10"
        if mode not in _MODES:
            raise ValueError(f"HEIF of the mode {mode} is not supported")
        if bits:
            deep = np.frombuffer(data, np.uint16).reshape(height, stride // 2)
            data, stride = (deep >> (int(bits) - 8)).astype(np.uint8).tobytes(), stride // 2
        image = Image.frombytes(mode, (width, height), data, "raw", mode, stride)
        image.format = "HEIF"
        profile = self._image.color_profile
        if profile and profile["type"] in ("rICC", "prof"):
            image.info["icc_profile"] = profile["data"]
        return image


def open_heif(photo: bytes) -> Heif:
    """Reads the headers. Raises what C raises: ValueError, RuntimeError, SyntaxError, EOFError."""
    images = _pi_heif.load_file(
        photo, THREADS, _TO_8_BITS, _BGR, _WITHOUT_STRIDE, _TO_16_BITS, _DECODER, _WITHOUT_LIMITS
    )
    images = [image for image in images if image is not None]
    if not images:
        raise ValueError("HEIF without an image")
    primary = next((image for image in images if image.primary), images[0])
    return Heif(primary.size_mode[0], primary)
