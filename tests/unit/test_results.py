"""What a search shows a person: how probable each listing is, and whether any is a good match."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_release import CALIBRATION, SmallRelease, build

from batch_jobs.results import Search, print_table, search_photo, write_page
from batch_jobs.verdict import percent_text, verdict
from release.calibration import Calibration, Match
from release.filters import Filters
from release.reader import Release, open_current
from release.store import Store

ELSEWHERE = Filters(location="nowhere")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> SmallRelease:
    return build(str(tmp_path_factory.mktemp("small") / "store"), "small-1", seed=1)


@pytest.fixture(scope="module")
def release(small: SmallRelease, tmp_path_factory: pytest.TempPathFactory) -> Release:
    return open_current(Store(small.store_url), tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def own(small: SmallRelease, release: Release) -> Search:
    """A search with a photo that the index has."""
    return search_photo(release, "own.png", small.photos[0].png, 3)


@pytest.fixture(scope="module")
def other(small: SmallRelease, release: Release, own: Search) -> Search:
    """The same without the photo's own listing: the nearest of the others."""
    return replace(own, name="other.png", hits=own.hits[1:])


def printed(search: Search, capsys: pytest.CaptureFixture[str]) -> str:
    print_table(search)
    return capsys.readouterr().out


def page(searches: list[Search], small: SmallRelease, release: Release, folder: Path) -> str:
    """What a person reads on the page, its tags left out."""
    path = folder / "page.html"
    write_page(path, "Searches", searches, release, Store(small.store_url))
    text = re.sub(r"<style>.*?</style>|<[^>]*>", " ", path.read_text(), flags=re.S)
    return re.sub(r"\s+", " ", text)


def test_a_good_match_is_called_one_with_its_precision(
    own: Search, capsys: pytest.CaptureFixture[str]
) -> None:
    assert own.hits[0].similarity > 0.999
    said = "A good match: 95% of the nearest listings that are this similar show the same item."
    assert printed(own, capsys).splitlines()[-1] == said


def test_a_poor_match_is_called_none_with_both_similarities(
    other: Search, capsys: pytest.CaptureFixture[str]
) -> None:
    said = printed(other, capsys).splitlines()[-1]
    nearest = other.hits[0].similarity
    assert said == (
        f"Nothing is a good match: the nearest has a similarity of {nearest:.3f}, "
        "a good one 0.900 or more."
    )


def test_the_table_has_the_probability_of_each_listing(
    own: Search, capsys: pytest.CaptureFixture[str]
) -> None:
    table = printed(own, capsys)
    assert "same item" in table
    assert CALIBRATION.same_item
    for hit in own.hits:
        assert percent_text(CALIBRATION.same_item.probability(hit.similarity)) in table


def test_of_a_catalogue_without_siblings_the_probability_is_of_the_category(
    own: Search, capsys: pytest.CaptureFixture[str]
) -> None:
    match = Match("category", 0.5, 0.85, 0.9)
    known = Calibration(same_category=CALIBRATION.same_category, match=match)
    table = printed(replace(own, calibration=known), capsys)
    assert "same category" in table
    assert "85% of the nearest listings that are this similar are of the same category" in table


def test_where_nothing_is_known_nothing_is_said(
    own: Search, capsys: pytest.CaptureFixture[str]
) -> None:
    table = printed(replace(own, calibration=Calibration()), capsys)
    assert table.splitlines()[-1].startswith("└")
    assert "same" not in table
    assert "match" not in table


@pytest.mark.parametrize("calibration", [CALIBRATION, Calibration()])
def test_without_listings_the_filters_are_named_as_the_reason(
    own: Search, calibration: Calibration, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = replace(own, hits=[], calibration=calibration)
    assert printed(nothing, capsys) == "No listing matches the filters.\n"


def test_the_page_says_the_same_of_every_search(
    own: Search, other: Search, small: SmallRelease, release: Release, tmp_path: Path
) -> None:
    nothing = search_photo(release, "nothing.png", small.photos[0].png, 3, ELSEWHERE)
    unknown = replace(own, calibration=Calibration())
    text = page([own, other, nothing, unknown], small, release, tmp_path)
    first, second, third, fourth = text.split("Searched with")[1:]
    assert "A good match : 95% of the nearest listings" in first
    assert f"{percent_text(0.9933)} same item".replace(">", "&gt;") in first
    assert "Nothing is a good match : the nearest has a similarity of" in second
    assert "No listing matches the filters." in third
    assert "similarity 1.000" in fourth
    assert "match" not in fourth
    assert "same item" not in fourth


def test_a_photo_of_a_known_listing_shows_where_it_is(
    own: Search,
    small: SmallRelease,
    release: Release,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    known = replace(own, own_listing=small.photos[0].product_id)
    assert page([known], small, release, tmp_path).count("its own listing") == 1
    assert printed(known, capsys).count("(its own listing)") == 1


@given(st.floats(0, 1))
def test_a_percentage_is_never_called_certain(probability: float) -> None:
    text = percent_text(probability)
    assert text not in ("0%", "100%")
    assert abs(float(text.strip("<>%")) / 100 - probability) <= 0.0101


def test_a_match_at_the_threshold_is_good(own: Search) -> None:
    match = Match("item", own.hits[0].similarity, 0.9, 0.5)
    assert verdict(own.hits, Calibration(match=match)).good
