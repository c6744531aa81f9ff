"""Which photos are taken for copies of one another, and that grouping stays cheap and in order."""

import io
from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from batch_jobs.clean.photos import duplicates
from batch_jobs.clean.photos.duplicates import (
    HASH_BITS,
    THUMBNAIL,
    Signature,
    are_copies,
    group_duplicates,
    signature,
)
from release.pixels import prepare

SIDE = 224


def drawing(seed: int, size: tuple[int, int] = (480, 360)) -> Image.Image:
    """Shapes and soft shades, another picture for each seed."""
    rng = np.random.default_rng(seed)
    soft = Image.fromarray(rng.integers(40, 216, (4, 5, 3), dtype=np.uint8))
    image = soft.resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for _ in range(8):
        left, top = rng.integers(0, size[0] - 60), rng.integers(0, size[1] - 60)
        box = (left, top, left + rng.integers(40, 160), top + rng.integers(40, 120))
        shape = draw.rectangle if rng.random() < 0.5 else draw.ellipse
        shape(tuple(map(int, box)), fill=tuple(rng.integers(0, 256, 3).tolist()))
    return image


def saved(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def signed(photo: Image.Image | bytes) -> Signature:
    photo = photo if isinstance(photo, bytes) else saved(photo, "PNG")
    return signature(prepare(photo, SIDE).pixels)


def groups_of(signatures: list[Signature]) -> list[int]:
    hashes = np.array([each.phash for each in signatures], np.uint64)
    thumbnails = np.frombuffer(b"".join(each.thumbnail for each in signatures), np.uint8)
    return group_duplicates(hashes, thumbnails.reshape(-1, *THUMBNAIL).__getitem__).tolist()


def brighter(image: Image.Image, factor: float) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(factor)


def cropped(image: Image.Image, share: float) -> Image.Image:
    x, y = (round(side * share / 2) for side in image.size)
    return image.crop((x, y, image.width - x, image.height - y))


RE_POSTS: dict[str, Callable[[Image.Image], bytes | Image.Image]] = {
    "the same": lambda image: image,
    "jpeg 30": lambda image: saved(image, quality=30),
    "jpeg 95": lambda image: saved(image, quality=95),
    "webp": lambda image: saved(image, "WEBP", quality=60),
    "half": lambda image: image.resize((image.width // 2, image.height // 2)),
    "three quarters": lambda image: image.resize((image.width * 3 // 4, image.height * 3 // 4)),
    "brighter": lambda image: saved(brighter(image, 1.1)),
    "darker": lambda image: saved(brighter(image, 0.9)),
    "cropped": lambda image: cropped(image, 0.01),
    "squared with white": lambda image: ImageOps.pad(image, (480, 480), color="white"),
}


@pytest.mark.parametrize("how", RE_POSTS)
def test_a_re_post_is_grouped_with_its_original(how: str) -> None:
    for seed in range(10):
        image = drawing(seed)
        assert groups_of([signed(image), signed(RE_POSTS[how](image))]) == [0, 0]


def test_different_photos_are_not_grouped() -> None:
    assert groups_of([signed(drawing(seed)) for seed in range(100)]) == list(range(100))


def test_flat_photos_share_a_hash_and_are_told_apart_by_colour() -> None:
    colours = ["red", "blue", "white", "black", "grey", (200, 180, 20), (200, 180, 60)]
    flat = [signed(Image.new("RGB", (300, 300), colour)) for colour in colours]
    assert len({each.phash for each in flat}) < len(flat)
    assert groups_of([*flat, *flat]) == [*range(7), *range(7)]


def test_one_item_in_two_colours_is_two_photos() -> None:
    """A catalogue shows a shirt in red and in blue on one white ground."""
    shirts = []
    for colour in ((200, 30, 40), (40, 60, 180), (30, 30, 30)):
        image = Image.new("RGB", (400, 400), "white")
        ImageDraw.Draw(image).polygon([(80, 90), (320, 90), (280, 340), (120, 340)], fill=colour)
        shirts.append(signed(image))
    assert groups_of(shirts) == [0, 1, 2]


def test_what_is_like_what_is_like_is_one_group() -> None:
    image = drawing(3)
    steps = [signed(brighter(image, 1 + 0.1 * step)) for step in range(4)]
    ends = [np.frombuffer(steps[at].thumbnail, np.uint8).reshape(1, *THUMBNAIL) for at in (0, 3)]
    assert not are_copies(*ends)[0]
    assert groups_of(steps) == [0, 0, 0, 0]


def test_no_photos_and_one_photo_have_no_group() -> None:
    assert groups_of([]) == []
    assert groups_of([signed(drawing(1))]) == [0]


HASHES = st.lists(
    st.tuples(
        st.sampled_from([0, 5, 2**63, 0xF0F0F0F0F0F0F0F0, 2**64 - 1]),
        st.sets(st.integers(0, 63), max_size=7),
    ),
    max_size=12,
)
SHADES = st.lists(st.sampled_from([0, 40, 43, 46, 120, 128, 255]), min_size=12, max_size=12)


def plain(shades: list[int]) -> NDArray[np.uint8]:
    """Thumbnails of these shades, with a darker half so that brightness is not all."""
    thumbnails = np.repeat(np.array(shades, np.uint8), np.prod(THUMBNAIL)).reshape(-1, *THUMBNAIL)
    thumbnails[:, :8] //= 2
    return thumbnails


def by_brute_force(hashes: NDArray[np.uint64], thumbnails: NDArray[np.uint8]) -> list[int]:
    groups = list(range(len(hashes)))
    for left, right in combinations(groups.copy(), 2):
        near = (int(hashes[left]) ^ int(hashes[right])).bit_count() <= HASH_BITS
        if near and are_copies(thumbnails[[left]], thumbnails[[right]])[0]:
            old, new = sorted((groups[left], groups[right]))[::-1]
            groups = [new if group == old else group for group in groups]
    return groups


@given(HASHES, SHADES)
def test_groups_are_those_of_comparing_each_with_each(
    made: list[tuple[int, set[int]]], shades: list[int]
) -> None:
    numbers = [start ^ sum(1 << bit for bit in bits) for start, bits in made]
    hashes, thumbnails = np.array(numbers, np.uint64), plain(shades[: len(made)])
    found = group_duplicates(hashes, thumbnails.__getitem__).tolist()
    assert found == by_brute_force(hashes, thumbnails)


@given(st.randoms(use_true_random=False))
@settings(max_examples=20)
def test_groups_do_not_depend_on_the_order(rng: object) -> None:
    signatures = [signed(drawing(seed % 4).resize((96 + seed, 80))) for seed in range(12)]
    order = list(range(12))
    rng.shuffle(order)
    expected, found = groups_of(signatures), groups_of([signatures[at] for at in order])
    same = [[expected[left] == expected[right] for right in order] for left in order]
    assert [[left == right for right in found] for left in found] == same


def test_thumbnails_are_asked_for_in_order_once_and_only_where_they_are_needed() -> None:
    hashes = np.array([7, 2**60, 7, 2**20 - 1, 6], np.uint64)
    thumbnails, asked = plain([1, 2, 3, 4, 5]), []

    def look_up(places: NDArray[np.int64]) -> NDArray[np.uint8]:
        asked.append(places.tolist())
        return thumbnails[places]

    group_duplicates(hashes, look_up)
    assert all(places == sorted(set(places)) for places in asked)
    assert set().union(*asked) == {0, 2, 4, 1}


@pytest.mark.parametrize("shades", [[9], [0, 255]], ids=["one content", "two contents"])
def test_a_hash_that_thousands_share_is_not_compared_all_with_all(
    shades: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = 0

    def counting(left: NDArray[np.uint8], right: NDArray[np.uint8]) -> NDArray[np.bool_]:
        nonlocal compared
        compared += len(left)
        return are_copies(left, right)

    monkeypatch.setattr(duplicates, "are_copies", counting)
    thumbnails = plain(shades * (6000 // len(shades)))
    found = group_duplicates(np.zeros(6000, np.uint64), thumbnails.__getitem__)
    assert found.tolist() == list(range(len(shades))) * (6000 // len(shades))
    assert compared <= 1


def test_many_contents_of_one_hash_are_compared_with_a_bounded_number_of_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = 0

    def counting(left: NDArray[np.uint8], right: NDArray[np.uint8]) -> NDArray[np.bool_]:
        nonlocal compared
        compared += len(left)
        return are_copies(left, right)

    monkeypatch.setattr(duplicates, "are_copies", counting)
    rng = np.random.default_rng(0)
    thumbnails = rng.integers(0, 256, (2000, *THUMBNAIL), dtype=np.uint8)
    hashes = rng.integers(0, 4, 2000).astype(np.uint64)  # all within two bits
    assert group_duplicates(hashes, thumbnails.__getitem__).tolist() == list(range(2000))
    assert compared < 2 * 2000 * duplicates.NEIGHBOURS  # of 1,999,000 pairs
