"""The rows that a search may find."""

from functools import cached_property
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray


class Allowed:
    """Rows of a segment by a mask, (n,) bool, as FAISS and as NumPy want them."""

    def __init__(self, mask: NDArray[np.bool_]) -> None:
        self.mask = mask
        self.count = int(np.count_nonzero(mask))
        self.share = self.count / len(mask)

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Their numbers, ascending."""
        return np.flatnonzero(self.mask)

    @cached_property
    def selector(self) -> Any:
        """FAISS's selector: a bit a row."""
        self._bits = np.packbits(self.mask, bitorder="little")  # the selector does not own them
        return faiss.IDSelectorBitmap(self._bits)
