"""How memory is given back: by glibc while training, by Python while reading millions of rows."""

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # malloc.h
_LARGEST = 2**31 - 1
_BLOCK_BYTES = 256 * 2**10


def hand_back_memory() -> None:
    """Blocks as large as photos go back to the kernel when they are freed.

    Kept for later, they pile up in pieces as files of photos go by.
    """
    _mallopt({_MMAP_THRESHOLD: _BLOCK_BYTES, _TRIM_THRESHOLD: _BLOCK_BYTES})


def keep_freed_memory() -> None:
    """Large blocks come from the heap and stay there.

    Giving each freed tensor back to the kernel costs half of training.
    """
    _mallopt({_MMAP_THRESHOLD: _LARGEST, _TRIM_THRESHOLD: _LARGEST})


def _mallopt(values: dict[int, int]) -> None:
    """See mallopt(3); other C libraries are left as they are."""
    libc = ctypes.CDLL(None)
    if sys.platform == "linux" and hasattr(libc, "mallopt"):
        for name, value in values.items():
            libc.mallopt(name, value)


@contextmanager
def cycles_sought_seldom() -> Iterator[None]:
    """Python looks for reference cycles after 200,000 new objects instead of 700.

    Rows by the million are freed without that search, which each time walks through all that lives.
    """
    usual = gc.get_threshold()
    gc.set_threshold(200_000, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
