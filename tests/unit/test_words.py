"""Which titles have the words that are asked for; what is typed is never taken for syntax."""

import tempfile
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from segments import listing, photo, segment

from release.errors import QueryError
from release.faiss_search import FaissSearch
from release.filters import MAX_TEXT, MAX_WORDS, Filters, matching
from release.segment import Segment
from release.words import words_of

TITLES = (
    "Chaise longue, chêne massif",
    "Châssis de vélo",
    "Oak chair 2x",
    "Oak-chair",
    "CAFÉ table (white)",
    "Straße nach Łódź",
    "İstanbul lamp",
    "NEAR the door AND not OR",
    "家具 セット",
    "कुर्सी लकड़ी",
    "10½ inch m² frame",
    "e\u0301cran co\u0308te\u0301",
    "don't_worry",
    "",
    "!!! ---",
)


def _made(folder: Path, titles: tuple[str, ...]) -> Segment:
    listings = [listing(f"p{n:03}", title=title) for n, title in enumerate(titles)]
    return segment(
        folder, listings, [photo(one.product_id, one.product_id, [1, 0]) for one in listings]
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Segment:
    return _made(tmp_path_factory.mktemp("titles"), TITLES)


def _found(made: Segment, words: str) -> list[str]:
    """By what SQLite says."""
    mask = matching(Filters(words=words), made.rows, made.listings)
    return [TITLES[number] for number in mask.nonzero()[0]]


def _plain_words(text: str) -> list[str]:
    """As the rule says it, letter by letter."""
    words = [""]
    for letter in unicodedata.normalize("NFKD", text):
        kind = unicodedata.category(letter)
        if kind[0] in "LN" or letter.isnumeric():
            words[-1] += letter.casefold()
        elif kind[0] != "M":
            words.append("")
    return [word for word in words if word]


def _admits(title: str, words: str) -> bool:
    own = _plain_words(title)
    return all(any(one.startswith(word) for one in own) for word in _plain_words(words))


@pytest.mark.parametrize(
    ("words", "titles"),
    [
        ("cha", ["Chaise longue, chêne massif", "Châssis de vélo", "Oak chair 2x", "Oak-chair"]),
        ("CHÂ", ["Chaise longue, chêne massif", "Châssis de vélo", "Oak chair 2x", "Oak-chair"]),
        ("chair oak", ["Oak chair 2x", "Oak-chair"]),
        ("oak-chair", ["Oak chair 2x", "Oak-chair"]),
        ("hair", []),
        ("cafe", ["CAFÉ table (white)"]),
        ("strasse", ["Straße nach Łódź"]),
        ("istanbul", ["İstanbul lamp"]),
        ("ecran cote", ["e\u0301cran co\u0308te\u0301"]),
        ("家", ["家具 セット"]),
        ("セッ", ["家具 セット"]),
        ("कुर्सी", ["कुर्सी लकड़ी"]),
        ("m2", ["10½ inch m² frame"]),
        ("don worry", ["don't_worry"]),
        ("", list(TITLES)),
        (' "* -^:() ', list(TITLES)),
    ],
)
def test_every_word_begins_a_word_of_the_title(
    made: Segment, words: str, titles: list[str]
) -> None:
    assert _found(made, words) == titles


@pytest.mark.parametrize(
    "words",
    [
        *('"', "'", '""', '"oak', 'oak"', "oak*", "*", "oak AND", "OR", "NOT oak"),
        *("oak NOT chair", "NEAR(oak chair)", "NEAR/2", "title:oak", "title : oak", "-title: oak"),
        *("{title}: oak", "^oak", "oak + chair", "oak + + chair", "(oak", "oak)", "(oak) AND ("),
        *("oak, chair", "-oak", "'; DROP TABLE words; --", "words", "rank", "\0oak", "oak\0chair"),
        *("\\oak", "%", "_", "?", "?1", "\u202eoak", "\ufeffoak", "\ud800oak", "\U000e0041"),
        *("oak\U0001f600chair", "a" * MAX_TEXT),
        " ".join(["oak", "chair"] * 5),
        " ".join("ab" for _ in range(MAX_WORDS)),
        " ".join("abcdef0123"),
    ],
)
def test_what_looks_like_syntax_is_words(made: Segment, words: str) -> None:
    assert _found(made, words) == [title for title in TITLES if _admits(title, words)]


LETTERS = st.sampled_from(
    "aAéÉe\u0301sSßxXİ\u0131ﬁ²½ŁΣς\u03b1ς1٣家ー가्ि '\"*-^:()+{}/,._\0\n"
) | st.characters(exclude_categories=("Cs",))
TEXTS = st.text(LETTERS, max_size=12).filter(lambda text: len(words_of(text)) <= MAX_WORDS)


@settings(max_examples=150, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=6), st.lists(TEXTS, min_size=1, max_size=6), st.data())
def test_sqlite_finds_what_the_rule_says(
    titles: list[str], asked: list[str], data: st.DataObject
) -> None:
    parts = [word[: data.draw(st.integers(1, 4))] for title in titles for word in title.split()]
    with tempfile.TemporaryDirectory() as folder:
        made = _made(Path(folder), tuple(titles))
        for words in [*asked, *parts, " ".join(parts[:3])]:
            found = matching(Filters(words=words), made.rows, made.listings).tolist()
            assert found == [_admits(title, words) for title in titles]
        made.listings.close()


@settings(deadline=None)
@given(st.text())
def test_the_words_of_words_are_the_same(text: str) -> None:
    words = words_of(text)
    assert words_of(" ".join(words)) == words


def test_where_k_match_k_come_back_and_the_other_filters_count_too(tmp_path: Path) -> None:
    listings = [
        listing(f"p{n}", title=("oak", "pine")[n % 2] + " chair", price=float(n)) for n in range(40)
    ]
    photos = [photo(f"i{n}", f"p{n}", [1, n]) for n in range(40)]
    search = FaissSearch([segment(tmp_path, listings, photos)])
    filters = Filters(words="CHA oak", price_min=10)
    (hits,) = search.search_photos([1, 0], 15, filters)
    assert [hit.photo.product_id for hit in hits] == [f"p{n}" for n in range(10, 40, 2)]


def test_the_same_titles_are_the_same_file(tmp_path: Path) -> None:
    titles = tuple(f"{first} {second}" for first in TITLES for second in TITLES)
    for name in ("a", "b"):
        _made(tmp_path / name, titles)
    files = [(tmp_path / name / "listings.sqlite").read_bytes() for name in ("a", "b")]
    assert files[0] == files[1]


def test_more_is_refused() -> None:
    with pytest.raises(QueryError, match="words has 201 characters; at most 200"):
        Filters(words="a" * 201)
    Filters(words="oak, " * 10)
    with pytest.raises(QueryError, match="There are 11 words; at most 10 are searched for"):
        Filters(words="oak-" * 11)
