"""Enlargement: numbers repeated, or surrounded by others. Gradients collect every copy of an entry."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..engine import Array, op, raw
from ..engine.domain import call
from .indexing import scatter

__all__ = ["pad", "repeat", "tile"]


def _tiled(draw: Any) -> Any:
    reps = tuple(draw.integer(0, 2) for _ in range(draw.integer(0, 3)))
    return call(draw.array(draw.shape()), draw.choice((reps, draw.integer(0, 3))))


@op(numpy=np.tile, samples=_tiled, analytic=True)
def tile(x: Array, reps: Any) -> Any:
    """x laid side by side: reps[i] times along axis i.

    x : (...)          reps : a number for the last axis, or one for each axis (of x, or of the result if these are more)
    Gradient: g, summed over the copies.
    """
    times = tuple(reps) if np.iterable(reps) else (reps,)
    ndim = max(x.ndim, len(times))
    times = (1,) * (ndim - len(times)) + times
    sides = (1,) * (ndim - x.ndim) + x.shape
    copies = tuple(n for pair in zip(times, sides) for n in pair)  # (r0 * n0, r1 * n1) -> (r0, n0, r1, n1)
    return np.tile(x, reps), lambda g: g.reshape(copies).sum(axis=tuple(range(0, 2 * ndim, 2))).reshape(x.shape), None


def _repeated(draw: Any) -> Any:
    shape = draw.shape(ndim=(1, 3))
    axis = draw.axis(len(shape), none=True)
    n = int(np.prod(shape)) if axis is None else shape[axis]
    return call(draw.array(shape), draw.choice((draw.integer(0, 3), draw.integers((n,), 0, 2))), axis=axis)


@op(numpy=np.repeat, method=True, samples=_repeated, analytic=True)
def repeat(x: Array, repeats: Any, axis: int | None = None) -> Any:
    """Each entry several times in a row along an axis; of the flattened x if axis is None.

    x : (...)          repeats : a number, or one for each entry along the axis
    Gradient: g, summed over each entry's copies.
    """
    repeats = raw(repeats)
    source = x.reshape(-1) if axis is None else x
    along = 0 if axis is None else normalize_axis_index(axis, x.ndim)
    shape, n = source.shape, source.shape[along]
    out = np.repeat(source, repeats, along)
    if np.ndim(repeats) == 0:
        runs = (*shape[:along], n, int(repeats), *shape[along + 1 :])  # (.., n * r, ..) -> (.., n, r, ..)
        return out, lambda g: g.reshape(runs).sum(axis=along + 1).reshape(x.shape), None
    index = (slice(None),) * along + (np.repeat(np.arange(n, like=raw(x)), repeats),)
    return out, lambda g: scatter(g, index, shape).reshape(x.shape), None


COPYING = ("edge", "reflect", "symmetric", "wrap")


def _padded(draw: Any) -> Any:
    mode = draw.choice(("constant", *COPYING))
    shape = draw.shape(side=(0 if mode == "constant" else 1, 3))
    widths = draw.choice(
        (draw.integer(0, 3), (1, 2), tuple((draw.integer(0, 2), draw.integer(0, 2)) for _ in shape) if shape else 0)
    )
    options = {"constant_values": draw.choice((0, 1.5))} if mode == "constant" else {}
    return call(draw.array(shape), widths, mode, **options)


@op(numpy=np.pad, samples=_padded, analytic=True, note="an empty axis has no entry to copy into a margin")
def pad(x: Array, pad_width: Any, mode: str = "constant", constant_values: Any = 0) -> Any:
    """x with a margin on every side.

    x : (...)          pad_width : a number, (before, after) for every axis, or ((before, after), ...) one for each
    mode : what fills the margin: 'constant' (``constant_values``), 'edge' (the outermost entry), 'reflect' (mirrored at the
        outermost entry), 'symmetric' (mirrored beyond it), 'wrap' (from the other side).
    Gradient: g without its margin; an entry that was copied into the margin collects that too.
    Errors: ValueError for another mode.
    """
    widths = np.broadcast_to(pad_width, (x.ndim, 2))  # of integers, or np.pad refuses it
    if mode == "constant":
        inner = tuple(slice(before, before + n) for before, n in zip(widths[:, 0], x.shape))
        return np.pad(raw(x), pad_width, constant_values=constant_values), lambda g: g[inner], None
    if mode not in COPYING:
        raise ValueError(f"pad: mode is 'constant', {', '.join(map(repr, COPYING))}, not {mode!r}.")
    # where each entry comes from, axis by axis
    numbers = (np.arange(n, like=raw(x)) for n in x.shape)
    sources: Any = np.ix_(*(np.pad(n, tuple(width), mode) for n, width in zip(numbers, widths.tolist())))  # type: ignore[call-overload]
    return np.pad(raw(x), pad_width, mode), lambda g: scatter(g, sources, x.shape), None  # type: ignore[call-overload]
