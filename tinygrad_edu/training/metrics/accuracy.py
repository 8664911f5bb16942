"""The accuracies: which share of the predictions is right. Functions give one value a sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ...engine import Array
from ...engine.errors import ShapeError
from ..losses.base import aligned, target_kind
from .base import MeanMetric, Metric

__all__ = [
    "Accuracy",
    "AccuracyByShape",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "accuracy",
    "binary_accuracy",
    "categorical_accuracy",
    "sparse_categorical_accuracy",
    "sparse_top_k_categorical_accuracy",
    "top_k_categorical_accuracy",
]


def accuracy(y_true: Array, y_pred: Array) -> Array:
    """Whether the prediction equals the target exactly; y_true, y_pred : the same shape."""
    y_true, y_pred = aligned("accuracy", y_true, y_pred)
    return y_true == y_pred


def binary_accuracy(y_true: Array, y_pred: Array, threshold: float = 0.5) -> Array:
    """The share of a sample's entries on the right side of the threshold; (n, k) -> (n,)."""
    y_true, y_pred = aligned("binary_accuracy", y_true, y_pred)
    right = y_true == (y_pred > threshold)
    return right.mean(axis=-1) if right.ndim > 1 and right.shape[-1] > 1 else right


def categorical_accuracy(y_true: Array, y_pred: Array) -> Array:
    """Whether the largest prediction is where the largest target is; (n, ..., classes) -> (n, ...)."""
    same_shape("categorical_accuracy", y_true, y_pred)
    return y_true.argmax(axis=-1) == y_pred.argmax(axis=-1)


def sparse_categorical_accuracy(y_true: Array, y_pred: Array) -> Array:
    """Whether the largest prediction is the target's class; (n, ...) classes, (n, ..., classes) predictions."""
    return y_pred.argmax(axis=-1) == classes("sparse_categorical_accuracy", y_true, y_pred)


def top_k_categorical_accuracy(y_true: Array, y_pred: Array, k: int = 5) -> Array:
    """Whether the target's class is among the k largest predictions, for one-hot targets."""
    same_shape("top_k_categorical_accuracy", y_true, y_pred)
    return among_top(y_true.argmax(axis=-1), y_pred, k)


def sparse_top_k_categorical_accuracy(y_true: Array, y_pred: Array, k: int = 5) -> Array:
    """Whether the target's class is among the k largest predictions, for integer targets."""
    return among_top(classes("sparse_top_k_categorical_accuracy", y_true, y_pred).astype(np.intp), y_pred, k)


def among_top(target: Array, y_pred: Array, k: int) -> Array:
    """Fewer than k predictions are larger than the target's; one that is not finite is never among them."""
    score = np.take_along_axis(y_pred, target[..., None], axis=-1)
    return ((y_pred > score).sum(axis=-1) < k) & np.isfinite(score[..., 0])


def same_shape(name: str, y_true: Array, y_pred: Array) -> None:
    if y_true.shape != y_pred.shape:
        raise ShapeError(
            f"{name}: predictions {y_pred.shape} against targets {y_true.shape}. Give one-hot targets of shape {y_pred.shape}, or "
            f"use 'sparse_{name}' with integer classes."
        )


def classes(name: str, y_true: Array, y_pred: Array) -> Array:
    """Integer targets in the shape of the predictions without their last axis."""
    shape = y_pred.shape[:-1]
    if y_true.shape == shape:
        return y_true
    if y_true.shape != (*shape, 1):
        raise ShapeError(
            f"{name}: predictions {y_pred.shape} against targets {y_true.shape}. Give classes of shape {shape}."
        )
    return y_true.reshape(shape)


class Share(MeanMetric):
    """The share of samples of which something holds: the larger the better."""

    better = "max"


class Accuracy(Share):
    """How often predictions equal targets exactly."""

    def __init__(self, name: str | None = "accuracy") -> None:
        super().__init__(accuracy, name)


class BinaryAccuracy(Share):
    """How often predictions are on the right side of ``threshold``, for targets 0 and 1."""

    def __init__(self, name: str | None = "binary_accuracy", threshold: float = 0.5) -> None:
        super().__init__(binary_accuracy, name, threshold=threshold)


class CategoricalAccuracy(Share):
    """How often the largest prediction is the right class, for one-hot targets."""

    def __init__(self, name: str | None = "categorical_accuracy") -> None:
        super().__init__(categorical_accuracy, name)


class SparseCategoricalAccuracy(Share):
    """How often the largest prediction is the right class, for integer targets."""

    def __init__(self, name: str | None = "sparse_categorical_accuracy") -> None:
        super().__init__(sparse_categorical_accuracy, name)


class TopKCategoricalAccuracy(Share):
    """How often the right class is among the ``k`` largest predictions, for one-hot targets."""

    def __init__(self, k: int = 5, name: str | None = "top_k_categorical_accuracy") -> None:
        super().__init__(top_k_categorical_accuracy, name, k=k)


class SparseTopKCategoricalAccuracy(Share):
    """How often the right class is among the ``k`` largest predictions, for integer targets."""

    def __init__(self, k: int = 5, name: str | None = "sparse_top_k_categorical_accuracy") -> None:
        super().__init__(sparse_top_k_categorical_accuracy, name, k=k)


class AccuracyByShape(Metric):
    """What the word "accuracy" means: the accuracy that the shapes of the first batch call for."""

    better = "max"
    kinds: ClassVar[dict[str, type[Metric]]] = {
        "binary": BinaryAccuracy,
        "sparse": SparseCategoricalAccuracy,
        "categorical": CategoricalAccuracy,
    }

    def __init__(self, name: str | None = "accuracy") -> None:
        super().__init__(name)
        self.chosen: Metric | None = None

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in a batch."""
        if self.chosen is None:
            self.chosen = self.kinds[target_kind(y_true, y_pred)](self.name)
        self.chosen.update_state(y_true, y_pred, sample_weight)

    def result(self) -> float:
        """The value so far."""
        return self.chosen.result() if self.chosen is not None else 0.0

    def reset_state(self) -> None:
        """Forget everything."""
        self.chosen = None

    def state_dict(self) -> dict[str, Any]:
        """Which kind it is, and what that has taken in."""
        kinds = [kind for kind, made in self.kinds.items() if isinstance(self.chosen, made)]
        return {"kind": kinds[0] if kinds else None, **super().state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from there."""
        self.chosen = None if state["kind"] is None else self.kinds[state["kind"]](self.name)
        super().load_state_dict({name: value for name, value in state.items() if name != "kind"})
