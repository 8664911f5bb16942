"""Keeping large blocks of memory between steps, instead of returning them to the system each time.

The C library hands blocks above a threshold back as soon as they are freed, and asks for them again at the next step: the
system then clears every page anew. In a small convnet's step at batch 128 that was 7,650 page faults and 44 % of the
processor's time; two calls of ``mallopt`` (glibc) end it: 74 -> 48 ms of processor time, 1 page fault. A pool of our own,
tried in a prototype, gained less and every op would have had to know it.

The setting holds for the whole process: memory that was freed stays with it, ready for the next large array. It is made by
the first convolution; set ``TINYGRAD_EDU_KEEP_MEMORY=0`` in the environment to leave the C library alone.
"""

from __future__ import annotations

import functools
import os

__all__ = ["keep"]

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # names of glibc's <malloc.h>
LARGEST = (2**30, 2**25)  # bytes; older versions of glibc refuse more than the second


@functools.cache
def keep() -> bool:
    """Ask the C library to keep freed blocks; True if it will. Asks once; elsewhere than on glibc there is nothing to ask."""
    if os.environ.get("TINYGRAD_EDU_KEEP_MEMORY") == "0":
        return False
    import ctypes

    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return False
    return any(mallopt(MMAP_THRESHOLD, size) for size in LARGEST) and bool(mallopt(TRIM_THRESHOLD, 2**31 - 1))
