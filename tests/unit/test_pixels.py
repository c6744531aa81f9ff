"""What `prepare` makes of photos of every kind."""

import io

import numpy as np
import pytest
from drawn_photos import (
    BLUE,
    GREEN,
    RED,
    SIZE,
    TRANSPOSED,
    WHITE,
    YELLOW,
    corners,
    difference,
    near,
    pixels_of,
    quarters,
    saved,
    scene,
)
from PIL import Image, ImageCms

from release.pixels import PILLOW_FORMATS, encode, prepare


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
