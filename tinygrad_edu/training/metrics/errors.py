"""Errors as metrics: the function of the loss of the same name, averaged over all samples."""

from __future__ import annotations

import math
from typing import Any

from ..losses import crossentropy, regression
from ..losses.hinge import categorical_hinge, hinge, squared_hinge
from .base import MeanMetric

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "Hinge",
    "KLDivergence",
    "LogCoshError",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "RootMeanSquaredError",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
]


class MeanLoss(MeanMetric):
    """The mean of a loss function: the smaller the better."""

    better = "min"


class MeanSquaredError(MeanLoss):
    """mean((y_pred - y_true)^2)."""

    def __init__(self, name: str | None = "mean_squared_error") -> None:
        super().__init__(regression.mean_squared_error, name)


class RootMeanSquaredError(MeanLoss):
    """sqrt(mean((y_pred - y_true)^2)), the root taken over the whole epoch."""

    def __init__(self, name: str | None = "root_mean_squared_error") -> None:
        super().__init__(regression.mean_squared_error, name)

    def result(self) -> float:
        """The value so far."""
        return math.sqrt(super().result())


class MeanAbsoluteError(MeanLoss):
    """mean(|y_pred - y_true|)."""

    def __init__(self, name: str | None = "mean_absolute_error") -> None:
        super().__init__(regression.mean_absolute_error, name)


class MeanAbsolutePercentageError(MeanLoss):
    """100 mean(|y_pred - y_true| / |y_true|)."""

    def __init__(self, name: str | None = "mean_absolute_percentage_error") -> None:
        super().__init__(regression.mean_absolute_percentage_error, name)


class MeanSquaredLogarithmicError(MeanLoss):
    """mean((log(1 + y_pred) - log(1 + y_true))^2)."""

    def __init__(self, name: str | None = "mean_squared_logarithmic_error") -> None:
        super().__init__(regression.mean_squared_logarithmic_error, name)


class LogCoshError(MeanLoss):
    """mean(log(cosh(y_pred - y_true)))."""

    def __init__(self, name: str | None = "logcosh") -> None:
        super().__init__(regression.log_cosh, name)


class Poisson(MeanLoss):
    """mean(y_pred - y_true log(y_pred))."""

    def __init__(self, name: str | None = "poisson") -> None:
        super().__init__(regression.poisson, name)


class CosineSimilarity(MeanMetric):
    """The cosine between target and prediction: 1 for the same direction (the loss has the opposite sign)."""

    better = "max"

    def __init__(self, name: str | None = "cosine_similarity", axis: int = -1) -> None:
        super().__init__(lambda y_true, y_pred: -regression.cosine_similarity(y_true, y_pred, axis), name)


class BinaryCrossentropy(MeanLoss):
    """-y_true log(y_pred) - (1 - y_true) log(1 - y_pred)."""

    def __init__(
        self, name: str | None = "binary_crossentropy", from_logits: bool = False, label_smoothing: float = 0.0
    ) -> None:
        super().__init__(
            crossentropy.binary_crossentropy, name, from_logits=from_logits, label_smoothing=label_smoothing
        )


class CategoricalCrossentropy(MeanLoss):
    """-sum(y_true log(y_pred))."""

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
    ) -> None:
        options: dict[str, Any] = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(crossentropy.categorical_crossentropy, name, **options)


class SparseCategoricalCrossentropy(MeanLoss):
    """-log(y_pred[y_true])."""

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        options: dict[str, Any] = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(crossentropy.sparse_categorical_crossentropy, name, **options)


class KLDivergence(MeanLoss):
    """sum(y_true log(y_true / y_pred))."""

    def __init__(self, name: str | None = "kl_divergence") -> None:
        super().__init__(crossentropy.kl_divergence, name)


class Hinge(MeanLoss):
    """mean(max(1 - y_true y_pred, 0))."""

    def __init__(self, name: str | None = "hinge") -> None:
        super().__init__(hinge, name)


class SquaredHinge(MeanLoss):
    """mean(max(1 - y_true y_pred, 0)^2)."""

    def __init__(self, name: str | None = "squared_hinge") -> None:
        super().__init__(squared_hinge, name)


class CategoricalHinge(MeanLoss):
    """max(1 + best wrong score - right score, 0)."""

    def __init__(self, name: str | None = "categorical_hinge") -> None:
        super().__init__(categorical_hinge, name)
