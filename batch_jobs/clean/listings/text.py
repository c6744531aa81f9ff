"""Mends the text of a listing: encodings, entities, control characters, white space; its title."""

import re
from collections.abc import Callable
from unicodedata import is_normalized, normalize

import ftfy
from ftfy import fixes
from ftfy.badness import is_bad

# Invisible marks that texts pick up on their way: soft hyphen, zero-width space, word joiner, byte
# order marks, marks and overrides of direction (which would turn the page around the text, too).
_INVISIBLE = (0xAD, 0x61C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F))
_INVISIBLE += (*range(0x2060, 0x2070), 0xFEFF, *range(0xFFF9, 0xFFFD), 0xFFFE, 0xFFFF)
_JOINERS = (0x200C, 0x200D)  # letters and emoji are joined by them
_LINE_ENDS = (0x0B, 0x0C, 0x0D, 0x1C, 0x1D, 0x1E, 0x2028, 0x2029)
_DROPPED = dict.fromkeys({*range(0x20), *range(0x7F, 0xA0), *_INVISIBLE} - {*_JOINERS, 0x09, 0x0A})
_CONTROLS: dict[int, int | None] = _DROPPED | dict.fromkeys(_LINE_ENDS, 0x0A) | {0xA0: 0x20}

# All that is_bad can find has this: it saves the whole search for a lone £ or é, and for emoji.
_MOJIBAKE_HINT = re.compile("[\x80-\u052f\u2000-\u25ff\uf8ff-\ufb02\ufffd]{2}|[\x80-\x9fÂÃŒœ]")
_AMPERSANDS = re.compile("&(?:amp;)+", re.IGNORECASE)  # escaped twice and more
_STRAY_JOINER = re.compile("(?<![^\0-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\0-\x7f])")
_BLANK_LINES = re.compile("\n{3,}")


def one_line(text: str) -> str:
    """Mended text with single spaces for all white space."""
    text = text.strip(" ")
    if not _is_plain(text):
        return _settled(text, _mended_line)
    return one_line(" ".join(text.split())) if "  " in text else text


def paragraphs(text: str) -> str:
    """Mended text that keeps its line breaks, at most one blank line in a row."""
    text = text.strip(" \n")
    if not _is_plain(text.replace("\n", " ")):
        return _settled(text, _mended_lines)
    if "  " in text or " \n" in text or "\n " in text or "\n\n\n" in text:
        return paragraphs(_tidy_lines(text))
    return text


def split_title(text: str) -> tuple[str, str]:
    """`X | in Hackney, London | Gumtree` as ("X", "Hackney, London"); no location is "".

    Without the site's name only a place in capitals is one: not `Table | in good condition`.
    """
    text = one_line(text)
    if "|" not in text:
        return text, ""
    title, location = text, ""
    head, bar, last = title.rpartition("|")
    while bar and last.strip().lower() == "gumtree":
        title = head
        head, bar, last = head.rpartition("|")
    word, _, place = last.strip().partition(" ")
    if bar and word.lower() == "in" and (title != text or place[:1].isupper()):
        title, location = head, place
    return title.strip(), location


def _is_plain(text: str) -> bool:
    """Whether nothing of a text without line breaks could need mending, but for double spaces."""
    if "&" in text or not text.isprintable():
        return False
    if text.isascii():
        return True
    if not is_normalized("NFC", text) or "\ufffc" in text:
        return False
    return not (_MOJIBAKE_HINT.search(text) and is_bad(text))


def _settled(text: str, step: Callable[[str], str]) -> str:
    """The text that a step leaves as it is: what is mended may show what was hidden under it."""
    while (after := step(text)) != text:
        text = after
    return text


def _mended_line(text: str) -> str:
    return " ".join(_mended(text).split())


def _mended_lines(text: str) -> str:
    return _tidy_lines(_mended(text))


def _tidy_lines(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def _mended(text: str) -> str:
    """One round of ftfy (Speer 2019, doi:10.5281/zenodo.2591652), each step where it is needed.

    Curly quotes, ligatures and emoji stay.
    """
    if "&" in text:
        text = fixes.unescape_html(_AMPERSANDS.sub("&", text))
    if _MOJIBAKE_HINT.search(text):
        text = "\n".join(map(ftfy.fix_encoding, text.split("\n")))
    if not text.isprintable() or "\ufffc" in text:
        text = _without_controls(text)
    return normalize("NFC", text)


def _without_controls(text: str) -> str:
    text = fixes.fix_surrogates(fixes.fix_c1_controls(fixes.remove_terminal_escapes(text)))
    return _STRAY_JOINER.sub("", text.replace("\r\n", "\n").translate(_CONTROLS))
