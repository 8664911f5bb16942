"""Losses: how wrong a prediction is, as one number or one a sample."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, op, raw
from ..engine.domain import call
from ..engine.errors import DataError, ShapeError
from .activation import log_softmax, sigmoid

__all__ = ["binary_cross_entropy", "cross_entropy", "mse"]


def _reduce(per_sample: Array, reduction: str) -> Array:
    if reduction == "mean":
        return per_sample.mean()
    if reduction == "sum":
        return per_sample.sum()
    if reduction == "none":
        return per_sample
    raise ValueError(f"reduction is 'mean', 'sum' or 'none', not {reduction!r}.")


def _labelled(draw: Any) -> Any:
    n, classes = draw.integer(1, 3), draw.integer(1, 3)
    labels = draw.integers((n,), 0, classes - 1)
    targets = draw.choice((labels, np.eye(classes)[labels]))
    return call(draw.array((n, classes), -5, 5), targets, reduction=draw.choice(("mean", "sum", "none")))


def _composed(logits: Array, targets: Array, reduction: str = "mean") -> Array:
    """The same loss as a composition, for derivatives of higher order."""
    chance = log_softmax(logits)
    if raw(targets).ndim == raw(logits).ndim - 1:
        rows = np.arange(len(raw(targets)))
        return _reduce(-chance[rows, raw(targets)], reduction)
    return _reduce(-(chance * targets).sum(axis=-1), reduction)


@op(samples=_labelled, again=_composed, reference=lambda x, t, **k: _reference(x, t, **k))
def cross_entropy(logits: Array, targets: Array, reduction: str = "mean") -> Any:
    """Cross-entropy of softmax(logits) against classes, the two in one op: -log softmax(logits)[target].

    logits : (N, C) float
    targets : (N,) integer classes, or (N, C) float probabilities (one-hot included)
    out : () or, with reduction='none', (N,)
    Gradient: (softmax(logits) - target) * g, over N for 'mean'; for probabilities also -log_softmax(logits) * g.
    Errors: ShapeError, DataError for a class outside 0 .. C-1.
    """
    n, classes = _checked(logits, targets)
    e = logits - logits.max(axis=-1, keepdims=True)
    rows = np.arange(n)
    hard = targets.ndim == 1
    if hard:
        chosen = e[rows, targets]
        np.exp(e, out=e)
        total = e.sum(axis=-1, keepdims=True)
        out = np.log(total[:, 0]) - chosen
    else:
        shifted = e
        e = np.exp(shifted)
        total = e.sum(axis=-1, keepdims=True)
        logs = shifted - np.log(total)
        out = -(logs * targets).sum(axis=-1)

    def weight(g: Array) -> Array:
        return g / n if reduction == "mean" else g if reduction == "sum" else g[:, None]

    def to_logits(g: Array) -> Array:
        p = e / total
        if hard:
            p[rows, targets] -= 1
        else:
            p = p * targets.sum(axis=-1, keepdims=True) - targets
        return p * weight(g)

    return _reduce(out, reduction), to_logits, None if hard else lambda g: -logs * weight(g)


def _checked(logits: Array, targets: Array) -> tuple[int, int]:
    """The sizes of a cross-entropy, or the error that says what does not fit."""
    if logits.ndim != 2 or targets.shape not in (logits.shape, logits.shape[:1]):
        raise ShapeError(
            f"cross_entropy: logits {logits.shape} against targets {targets.shape}. Give logits (N, C) and targets (N,) of integer "
            "classes, or (N, C) of probabilities."
        )
    n, classes = logits.shape
    if targets.ndim == 1:
        if targets.dtype.kind not in "iu":
            raise DataError(f"cross_entropy: targets of shape {targets.shape} must be integer classes, not {targets.dtype}.")
        if n and (targets.min() < 0 or targets.max() >= classes):
            raise DataError(
                f"cross_entropy: classes from {targets.min()} to {targets.max()}, but the logits have {classes} columns, for classes 0 "
                f"to {classes - 1}."
            )
    return n, classes


def _reference(x: Array, t: Array, reduction: str = "mean") -> Array:
    logs = x - np.log(np.exp(x).sum(axis=-1, keepdims=True))
    return _reduce(-logs[np.arange(len(t)), t] if t.ndim == 1 else -(logs * t).sum(axis=-1), reduction)


def _pair(draw: Any) -> Any:
    shape = draw.shape(side=(1, 3))
    return call(draw.array(shape), draw.array(shape), reduction=draw.choice(("mean", "sum", "none")))


@op(samples=_pair, analytic=True, reference=lambda x, y, reduction="mean": _reduce((x - y) ** 2, reduction))
def mse(prediction: Array, target: Array, reduction: str = "mean") -> Any:
    """Mean squared error: mean((prediction - target)^2).

    prediction, target : the same shape          out : (), or that shape with reduction='none'
    Gradient: 2 (prediction - target) g, over the count for 'mean'; its negative for the target.
    Errors: ShapeError unless the shapes are equal.
    """
    if prediction.shape != target.shape:
        raise ShapeError(
            f"mse: prediction {prediction.shape} against target {target.shape}. Broadcasting would compare every pair. Give targets of "
            f"shape {prediction.shape}."
        )
    d = prediction - target
    scale = 2 / d.size if reduction == "mean" and d.size else 2
    return _reduce(d * d, reduction), lambda g: scale * g * d, lambda g: -scale * g * d


def _chances(draw: Any) -> Any:
    shape = draw.shape(side=(1, 3))
    logits, targets = draw.array(shape, -50, 50, special=(0.0,)), draw.array(shape, 0, 1)
    return call(logits, targets, reduction=draw.choice(("mean", "sum", "none")))


def _log_likelihood(x: Array, t: Array, reduction: str = "mean") -> Array:
    return _reduce(-(t * -np.logaddexp(0, -x) + (1 - t) * -np.logaddexp(0, x)), reduction)


@op(samples=_chances, reference=_log_likelihood, note="beyond 50 the reference loses its digits, not the op")
def binary_cross_entropy(logits: Array, targets: Array, reduction: str = "mean") -> Any:
    """Cross-entropy of sigmoid(logits) against yes or no, the two in one op: log(1 + exp(x)) - x t.

    logits, targets : the same shape, targets from 0 to 1          out : (), or that shape with reduction='none'
    Gradient: (sigmoid(logits) - targets) g, over the count for 'mean'; -logits g for the targets.
    Errors: ShapeError unless the shapes are equal.
    """
    if logits.shape != targets.shape:
        raise ShapeError(
            f"binary_cross_entropy: logits {logits.shape} against targets {targets.shape}. Broadcasting would compare every pair. "
            f"Give targets of shape {logits.shape}."
        )
    x, t = raw(logits), raw(targets)
    # max(x, 0) - x t + log1p(exp(-|x|)) never overflows; logaddexp is five times slower
    out = np.maximum(x, np.zeros_like(x, shape=())) - x * t + np.log1p(np.exp(-abs(x)))
    scale = 1 / x.size if reduction == "mean" and x.size else 1
    return _reduce(out, reduction), lambda g: (sigmoid(logits) - targets) * (scale * g), lambda g: -logits * (scale * g)
