"""In-place changes: who changed which memory, and when.

A change through the Tensor API (or by an optimiser step) stamps the array that *owns* the memory with the next
creation number. A walk compares one integer, the last stamp, with its oldest node, and looks closer only if something
was changed since: a value was changed too late if its owner's stamp is younger than the op that used it.
Raw numpy writes do not come by here; ``detect_anomaly`` sees them by fingerprint.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

_stamps: dict[int, tuple[Any, int]] = {}  # id of owner -> (weak reference, which removes the entry; stamp)
_count: Callable[[], int]
last = 0  # the newest stamp of all


def use(count: Callable[[], int]) -> None:
    """Draw stamps from the engine's creation numbers."""
    global _count
    _count = count


def owner(array: Any) -> Any:
    """The array whose memory ``array`` views."""
    while isinstance(getattr(array, "base", None), type(array)):
        array = array.base
    return array


def stamp(array: Any) -> None:
    """Note that this memory was changed just now."""
    global last
    own = owner(array)
    key = id(own)
    entry = _stamps.get(key)
    last = _count()
    _stamps[key] = (weakref.ref(own, lambda _: _stamps.pop(key, None)) if entry is None else entry[0], last)


def changed_since(array: Any, number: int) -> bool:
    """Whether this memory was stamped after creation number ``number``."""
    entry = _stamps.get(id(owner(array)))
    return entry is not None and entry[1] > number
