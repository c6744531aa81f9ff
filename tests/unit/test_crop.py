"""A crop is a part of the photo as it is seen, cut before anything is made smaller."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from release.crop import Crop
from release.errors import PhotoError, QueryError
from release.pixels import prepare

SIZE = 64
QUARTERS = {  # of `quarters`, by what they show
    (250, 20, 20): Crop(0, 0, 0.5, 0.5),
    (20, 250, 20): Crop(0.5, 0, 1, 0.5),
    (20, 20, 250): Crop(0, 0.5, 0.5, 1),
    (240, 240, 20): Crop(0.5, 0.5, 1, 1),
}


def quarters(width: int, height: int) -> Image.Image:
    image = Image.new("RGB", (width, height))
    for colour, crop in QUARTERS.items():
        image.paste(colour, crop.of(width, height))
    return image


def saved(image: Image.Image, kind: str, orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    image.save(buffer, kind, exif=exif, **({"quality": 95} if kind == "JPEG" else {}))
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("size", [(200, 100), (1600, 2400)])
def test_each_quarter_is_all_that_is_seen_of_it(kind: str, size: tuple[int, int]) -> None:
    photo = saved(quarters(*size), kind)
    for colour, crop in QUARTERS.items():
        pixels = prepare(photo, SIZE, crop).pixels
        middle = pixels[SIZE * 3 // 8 : -SIZE * 3 // 8, SIZE * 3 // 8 : -SIZE * 3 // 8]
        np.testing.assert_allclose(middle, np.broadcast_to(colour, middle.shape), atol=12)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_the_crop_is_of_the_photo_turned_upright(orientation: int) -> None:
    upright = quarters(400, 200)
    turns = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90}
    stored = upright.transpose(turns.get(orientation, Image.Transpose.ROTATE_270))
    photo = saved(stored, "PNG", orientation)
    seen = ImageOps.exif_transpose(Image.open(io.BytesIO(photo)))
    assert seen.getpixel((10, 10)) == (250, 20, 20)
    for colour, crop in QUARTERS.items():
        middle = prepare(photo, SIZE, crop).pixels[SIZE // 2, SIZE // 2]
        assert tuple(middle.tolist()) == colour


def test_a_crop_is_decoded_as_finely_as_a_photo_of_its_own_would_be() -> None:
    """A tenth of a large photo: at the scale of the whole it would be 22 pixels wide."""
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (320, 320, 3), dtype=np.uint8)
    whole = Image.new("RGB", (3200, 3200), (128, 128, 128))
    whole.paste(Image.fromarray(noise).resize((320, 320)), (0, 0))
    crop = prepare(saved(whole, "JPEG"), SIZE, Crop(0, 0, 0.1, 0.1)).pixels.astype(int)
    alone = prepare(saved(Image.fromarray(noise), "JPEG"), SIZE).pixels.astype(int)
    assert np.abs(crop - alone).mean() < 8


def test_the_whole_as_a_crop_changes_nothing() -> None:
    photo = saved(quarters(333, 222), "JPEG")
    np.testing.assert_array_equal(
        prepare(photo, SIZE, Crop(0, 0, 1, 1)).pixels, prepare(photo, SIZE).pixels
    )


@pytest.mark.parametrize(
    "box",
    [(0.5, 0, 0.5, 1), (0, 0.9, 1, 0.1), (-0.1, 0, 1, 1), (0, 0, 1, 1.1), (0, 0, float("nan"), 1)],
)
def test_a_box_that_is_none_is_refused_with_its_numbers(
    box: tuple[float, float, float, float],
) -> None:
    with pytest.raises(QueryError, match=r"The crop is \[.*left before right"):
        Crop(*box)


def test_a_crop_of_too_few_pixels_is_refused() -> None:
    photo = saved(quarters(200, 100), "JPEG")
    with pytest.raises(PhotoError, match="The crop is 100 x 10 pixels; each side needs") as error:
        prepare(photo, SIZE, Crop(0, 0, 0.5, 0.1))
    assert error.value.reason == "too_small"
