"""Reads an array from a .npy file that may be anything."""

import tokenize
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from release.errors import ReleaseFileError

# What NumPy lets through of a header that is damaged, cut, or of another kind of file.
_NOT_AN_ARRAY = (
    *(ValueError, EOFError, OSError, SyntaxError, TypeError, OverflowError, MemoryError),
    tokenize.TokenError,
)


def map_array(path: Path, what: str) -> NDArray[Any]:
    """The array of a .npy file by memory map; `what` is what it should be, for messages.

    Raises ReleaseFileError. Nothing is unpickled.
    """
    try:
        return np.lib.format.open_memmap(path, mode="r").view(np.ndarray)
    except _NOT_AN_ARRAY as error:
        raise ReleaseFileError(f"{path} is not a file of {what}: {error}") from error


def read_array(path: Path, what: str) -> NDArray[Any]:
    """As `map_array`, into memory."""
    try:
        with path.open("rb") as file:
            found: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    except _NOT_AN_ARRAY as error:
        raise ReleaseFileError(f"{path} is not a file of {what}: {error}") from error
    return found
