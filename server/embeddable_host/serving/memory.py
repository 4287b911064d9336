"""The memory of a process that serves for months: what is free is given back to the system.

glibc keeps a heap for each thread, and learns from each large block that is freed to keep such blocks in it. Sites that
are built in a thread and take each other's place would leave holes in all of them. With one heap, and a threshold that
stays what it begins with, large blocks are mapped apart and given back when they are freed (mallopt(3)).
"""

import ctypes

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8  # malloc.h
THRESHOLD = 128 * 1024  # bytes


def give_back_what_is_free() -> None:
    """To be called before the first site is built; another C library than glibc is left as it is."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 1)
        mallopt(M_MMAP_THRESHOLD, THRESHOLD)
