"""Losses for numbers: how far a prediction is from its target, one value a sample (the mean over the last axis).

Each function takes y_true and y_pred of one shape, (n, k) -> (n,); (n,) targets fit (n, 1) predictions.
"""

from __future__ import annotations

import math
from typing import Any

from ... import ops
from .base import MEAN, FunctionLoss, aligned

__all__ = [
    "CosineSimilarity",
    "Huber",
    "LogCosh",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "cosine_similarity",
    "huber",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
]

EPSILON = 1e-7


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """mean((y_pred - y_true)^2)."""
    d = y_pred - aligned("mean_squared_error", y_true, y_pred)
    return (d * d).mean(axis=-1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """mean(|y_pred - y_true|)."""
    return ops.absolute(y_pred - aligned("mean_absolute_error", y_true, y_pred)).mean(axis=-1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """100 mean(|y_pred - y_true| / |y_true|); a target nearer to zero than 1e-7 counts as 1e-7."""
    y_true = aligned("mean_absolute_percentage_error", y_true, y_pred)
    return 100 * (ops.absolute(y_pred - y_true) / ops.maximum(ops.absolute(y_true), EPSILON)).mean(axis=-1)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """mean((log(1 + y_pred) - log(1 + y_true))^2); numbers below 1e-7 count as 1e-7."""
    y_true = aligned("mean_squared_logarithmic_error", y_true, y_pred)
    d = ops.log(ops.maximum(y_pred, EPSILON) + 1) - ops.log(ops.maximum(y_true, EPSILON) + 1)
    return (d * d).mean(axis=-1)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """Quadratic near the target, straight beyond delta: mean(d^2 / 2 where |d| <= delta, else delta |d| - delta^2 / 2).

    Reference: Huber, "Robust estimation of a location parameter", 1964.
    """
    d = ops.absolute(y_pred - aligned("huber", y_true, y_pred))
    return ops.where(d <= delta, 0.5 * d * d, delta * d - 0.5 * delta**2).mean(axis=-1)


def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """mean(log(cosh(y_pred - y_true))), stable for differences of any size."""
    d = ops.absolute(y_pred - aligned("log_cosh", y_true, y_pred))
    return (d + ops.log(1 + ops.exp(-2 * d)) - math.log(2)).mean(axis=-1)


def poisson(y_true: Any, y_pred: Any) -> Any:
    """mean(y_pred - y_true log(y_pred)): the negative log-likelihood of counts, up to a constant."""
    y_true = aligned("poisson", y_true, y_pred)
    return (y_pred - y_true * ops.log(y_pred + EPSILON)).mean(axis=-1)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Minus the cosine of the angle between target and prediction: -1 for the same direction, 1 for the opposite."""
    y_true = aligned("cosine_similarity", y_true, y_pred)
    return -(unit(y_true, axis) * unit(y_pred, axis)).sum(axis=axis)


def unit(x: Any, axis: int) -> Any:
    """x over its length along an axis; nearly zero stays so."""
    return x / ops.sqrt(ops.maximum((x * x).sum(axis=axis, keepdims=True), 1e-12))


class MeanSquaredError(FunctionLoss):
    """mean((y_pred - y_true)^2): the usual loss for regression."""

    def __init__(self, reduction: str | None = MEAN, name: str | None = "mean_squared_error") -> None:
        super().__init__(mean_squared_error, reduction, name)

    def mean(self, y_true: Any, y_pred: Any) -> Any:
        """The mean in one op instead of four."""
        y_true = aligned(self.name, y_true, y_pred)
        return ops.mse(y_pred, y_true) if y_true.shape == y_pred.shape else super().mean(y_true, y_pred)


class MeanAbsoluteError(FunctionLoss):
    """mean(|y_pred - y_true|): less moved by outliers than the squared error."""

    def __init__(self, reduction: str | None = MEAN, name: str | None = "mean_absolute_error") -> None:
        super().__init__(mean_absolute_error, reduction, name)


class MeanAbsolutePercentageError(FunctionLoss):
    """100 mean(|y_pred - y_true| / |y_true|)."""

    def __init__(self, reduction: str | None = MEAN, name: str | None = "mean_absolute_percentage_error") -> None:
        super().__init__(mean_absolute_percentage_error, reduction, name)


class MeanSquaredLogarithmicError(FunctionLoss):
    """mean((log(1 + y_pred) - log(1 + y_true))^2): for targets over several orders of magnitude."""

    def __init__(self, reduction: str | None = MEAN, name: str | None = "mean_squared_logarithmic_error") -> None:
        super().__init__(mean_squared_logarithmic_error, reduction, name)


class Huber(FunctionLoss):
    """Quadratic near the target, straight beyond ``delta``."""

    def __init__(self, delta: float = 1.0, reduction: str | None = MEAN, name: str | None = "huber_loss") -> None:
        super().__init__(huber, reduction, name, delta=delta)


class LogCosh(FunctionLoss):
    """mean(log(cosh(y_pred - y_true))): about d^2 / 2 near the target, |d| - log 2 far from it."""

    def __init__(self, reduction: str | None = MEAN, name: str | None = "log_cosh") -> None:
        super().__init__(log_cosh, reduction, name)


class Poisson(FunctionLoss):
    """mean(y_pred - y_true log(y_pred)): for counts."""

    def __init__(self, reduction: str | None = MEAN, name: str | None = "poisson") -> None:
        super().__init__(poisson, reduction, name)


class CosineSimilarity(FunctionLoss):
    """Minus the cosine between target and prediction."""

    def __init__(self, axis: int = -1, reduction: str | None = MEAN, name: str | None = "cosine_similarity") -> None:
        super().__init__(cosine_similarity, reduction, name, axis=axis)
