"""The rows that a search may find."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Holding:
    """The inverted lists that have an allowed row: their numbers, ascending, and a selector.

    The selector is None where all lists are among them.
    """

    numbers: NDArray[np.int64]
    selector: Any


class Allowed:
    """Rows of a segment by a mask, (n,) bool, as FAISS and as NumPy want them."""

    def __init__(self, mask: NDArray[np.bool_]) -> None:
        self.mask = mask
        self.count = int(np.count_nonzero(mask))
        self.share = self.count / len(mask)
        self._holding: Holding | None = None

    @cached_property
    def selector(self) -> Any:
        """FAISS's selector: a bit a row."""
        return _selector(self.mask)

    def lists(self, list_of: NDArray[np.uint32], count: int) -> Holding:
        """Which of `count` lists have an allowed row; `list_of` (n,) has the list of each row."""
        if self._holding is None:
            has = np.zeros(count, dtype=np.bool_)
            has[list_of[self.mask]] = True
            selector = None if has.all() else _selector(has)
            self._holding = Holding(np.flatnonzero(has), selector)
        return self._holding


def _selector(mask: NDArray[np.bool_]) -> Any:
    # FAISS's Python keeps the bits alive as long as the selector.
    return faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))
