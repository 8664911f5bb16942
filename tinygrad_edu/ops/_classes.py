"""What losses of classes share: targets checked, and made into a weight for every class's log-probability.

Classes are along ``axis``, the last by default; all other axes are samples. Targets are integer classes (the scores' shape
without that axis) or probabilities (the scores' shape, one-hot included).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..engine import Array, beside, raw
from ..engine.domain import call
from ..engine.errors import DataError, ShapeError
from ._loss import REDUCTIONS


def array(v: Any) -> Array:
    """Labels as an array; lists and numbers are taken too."""
    return v if hasattr(v, "shape") else np.asarray(v)


def classes_last(x: Array, axis: int) -> Array:
    """x with its classes moved to the last axis: a view, and x itself if they are there (np.moveaxis takes 3 us)."""
    return x if axis in (-1, x.ndim - 1) else np.moveaxis(x, axis, -1)


def classes_back(x: Array, axis: int) -> Array:
    """The reverse."""
    return x if axis in (-1, x.ndim - 1) else np.moveaxis(x, -1, axis)


def labelled(loss: str, shape: tuple[int, ...], targets: Array, axis: int) -> bool:
    """Whether the targets are integer classes rather than probabilities, or the error that says what does not fit."""
    axis = range(len(shape))[axis] if shape else 0
    samples = shape[:axis] + shape[axis + 1 :]
    if not shape or targets.shape not in (samples, shape) or not shape[axis]:
        raise ShapeError(
            f"{loss}: scores {shape} with classes along axis {axis}, against targets {targets.shape}. Give integer classes of "
            f"shape {samples}, or probabilities of shape {shape}; axis=1 if images have their channels there."
        )
    if targets.shape == shape:
        return False
    if targets.dtype.kind not in "iu" and targets.size:
        raise DataError(
            f"{loss}: targets of shape {targets.shape} must be integer classes, not {targets.dtype}. Give an integer array, or "
            f"probabilities of shape {shape}."
        )
    return True


def classes(loss: str, labels: Array, n: int, ignored: int | None) -> tuple[Array, Any]:
    """Labels as a flat array of integers from 0 to n - 1, and which samples count (None: all). DataError if out of range."""
    labels = labels.reshape(-1)
    keep = None
    if ignored is not None:
        keep = labels != ignored
        labels = np.where(keep, labels, 0)
    # one pass for both bounds: as an unsigned number, a negative label is huge
    if labels.size and labels.view(f"u{labels.itemsize}").max() >= n:
        raise DataError(
            f"{loss}: classes from {labels.min()} to {labels.max()}, but there are scores for {n} classes, 0 to {n - 1}."
        )
    return labels, keep


class Expected(NamedTuple):
    """Targets as weights.

    q : (..., C) the weight of each log-probability in the loss, classes moved last
    divisor : what "mean" divides by: the weights of the labels that count, or None for the number of samples
    slope : (C,) dq / dtarget
    labels : whether the targets were integer classes
    """

    q: Array
    divisor: float | None
    slope: Array
    labels: bool


def expected(
    loss: str, x: Array, targets: Array, label_smoothing: float, ignore_index: int | None, weight: Any, axis: int
) -> Expected:
    """The targets for scores x. Smoothing mixes them with the uniform distribution, weight multiplies class by class."""
    dtype, n = np.result_type(raw(x), np.float16), x.shape[axis]
    plain = not label_smoothing and weight is None
    class_weight = np.ones_like(raw(x), dtype, shape=n) if weight is None else beside(x, raw(weight), dtype)
    if class_weight.shape != (n,):
        raise ShapeError(f"{loss}: weight {class_weight.shape}, but there are {n} classes. Give one number a class.")
    slope = (1 - label_smoothing) * class_weight
    if not labelled(loss, x.shape, raw(targets), axis):
        if ignore_index is not None:
            raise ValueError(f"{loss}: ignore_index needs integer classes. Set the rows of probabilities to 0 instead.")
        q = classes_last(targets, axis)
        return Expected(q if plain else q * slope + label_smoothing / n * class_weight, None, slope, False)
    labels, keep = classes(loss, raw(targets), n, ignore_index)
    q = np.zeros_like(raw(x), dtype, shape=(labels.size, n)) + label_smoothing / n * class_weight
    q[np.arange(labels.size, like=labels), labels] += slope[labels]
    each = class_weight[labels]
    if keep is not None:
        q *= keep[:, None]
        each = each * keep
    return Expected(q.reshape((*targets.shape, n)), float(each.sum()), slope, True)


def class_samples(draw: Any, from_logits: bool = True, soft: bool = True) -> Any:
    """Scores and targets of any rank, axis, kind and option."""
    n, samples = draw.integer(1, 3), draw.shape(ndim=(0, 2))
    axis = draw.integer(0, len(samples))
    shape = (*samples[:axis], n, *samples[axis:])
    scores = draw.array(shape, -1e4, 1e4, special=(0.0,)) if from_logits else draw.array(shape, 0.01, 1)
    options = {"axis": draw.choice((axis, axis - len(shape))), "reduction": draw.choice(REDUCTIONS)}
    if draw.choice((True, False)):
        options["weight"] = draw.array((n,), 0.5, 2).tolist()
    if soft:
        options["label_smoothing"] = draw.choice((0.0, 0.1))
        if draw.choice((True, False)):
            return call(scores, draw.array(shape, 0, 1, special=(0.0, 1.0)), **options)
    if draw.choice((True, False)):
        options["ignore_index"] = draw.choice((-100, 0))
    return call(scores, draw.integers(samples, 0, n - 1), **options)
