"""Nested data: one array, or a list, tuple or dict of arrays (several inputs, several outputs).

An array is by far the most common case, so every function asks for it first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np

from ..engine import Tensor
from ..engine.device import host

__all__ = [
    "Batch",
    "Nested",
    "array",
    "detached",
    "joined",
    "leaves",
    "pack",
    "plain",
    "samples",
    "transform",
    "unpack",
]

Nested: TypeAlias = Any  # an array or Tensor, or a list, tuple or dict of Nested
Batch: TypeAlias = Any  # x, (x, y) or (x, y, sample_weight)


def transform(function: Callable[[Any], Any], nested: Nested) -> Nested:
    """The same structure with ``function`` applied to each leaf; None stays None."""
    if nested is None:
        return None
    if isinstance(nested, dict):
        return {k: transform(function, v) for k, v in nested.items()}
    if isinstance(nested, (list, tuple)):
        return type(nested)(transform(function, v) for v in nested)
    return function(nested)


def leaves(nested: Nested, name: str = "") -> Iterator[tuple[str, Any]]:
    """Each leaf with its name: ("x", array), or ("x[0]", ...), ("x['image']", ...)."""
    if isinstance(nested, (list, tuple, dict)):
        for key, value in nested.items() if isinstance(nested, dict) else enumerate(nested):
            yield from leaves(value, f"{name}[{key!r}]")
    elif nested is not None:
        yield name, nested


def pack(x: Nested, y: Nested = None, sample_weight: Nested = None) -> Batch:
    """What a train step receives: the tuple up to the last part that there is; x alone unless it is a sequence."""
    if sample_weight is not None:
        return x, y, sample_weight
    if y is not None:
        return x, y
    return (x,) if isinstance(x, (list, tuple)) else x


def unpack(data: Batch) -> tuple[Nested, Nested, Nested]:
    """A batch as (x, y, sample_weight), None for what is not there."""
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(f"A batch is x, (x, y) or (x, y, sample_weight); this tuple has {len(data)} entries.")
    x, y, sample_weight = (*data, None, None)[:3]
    return x, y, sample_weight


def samples(x: Nested) -> int:
    """How many samples a batch has."""
    return len(x if isinstance(x, Tensor) else next(a for _, a in leaves(x)))


def detached(value: Any) -> Any:
    """The value without its graph, on the host."""
    return Tensor(host(value.data)) if isinstance(value, Tensor) else value


def plain(value: Any) -> Any:
    """A result as logs have it: a number, or an array of its own."""
    if isinstance(value, Tensor):
        return value.item() if value.size == 1 else value.data.copy()
    return value


def array(value: Any) -> Any:
    """The value as a plain array."""
    return host(value.data) if isinstance(value, Tensor) else np.asarray(value)


def joined(batches: list[Nested]) -> Nested:
    """The outputs of all batches, one after the other along the first axis."""
    first = batches[0]
    if isinstance(first, dict):
        return {k: joined([b[k] for b in batches]) for k in first}
    if isinstance(first, (list, tuple)):
        return type(first)(joined([b[i] for b in batches]) for i in range(len(first)))
    return np.concatenate(batches)
