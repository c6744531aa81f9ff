"""The map: the same sample every time, one script that is known, texts that stay texts."""

import html
import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_explored import BESIDE, cleaned_run, one_photo, unit_rows
from PIL import Image
from seen_page import HOSTILE, Page, check_accessible, check_harmless

from batch_jobs.explore.map_layout import lay_out
from batch_jobs.explore.map_neighbours import neighbours
from batch_jobs.explore.map_page import FEWEST, choose_places, make_map, map_page, script
from batch_jobs.explore.map_sample import COLOURS, OTHERS, group_by_root, sample
from batch_jobs.explore.sprite import MOST_SIDE, sprite_of
from batch_jobs.pages.text import shown
from release.store import Store


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of titles and categories that would act if they could."""
    store = Store(str(tmp_path_factory.mktemp("map") / "store"), create=True)
    things = [one_photo(number, text, text, "Chairs") for number, text in enumerate(HOSTILE)]
    things += [one_photo(number) for number in range(len(HOSTILE), 14)]
    run = cleaned_run(store, things)
    places = choose_places(run.photos)
    chosen = make_map(run.photos, places, unit_rows(len(run.photos)))
    return map_page(run, chosen, run.shown(places.tolist())).content.decode()


def test_just_the_one_script_may_run_and_hostile_texts_do_nothing(page: str) -> None:
    check_harmless(page, BESIDE, [str(script())])
    check_accessible(page, BESIDE)


def test_the_script_fetches_nothing_and_puts_texts_into_the_page_as_texts() -> None:
    acting = ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval", "Function")
    fetching = ("fetch", "XMLHttp", "import", "http:", "https:", "url(", "WebSocket", "window.open")
    assert [word for word in (*acting, *fetching) if word in script()] == []


def test_data_of_the_page_is_that_of_the_listings_and_cannot_end_its_element(page: str) -> None:
    (data,) = [text for text in Page(page).scripts if text != script()]
    assert data.isascii()
    assert not set("<>&") & set(data)
    read = json.loads(data)
    assert {shown(text, 100) for text in HOSTILE} < set(read["title"])
    sides = {len(read[name]) for name in ("x", "y", "group", "category", "title")}
    assert sides == {14}
    assert html.unescape(data) == data


def test_the_table_says_what_the_map_shows(page: str) -> None:
    assert "Home / Chairs 5" in Page(page).text


def test_points_are_the_same_every_time_and_fill_the_wider_side() -> None:
    rows = unit_rows(40)
    points = lay_out(rows)
    assert np.array_equal(points, lay_out(rows))
    assert points.min() == 0
    assert points.max() == 1


def test_copies_alone_have_a_map_too() -> None:
    rows = np.repeat(unit_rows(1), FEWEST, axis=0)
    assert np.isfinite(lay_out(rows)).all()


@given(st.lists(st.integers(0, 6), min_size=1, max_size=80), st.integers(7, 60))
def test_a_sample_has_no_photo_twice_and_keeps_every_category(labels: list[int], most: int) -> None:
    chosen = sample(np.array(labels), most)
    assert len(chosen) == len(set(chosen.tolist())) == min(most, len(labels))
    assert set(np.array(labels)[chosen]) == set(labels)
    assert np.array_equal(chosen, sample(np.array(labels), most))


def test_a_category_has_its_share_by_the_root_of_its_size() -> None:
    labels = np.repeat([0, 1, 2], [10_000, 2_500, 5])
    assert np.bincount(labels[sample(labels, 300)]).tolist() == [
        pytest.approx(197, abs=2),
        pytest.approx(98, abs=2),
        5,
    ]


def test_roots_beyond_the_colours_are_others_and_one_root_is_split_further() -> None:
    many = group_by_root(np.arange(12), [(f"root {n:02}",) for n in range(12)])
    assert len(many.names) == COLOURS
    assert many.names[-1] == OTHERS
    assert np.bincount(many.of).tolist() == [1] * 9 + [3]
    single = group_by_root(np.array([0, 1, 1]), [("Home", "Chairs"), ("Home", "Tables")])
    assert (single.names, single.of.tolist(), single.level) == (["Tables", "Chairs"], [1, 0, 0], 2)
    assert group_by_root(np.zeros(2, np.int64), [("Home",)]).names == ["Home"]


def test_neighbours_are_the_means_over_pairs_of_photos() -> None:
    rows, labels = unit_rows(6), np.array([3, 3, 3, 1, 1, 0])
    paths = [("a",), ("b",), ("unused",), ("d",)]
    first, second, third = neighbours(rows, labels, paths)
    assert [one.path for one in (first, second, third)] == [("d",), ("b",), ("a",)]
    pairs = [rows[0] @ rows[1], rows[0] @ rows[2], rows[1] @ rows[2]]
    assert first.alike == pytest.approx(np.mean(pairs), abs=1e-6)
    assert dict(first.nearest)["b",] == pytest.approx((rows[:3] @ rows[3:5].T).mean(), abs=1e-6)
    assert third.alike is None


@pytest.mark.parametrize(("count", "side"), [(1, MOST_SIDE), (4_000, 56)])
def test_small_photos_are_smaller_the_more_there_are(count: int, side: int) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (30, 20), (9, 99, 9)).save(buffer, "JPEG")
    assert sprite_of([buffer.getvalue()], count).side == side


def test_a_tile_has_its_own_photo(tmp_path: Path) -> None:
    photos = []
    for red in (0, 120, 240):
        buffer = io.BytesIO()
        Image.new("RGB", (64, 64), (red, 0, 0)).save(buffer, "JPEG")
        photos.append(buffer.getvalue())
    found = sprite_of(photos, 3)
    image = Image.open(io.BytesIO(found.jpeg))
    middles = [
        image.getpixel((found.side * (n % 2) + 40, found.side * (n // 2) + 40)) for n in range(3)
    ]
    assert [red for red, _, _ in middles] == [pytest.approx(red, abs=6) for red in (0, 120, 240)]
