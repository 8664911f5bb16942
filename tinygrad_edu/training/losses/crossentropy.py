"""Cross-entropies: how far predicted probabilities are from the classes.

Predictions are probabilities unless ``from_logits``. If they come straight from a recorded softmax or sigmoid, the loss
takes that op's input instead, from the graph, and is as stable as on logits. Otherwise (under ``no_grad``, or after
another op) probabilities are clipped to [1e-7, 1 - 1e-7], so that a wrong certainty costs about 16.1 and not infinity.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ... import ops
from ...engine import OPS, Array, Tensor
from ...engine.errors import DataError, LabelFormError, LabelRangeError, TinygradEduWarning
from ...engine.tensor import ARGS, KWARGS, OP
from .base import MEAN, FunctionLoss, aligned, bare, local, unlisted

__all__ = [
    "BinaryCrossentropy", "CategoricalCrossentropy", "KLDivergence", "LabelRangeWarning", "LogitsWarning", "ProbabilitiesWarning",
    "SparseCategoricalCrossentropy", "binary_crossentropy", "categorical_crossentropy", "kl_divergence",
    "sparse_categorical_crossentropy",
]  # fmt: skip

EPSILON = 1e-7


class LogitsWarning(TinygradEduWarning):
    """A loss that takes logits got what a softmax or sigmoid returned: it would squash them a second time."""


class ProbabilitiesWarning(TinygradEduWarning):
    """A loss that takes probabilities got numbers below 0 or above 1: it cuts them off, and learns nothing from those."""


class LabelRangeWarning(TinygradEduWarning):
    """Targets of a yes-or-no loss that are neither yes (1) nor no (0) nor in between."""


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


def of_logits(y_pred: Any, activation: str, axis: int = -1) -> Any:
    """y_pred, which must not come from that activation when it is said to be logits."""
    if logits_behind(y_pred, activation, axis) is not None:
        squashed_twice(activation)
    return y_pred


def squashed_twice(activation: str) -> None:
    """Warn, always from this line, so that Python shows it once."""
    limit = ", down to 1.4612 and no further with ten classes" if activation == "softmax" else ""
    warnings.warn(
        f"from_logits=True, but the model ends in a {activation}: it is applied twice, and learning stalls{limit}. Leave out "
        f"from_logits, or leave the {activation} out of the model.",
        LogitsWarning,
        stacklevel=1,
    )


def of_classes(targets: Any, y_pred: Any, from_logits: bool, axis: int, **options: Any) -> Any:
    """The cross-entropy op for what the predictions are: logits, known from the graph or as told, or probabilities."""
    logits = of_logits(y_pred, "softmax", axis) if from_logits else logits_behind(y_pred, "softmax", axis)
    if logits is None:
        return ops.categorical_cross_entropy(y_pred, targets, axis=axis, **options)
    return ops.cross_entropy(logits, targets, axis=axis, **options)


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """-sum(y_true log(y_pred)) along the axis of the classes.

    y_true : (n, ..., classes) one-hot or probabilities          y_pred : the same shape          out : (n, ...)
    label_smoothing : this share of each target is spread evenly over all classes.
    """
    y_true, y_pred = unlisted(y_true), unlisted(y_pred)
    if y_true.ndim < y_pred.ndim or y_true.shape[-1] == 1 < y_pred.shape[-1]:
        raise LabelFormError(
            f"categorical_crossentropy: predictions {y_pred.shape} against targets {y_true.shape}. Integer classes belong to "
            "'sparse_categorical_crossentropy'; or one-hot encode them."
        )
    y_true, y_pred = aligned("categorical_crossentropy", y_true, y_pred)
    return of_classes(y_true, y_pred, from_logits, axis, label_smoothing=label_smoothing, reduction="none")


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Any:
    """-log(y_pred[y_true]): cross-entropy with integer classes.

    y_true : (n, ...) or (n, ..., 1) integers          y_pred : (n, ..., classes)          out : (n, ...)
    ignore_class : samples of this class have loss 0 (-1 and 255 are common marks for "no label").
    """
    y_pred = unlisted(y_pred)
    classes = classes_of(y_true, y_pred, axis)
    return of_classes(classes, y_pred, from_logits, axis, ignore_index=ignore_class, reduction="none")


def classes_of(y_true: Any, y_pred: Any, axis: int) -> Array:
    """Targets as integers in the shape of the predictions without the axis of classes."""
    classes = bare(y_true)
    axis %= y_pred.ndim
    shape = y_pred.shape[:axis] + y_pred.shape[axis + 1 :]
    if classes.shape not in (shape, (*shape, 1)):
        one_hot = classes.shape == y_pred.shape
        fix = "These look one-hot: use 'categorical_crossentropy'." if one_hot else f"Give classes of shape {shape}."
        if classes.shape in (shape[:1], (*shape[:1], 1)):  # one class a sample
            places = " x ".join(map(str, shape[1:]))
            fix = f"For one prediction a sample, and not {places}, put a Flatten or a pooling layer before the last Dense."
        raise LabelFormError(
            f"sparse_categorical_crossentropy: predictions {y_pred.shape} against targets {classes.shape}. {fix}"
        )
    return whole(classes.reshape(shape))


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


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """mean(-y_true log(y_pred) - (1 - y_true) log(1 - y_pred)): each entry is a yes or a no of its own.

    y_true : (n, k), 0 or 1 or in between          y_pred : the same shape          out : (n,)
    """
    y_true, y_pred = aligned("binary_crossentropy", y_true, y_pred)
    if label_smoothing:
        y_true = y_true * (1 - label_smoothing) + 0.5 * label_smoothing
    logits = of_logits(y_pred, "sigmoid") if from_logits else logits_behind(y_pred, "sigmoid")
    if logits is None:
        return ops.binary_cross_entropy_from_probabilities(y_pred, y_true, reduction="none").mean(axis=axis)
    return ops.binary_cross_entropy(logits, y_true, reduction="none").mean(axis=axis)


def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """sum(y_true log(y_true / y_pred)): how much a distribution differs from another."""
    y_true, y_pred = (ops.clip(p, EPSILON, 1.0) for p in aligned("kl_divergence", y_true, y_pred))
    return ops.kl_divergence(ops.log(y_pred), y_true, reduction="none")


class Crossentropy(FunctionLoss):
    """What the classes below share: they look at the predictions before training starts."""

    activation = "softmax"

    def check(self, y_true: Array, y_pred: Any) -> None:
        """Warn of probabilities where logits are expected, and of logits where probabilities are."""
        p = local(y_pred)
        if not self.options["from_logits"]:
            if p.min(initial=0) < 0 or p.max(initial=0) > 1 + 1e-4:
                warnings.warn(
                    f"{self.name} takes probabilities, and the model returns numbers from {p.min():.3g} to {p.max():.3g}, which "
                    f"are cut off at 0 and 1. End the model with a {self.activation}, or say from_logits=True.",
                    ProbabilitiesWarning,
                    stacklevel=2,
                )
        elif self.looks_squashed(p):
            squashed_twice(self.activation)

    def looks_squashed(self, p: Array) -> bool:
        """Whether these are probabilities that add up to 1."""
        axis = self.options["axis"]
        return bool(p.shape[axis] > 1 and p.min() >= 0 and np.allclose(p.sum(axis=axis), 1, atol=1e-4))


class CategoricalCrossentropy(Crossentropy):
    """-sum(y_true log(y_pred)), for one-hot targets."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = MEAN,
        name: str | None = "categorical_crossentropy",
    ) -> None:
        options: dict[str, Any] = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(categorical_crossentropy, reduction, name, **options)


class SparseCategoricalCrossentropy(Crossentropy):
    """-log(y_pred[y_true]), for integer classes."""

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = MEAN,
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
    ) -> None:
        self.from_logits, self.ignore_class, self.axis = from_logits, ignore_class, axis
        options: dict[str, Any] = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(sparse_categorical_crossentropy, reduction, name, **options)

    def mean(self, y_true: Any, y_pred: Any) -> Tensor:
        """The mean over the samples that are not ignored, in one op: 30 us less than a mean of losses."""
        classes = classes_of(y_true, y_pred, self.axis)
        return of_classes(  # type: ignore[no-any-return]
            classes, y_pred, self.from_logits, self.axis, ignore_index=self.ignore_class
        )

    def weights(self, y_true: Tensor, sample_weight: Any) -> Any:
        """Ignored samples count neither in the sum nor in the number that it is divided by."""
        weights = super().weights(y_true, sample_weight)
        if weights is None or self.ignore_class is None:
            return weights
        counted = bare(y_true) != self.ignore_class
        return weights.reshape(counted.shape) * counted * (counted.size / max(int(np.count_nonzero(counted)), 1))

    def check(self, y_true: Array, y_pred: Any) -> None:
        """Refuse a class out of range anywhere in the data, before training starts."""
        super().check(y_true, y_pred)
        classes, count = whole(bare(y_true)), y_pred.shape[self.axis]
        classes = classes if self.ignore_class is None else classes[classes != self.ignore_class]
        if classes.size and (classes.min() < 0 or classes.max() >= count):
            raise LabelRangeError(
                f"sparse_categorical_crossentropy: classes from {classes.min()} to {classes.max()}, but the network has "
                f"{count} outputs, for classes 0 to {count - 1}. Give the last layer {classes.max() + 1} units, or number from 0."
            )


class BinaryCrossentropy(Crossentropy):
    """-y_true log(y_pred) - (1 - y_true) log(1 - y_pred), for yes or no."""

    activation = "sigmoid"

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = MEAN,
        name: str | None = "binary_crossentropy",
    ) -> None:
        options: dict[str, Any] = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(binary_crossentropy, reduction, name, **options)

    def looks_squashed(self, p: Array) -> bool:
        """One cannot tell: a few logits may well lie between 0 and 1."""
        return False

    def check(self, y_true: Array, y_pred: Any) -> None:
        """Warn of targets that are no answer between no and yes, also of -1 for no."""
        super().check(y_true, y_pred)
        y = local(y_true)
        if y.size and (y.min() < 0 or y.max() > 1):
            warnings.warn(
                f"{self.name}: targets from {y.min():g} to {y.max():g}, but they say 0 for no and 1 for yes; the loss of others "
                "has no lower end. Classes belong to 'sparse_categorical_crossentropy', numbers to 'mse', -1 and 1 to 'hinge'.",
                LabelRangeWarning,
                stacklevel=2,
            )


class KLDivergence(FunctionLoss):
    """sum(y_true log(y_true / y_pred))."""

    def __init__(self, reduction: str | None = MEAN, name: str | None = "kl_divergence") -> None:
        super().__init__(kl_divergence, reduction, name)
