"""Cross-entropy from logits, fused with softmax or sigmoid: the losses that networks are trained with.

``likelihood.py`` has the same losses from probabilities and from their logarithms.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, op
from ._classes import array, class_samples, classes, classes_back, classes_last, expected, labelled
from ._loss import compared, reduced, same_shape
from ._portable import vecdot
from .activation import sigmoid, softplus
from .softmax import log_softmax, lowered

__all__ = ["binary_cross_entropy", "cross_entropy"]


def _composed(
    logits: Array,
    targets: Array,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    weight: Any = None,
    axis: int = -1,
    reduction: str = "mean",
) -> Array:
    """Cross-entropy as a composition."""
    target = expected("cross_entropy", logits, targets, label_smoothing, ignore_index, weight, axis)
    logs: Array = log_softmax(logits, axis=axis)
    return reduced(-(target.q * classes_last(logs, axis)).sum(axis=-1), reduction, target.divisor)[0]


@op(samples=class_samples, again=_composed, reference=_composed)
def cross_entropy(
    logits: Array,
    targets: Array,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    weight: Any = None,
    axis: int = -1,
    reduction: str = "mean",
) -> Any:
    """Cross-entropy of softmax(logits) against classes, the two in one op: -log softmax(logits)[target].

    logits : (..., C) float, classes along ``axis``
    targets : (...) integer classes, or (..., C) float probabilities (one-hot included)
    label_smoothing : how much of every target is spread evenly over all classes, 0 to 1
    ignore_index : a label whose samples count for nothing
    weight : (C,) how much each class counts
    out : (), or (...) with reduction='none'; the mean over labels divides by the weights of those that count
    Gradient: (softmax(logits) - target) * g, over the count for 'mean'; for probabilities also -log_softmax(logits) * g.
    Errors: ShapeError; DataError for a class outside 0 .. C-1.
    Reference: smoothing from Szegedy et al., Rethinking the Inception Architecture (2016).
    """
    targets = array(targets)
    options = (label_smoothing, ignore_index, weight, axis)
    if label_smoothing or weight is not None or not labelled("cross_entropy", logits.shape, targets, axis):
        return _against_probabilities(logits, targets, *options, reduction)
    return _against_labels(logits, targets, ignore_index, axis, reduction)


def _against_labels(logits: Array, targets: Array, ignore_index: int | None, axis: int, reduction: str) -> Any:
    """The plain case, which training runs: nothing is multiplied by a one-hot array."""
    moved = classes_last(logits, axis)
    n = moved.shape[-1]
    labels, keep = classes("cross_entropy", targets, n, ignore_index)
    e = lowered(moved.reshape(-1, n), -1)  # (samples, C)
    at = (np.arange(labels.size, like=labels), labels)
    chosen = e[at]
    np.exp(e, out=e)
    total = np.add.reduce(e, -1)
    losses = np.log(total)
    losses -= chosen
    e[at] = np.exp(chosen) - total  # e / total is softmax - target from here on
    count = None
    if keep is not None:
        losses *= keep
        e *= keep[:, None]
        count = float(np.count_nonzero(keep))
    out, share = reduced(losses.reshape(targets.shape), reduction, count)

    def to_logits(g: Array) -> Array:
        gx = e * (share(g).reshape(-1) / total)[:, None]
        return classes_back(gx.reshape(moved.shape), axis)

    return out, to_logits, None


def _against_probabilities(
    logits: Array,
    targets: Array,
    label_smoothing: float,
    ignore_index: int | None,
    weight: Any,
    axis: int,
    reduction: str,
) -> Any:
    target = expected("cross_entropy", logits, targets, label_smoothing, ignore_index, weight, axis)
    logs = lowered(classes_last(logits, axis), -1)  # (..., C)
    p = np.exp(logs)
    total = np.add.reduce(p, -1, keepdims=True)
    logs -= np.log(total)
    p /= total
    p *= np.add.reduce(target.q, -1, keepdims=True)
    p -= target.q  # the gradient of each sample's loss
    out, share = reduced(-vecdot(target.q, logs), reduction, target.divisor, lost=-1)
    to_logits = lambda g: classes_back(p * share(g), axis)
    if target.labels:
        return out, to_logits, None
    return out, to_logits, lambda g: classes_back(logs * (-target.slope * share(g)), axis)


def _log_likelihood(x: Array, t: Array, reduction: str = "mean") -> Array:
    return reduced(t * np.logaddexp(0, -x) + (1 - t) * np.logaddexp(0, x), reduction)[0]


@op(samples=compared(target=(0.0, 1.0)), reference=_log_likelihood)
def binary_cross_entropy(logits: Array, targets: Array, reduction: str = "mean") -> Any:
    """Cross-entropy of sigmoid(logits) against yes or no, the two in one op: log(1 + exp(x)) - x t.

    logits, targets : the same shape, targets from 0 to 1          out : (), or that shape with reduction='none'
    Gradient: (sigmoid(logits) - targets) g, over the count for 'mean'; -logits g for the targets.
    Errors: ShapeError unless the shapes are equal.
    """
    same_shape("binary_cross_entropy", logits, targets)
    out, share = reduced(softplus(logits) - logits * targets, reduction)
    return out, lambda g: share(g) * (sigmoid(logits) - targets), lambda g: -share(g) * logits
