"""Category paths: read from a cell, and the case variants of one path brought together."""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache

from batch_jobs.clean.listings.text import one_line

Path = tuple[str, ...]


def category_path(value: str | float | Sequence[str] | None, separator: str = "/") -> Path:
    """`A/ B  /  C, D` as ("A", "B", "C, D"), from the root to the leaf; nothing is ().

    A list is a path already: its parts are mended, not split. Entities and encodings are mended
    before a text is split, so that `A &gt; B` is two parts; where the separator stands in the text
    as it is too, an entity is part of a name: `A > B &gt; C` is ("A", "B > C").
    """
    if isinstance(value, str):
        return _split(value, separator)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ()
    if isinstance(value, int | float):
        return _parts((f"{value:.15g}",))
    return _parts(tuple(str(part) for part in value if part is not None))


@lru_cache(maxsize=10_000)
def _split(text: str, separator: str) -> Path:
    mended, mark = one_line(text), separator.strip()
    if mark != separator and (mark == "-" or mark.isalnum()):  # "Arm-chairs" and "Sandals" are one
        return _parts(tuple(mended.split(f" {mark} ")))
    if not mark:  # a tab, or none at all
        return _parts(tuple(text.split(separator)) if separator else (text,))
    if mark in text and mended.count(mark) > text.count(mark):
        return _parts(tuple(text.split(mark)))
    return tuple(stripped for part in mended.split(mark) if (stripped := part.strip()))


@lru_cache(maxsize=10_000)
def _parts(parts: Path) -> Path:
    return tuple(mended for part in parts if (mended := one_line(part)))


class Categories:
    """The paths of a catalogue; each distinct one is held once, with its count."""

    def __init__(self) -> None:
        self._counts: Counter[Path] = Counter()
        self._spellings: dict[Path, str] = {}  # of the last part of a folded path

    def add(self, path: Path, listings: int = 1) -> None:
        """Counts a path as often as listings have it."""
        self._counts[path] += listings
        self._spellings = {}

    def canonical(self, path: Path) -> Path:
        """A path as most listings spell it, level by level; on a tie, as the first one did.

        Two parts are one where they differ by case or white space alone and lie below parts that
        are one. A path that was never added keeps what no path has.
        """
        if not self._spellings:
            self._spellings = _most_frequent(self._counts)
        key = _folded(path)
        return tuple(self._spellings.get(key[: level + 1], part) for level, part in enumerate(path))

    def counts(self) -> Counter[Path]:
        """How many listings each canonical path has."""
        counts: Counter[Path] = Counter()
        for path, listings in self._counts.items():
            counts[self.canonical(path)] += listings
        return counts


def _most_frequent(counts: Mapping[Path, int]) -> dict[Path, str]:
    spellings: defaultdict[Path, Counter[str]] = defaultdict(Counter)
    for path, listings in counts.items():
        key = _folded(path)
        for level, part in enumerate(path):
            spellings[key[: level + 1]][part] += listings
    # max gives the first of equals, and a dict keeps the order in which they were seen.
    return {key: max(found, key=found.__getitem__) for key, found in spellings.items()}


def _folded(path: Path) -> Path:
    return tuple(" ".join(part.casefold().split()) for part in path)
