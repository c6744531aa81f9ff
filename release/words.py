"""The words of a text as titles are searched by them: case and accents do not count."""

import re
from collections.abc import Iterable
from unicodedata import category, normalize

_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> list[str]:
    """Runs of letters and digits in the order of the text, folded and without accents.

    Each is one token to SQLite's tokenizer `ascii`, whatever its version knows of Unicode.
    """
    if text.isascii():
        return _WORD.findall(text.lower())
    plain = (letter for letter in normalize("NFKD", text) if category(letter)[0] != "M")
    return _WORD.findall("".join(plain).casefold())


def beginning_with(words: Iterable[str]) -> str:
    """FTS5's expression for texts in which every one of `words_of` begins a word."""
    return " AND ".join(f'"{word}"*' for word in dict.fromkeys(words))
