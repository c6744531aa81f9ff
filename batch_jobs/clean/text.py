"""Mends the text of a listing: encodings, entities, white space; titles and category paths."""

import re
from functools import lru_cache

import ftfy

_FTFY = ftfy.TextFixerConfig(
    unescape_html=True,
    uncurl_quotes=False,
    fix_latin_ligatures=False,
    fix_character_width=False,
    normalization="NFC",
)
_SUSPECT = re.compile(r"[^\n -~]|&")  # all that ftfy could change
_ZERO_WIDTH = dict.fromkeys((0x200B, 0x2060, 0xFEFF))
_TITLE = re.compile(
    r"(?P<title>.*?)\s*(?:\|\s*in\s+(?P<location>[^|]*?)\s*)?(?:\|\s*Gumtree\s*)?", re.IGNORECASE
)


def mended(text: str) -> str:
    """Mojibake, HTML entities, Unicode form and control characters put right; LF line ends.

    Curly quotes, ligatures and emoji stay. Uses ftfy (Speer 2019, doi:10.5281/zenodo.2591652).
    """
    if not _SUSPECT.search(text):
        return text
    return ftfy.fix_text(text, _FTFY).translate(_ZERO_WIDTH)


def one_line(text: str) -> str:
    """Mended text with single spaces for all white space."""
    return " ".join(mended(text).split())


def paragraphs(text: str) -> str:
    """Mended text that keeps its line breaks, at most one blank line in a row."""
    lines = (" ".join(line.split()) for line in mended(text).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def split_title(text: str) -> tuple[str, str]:
    """`X | in Hackney, London | Gumtree` as ("X", "Hackney, London"); no location is ""."""
    found = _TITLE.fullmatch(one_line(text))
    if found is None:
        return one_line(text), ""
    return found["title"], found["location"] or ""


@lru_cache(maxsize=10_000)
def category_path(text: str) -> tuple[str, ...]:
    """`A/ B  /  C, D` as ("A", "B", "C, D"), from the root to the leaf."""
    return tuple(part.strip() for part in one_line(text).split("/") if part.strip())
