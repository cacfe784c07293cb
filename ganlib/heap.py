"""How the C library deals with freed memory.

By itself it hands large blocks back to the system, which gives them again page by page, each filled with zeros: a network on many
small batches spends a third of its time so, a step of a large one some per cent.
"""

import ctypes
from contextlib import suppress
from functools import lru_cache

_TRIM, _PAD, _MAP = -1, -2, -3  # of <malloc.h>
_KEPT, _AHEAD, _LARGEST = 2**30, 2**26, 2**25  # bytes; 32 MiB is the most that glibc takes for the last


@lru_cache
def keep_freed() -> None:
    """Keep up to a gigabyte for the next block; where the C library is another than glibc, leave it be."""
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        for option, value in ((_TRIM, _KEPT), (_PAD, _AHEAD), (_MAP, _LARGEST)):
            mallopt(option, value)
