"""Masks: which steps of a sequence are padding. They travel beside the Tensors, found by the Tensor they belong to.

Layers attach them (``keras.layers.Embedding`` with ``mask_zero``), and the loss leaves masked steps out.
"""

from __future__ import annotations

import weakref
from typing import Any

from ..engine import Array, Tensor

__all__ = ["attach", "mask_of"]

# Tensors are equal entry by entry, so a WeakKeyDictionary cannot look them up: by id, until the Tensor goes
_masks: dict[int, tuple[weakref.ref[Tensor], Array]] = {}


def attach(x: Tensor, mask: Array | None) -> None:
    """Give a Tensor (N, T, ...) its mask (N, T): True where a step counts."""
    if mask is not None:
        key = id(x)
        _masks[key] = (weakref.ref(x, lambda _: _masks.pop(key, None)), mask)


def mask_of(x: Any) -> Any:
    """The mask of a Tensor, or None; of a list of Tensors, a list."""
    if isinstance(x, (list, tuple)):
        return [mask_of(v) for v in x]
    return _masks[id(x)][1] if id(x) in _masks else None
