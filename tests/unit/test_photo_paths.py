"""Where a listed photo's file may be, and the id of one that has none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_jobs.clean.catalogue.layout import Layout
from batch_jobs.clean.photos.paths import (
    candidates,
    derived_id,
    key_of,
    leads_outside,
    references,
    without_ending,
)
from batch_jobs.clean.rejects import is_safe

BY_ID = Layout(None, None, "images/{image_id}")
BY_KEY = Layout(None, None, "{photo}")
BELOW = Layout(None, None, "photos/{product_id}/{photo}")
BY_NAME = Layout(None, None, "images/{photo_name}")


@pytest.mark.parametrize(
    ("value", "separator", "found"),
    [
        ("a.jpg", None, ["a.jpg"]),
        ("a.jpg | b.jpg|", "|", ["a.jpg", "b.jpg"]),
        ('["a.jpg", "b.jpg"]', None, ["a.jpg", "b.jpg"]),
        ("[1].jpg", None, ["[1].jpg"]),
        (["a.jpg", " "], None, ["a.jpg"]),
        ("a, b.jpg", None, ["a, b.jpg"]),
        ("", "|", []),
        (None, None, []),
        (7.0, None, ["7"]),
    ],
)
def test_a_cell_names_one_photo_or_several(
    value: object, separator: str | None, found: list[str]
) -> None:
    assert references(value, separator) == found


@pytest.mark.parametrize(
    ("reference", "key"),
    [
        ("images/a.jpg", "images/a.jpg"),
        ("./images/a.jpg", "images/a.jpg"),
        ("/images/a.jpg", "images/a.jpg"),
        ("images\\a.jpg", "images/a.jpg"),
        ("s3://bucket/export/images/a.jpg", "images/a.jpg"),
        ("s3://other/export/images/a.jpg", "s3://other/export/images/a.jpg"),
        ("https://example.com/a.jpg", "https://example.com/a.jpg"),
    ],
)
def test_a_reference_is_a_key_below_the_catalogue_or_a_url_from_elsewhere(
    reference: str, key: str
) -> None:
    assert key_of(reference, "s3://bucket/export") == key


@pytest.mark.parametrize("reference", ["../a.jpg", "a/../../b", "..", "..\\a", "a\nb", "a\0b"])
def test_what_climbs_out_of_the_catalogue_is_seen(reference: str) -> None:
    assert leads_outside(reference)
    assert not leads_outside("a/..b/c...jpg")


def test_the_template_says_where_files_are() -> None:
    assert candidates(BY_ID, "p", "l", ["else/where.jpg"]) == ["images/p"]
    assert candidates(BY_KEY, "p", "l", ["a/b.jpg"]) == ["a/b.jpg"]
    assert candidates(BELOW, "p", "l", ["b.jpg"]) == ["photos/l/b.jpg"]
    assert candidates(BELOW, "p", "l", ["photos/l/b.jpg"])[0] == "photos/l/b.jpg"
    assert candidates(BY_NAME, "p", "l", ["https://x/y/b.jpg"]) == ["images/b.jpg"]


def test_a_template_does_not_reach_into_what_it_is_filled_with() -> None:
    assert candidates(BELOW, "p", "{photo}", ["b{0.x}.jpg"]) == ["photos/{photo}/b{0.x}.jpg"]


def test_ids_are_names_where_these_are_safe() -> None:
    assert derived_id("images/abc.jpg", "images") == "abc"
    assert derived_id("abc.jpg", "") == "abc"
    assert derived_id("images/Chairs/IMG 1.jpg", "images").startswith("Chairs-IMG-1-")


@given(st.lists(st.text(min_size=1, max_size=40), min_size=2, max_size=9, unique=True))
def test_derived_ids_are_safe_and_those_of_other_paths_are_others(names: list[str]) -> None:
    paths = [f"images/{name}" for name in names]
    ids = {path: derived_id(path, "images") for path in paths}
    assert all(map(is_safe, ids.values()))
    for path, identity in ids.items():
        others = {other for other in paths if ids[other] == identity}
        assert {without_ending(other) for other in others} == {without_ending(path)}
