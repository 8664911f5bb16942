"""Ops that rearrange and index, in ONNX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ._onnx_rules import axes_of, like, ndim, number, onnx_rule
from ._recording import Times, Value

if TYPE_CHECKING:
    from ._onnx import Writer

__all__ = ["permuted", "sliced"]

# -- shapes ------------------------------------------------------------------------------------------------------------


@onnx_rule("reshape", "ravel", "flatten", "squeeze", "expand_dims", "atleast_1d", "atleast_2d", "atleast_3d")
def _reshape(w: Writer, out: Value, x: Any, *options: Any, **named: Any) -> str:
    return w.reshape(x, out.shape)


@onnx_rule("broadcast_to")
def _broadcast_to(w: Writer, out: Value, x: Any, shape: Any) -> str:
    return str(w.node("Expand", x, w.dims(out.shape)))


@onnx_rule("transpose")
def _transpose(w: Writer, out: Value, x: Any, axes: Any = None) -> str:
    order = range(ndim(x))
    return str(w.node("Transpose", x, perm=[order[a] for a in (axes or order[::-1])]))


@onnx_rule("swapaxes")
def _swapaxes(w: Writer, out: Value, x: Any, axis1: int, axis2: int) -> str:
    return permuted(w, x, lambda order: np.swapaxes(order, axis1, axis2))


@onnx_rule("moveaxis")
def _moveaxis(w: Writer, out: Value, x: Any, source: Any, destination: Any) -> str:
    return permuted(w, x, lambda order: np.moveaxis(order, source, destination))


@onnx_rule("matrix_transpose")
def _matrix_transpose(w: Writer, out: Value, x: Any) -> str:
    return permuted(w, x, lambda order: np.swapaxes(order, -1, -2))


def permuted(w: Writer, x: Any, change: Callable[[Any], Any]) -> str:
    """The axes in the order in which numpy puts those of an array whose i-th axis has length i + 1."""
    order = [n - 1 for n in change(np.empty(range(1, ndim(x) + 1))).shape]
    return str(w.node("Transpose", x, perm=order))


@onnx_rule("flip")
def _flip(w: Writer, out: Value, x: Any, axis: Any = None) -> str:
    axes = axes_of(axis, ndim(x))
    return sliced(w, x, [(a, -1, -(2**62), -1) for a in axes])


@onnx_rule("concatenate")
def _concatenate(w: Writer, out: Value, xs: Sequence[Any], axis: int | None = 0) -> str:
    if axis is None:
        xs, axis = [w.node("Reshape", x, np.array([-1])) for x in like(w, out, *xs)], 0
    else:
        xs = like(w, out, *xs)
    return str(w.node("Concat", *xs, axis=axis))


@onnx_rule("stack")
def _stack(w: Writer, out: Value, xs: Sequence[Any], axis: int = 0) -> str:
    place = np.array([range(out.ndim)[axis]])
    return str(w.node("Concat", *(w.node("Unsqueeze", x, place) for x in like(w, out, *xs)), axis=int(place[0])))


@onnx_rule("split", "array_split")
def _split(w: Writer, out: Value, x: Any, indices_or_sections: Any, axis: int = 0) -> Sequence[str]:
    length = x.shape[axis]
    if isinstance(length, Times):
        raise NotImplementedError("the batch cannot be cut into parts.")
    cuts = np.array_split(np.arange(length), indices_or_sections)
    return parted(w, x, [len(c) for c in cuts], axis)


def parted(w: Writer, x: Any, sizes: Sequence[int], axis: int) -> Sequence[str]:
    """Parts of an axis."""
    names = w.node("Split", x, np.array(sizes, np.int64), outputs=len(sizes), axis=axis)
    return [names] if isinstance(names, str) else names


@onnx_rule("unstack")
def _unstack(w: Writer, out: Value, x: Any, axis: int = 0) -> Sequence[str]:
    if isinstance(x.shape[axis], Times):
        raise NotImplementedError("the batch cannot be cut into parts.")
    return [w.node("Squeeze", part, np.array([axis])) for part in parted(w, x, [1] * x.shape[axis], axis)]


@onnx_rule("repeat")
def _repeat(w: Writer, out: Value, x: Any, repeats: Any, axis: int | None = None) -> str:
    if np.ndim(repeats):
        raise NotImplementedError("a number of repetitions for each entry.")
    x, shape, axis = (
        (w.node("Reshape", x, np.array([-1])), out.shape, 0) if axis is None else (x, x.shape, range(ndim(x))[axis])
    )
    times = [1] * (len(shape) + 1)
    times[axis + 1] = int(repeats)
    wide = w.node("Unsqueeze", x, np.array([axis + 1]))
    return w.reshape(w.node("Tile", wide, np.array(times, np.int64)), out.shape)


@onnx_rule("tile")
def _tile(w: Writer, out: Value, x: Any, reps: Any) -> str:
    times = list(reps) if isinstance(reps, (tuple, list)) else [reps]
    times = [1] * (out.ndim - len(times)) + times
    x = x if ndim(x) == out.ndim else w.reshape(x, (1,) * (out.ndim - ndim(x)) + tuple(x.shape))
    return str(w.node("Tile", x, np.array(times, np.int64)))


@onnx_rule("pad")
def _pad(w: Writer, out: Value, x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = 0) -> str:
    if mode not in ("constant", "reflect", "edge", "wrap") or np.ndim(constant_values):
        raise NotImplementedError(f"mode={mode!r}, constant_values={constant_values!r}.")
    before, after = np.broadcast_to(np.array(pad_width), (ndim(x), 2)).T
    return str(
        w.node("Pad", x, np.concatenate([before, after]).astype(np.int64), number(out, constant_values), mode=mode)
    )


# -- indexing ----------------------------------------------------------------------------------------------------------


def sliced(w: Writer, x: Any, cuts: Sequence[tuple[int, int, int, int]]) -> str:
    """Slices along axes: (axis, start, stop, step)."""
    axes, starts, stops, steps = (np.array(column, np.int64) for column in zip(*cuts))
    return str(w.node("Slice", x, starts, stops, axes, steps))


@onnx_rule("getitem")
def _getitem(w: Writer, out: Value, x: Any, index: Any) -> str:
    entries = list(index) if type(index) is tuple else [index]
    if sum(e is Ellipsis for e in entries):
        place = next(i for i, e in enumerate(entries) if e is Ellipsis)
        rest = ndim(x) - sum(e is not None and e is not Ellipsis for e in entries)
        entries[place : place + 1] = [slice(None)] * rest
    cuts, arrays, gone, axis = [], [], [], 0
    for entry in entries:
        if entry is None:
            continue
        if isinstance(entry, slice):
            if isinstance(entry.stop, Times) and entry.stop == x.shape[axis]:
                entry = slice(entry.start, None, entry.step)
            if entry not in (slice(None), slice(0, None)):
                cuts.append((axis, *bounds(entry, x.shape[axis])))
        elif isinstance(entry, int) and not isinstance(entry, bool):
            cuts.append((axis, entry, entry + 1 if entry != -1 else 2**62, 1))
            gone.append(axis)
        else:
            arrays.append((axis, entry))
        axis += 1
    if len(arrays) > 1 or (arrays and (gone or None in entries)):
        raise NotImplementedError("an index of several arrays, or of an array beside whole numbers or new axes.")
    if cuts:
        x = sliced(w, x, cuts)
    for axis, entry in arrays:
        if isinstance(entry, Value) or np.asarray(entry).dtype.kind not in "iu":
            raise NotImplementedError("an index that is computed, or a mask.")
        return str(w.node("Gather", x, np.asarray(entry, np.int64), axis=axis))
    return w.reshape(x, out.shape) if gone or None in entries else str(w.node("Identity", x))


def bounds(cut: slice, length: Any) -> tuple[int, int, int]:
    """Start, stop and step of a slice; of one along the batch only such as hold for every length."""
    if any(isinstance(v, Times) for v in (cut.start, cut.stop, cut.step)):
        raise NotImplementedError("a slice whose ends depend on the batch.")
    step = 1 if cut.step is None else int(cut.step)
    ends = (0, 2**62) if step > 0 else (-1, -(2**62))
    start, stop = (end if v is None else int(v) for v, end in zip((cut.start, cut.stop), ends))
    return start, stop, step


@onnx_rule("take")
def _take(w: Writer, out: Value, x: Any, indices: Any, axis: int | None = None) -> str:
    if axis is None:
        x, axis = w.node("Reshape", x, np.array([-1])), 0
    return str(w.node("Gather", x, w.as_type(indices, np.int64), axis=axis))


@onnx_rule("embedding")
def _embedding(w: Writer, out: Value, weight: Any, ids: Any) -> str:
    return str(w.node("Gather", weight, w.as_type(ids, np.int64), axis=0))
