"""Sequences of different lengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...engine import Array
from ...engine.errors import ShapeError

__all__ = ["pad_sequences"]


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> Array:
    """Sequences as one array (N, maxlen, ...): shorter ones are filled with ``value``, longer ones cut.

    maxlen : the longest one's length by default.  padding, truncating : "pre" at the start, "post" at the end.
    Errors: ShapeError for sequences whose entries have different shapes.

    >>> pad_sequences([[1, 2, 3], [4]], padding="post").tolist()
    [[1, 2, 3], [4, 0, 0]]
    """
    for name, side in (("padding", padding), ("truncating", truncating)):
        if side not in ("pre", "post"):
            raise ValueError(f"pad_sequences: {name} is 'pre' or 'post', not {side!r}.")
    arrays = [np.asarray(s) for s in sequences]
    if any(a.ndim == 0 for a in arrays):
        raise ShapeError("pad_sequences: a list of sequences is needed, one of these is a single number.")
    inner = {a.shape[1:] for a in arrays if len(a)} or {()}
    if len(inner) > 1:
        raise ShapeError(f"pad_sequences: the entries of all sequences need one shape; there are {sorted(inner)}.")
    longest = max(map(len, arrays), default=0) if maxlen is None else maxlen
    out = np.full((len(arrays), longest, *inner.pop()), value, dtype)
    for row, array in zip(out, arrays):
        kept = array[max(len(array) - longest, 0) :] if truncating == "pre" else array[:longest]
        if len(kept):
            row[slice(longest - len(kept), None) if padding == "pre" else slice(len(kept))] = kept
    return out
