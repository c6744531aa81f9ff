"""Labels are category paths cut to a level; a rare one is at its parent, and none is lost."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_jobs.train.labels import UNCATEGORISED, labels_of
from batch_jobs.train.options import TrainOptions
from release.errors import JobError

PATHS = {
    "a": ("Home", "Chairs", "Oak"),
    "b": ("Home", "Chairs", "Pine"),
    "c": ("Home", "Tables"),
    "d": ("Garden",),
    "e": (),
}
PHOTOS = ["a"] * 6 + ["b"] * 2 + ["c"] * 2 + ["d"] + ["e"]


@pytest.mark.parametrize(
    ("level", "wanted"),
    [
        ("root", [("Home",), ("Home",), ("Home",), ("Garden",), UNCATEGORISED]),
        ("2", [("Home", "Chairs"), ("Home", "Chairs"), ("Home", "Tables"), ("Garden",)]),
        ("leaf", [("Home", "Chairs", "Oak"), ("Home", "Chairs", "Pine"), ("Home", "Tables")]),
    ],
)
def test_the_level_says_how_much_of_the_path_counts(level: str, wanted: list[object]) -> None:
    labels = labels_of(PATHS, PHOTOS, level, min_photos=1)
    assert [labels[listing] for listing in "abcde"][: len(wanted)] == wanted


def test_a_rare_leaf_falls_back_to_its_parent_and_further_where_that_is_rare_too() -> None:
    labels = labels_of(PATHS, PHOTOS, "leaf", min_photos=5)
    assert labels == {
        "a": ("Home", "Chairs", "Oak"),
        "b": ("Home",),  # two photos of pine make two of chairs
        "c": ("Home",),
        "d": ("Garden",),
        "e": UNCATEGORISED,
    }


@given(
    paths=st.lists(st.lists(st.sampled_from("xyz"), max_size=4), min_size=1, max_size=30),
    photos=st.lists(st.integers(0, 29), max_size=80),
    min_photos=st.integers(1, 6),
    level=st.sampled_from(["root", "leaf", "1", "2", "3"]),
)
def test_every_label_begins_its_path_and_only_roots_are_rare(
    paths: list[list[str]], photos: list[int], min_photos: int, level: str
) -> None:
    by_listing = {str(number): tuple(path) for number, path in enumerate(paths)}
    of_photos = [str(photo % len(paths)) for photo in photos]
    labels = labels_of(by_listing, of_photos, level, min_photos)
    counts = Counter(labels[listing] for listing in of_photos)
    for listing, path in by_listing.items():
        label = labels[listing]
        assert label == (path[: len(label)] or UNCATEGORISED)
        assert len(label) == 1 or counts[label] >= min_photos


@pytest.mark.parametrize(("roots", "leaves"), [(2, 2), (13, 435), (40, 1000)])
def test_any_number_of_labels_is_possible(roots: int, leaves: int) -> None:
    paths = {str(n): (f"root {n % roots}", f"leaf {n}") for n in range(leaves)}
    assert len(set(labels_of(paths, list(paths), "leaf", 1).values())) == leaves
    assert len(set(labels_of(paths, list(paths), "root", 1).values())) == roots


@pytest.mark.parametrize("level", ["", "0", "leafs", "-1", "1.5", "100"])
def test_an_unknown_level_is_named(level: str) -> None:
    with pytest.raises(JobError, match="Choices are root, leaf, or a number"):
        TrainOptions(label_level=level)
