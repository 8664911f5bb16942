"""Words of ``keras.ops`` for arrays that ``tinygrad_edu.ops`` does not have under one name: made of its ops, or of numpy.

What numpy computes here has no gradient: counts, sets, bits and tests.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import ops
from ...engine import Tensor
from ...engine.errors import ShapeError
from .._signatures import arranged

__all__ = ["DERIVED", "PLAIN_NUMPY"]


def bare(x: Any) -> Any:
    """The array of a Tensor."""
    return x.data if isinstance(x, Tensor) else np.asarray(x)


def of_numpy(theirs: str, ours: str, text: str) -> Callable[..., Any]:
    """A function of numpy that takes Tensors and gives Tensors, without a gradient. text : its arguments."""
    function = getattr(np, ours)

    def call(*args: Any, **kwargs: Any) -> Any:
        out = function(
            *map(bare, args), **{name: bare(v) if isinstance(v, Tensor) else v for name, v in kwargs.items()}
        )
        return tuple(map(Tensor, out)) if isinstance(out, (tuple, list)) else Tensor(out)

    call.__doc__ = function.__doc__
    return arranged(call, text, theirs)


PLAIN_NUMPY = {
    theirs: of_numpy(theirs, ours, text)
    for theirs, (ours, text) in {
        **{n: (n, "x") for n in ("isneginf", "isposinf", "i0", "nonzero", "bartlett", "blackman", "hamming", "hanning")},
        **{n: (n, "x, axis=None, keepdims=False") for n in ("nanargmax", "nanargmin")},
        **{n: (n, "x1, x2") for n in ("gcd", "heaviside", "lcm", "nextafter")},
        **{n: (n, "x, y") for n in ("bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift")},
        **dict.fromkeys(("bitwise_not", "bitwise_invert"), ("bitwise_not", "x")),
        "bincount": ("bincount", "x, weights=None, minlength=0"),
        "bitwise_left_shift": ("left_shift", "x, y"),
        "bitwise_right_shift": ("right_shift", "x, y"),
        "digitize": ("digitize", "x, bins"),
        "histogram": ("histogram", "x, bins=10, range=None"),
        "isin": ("isin", "x1, x2, assume_unique=False, invert=False"),
        "kaiser": ("kaiser", "x, beta"),
        "unique": ("unique", "x, return_index=False, return_inverse=False, return_counts=False, axis=None"),
        "unravel_index": ("unravel_index", "indices, shape"),
    }.items()
}  # fmt: skip


# -- made of other ops -------------------------------------------------------------------------------------------------


def append(x1: Any, x2: Any, axis: int | None = None) -> Any:
    """The second after the first along an axis; both flat without one."""
    if axis is None:
        x1, x2, axis = ops.ravel(x1), ops.ravel(x2), 0
    return ops.concatenate([x1, x2], axis=axis)


def corrcoef(x: Any) -> Any:
    """Correlations between the rows of (N, T): (N, N)."""
    centred = x - ops.mean(x, axis=-1, keepdims=True)
    unit = centred / ops.sqrt(ops.sum(centred * centred, axis=-1, keepdims=True))
    return unit @ ops.swapaxes(unit, -1, -2)


def diagflat(x: Any, k: int = 0) -> Any:
    """A matrix with these values on its diagonal k."""
    return ops.diag(ops.ravel(x), k)


def divide_no_nan(x1: Any, x2: Any) -> Any:
    """x1 / x2, and 0 where x2 is 0."""
    zero = bare(x2) == 0
    return ops.where(zero, 0.0, x1 / ops.where(zero, 1.0, x2))


def fabs(x: Any) -> Any:
    """|x|."""
    return ops.absolute(x)


def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    """Whether each class number (N,) is among the k largest of its row of predictions (N, classes)."""
    targets, predictions = bare(targets), bare(predictions)
    score = np.take_along_axis(predictions, targets[:, None], 1)
    return Tensor(((predictions > score).sum(axis=1) < k) & np.isfinite(score[:, 0]))


def isreal(x: Any) -> Any:
    """Whether entries have no imaginary part."""
    return Tensor(np.isreal(bare(x)))


def logdet(x: Any) -> Any:
    """log |det(x)| of matrices (..., n, n)."""
    return ops.slogdet(x)[1]


def meshgrid(*x: Any, indexing: str = "xy") -> Any:
    """The coordinates of a grid: one array for each axis."""
    return [Tensor(a) for a in np.meshgrid(*map(bare, x), indexing=indexing)]  # type: ignore[call-overload]


def multi_hot(inputs: Any, num_classes: int | None = None, axis: int = -1, dtype: Any = None) -> Any:
    """1 where a class number occurs: (N, k) -> (N, num_classes)."""
    if num_classes is None:
        raise ValueError("multi_hot: how many classes are there? Give num_classes.")
    hot = (bare(inputs)[..., None] == np.arange(num_classes)).any(axis=-2 if bare(inputs).ndim else 0)
    return Tensor(np.moveaxis(hot, -1, axis), dtype=dtype or "float32")


def nan_free(x: Any, fill: float) -> Any:
    """x with another number in place of NaN."""
    return ops.where(np.isnan(bare(x)), fill, x)


def nanmax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The largest entry that is not NaN."""
    return ops.max(nan_free(x, -np.inf), axis=axis, keepdims=keepdims)


def nanmin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The smallest entry that is not NaN."""
    return ops.min(nan_free(x, np.inf), axis=axis, keepdims=keepdims)


def nanprod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The product of the entries that are not NaN."""
    return ops.prod(nan_free(x, 1.0), axis=axis, keepdims=keepdims)


def nanvar(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The variance of the entries that are not NaN."""
    away = x - ops.nanmean(x, axis=axis, keepdims=True)
    return ops.nanmean(away * away, axis=axis, keepdims=keepdims)


def nanstd(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard deviation of the entries that are not NaN."""
    return ops.sqrt(nanvar(x, axis, keepdims))


def normalize(x: Any, axis: Any = -1, order: int = 2, epsilon: float | None = None) -> Any:
    """x over its norm along an axis, or over epsilon where that is larger."""
    axis = tuple(axis) if isinstance(axis, list) else axis
    least = 1e-7 if epsilon is None else epsilon
    if order == 2:
        squares = ops.sum(ops.square(x), axis=axis, keepdims=True)
        return x / ops.sqrt(ops.maximum(squares, least**2))
    norms = ops.power(ops.sum(ops.absolute(x) ** order, axis=axis, keepdims=True), 1 / order)
    return x / ops.maximum(norms, least)


def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Any:
    """Class numbers as 0 and 1 along a new axis; a number that is no class gives zeros."""
    if sparse:
        raise ValueError("one_hot: sparse=True is not supported; leave it out.")
    hot = np.expand_dims(bare(x), axis) == np.arange(num_classes).reshape(
        shape_along(axis, num_classes, bare(x).ndim + 1)
    )
    return Tensor(hot, dtype=dtype or "float32")


def shape_along(axis: int, size: int, ndim: int) -> list[int]:
    """(1, ..., size, ..., 1) with ``size`` along an axis."""
    shape = [1] * ndim
    shape[axis] = size
    return shape


def saturate_cast(x: Any, dtype: Any) -> Any:
    """Another dtype; what it cannot hold becomes the largest or smallest that it can."""
    kind = np.dtype(dtype)
    about = np.iinfo(kind) if kind.kind in "iu" else np.finfo(kind)
    return ops.astype(ops.clip(x, float(about.min), float(about.max)), kind)


def segment_sum(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:  # noqa: A002
    """Sums of the slices with one number each: (N, ...) -> (num_segments, ...)."""
    ids, shape = segments(data, segment_ids, num_segments)
    return ops.scatter(data, ids, shape)


def segment_max(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:  # noqa: A002
    """The largest of the slices with one number each, entry by entry; -inf where there is none."""
    ids, shape = segments(data, segment_ids, num_segments)
    parts = [data[ids == i] for i in range(shape[0])]
    return ops.stack([ops.max(p, axis=0) if len(p) else np.full(shape[1:], -np.inf, bare(data).dtype) for p in parts])


def segment_min(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:  # noqa: A002
    """The smallest of the slices with one number each, entry by entry; inf where there is none."""
    return -segment_max(-data, segment_ids, num_segments)


def segment_prod(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:  # noqa: A002
    """The product of the slices with one number each, entry by entry; 1 where there is none."""
    ids, shape = segments(data, segment_ids, num_segments)
    parts = [data[ids == i] for i in range(shape[0])]
    return ops.stack([ops.prod(p, axis=0) if len(p) else np.ones(shape[1:], bare(data).dtype) for p in parts])


def segments(data: Any, segment_ids: Any, count: int | None) -> tuple[Any, tuple[int, ...]]:
    """The numbers of the slices as an array, and the shape of the result."""
    ids = bare(segment_ids)
    if ids.shape != data.shape[:1]:
        raise ShapeError(f"segment_ids {ids.shape}: one number for each of {data.shape[0]} slices is needed.")
    return ids, (int(ids.max(initial=-1)) + 1 if count is None else count, *data.shape[1:])


def size(x: Any) -> Any:
    """The number of entries."""
    return int(np.prod(x.shape))


def slice_(inputs: Any, start_indices: Sequence[int], shape: Sequence[int]) -> Any:
    """A block of this shape that begins at these indices."""
    return inputs[block(start_indices, shape)]


def slice_update(inputs: Any, start_indices: Sequence[int], updates: Any) -> Any:
    """The same with a block from these indices on replaced."""
    return ops.index_update(inputs, block(start_indices, updates.shape), updates)


def block(start: Any, shape: Sequence[int]) -> tuple[slice, ...]:
    """The index of a block."""
    begins = [int(i) for i in (start.data if isinstance(start, Tensor) else start)]
    return tuple(slice(i, i + int(n)) for i, n in zip(begins, shape))


def scatter(indices: Any, values: Any, shape: Sequence[int]) -> Any:
    """Zeros of this shape to which values are added at indices (N, axes)."""
    return ops.scatter(values, tuple(np.moveaxis(bare(indices), -1, 0)), tuple(shape))


def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None = None) -> Any:
    """The same with the entries at indices (N, axes) replaced; or with updates added, by reduction="add"."""
    if reduction not in (None, "add"):
        raise ValueError(f"scatter_update: reduction is None or 'add', not {reduction!r}.")
    index = tuple(np.moveaxis(bare(indices), -1, 0))
    updates = updates if isinstance(updates, Tensor) else np.asarray(updates)
    return (ops.index_update if reduction is None else ops.index_add)(inputs, index, updates)


def top_k(x: Any, k: int, sorted: bool = True) -> Any:  # noqa: A002 - Keras's word
    """The k largest entries along the last axis, largest first, and their places."""
    return ops.topk(x, k)


def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    """The area under y by trapezoids, over x or at distance dx."""
    y = ops.moveaxis(y, axis, -1)
    steps = dx if x is None else ops.diff(x, axis=-1)
    return ops.sum((y[..., 1:] + y[..., :-1]) * steps, axis=-1) / 2


def unstack(x: Any, num: int | None = None, axis: int = 0) -> Any:
    """The slices along an axis."""
    if num is not None and num != x.shape[axis]:
        raise ShapeError(f"unstack: num={num}, and axis {axis} of {x.shape} has {x.shape[axis]}.")
    return ops.unstack(x, axis=axis)


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """Powers of x side by side: (n,) -> (n, N), highest first unless increasing."""
    powers = range(x.shape[0] if N is None else N)
    return ops.stack([x**p for p in (powers if increasing else reversed(powers))], axis=-1)


def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """x1 where the condition holds, else x2; the places where it holds, if it is alone."""
    if x1 is None and x2 is None:
        return PLAIN_NUMPY["nonzero"](condition)
    return ops.where(condition, x1, x2)


DERIVED = {
    function.__name__.rstrip("_"): function
    for function in (
        append, corrcoef, diagflat, divide_no_nan, fabs, in_top_k, isreal, logdet, meshgrid, multi_hot, nanmax, nanmin, nanprod,
        nanstd, nanvar, normalize, one_hot, saturate_cast, scatter, scatter_update, segment_max, segment_min, segment_prod,
        segment_sum, size, slice_, slice_update, top_k, trapezoid, unstack, vander, where,
    )
}  # fmt: skip
