"""Keeps glibc from handing every freed tensor back to the kernel, which costs half of training."""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # malloc.h
_LARGEST = 2**31 - 1


def keep_freed_memory() -> None:
    """Large blocks come from the heap and stay there. See mallopt(3); elsewhere nothing is done."""
    libc = ctypes.CDLL(None)
    if sys.platform == "linux" and hasattr(libc, "mallopt"):
        libc.mallopt(_TRIM_THRESHOLD, _LARGEST)
        libc.mallopt(_MMAP_THRESHOLD, _LARGEST)
