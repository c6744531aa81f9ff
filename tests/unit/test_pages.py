"""What pages share: numbers and texts are shown as they are meant, plots are part of the page."""

import pytest

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
