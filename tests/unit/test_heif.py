"""HEIC photos: read upright, in their colours, and not before they are known to be HEIC."""

import struct
import subprocess
import sys

import numpy as np
import pytest
from drawn_photos import (
    BLUE,
    DEEP,
    DRAWN,
    GREEN,
    PROFILE,
    RED,
    SIZE,
    TRANSPARENT,
    TURNED,
    WHITE,
    YELLOW,
    corners,
    difference,
    near,
    pixels_of,
    quarters,
    reason_of,
    saved,
)

from release.heif import Heif
from release.pixels import prepare


def test_heic_is_read_and_turned_upright_once() -> None:
    for photo in (DRAWN, TURNED):  # the one turned by the box `irot`, and by EXIF as well
        prepared = prepare(photo, SIZE)
        # As of a TIFF, the size is told after the turn.
        assert (prepared.source_width, prepared.source_height) == (96, 72)
        assert difference(prepared.pixels, pixels_of(saved(quarters(96, 72)))) < 1
    assert b"irot" in TURNED


def test_heic_has_colour_profiles_and_transparency() -> None:
    assert corners(pixels_of(TRANSPARENT)) == near(WHITE, GREEN, BLUE, YELLOW, tolerance=2)
    exchanged = [colour[::-1] for colour in (RED, GREEN, BLUE, YELLOW)]
    assert corners(pixels_of(PROFILE)) == near(*exchanged, tolerance=12)


def test_heic_of_ten_bits_becomes_eight() -> None:
    ramp = np.linspace(0, 65535, 96 * 72).astype(np.uint16).reshape(72, 96) >> 8
    assert difference(pixels_of(DEEP, 96)[12:84, :, 0], ramp) < 1


def test_a_heic_with_metadata_of_no_known_kind_is_read() -> None:
    """The Python side of pi-heif 1.4 ends the process here."""
    photo = TURNED.replace(b"Exif", b"\xa4xif", 1)
    assert difference(pixels_of(photo), pixels_of(DRAWN)) < 1


def test_the_decoder_of_heic_is_not_loaded_before_there_is_one() -> None:
    code = "import sys, release.pixels; print('_pi_heif' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"


def test_avif_in_the_container_of_heif_is_read_as_avif() -> None:
    avif = saved(quarters(), "AVIF")
    assert avif[4:12] == b"ftypavif"
    mif1 = avif[:8] + b"mif1" + avif[12:]
    assert difference(pixels_of(mif1), pixels_of(avif)) == 0


def test_heic_is_found_by_any_of_its_brands() -> None:
    assert DRAWN[4:12] == b"ftypheix"
    for brand in (b"heic", b"hevc", b"mif1", b"msf1"):
        photo = DRAWN[:8] + brand + DRAWN[12:]
        assert difference(pixels_of(photo), pixels_of(DRAWN)) == 0


def test_a_heic_of_too_many_pixels_is_refused_before_it_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Heif, "decode", lambda _: pytest.fail("the photo was decoded"))
    size = DRAWN.index(b"ispe") + 8
    photo = DRAWN[:size] + struct.pack(">II", 9000, 9000) + DRAWN[size + 8 :]
    assert reason_of(photo) == "too_many_pixels"
