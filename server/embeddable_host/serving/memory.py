"""The memory of a process that serves for months: free memory is returned to the system.

glibc keeps a heap for each thread, and after a large block was freed it keeps such blocks in a heap. Sites that are
built in a thread and replace each other would leave holes in all of them. With one heap, and a fixed threshold, large
blocks are mapped separately and returned when they are freed (mallopt(3)).
"""

import ctypes

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8  # malloc.h
THRESHOLD = 128 * 1024  # bytes


def return_free_memory() -> None:
    """To be called before the first site is built; has no effect with another C library than glibc."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 1)
        mallopt(M_MMAP_THRESHOLD, THRESHOLD)
