"""Keeps what the allocator holds to what is in use."""

import ctypes

_M_ARENA_MAX = -8  # of malloc.h
_ARENAS = 2


def share_arenas() -> None:
    """glibc makes eight arenas a core for its threads, and what is free in one serves no other."""
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option:
        set_option(_M_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Hands what is free back to the system. glibc keeps it below something that is still used."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:  # only glibc has it
        trim(0)
