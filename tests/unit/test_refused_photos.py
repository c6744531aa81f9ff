"""How `prepare` refuses what is not a photo, and what must not be decoded."""

import contextlib
import struct
import zlib

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
    YELLOW,
    corners,
    pixels_of,
    quarters,
    reason_of,
    saved,
    scene,
)
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from release.errors import PhotoError
from release.pixels import MAX_PIXELS, MIN_SIDE, PHOTO_REASONS, PILLOW_FORMATS, prepare


def png_header(width: int, height: int) -> bytes:
    """A PNG that says it is so large, and has next to nothing in it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = b""
    for name, data in ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")):
        checksum = zlib.crc32(name + data)
        chunks += struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize("size", [(100_000, 100_000), (10_001, 10_000), (2**31 - 1, 2**31 - 1)])
def test_a_decompression_bomb_is_refused_before_it_is_decoded(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def decoded(*_: object) -> None:
        pytest.fail("the photo was decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decoded)
    with pytest.raises(PhotoError, match=f"{size[0]} x {size[1]} pixels; at most {MAX_PIXELS:,}"):
        prepare(png_header(*size), SIZE)


def test_a_jpeg_of_more_scans_than_any_photo_has_is_refused_before_it_is_decoded() -> None:
    progressive = saved(scene(96, 72), "JPEG", progressive=True)
    start = progressive.rindex(b"\xff\xda")
    scan, end = progressive[start:-2], progressive[-2:]
    assert prepare(progressive[:start] + scan + end, SIZE)
    with pytest.raises(PhotoError, match="more than 40 scans") as error:
        prepare(progressive[:start] + scan * 41 + end, SIZE)
    assert error.value.reason == "unsupported"


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


@pytest.mark.parametrize("name", [b"iCCP", b"zTXt"])
def test_metadata_that_unpacks_to_a_bomb_is_refused(name: bytes) -> None:
    png, start = saved(quarters()), 8 + 25  # after the signature and the header
    bomb = chunk(name, b"name\0\0" + zlib.compress(b"\0" * 2**25))
    with pytest.raises(PhotoError, match="metadata") as refused:
        prepare(png[:start] + bomb + png[start:], SIZE)
    assert refused.value.reason == "unsupported"


def tiff(*tags: tuple[int, int]) -> bytes:
    """A TIFF of `quarters` with these tags, unsigned numbers, instead of or beside its own."""
    photo = saved(quarters(), "TIFF", compression="tiff_lzw")
    (at,) = struct.unpack_from("<I", photo, 4)
    (count,) = struct.unpack_from("<H", photo, at)
    own = {
        entry[0]: entry
        for entry in struct.iter_unpack("<HHI4s", photo[at + 2 : at + 2 + 12 * count])
    }
    own |= {tag: (tag, 4, 1, struct.pack("<I", value)) for tag, value in tags}
    entries = b"".join(struct.pack("<HHI4s", *own[tag]) for tag in sorted(own))
    directory = struct.pack("<H", len(own)) + entries + bytes(4)
    return photo[:4] + struct.pack("<I", len(photo)) + photo[8:] + directory


def test_a_tiff_whose_tiles_are_bombs_is_refused_before_it_is_decoded() -> None:
    assert reason_of(tiff((322, 40_000), (323, 16_000))) == "too_many_pixels"


@pytest.mark.parametrize("tag", [(254, 1), (50706, 1)], ids=["a thumbnail", "DNG"])
def test_a_raw_file_is_not_taken_for_its_thumbnail(tag: tuple[int, int]) -> None:
    assert corners(pixels_of(tiff((254, 0)))) == [RED, GREEN, BLUE, YELLOW]
    assert reason_of(tiff(tag)) == "unsupported"


def test_each_reason_is_given() -> None:
    photo, png = saved(scene(200, 200), "JPEG"), saved(scene(200, 200))
    unsupported = bytearray(saved(scene(64, 64), "BMP"))
    unsupported[30] = 9  # its compression
    reasons = {
        b"": "empty_file",
        b"<html>not found</html>": "not_an_image",
        b"<?xml version='1.0'?><rss/>": "not_an_image",
        b"BMW for sale, hardly used": "not_an_image",
        b"\0\0\0\x1cftypisom\0\0\0\0isomiso2mp41": "not_an_image",
        photo[: len(photo) // 2]: "truncated",
        png[: len(png) // 2]: "truncated",
        DRAWN[: len(DRAWN) // 2]: "truncated",
        saved(Image.new("RGB", (MIN_SIDE - 1, 500))): "too_small",
        png_header(20_000, 20_000): "too_many_pixels",
        bytes(unsupported): "unsupported",
    }
    assert {photo: reason_of(photo) for photo in reasons} == reasons
    assert set(reasons.values()) == set(PHOTO_REASONS)


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"8BPS\0\1", "a Photoshop file"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\xff\x4f\xff\x51\0", "JPEG 2000"),
        (b"\xff\x0a\xfa", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- a drawing -->\n<svg>", "SVG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n", "PostScript"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\0\0\1\0\2\0", "an icon"),
        (b"II*\0\x10\0\0\0CR\2\0", "a camera's raw file"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "a camera's raw file"),
        (b"FUJIFILMCCD-RAW 0201", "a camera's raw file"),
        (b"P6\n64 64\n255\n", "a portable pixmap"),
    ],
)
def test_an_image_of_a_kind_that_is_not_read_is_named(start: bytes, kind: str) -> None:
    with pytest.raises(PhotoError, match=f"{kind}, which is not read. Send one of JPEG") as refused:
        prepare(start + bytes(100), SIZE)
    assert refused.value.reason == "unsupported"


@pytest.mark.parametrize("kind", [*PILLOW_FORMATS, "HEIC"])
def test_a_photo_cut_anywhere_after_its_first_bytes_is_truncated(kind: str) -> None:
    photo = DRAWN if kind == "HEIC" else saved(scene(64, 48), kind)
    footer = {"PNG": 30, "GIF": 2}.get(kind, 0)  # after the last of the pixels
    found = {reason_of(photo[:end]) for end in range(12, len(photo) - footer)}
    assert found == {"truncated"}
    assert reason_of(photo[:1]) == "not_an_image"


def test_the_smallest_photo_is_read() -> None:
    assert pixels_of(saved(Image.new("RGB", (MIN_SIDE, MIN_SIDE), RED))).shape == (SIZE, SIZE, 3)


SAMPLES = (
    [DRAWN, TURNED, TRANSPARENT, PROFILE, DEEP]
    + [saved(scene(40, 36), kind) for kind in PILLOW_FORMATS]
    + [
        saved(scene(40, 36), "JPEG", progressive=True),
        saved(scene(40, 36), "TIFF", compression="tiff_lzw"),
        saved(scene(40, 36).quantize(16), "TIFF"),
        saved(scene(40, 36).convert("RGBA")),
    ]
)


def refused_or_read(photo: bytes) -> None:
    with contextlib.suppress(PhotoError):
        pixels_of(photo)


@given(st.binary(max_size=400))
def test_random_bytes_are_refused(photo: bytes) -> None:
    refused_or_read(photo)


@given(st.sampled_from(SAMPLES), st.data())
def test_a_photo_cut_anywhere_is_refused_or_read(photo: bytes, data: st.DataObject) -> None:
    refused_or_read(photo[: data.draw(st.integers(0, len(photo)))])


@given(
    st.sampled_from(SAMPLES),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=6),
)
def test_a_photo_with_bytes_changed_is_refused_or_read(
    photo: bytes, changes: list[tuple[int, int]]
) -> None:
    damaged = bytearray(photo)
    for place, value in changes:
        damaged[place % len(damaged)] = value
    refused_or_read(bytes(damaged))


@pytest.mark.parametrize("kind", range(13))
def test_a_tiff_whose_tags_have_the_wrong_type_is_refused_or_read(kind: int) -> None:
    """Such tags reach Pillow's decoder as text or fractions, which it takes for numbers."""
    photo = saved(quarters().quantize(4), "TIFF")
    (directory,) = struct.unpack_from("<I", photo, 4)
    (entries,) = struct.unpack_from("<H", photo, directory)
    for entry in range(entries):
        damaged = bytearray(photo)
        struct.pack_into("<H", damaged, directory + 2 + 12 * entry + 2, kind)
        refused_or_read(bytes(damaged))
