"""Category paths, and the case variants of one path."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_jobs.clean.listings.categories import Categories, Path, category_path

HOME = ("Home & Garden", "Dining, Living Room Furniture", "Chairs")
PARTS = st.text("aAbBß\u017f\u0130iΣς ", min_size=1, max_size=3).filter(str.strip)
PATHS = st.lists(st.lists(PARTS, min_size=1, max_size=3).map(tuple), max_size=12)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("A/ B  /  C, D", ("A", "B", "C, D")),
        ("Home &amp; Garden / Dining, Living Room Furniture/Chairs", HOME),
        ("Home &amp;amp; Garden /\u00a0Dining, Living\tRoom Furniture\u2028/ Chairs", HOME),
        ("CafÃ© / MÃ¶bel", ("Café", "Möbel")),
        ("A //B/", ("A", "B")),
        ("/ / \u200b/", ()),
        ("A /\nB", ("A", "B")),
        ("A &#47; B", ("A", "B")),
        ("A / B &#47; C", ("A", "B / C")),
        ("", ()),
    ],
)
def test_a_category_is_a_path(text: str, path: Path) -> None:
    assert category_path(text) == path


@pytest.mark.parametrize(
    ("text", "separator", "path"),
    [
        ("A>B  >  C / D", ">", ("A", "B", "C / D")),
        ("Home &amp; Garden &gt; Chairs", ">", ("Home & Garden", "Chairs")),
        ("Home > Size &gt; 50 cm", ">", ("Home", "Size > 50 cm")),
        ("A &amp;amp;gt; B", ">", ("A", "B")),
        ("A > B", " > ", ("A", "B")),
        ("A â€º B", "\u203a", ("A", "B")),
        ("Home &amp; Garden;Chairs", ";", ("Home & Garden", "Chairs")),
        ("A :: B", "::", ("A", "B")),
        ("A B\tC", "\t", ("A B", "C")),
        ("A / B", "", ("A / B",)),
    ],
)
def test_the_catalogue_says_what_separates(text: str, separator: str, path: Path) -> None:
    assert category_path(text, separator) == path


def test_a_list_is_a_path_already() -> None:
    assert category_path([" A/B ", "", "C &amp; D"]) == ("A/B", "C & D")
    assert category_path([]) == category_path(None) == category_path(float("nan")) == ()
    assert category_path(12.0) == ("12",)


@given(st.text(st.characters(exclude_categories=())), st.text(max_size=2))
def test_no_category_is_too_odd(text: str, separator: str) -> None:
    path = category_path(text, separator)
    assert category_path(list(path)) == path
    assert all(part == part.strip() != "" for part in path)


def test_the_most_frequent_spelling_stays_level_by_level() -> None:
    categories = Categories()
    for path, listings in (
        (("HOME", "Chairs"), 1),
        (("Home", "chairs"), 2),
        (("Home", "Tables"), 1),
        (("Garden", "CHAIRS"), 5),
    ):
        categories.add(path, listings)
    for path in (("home", "CHAIRS"), ("HOME", "Chairs")):
        assert categories.canonical(path) == ("Home", "chairs")
    assert categories.canonical(("garden", "chairs")) == ("Garden", "CHAIRS")


def test_on_a_tie_the_first_spelling_stays() -> None:
    categories = Categories()
    for path in (("lamps",), ("Lamps",), ("LAMPS",), ("Lamps",), ("lamps",)):
        categories.add(path)
    assert categories.canonical(("LAMPS",)) == ("lamps",)


def test_what_was_never_added_stays() -> None:
    assert Categories().canonical(("A", "b")) == ("A", "b")
    categories = Categories()
    categories.add(("A", "B"))
    assert categories.canonical(("a", "c")) == ("A", "c")
    categories.add(("a", "C"))
    categories.add(("a", "C"))
    assert categories.canonical(("A", "c")) == ("a", "C")


def folded(path: Path) -> list[str]:
    return ["".join(part.casefold().split()) for part in path]


@given(PATHS)
def test_variants_become_one_path_that_differs_by_case_alone(paths: list[Path]) -> None:
    categories = Categories()
    for path in paths:
        categories.add(path)
    for path in paths:
        found = categories.canonical(path)
        assert categories.canonical(found) == found
        assert folded(found) == folded(path)
        for variant in (tuple(map(str.upper, path)), tuple(map(str.casefold, path))):
            if folded(variant) == folded(path):  # the upper case of a long s is that of s
                assert categories.canonical(variant) == found


@pytest.mark.parametrize(
    ("separator", "text", "path"),
    [
        (" - ", "Home - Living-room - Arm-chairs", ("Home", "Living-room", "Arm-chairs")),
        (" and ", "Toys and Sandals", ("Toys", "Sandals")),
        (" > ", "Home>Chairs", ("Home", "Chairs")),
        ("-", "Home-Chairs", ("Home", "Chairs")),
    ],
)
def test_a_separator_that_words_may_hold_keeps_its_spaces(
    separator: str, text: str, path: Path
) -> None:
    assert category_path(text, separator) == path
