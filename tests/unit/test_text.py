"""Texts are mended, and what was right before stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_jobs.clean.text import category_path, one_line, paragraphs, split_title


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("Zo\u00c3\u00ab\u2019s caf\u00c3\u00a9", "Zoë\u2019s café"),
        ("Cash &amp; collection, &pound;5", "Cash & collection, £5"),
        ("a <b> &amp;amp; c", "a <b> & c"),
        ("cafe\u0301", "café"),
        ("a\x07b\x1b[31mc\ufeff", "abc"),
        ("  two \t words\u00a0\n", "two words"),
    ],
)
def test_dirt_is_taken_off(dirty: str, clean: str) -> None:
    assert one_line(dirty) == clean


@pytest.mark.parametrize(
    "text", ["\u201cquoted\u201d", "1½ m, 30 °C, 25 €", "🚚 ❤️ ⭐", "Køge, Zoë, naïve", "ﬁne"]
)
def test_what_is_right_stays(text: str) -> None:
    assert one_line(text) == paragraphs(text) == text


def test_a_description_keeps_its_lines() -> None:
    assert paragraphs(" One. \r\n  two  words\n\n\n\nthree ") == "One.\ntwo words\n\nthree"


@pytest.mark.parametrize(
    ("text", "title", "location"),
    [
        ("Chair | in Hackney, London | Gumtree", "Chair", "Hackney, London"),
        ("Chair | in Hackney, London | Gumtree  ", "Chair", "Hackney, London"),
        ("Chair | red | in Hackney | Gumtree", "Chair | red", "Hackney"),
        ("Chair | in Hackney", "Chair", "Hackney"),
        ("Chair | Gumtree", "Chair", ""),
        ("Chair\nred &amp; blue", "Chair red & blue", ""),
        ("", "", ""),
    ],
)
def test_a_title_gives_its_location(text: str, title: str, location: str) -> None:
    assert split_title(text) == (title, location)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("A/ B  /  C, D", ("A", "B", "C, D")),
        (
            "Home &amp; Garden / Dining, Living Room Furniture/Chairs",
            ("Home & Garden", "Dining, Living Room Furniture", "Chairs"),
        ),
        ("A //B/", ("A", "B")),
        ("A /\nB", ("A", "B")),
        ("", ()),
    ],
)
def test_a_category_is_a_path(text: str, path: tuple[str, ...]) -> None:
    assert category_path(text) == path


@given(st.text(max_size=60))
def test_no_text_is_too_odd(text: str) -> None:
    for clean in (one_line(text), paragraphs(text), *split_title(text), *category_path(text)):
        clean.encode()
        assert clean == clean.strip()
