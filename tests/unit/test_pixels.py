"""What `prepare` makes of photos of every kind, and how it refuses what is not a photo."""

import contextlib
import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageDraw

from release.errors import PhotoError
from release.heif import Heif
from release.pixels import MAX_PIXELS, MIN_SIDE, PHOTO_REASONS, PILLOW_FORMATS, encode, prepare

# `quarters(96, 72)` in four ways and a ramp of 10 bits, written by pillow-heif 1.8 (quality 90,
# chroma 4:4:4). What the project itself reads HEIC with cannot write it.
DRAWN, TURNED, TRANSPARENT, PROFILE, DEEP = (
    (Path(__file__).parents[1] / "fixtures" / f"drawn{name}.heic").read_bytes()
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


@pytest.mark.parametrize("kind", [*PILLOW_FORMATS, "MPO"])
def test_every_format_gives_the_same_picture(kind: str) -> None:
    prepared = prepare(saved(quarters(96, 72), kind), SIZE)
    assert (prepared.source_width, prepared.source_height) == (96, 72)
    assert difference(prepared.pixels, pixels_of(saved(quarters(96, 72)))) < 4


@pytest.mark.parametrize("orientation", TRANSPOSED)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_every_exif_orientation_is_turned_upright(orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    turn = TRANSPOSED[orientation]
    image = quarters(64, 48)
    stored = image if turn is None else image.transpose(turn)
    prepared = prepare(saved(stored, kind, exif=exif), SIZE)
    # Pillow turns a TIFF itself, and tells its size after that.
    size = image.size if kind == "TIFF" else stored.size
    assert (prepared.source_width, prepared.source_height) == size
    assert difference(prepared.pixels, pixels_of(saved(image))) < 4


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_an_orientation_that_does_not_exist_counts_as_none(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert corners(pixels_of(saved(quarters(), "PNG", exif=exif))) == [RED, GREEN, BLUE, YELLOW]


def test_cmyk_becomes_rgb() -> None:
    for kind in ("JPEG", "TIFF"):
        pixels = pixels_of(saved(quarters().convert("CMYK"), kind))
        assert corners(pixels) == near(RED, GREEN, BLUE, YELLOW)


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


def with_red_and_blue_exchanged() -> bytes:
    """An ICC profile of a screen whose red is sRGB's blue: sRGB's with two tags exchanged."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"----").replace(b"bXYZ", b"rXYZ").replace(b"----", b"bXYZ")


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("JPEG", "RGB")]
    + [(kind, mode) for kind in ("PNG", "WEBP", "TIFF") for mode in ("RGB", "RGBA", "P")],
)
def test_the_colour_profile_is_applied(kind: str, mode: str) -> None:
    image = Image.new("RGB", (SIZE, SIZE), RED)
    image = image.quantize(2) if mode == "P" else image.convert(mode)
    pixels = pixels_of(saved(image, kind, icc_profile=with_red_and_blue_exchanged()))
    assert corners(pixels) == near(*[RED[::-1]] * 4, tolerance=12)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("profile", ["damaged", "of another mode"])
def test_a_profile_that_does_not_fit_is_left(mode: str, profile: str) -> None:
    icc = b"no profile" if profile == "damaged" else with_red_and_blue_exchanged()
    if mode == "RGB" and profile == "of another mode":
        icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    image = quarters().convert(mode)
    plain = pixels_of(saved(image, "TIFF"))
    assert difference(pixels_of(saved(image, "TIFF", icc_profile=icc)), plain) == 0


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_what_is_transparent_is_white(kind: str) -> None:
    image = quarters().convert("RGBA")
    alpha = Image.new("L", image.size, 255)
    alpha.paste(0, (0, 0, SIZE // 2, SIZE // 2))
    alpha.paste(128, (SIZE // 2, 0, SIZE, SIZE // 2))
    image.putalpha(alpha)
    half_green = (143, 228, 148)
    pixels = pixels_of(saved(image, kind, lossless=True))
    assert corners(pixels) == near(WHITE, half_green, BLUE, YELLOW, tolerance=2)


def test_transparency_of_grey_of_a_palette_and_of_one_colour_is_white() -> None:
    grey = Image.new("LA", (SIZE, SIZE), (10, 0))
    palette = quarters().quantize(4)
    place = int(np.asarray(palette)[0, 0])
    for photo in (
        saved(grey),
        saved(palette, "PNG", transparency=place),
        saved(palette, "GIF", transparency=place),
        saved(Image.new("RGB", (SIZE, SIZE), RED), "PNG", transparency=RED),
    ):
        assert corners(pixels_of(photo))[0] == WHITE


def test_palettes_greys_and_bitmaps_become_rgb() -> None:
    assert corners(pixels_of(saved(quarters().quantize(4)))) == near(RED, GREEN, BLUE, YELLOW)
    grey = quarters().convert("L")
    for photo in (saved(grey), saved(grey, "JPEG", quality=100)):
        pixels = pixels_of(photo)
        assert (pixels == pixels[..., :1]).all()
        assert difference(pixels[..., 0], np.asarray(grey)) < 1
    black_and_white = Image.new("1", (SIZE, SIZE), 1)
    assert corners(pixels_of(saved(black_and_white))) == [WHITE] * 4


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_become_eight(kind: str) -> None:
    ramp = np.linspace(0, 65535, SIZE * SIZE).astype(np.uint16).reshape(SIZE, SIZE)
    pixels = pixels_of(saved(Image.fromarray(ramp), kind))
    assert np.array_equal(pixels[..., 0], ramp >> 8)


def test_the_first_frame_of_an_animation_counts() -> None:
    frames = [Image.new("RGB", (SIZE, SIZE), colour) for colour in (RED, BLUE, GREEN)]
    for kind in ("GIF", "WEBP", "PNG", "TIFF", "AVIF"):
        photo = saved(frames[0], kind, save_all=True, append_images=frames[1:])
        assert corners(pixels_of(photo)) == near(RED, RED, RED, RED, tolerance=10)


@pytest.mark.parametrize("size", [(128, 32), (32, 128), (640, 480), (33, 999), (40, 50)])
def test_the_whole_photo_is_kept_in_the_middle_with_white_around(size: tuple[int, int]) -> None:
    width, height = size
    pixels = pixels_of(saved(Image.new("RGB", size, BLUE)))
    inside = (pixels == BLUE).all(axis=2)
    scale = SIZE / max(size)
    shown = (max(1, round(height * scale)), max(1, round(width * scale)))
    assert (inside.any(axis=1).sum(), inside.any(axis=0).sum()) == shown
    assert inside.sum() == shown[0] * shown[1]
    assert (pixels[~inside] == WHITE).all()
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    assert abs(rows[0] - (SIZE - 1 - rows[-1])) <= 1
    assert abs(columns[0] - (SIZE - 1 - columns[-1])) <= 1


def test_proportions_and_edges_survive() -> None:
    pixels = pixels_of(saved(quarters(256, 128)))
    above, below = SIZE // 4, 3 * SIZE // 4
    assert (pixels[:above] == WHITE).all()
    assert (pixels[below:] == WHITE).all()
    assert tuple(pixels[above + 2, 2]) == RED
    assert tuple(pixels[below - 3, SIZE - 3]) == YELLOW


@pytest.mark.parametrize("size", [(3600, 600), (1600, 1200), (900, 1200), (517, 389), (900, 130)])
def test_a_jpeg_decoded_at_a_reduced_scale_is_close_to_the_full_decode(
    size: tuple[int, int],
) -> None:
    photo = saved(scene(*size), "JPEG", quality=92)
    full = saved(Image.open(io.BytesIO(photo)))
    assert difference(pixels_of(photo, 224), pixels_of(full, 224)) < 1.5


@pytest.mark.parametrize("size", [(400, 300), (300, 400), (64, 64), (1000, 750)])
def test_a_prepared_photo_that_was_encoded_comes_back_but_for_jpegs_loss(
    size: tuple[int, int],
) -> None:
    first = pixels_of(saved(scene(*size)))
    stored = encode(first)
    again = pixels_of(stored)
    assert difference(again, first) < 2
    assert np.array_equal(again, np.asarray(Image.open(io.BytesIO(stored)).convert("RGB")))
    assert difference(pixels_of(encode(again)), again) < 1


def test_a_photo_of_the_right_size_is_not_touched() -> None:
    image = scene(SIZE, SIZE)
    assert np.array_equal(pixels_of(saved(image)), np.asarray(image))


def test_the_same_bytes_give_the_same_pixels() -> None:
    photo = saved(scene(500, 400), "JPEG")
    assert np.array_equal(pixels_of(photo), pixels_of(photo))


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
