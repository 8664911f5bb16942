"""Losses for numbers: how far a prediction is from its target, one value a sample (the mean over the last axis).

Each function takes y_true and y_pred of one shape, (n, k) -> (n,); (n,) targets fit (n, 1) predictions. The mathematics,
with gradients and kinks, is in ``ops.loss``.
"""

from __future__ import annotations

from typing import Any

from ... import ops
from .base import MEAN, Entrywise, FunctionLoss, aligned, per_sample

__all__ = [
    "CosineSimilarity", "Huber", "LogCosh", "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanSquaredError",
    "MeanSquaredLogarithmicError", "Poisson", "cosine_similarity", "huber", "log_cosh", "mean_absolute_error",
    "mean_absolute_percentage_error", "mean_squared_error", "mean_squared_logarithmic_error", "poisson",
]  # fmt: skip


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """mean((y_pred - y_true)^2)."""
    return per_sample(y_true, y_pred, ops.mse)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """mean(|y_pred - y_true|)."""
    return per_sample(y_true, y_pred, ops.mae)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """100 mean(|y_pred - y_true| / |y_true|)."""
    return per_sample(y_true, y_pred, ops.mape)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """mean((log(1 + y_pred) - log(1 + y_true))^2)."""
    return per_sample(y_true, y_pred, ops.msle)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """mean(d^2 / 2 where |d| <= delta, else delta |d| - delta^2 / 2), with d = y_pred - y_true."""
    return per_sample(y_true, y_pred, ops.huber, delta=delta)


def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """mean(log(cosh(y_pred - y_true)))."""
    return per_sample(y_true, y_pred, ops.log_cosh)


def poisson(y_true: Any, y_pred: Any) -> Any:
    """mean(y_pred - y_true log(y_pred))."""
    return per_sample(y_true, y_pred, ops.poisson)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Minus the cosine of the angle between target and prediction: -1 for the same direction, 1 for the opposite."""
    y_true, y_pred = aligned("cosine_similarity", y_true, y_pred)
    return -(unit(y_true, axis) * unit(y_pred, axis)).sum(axis=axis)


def unit(x: Any, axis: int) -> Any:
    """x over its length along an axis; what is nearly zero stays so."""
    return x / ops.sqrt(ops.maximum((x * x).sum(axis=axis, keepdims=True), 1e-12))


class MeanSquaredError(Entrywise):
    """mean((y_pred - y_true)^2): the usual loss for regression."""

    def __init__(self, reduction: str | None = MEAN, name: str | None = "mean_squared_error") -> None:
        super().__init__(ops.mse, reduction, name)


class MeanAbsoluteError(Entrywise):
    """mean(|y_pred - y_true|): less moved by outliers than the squared error."""

    def __init__(self, reduction: str | None = MEAN, name: str | None = "mean_absolute_error") -> None:
        super().__init__(ops.mae, reduction, name)


class MeanAbsolutePercentageError(Entrywise):
    """100 mean(|y_pred - y_true| / |y_true|); a target nearer to zero than 1e-7 counts as 1e-7."""

    def __init__(self, reduction: str | None = MEAN, name: str | None = "mean_absolute_percentage_error") -> None:
        super().__init__(ops.mape, reduction, name)


class MeanSquaredLogarithmicError(Entrywise):
    """mean((log(1 + y_pred) - log(1 + y_true))^2): for targets over several orders of magnitude."""

    def __init__(self, reduction: str | None = MEAN, name: str | None = "mean_squared_logarithmic_error") -> None:
        super().__init__(ops.msle, reduction, name)


class Huber(Entrywise):
    """Quadratic near the target, straight beyond ``delta``."""

    def __init__(self, delta: float = 1.0, reduction: str | None = MEAN, name: str | None = "huber_loss") -> None:
        super().__init__(ops.huber, reduction, name, delta=delta)


class LogCosh(Entrywise):
    """mean(log(cosh(y_pred - y_true))): about d^2 / 2 near the target, |d| - log 2 far from it."""

    def __init__(self, reduction: str | None = MEAN, name: str | None = "log_cosh") -> None:
        super().__init__(ops.log_cosh, reduction, name)


class Poisson(Entrywise):
    """mean(y_pred - y_true log(y_pred)): for counts."""

    def __init__(self, reduction: str | None = MEAN, name: str | None = "poisson") -> None:
        super().__init__(ops.poisson, reduction, name)


class CosineSimilarity(FunctionLoss):
    """Minus the cosine between target and prediction."""

    def __init__(self, axis: int = -1, reduction: str | None = MEAN, name: str | None = "cosine_similarity") -> None:
        super().__init__(cosine_similarity, reduction, name, axis=axis)
