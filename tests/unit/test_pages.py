"""What pages share: numbers and texts are shown as they are meant, plots are part of the page."""

import io

import pytest
from matplotlib.figure import Figure
from PIL import Image
from seen_page import Page

from batch_jobs.pages.photos import thumbnail
from batch_jobs.pages.svg import BAR, INK, drawn
from batch_jobs.pages.text import NONE, number, share, shown


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 0, NONE),
        (0, 5, "0%"),
        (5, 5, "100%"),
        (1, 8, "12.5%"),
        (1, 10_000, "< 0.1%"),
        (9_999, 10_000, "> 99.9%"),
    ],
)
def test_a_share_is_nothing_or_all_only_where_it_is(part: int, whole: int, text: str) -> None:
    assert share(part, whole) == text


def test_numbers_have_separators() -> None:
    written = [number(value) for value in (1234567, 1200.0, 19.5, 0.004, 0, None)]
    assert written == ["1,234,567", "1,200", "19.50", "0.004", "0", NONE]


def test_texts_are_shortened_and_emoji_stay_whole() -> None:
    assert shown("x" * 10, 10) == "x" * 10
    assert shown("x" * 11, 10) == "x" * 9 + "…"
    assert shown("👨‍👩‍👧") == "👨‍👩‍👧"
    assert shown("a\rb\ud800\u202e") == "a␍b⟨D800⟩⟨202E⟩"


def draw(figure: Figure) -> None:
    axes = figure.subplots()
    axes.bar([1, 2], [3, 4], color=BAR)
    axes.axvline(1, color=INK)


def test_plots_have_the_colours_of_the_page_and_no_style_of_their_own() -> None:
    plot = drawn(draw, "Bars")
    assert "fill: var(--bar)" in plot
    assert "stroke: currentColor" in plot
    assert "<style" not in plot
    assert "font-family" not in plot
    assert 'class="' not in plot
    assert "#000000" not in plot


def test_a_plot_is_named_and_its_name_cannot_leave_the_attribute() -> None:
    name = '"><script>alert(1)</script>'
    ((tag, attributes), *rest) = Page(drawn(draw, name)).elements
    assert (tag, attributes["role"], attributes["aria-label"]) == ("svg", "img", name)
    assert "script" not in {tag for tag, _ in rest}


def test_the_same_plot_has_the_same_bytes_and_another_name_other_ids() -> None:
    assert drawn(draw, "a") == drawn(draw, "a")
    elements = [Page(drawn(draw, name)).elements for name in ("a", "b")]
    ids = [{attributes.get("id") for _, attributes in one} - {None} for one in elements]
    assert not ids[0] & ids[1]


def test_a_thumbnail_keeps_its_shape() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (400, 200)).save(buffer, "PNG")
    image = Image.open(io.BytesIO(thumbnail(buffer.getvalue(), 100)))
    assert (image.format, image.size) == ("JPEG", (100, 50))
