"""Losses of classes from probabilities, and from their logarithms. From logits, cross_entropy.py is exact and faster."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, beside, op, raw
from ..engine.domain import at, call
from ..engine.errors import DataError
from ._classes import array, class_samples, classes, classes_back, classes_last, expected, labelled
from ._loss import REDUCTIONS, compared, reduced, same_shape
from .indexing import scatter

__all__ = ["binary_cross_entropy_from_probabilities", "categorical_cross_entropy", "kl_divergence", "nll_loss"]

# -- from log-probabilities --------------------------------------------------------------------------------------------


def _picked(
    x: Array, targets: Array, ignore_index: Any = None, weight: Any = None, axis: int = -1, reduction: str = "mean"
) -> Array:
    target = expected("nll_loss", x, targets, 0.0, ignore_index, weight, axis)
    return reduced(-(target.q * classes_last(x, axis)).sum(axis=-1), reduction, target.divisor)[0]


@op(samples=lambda draw: class_samples(draw, soft=False), reference=_picked)
def nll_loss(
    log_probabilities: Array,
    targets: Array,
    ignore_index: int | None = None,
    weight: Any = None,
    axis: int = -1,
    reduction: str = "mean",
) -> Any:
    """Negative log-likelihood: -log_probabilities[target], what ``cross_entropy`` is after ``log_softmax``.

    log_probabilities : (..., C) float, classes along ``axis``          targets : (...) integer classes
    ignore_index, weight, reduction, out : as for ``cross_entropy``
    Gradient: -g at the target, over the count for 'mean', else 0.
    Errors: ShapeError; DataError for a class outside 0 .. C-1.
    """
    targets = array(raw(targets))
    if not labelled("nll_loss", log_probabilities.shape, targets, axis):
        raise DataError("nll_loss: integer classes needed. cross_entropy takes probabilities too, with logits.")
    x = classes_last(log_probabilities, axis)
    n = x.shape[-1]
    labels, keep = classes("nll_loss", targets, n, ignore_index)
    each = np.ones_like(raw(x), shape=labels.shape) if weight is None else beside(x, raw(weight), raw(x).dtype)[labels]
    if keep is not None:
        each = each * keep
    rows = x.reshape(-1, n)
    at = (np.arange(labels.size, like=labels), labels)
    out, share = reduced((-each * rows[at]).reshape(targets.shape), reduction, float(each.sum()))

    def pullback(g: Array) -> Array:
        gx: Array = scatter(-each * share(g).reshape(-1), at, rows.shape)
        return classes_back(gx.reshape(x.shape), axis)

    return out, pullback, None


def _divergences(draw: Any) -> Any:
    shape = draw.shape(ndim=(1, 3))
    options = {"axis": draw.axis(len(shape)), "reduction": draw.choice(REDUCTIONS)}
    return call(draw.array(shape, -50, 0, special=(0.0,)), draw.array(shape, 0.01, 1, special=(1.0,)), **options)


def _kl(x: Array, t: Array, axis: int = -1, reduction: str = "mean") -> Array:
    return reduced((t * (np.log(t) - x)).sum(axis=axis), reduction)[0]


@op(
    samples=_divergences,
    reference=_kl,
    kinks=[at([-1.0], [0.0], gives=([0.0], [1.0]))],
    note="the derivative with respect to a target is infinite at 0",
)
def kl_divergence(log_prediction: Array, target: Array, axis: int = -1, reduction: str = "mean") -> Any:
    """Kullback-Leibler divergence of a predicted distribution from the target: sum(target * (log(target) - log_prediction)).

    log_prediction : (..., C) log-probabilities          target : (..., C) probabilities; 0 log 0 is 0
    out : (), the mean over samples, or (...) with reduction='none'
    Gradient: -target g, and (log(target) + 1 - log_prediction) g, over the number of samples for 'mean'.
    At the edge: a target of 0 counts log(target) + 1 as 0.
    Errors: ShapeError unless the shapes are equal.
    Reference: Kullback and Leibler, On Information and Sufficiency (1951).
    """
    same_shape("kl_divergence", log_prediction, target)
    some = raw(target) > 0
    logs = np.log(np.where(some, target, 1))
    out, share = reduced((target * (logs - log_prediction)).sum(axis=axis), reduction, lost=axis)
    return out, lambda g: -share(g) * target, lambda g: share(g) * (logs + some - log_prediction)


# -- from probabilities ------------------------------------------------------------------------------------------------


def _from_probabilities(
    x: Array,
    targets: Array,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    weight: Any = None,
    axis: int = -1,
    epsilon: float = 1e-7,
    reduction: str = "mean",
) -> Array:
    target = expected("categorical_cross_entropy", x, targets, label_smoothing, ignore_index, weight, axis)
    p = classes_last(x / x.sum(axis=axis, keepdims=True), axis)
    logs = np.log(np.minimum(np.maximum(p, epsilon), 1 - epsilon))
    return reduced(-(target.q * logs).sum(axis=-1), reduction, target.divisor)[0]


@op(
    samples=lambda draw: class_samples(draw, from_logits=False),
    reference=_from_probabilities,
    kinks=[
        at([[1.0, 0.0]], np.array([0]), gives=[[0.0, 0.0]]),
        at([[1.0, 0.0]], np.array([1]), gives=[[0.0, 0.0]]),
        at([[0.0, 0.5, 0.5]], np.array([1]), gives=[[1.0, -1.0, 1.0]]),
        at([[1e-7, 1 - 1e-7]], np.array([0]), gives=[[1 - 1e7, 1.0]]),
        at([[1e-7, 1 - 1e-7]], np.array([1]), gives=[[1.0, 1 - 1 / (1 - 1e-7)]]),
    ],
    note="a probability; below 0.01 the loss is steeper than differences can measure",
)
def categorical_cross_entropy(
    probabilities: Array,
    targets: Array,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    weight: Any = None,
    axis: int = -1,
    epsilon: float = 1e-7,
    reduction: str = "mean",
) -> Any:
    """Cross-entropy of probabilities, scaled to sum 1 and clipped to epsilon .. 1 - epsilon: -log(p)[target].

    probabilities : (..., C) float, along ``axis``          the rest : as for ``cross_entropy``
    Gradient: through the quotient p = x / sum(x); -target / p * g where p is not clipped, over the count for 'mean'.
    From logits, ``cross_entropy`` is exact where this one clips, and faster.
    Errors: ShapeError; DataError for a class outside 0 .. C-1.
    """
    targets = array(targets)
    loss = "categorical_cross_entropy"
    target = expected(loss, probabilities, targets, label_smoothing, ignore_index, weight, axis)
    x = classes_last(probabilities, axis)  # (..., C)
    total = x.sum(axis=-1, keepdims=True)
    p = x / total
    clipped = np.clip(p, epsilon, 1 - epsilon)
    logs = np.log(clipped)
    out, share = reduced(-(target.q * logs).sum(axis=-1), reduction, target.divisor, lost=-1)
    inside = raw(p) == raw(clipped)

    def to_probabilities(g: Array) -> Array:
        gp = np.where(inside, share(g) * -target.q / clipped, 0)
        return classes_back((gp - (gp * p).sum(axis=-1, keepdims=True)) / total, axis)

    if target.labels:
        return out, to_probabilities, None
    return out, to_probabilities, lambda g: classes_back(logs * (-target.slope * share(g)), axis)


def _clipped_likelihood(x: Array, t: Array, epsilon: float = 1e-7, reduction: str = "mean") -> Array:
    p = np.minimum(np.maximum(x, epsilon), 1 - epsilon)
    return reduced(-(t * np.log(p) + (1 - t) * np.log(1 - p)), reduction)[0]


@op(
    samples=compared(0.01, 0.99, (0.0, 1.0), epsilon=(1e-7, 0.05)),
    reference=_clipped_likelihood,
    note="a probability; within 0.01 of 0 and 1 the loss is steeper than differences can measure",
)
def binary_cross_entropy_from_probabilities(
    probabilities: Array, targets: Array, epsilon: float = 1e-7, reduction: str = "mean"
) -> Any:
    """Cross-entropy of probabilities, clipped to epsilon .. 1 - epsilon, against yes or no: -(t log p + (1 - t) log(1 - p)).

    probabilities, targets : the same shape, from 0 to 1          out : (), or that shape with reduction='none'
    Gradient: (p - t) / (p (1 - p)) g where p is not clipped, over the count for 'mean'; log((1 - p) / p) g for the targets.
    From logits, ``binary_cross_entropy`` is exact where this one clips.
    Errors: ShapeError unless the shapes are equal.
    """
    same_shape("binary_cross_entropy_from_probabilities", probabilities, targets)
    p = np.clip(probabilities, epsilon, 1 - epsilon)
    yes, no = np.log(p), np.log1p(-p)
    out, share = reduced(-(targets * yes + (1 - targets) * no), reduction)
    inside = raw(p) == raw(probabilities)
    to_probabilities = lambda g: share(g) * np.where(inside, (p - targets) / (p * (1 - p)), 0)
    return out, to_probabilities, lambda g: share(g) * (no - yes)
