"""How memory is given back: by glibc while training, by Python while reading millions of rows."""

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # malloc.h
_LARGEST = 2**31 - 1


def keep_freed_memory() -> None:
    """Large blocks come from the heap and stay there. See mallopt(3); elsewhere nothing is done.

    Giving each freed tensor back to the kernel costs half of training.
    """
    libc = ctypes.CDLL(None)
    if sys.platform == "linux" and hasattr(libc, "mallopt"):
        libc.mallopt(_TRIM_THRESHOLD, _LARGEST)
        libc.mallopt(_MMAP_THRESHOLD, _LARGEST)


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
