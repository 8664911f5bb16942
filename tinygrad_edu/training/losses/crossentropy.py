"""Cross-entropies: how far predicted probabilities are from the classes.

Predictions are probabilities unless ``from_logits``. If they come straight from a recorded softmax or sigmoid, the loss
takes that op's input instead, from the graph, and is as stable as on logits. Otherwise (under ``no_grad``, or after
another op) probabilities are clipped to [1e-7, 1 - 1e-7], so that a wrong certainty costs about 16.1 and not infinity.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops
from ...engine import OPS, Array, Tensor
from ...engine.errors import DataError, ShapeError
from ...engine.tensor import ARGS, KWARGS, OP
from .base import MEAN, FunctionLoss, aligned, bare

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "KLDivergence",
    "SparseCategoricalCrossentropy",
    "binary_crossentropy",
    "categorical_crossentropy",
    "kl_divergence",
    "sparse_categorical_crossentropy",
]

EPSILON = 1e-7


def logits_behind(y_pred: Any, activation: str, axis: int = -1) -> Any:
    """The Tensor that a recorded softmax or sigmoid turned into y_pred, or None."""
    node = y_pred.node if isinstance(y_pred, Tensor) else None
    if node is None or node[OP] is not OPS[activation]:
        return None
    if activation == "softmax":
        along = node[KWARGS].get("axis", (*node[ARGS], -1)[1])
        if along % y_pred.ndim != axis % y_pred.ndim:
            return None
    return node[ARGS][0]


def certain(p: Any, axis: int) -> Any:
    """Probabilities that sum to 1 along an axis and stay clear of 0 and 1."""
    return ops.clip(p / p.sum(axis=axis, keepdims=True), EPSILON, 1 - EPSILON)


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """-sum(y_true log(y_pred)) along the axis of the classes.

    y_true : (n, ..., classes) one-hot or probabilities          y_pred : the same shape          out : (n, ...)
    label_smoothing : this share of each target is spread evenly over all classes.
    """
    if y_true.ndim < y_pred.ndim:
        raise ShapeError(
            f"categorical_crossentropy: predictions {y_pred.shape} against targets {y_true.shape}. Integer classes belong to "
            "'sparse_categorical_crossentropy'; or one-hot encode them."
        )
    y_true = aligned("categorical_crossentropy", y_true, y_pred)
    if label_smoothing:
        y_true = y_true * (1 - label_smoothing) + label_smoothing / y_pred.shape[axis]
    logits = y_pred if from_logits else logits_behind(y_pred, "softmax", axis)
    logs = ops.log(certain(y_pred, axis)) if logits is None else ops.log_softmax(logits, axis=axis)
    return -(y_true * logs).sum(axis=axis)


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Any:
    """-log(y_pred[y_true]): cross-entropy with integer classes.

    y_true : (n, ...) or (n, ..., 1) integers          y_pred : (n, ..., classes)          out : (n, ...)
    ignore_class : samples of this class have loss 0 (-1 and 255 are common marks for "no label").
    """
    classes, rows, are_logits = in_rows(y_true, y_pred, from_logits, axis)
    ignored = classes == ignore_class
    chosen = classes if ignore_class is None else np.where(ignored, 0, classes)
    if are_logits:
        values = ops.cross_entropy(rows, chosen, reduction="none")
    else:
        in_range(chosen, rows.shape[-1])
        values = -ops.log(certain(rows, -1)[np.arange(len(chosen)), chosen])
    if ignore_class is not None:
        values = ops.where(ignored, 0.0, values)
    return values if y_pred.ndim == 2 else values.reshape(without(y_pred.shape, axis))


def in_rows(y_true: Any, y_pred: Any, from_logits: bool, axis: int) -> tuple[Array, Any, bool]:
    """Integer classes (m,), predictions (m, C) with the logits in place of probabilities where they are known; whether so."""
    classes = bare(y_true)
    shape = without(y_pred.shape, axis)
    if classes.shape not in (shape, (*shape, 1)):
        one_hot = classes.shape == y_pred.shape
        fix = "These look one-hot: use 'categorical_crossentropy'." if one_hot else f"Give classes of shape {shape}."
        raise ShapeError(
            f"sparse_categorical_crossentropy: predictions {y_pred.shape} against targets {classes.shape}. {fix}"
        )
    logits = y_pred if from_logits else logits_behind(y_pred, "softmax", axis)
    rows = y_pred if logits is None else logits
    if axis % rows.ndim != rows.ndim - 1:
        rows = ops.moveaxis(rows, axis, -1)
    rows = rows if rows.ndim == 2 else rows.reshape(-1, rows.shape[-1])
    return whole(classes.reshape(-1)), rows, logits is not None


def without(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    """A shape without one axis."""
    axis %= len(shape)
    return shape[:axis] + shape[axis + 1 :]


def whole(classes: Array) -> Array:
    """Class numbers as integers; whole numbers in floats are taken too, as they come out of many files."""
    if classes.dtype.kind in "iu":
        return classes
    rounded = classes.astype(np.int64)
    if not np.array_equal(rounded, classes):
        raise DataError(
            f"sparse_categorical_crossentropy: classes must be whole numbers, got {classes[rounded != classes][0]}. "
            "For numbers to be predicted use 'mse'; for probabilities 'categorical_crossentropy'."
        )
    return rounded


def in_range(classes: Array, count: int) -> None:
    """Refuse a class below 0 or beyond the number of classes."""
    if classes.size and (classes.min() < 0 or classes.max() >= count):
        raise DataError(
            f"sparse_categorical_crossentropy: classes from {classes.min()} to {classes.max()}, but the network has {count} "
            f"outputs, for classes 0 to {count - 1}. Give the last layer {classes.max() + 1} units, or number the classes from 0."
        )


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """mean(-y_true log(y_pred) - (1 - y_true) log(1 - y_pred)): each entry is a yes or a no of its own.

    y_true : (n, k), 0 or 1 or in between          y_pred : the same shape          out : (n,)
    """
    y_true = aligned("binary_crossentropy", y_true, y_pred)
    if label_smoothing:
        y_true = y_true * (1 - label_smoothing) + 0.5 * label_smoothing
    logits = y_pred if from_logits else logits_behind(y_pred, "sigmoid")
    if logits is not None:
        return ops.binary_cross_entropy(logits, y_true, reduction="none").mean(axis=axis)
    p = ops.clip(y_pred, EPSILON, 1 - EPSILON)
    return -(y_true * ops.log(p) + (1 - y_true) * ops.log(1 - p)).mean(axis=axis)


def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """sum(y_true log(y_true / y_pred)): how much a distribution differs from another.

    Reference: Kullback and Leibler, "On information and sufficiency", 1951.
    """
    y_true = ops.clip(aligned("kl_divergence", y_true, y_pred), EPSILON, 1.0)
    return (y_true * ops.log(y_true / ops.clip(y_pred, EPSILON, 1.0))).sum(axis=-1)


class CategoricalCrossentropy(FunctionLoss):
    """-sum(y_true log(y_pred)), for one-hot targets."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = MEAN,
        name: str | None = "categorical_crossentropy",
    ) -> None:
        super().__init__(
            categorical_crossentropy,
            reduction,
            name,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class SparseCategoricalCrossentropy(FunctionLoss):
    """-log(y_pred[y_true]), for integer classes."""

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = MEAN,
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
    ) -> None:
        super().__init__(
            sparse_categorical_crossentropy,
            reduction,
            name,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )

    def mean(self, y_true: Any, y_pred: Any) -> Any:
        """The mean in one op where logits are known: 30 us less than a mean of losses, of 200 for a small step."""
        classes, rows, are_logits = in_rows(y_true, y_pred, self.options["from_logits"], self.options["axis"])
        return ops.cross_entropy(rows, classes) if are_logits else super().mean(y_true, y_pred)

    def weights(self, y_true: Tensor, sample_weight: Any) -> Any:
        """Ignored samples count neither in the sum nor in the number that it is divided by."""
        weights = super().weights(y_true, sample_weight)
        ignored = self.options["ignore_class"]
        if ignored is None:
            return weights
        counted = bare(y_true) != ignored
        share = counted * (counted.size / max(int(np.count_nonzero(counted)), 1))
        return share if weights is None else share * weights.reshape(share.shape)

    def check(self, y_true: Array, y_pred: Array) -> None:
        """Refuse a class out of range anywhere in the data, before training starts."""
        classes = whole(y_true)
        ignored = self.options["ignore_class"]
        in_range(classes if ignored is None else classes[classes != ignored], y_pred.shape[self.options["axis"]])


class BinaryCrossentropy(FunctionLoss):
    """-y_true log(y_pred) - (1 - y_true) log(1 - y_pred), for yes or no."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = MEAN,
        name: str | None = "binary_crossentropy",
    ) -> None:
        super().__init__(
            binary_crossentropy, reduction, name, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis
        )


class KLDivergence(FunctionLoss):
    """sum(y_true log(y_true / y_pred))."""

    def __init__(self, reduction: str | None = MEAN, name: str | None = "kl_divergence") -> None:
        super().__init__(kl_divergence, reduction, name)
