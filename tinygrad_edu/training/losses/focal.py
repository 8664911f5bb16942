"""Focal cross-entropies: what is already right counts for less, so that rare and hard cases are heard (Lin et al., 2017)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops
from ...engine import beside
from .base import MEAN, aligned
from .crossentropy import EPSILON, BinaryCrossentropy, Crossentropy, logits_behind, of_logits

__all__ = [
    "BinaryFocalCrossentropy", "CategoricalFocalCrossentropy", "binary_focal_crossentropy", "categorical_focal_crossentropy",
]  # fmt: skip


def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """mean(-(1 - p)^gamma log(p)), p being the probability that is given to the right answer.

    y_true : (n, k), 0 or 1 or in between          y_pred : the same shape          out : (n,)
    gamma : how much less a right answer counts; 0 is the plain cross-entropy.
    apply_class_balancing : a yes also counts alpha, a no 1 - alpha.
    """
    y_true, y_pred = aligned("binary_focal_crossentropy", y_true, y_pred)
    if label_smoothing:
        y_true = y_true * (1 - label_smoothing) + 0.5 * label_smoothing
    logits = of_logits(y_pred, "sigmoid") if from_logits else logits_behind(y_pred, "sigmoid")
    if logits is None:
        p, entropy = y_pred, ops.binary_cross_entropy_from_probabilities(y_pred, y_true, reduction="none")
    else:
        p, entropy = ops.sigmoid(logits), ops.binary_cross_entropy(logits, y_true, reduction="none")
    wrong = y_true * (1 - p) + (1 - y_true) * p
    values = wrong**gamma * entropy
    if apply_class_balancing:
        values = values * (y_true * alpha + (1 - y_true) * (1 - alpha))
    return values.mean(axis=axis)


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """-sum(alpha y_true (1 - y_pred)^gamma log(y_pred)) along the axis of the classes.

    y_true : (n, ..., classes) one-hot or probabilities          y_pred : the same shape          out : (n, ...)
    alpha : a factor, or one for each class.  gamma : how much less a right answer counts.
    """
    y_true, y_pred = aligned("categorical_focal_crossentropy", y_true, y_pred)
    if label_smoothing:
        y_true = y_true * (1 - label_smoothing) + label_smoothing / y_true.shape[axis]
    logits = of_logits(y_pred, "softmax", axis) if from_logits else logits_behind(y_pred, "softmax", axis)
    if logits is None:
        log_p = ops.log(ops.clip(y_pred / y_pred.sum(axis=axis, keepdims=True), EPSILON, 1 - EPSILON))
    else:
        log_p = ops.log_softmax(logits, axis=axis)
    factors = beside(y_pred, np.asarray(alpha, y_pred.dtype)) if np.ndim(alpha) else alpha
    return -(factors * y_true * (1 - ops.exp(log_p)) ** gamma * log_p).sum(axis=axis)


class BinaryFocalCrossentropy(BinaryCrossentropy):
    """A binary cross-entropy that counts what is already right for less; see ``binary_focal_crossentropy``."""

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = MEAN,
        name: str | None = "binary_focal_crossentropy",
    ) -> None:
        balance = {"apply_class_balancing": apply_class_balancing, "alpha": alpha, "gamma": gamma}
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        Crossentropy.__init__(self, binary_focal_crossentropy, reduction, name, **balance, **options)


class CategoricalFocalCrossentropy(Crossentropy):
    """A cross-entropy for one-hot targets that counts what is already right for less; see ``categorical_focal_crossentropy``."""

    def __init__(
        self,
        alpha: Any = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = MEAN,
        name: str | None = "categorical_focal_crossentropy",
    ) -> None:
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(categorical_focal_crossentropy, reduction, name, alpha=alpha, gamma=gamma, **options)
