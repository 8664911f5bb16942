"""Hinge losses: a score must be right by a margin of 1, and further right earns nothing."""

from __future__ import annotations

from typing import Any

from ... import ops
from .base import MEAN, FunctionLoss, aligned, bare, per_sample, unlisted

__all__ = ["CategoricalHinge", "Hinge", "SquaredHinge", "categorical_hinge", "hinge", "squared_hinge"]


def signs(y_true: Any) -> Any:
    """Labels 0 and 1 as -1 and 1; those that are -1 and 1 already stay."""
    y_true = unlisted(y_true)
    values = bare(y_true)
    return 2 * y_true - 1 if ((values == 0) | (values == 1)).all() else y_true


def hinge(y_true: Any, y_pred: Any) -> Any:
    """mean(max(1 - y_true y_pred, 0)), for labels -1 and 1 (0 and 1 are converted)."""
    return per_sample(signs(y_true), y_pred, ops.hinge)


def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """mean(max(1 - y_true y_pred, 0)^2), for labels -1 and 1 (0 and 1 are converted)."""
    return per_sample(signs(y_true), y_pred, ops.squared_hinge)


def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """max(1 + best wrong score - right score, 0), for one-hot targets."""
    y_true, y_pred = aligned("categorical_hinge", y_true, y_pred)
    return ops.categorical_hinge(y_pred, y_true, reduction="none")


class Hinge(FunctionLoss):
    """mean(max(1 - y_true y_pred, 0)): the loss of a support vector machine."""

    def __init__(self, reduction: str | None = MEAN, name: str | None = "hinge") -> None:
        super().__init__(hinge, reduction, name)


class SquaredHinge(FunctionLoss):
    """mean(max(1 - y_true y_pred, 0)^2)."""

    def __init__(self, reduction: str | None = MEAN, name: str | None = "squared_hinge") -> None:
        super().__init__(squared_hinge, reduction, name)


class CategoricalHinge(FunctionLoss):
    """max(1 + best wrong score - right score, 0), for one-hot targets."""

    def __init__(self, reduction: str | None = MEAN, name: str | None = "categorical_hinge") -> None:
        super().__init__(categorical_hinge, reduction, name)
