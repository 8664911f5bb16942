"""Losses of regions: how little what is found and what is there overlap, for segmentation."""

from __future__ import annotations

from typing import Any

from .base import MEAN, FunctionLoss, aligned

__all__ = ["Dice", "Tversky", "dice", "tversky"]

EPSILON = 1e-7


def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Any:
    """1 - 2 sum(y_true y_pred) / (sum(y_true) + sum(y_pred)): 0 for the same region, 1 for none in common (Dice, 1945).

    axis : the axes of a region, (1, 2, 3) for one value an image; None for one of the whole batch.
    """
    y_true, y_pred, axis = prepared("dice", y_true, y_pred, axis)
    common = (y_true * y_pred).sum(axis=axis)
    return 1 - 2 * common / (y_true.sum(axis=axis) + y_pred.sum(axis=axis) + EPSILON)


def tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None) -> Any:
    """1 - c / (c + alpha missed + beta imagined), c = sum(y_true y_pred) (Salehi, Erdogmus and Gholipour, 2017).

    alpha : how much counts what is missed, sum(y_true (1 - y_pred)).  beta : what is there in y_pred alone. With one half
    for both it is ``dice``.  axis : as there.
    """
    y_true, y_pred, axis = prepared("tversky", y_true, y_pred, axis)
    common = (y_true * y_pred).sum(axis=axis)
    missed, imagined = (y_true * (1 - y_pred)).sum(axis=axis), (y_pred * (1 - y_true)).sum(axis=axis)
    return 1 - common / (common + alpha * missed + beta * imagined + EPSILON)


def prepared(name: str, y_true: Any, y_pred: Any, axis: Any) -> tuple[Any, Any, Any]:
    """Targets and predictions in one shape, and axes as numpy wants them."""
    y_true, y_pred = aligned(name, y_true, y_pred)
    return y_true, y_pred, tuple(axis) if isinstance(axis, list) else axis


class Dice(FunctionLoss):
    """1 - 2 sum(y_true y_pred) / (sum(y_true) + sum(y_pred)); see ``dice``."""

    def __init__(self, reduction: str | None = MEAN, name: str | None = "dice", axis: Any = None) -> None:
        super().__init__(dice, reduction, name, axis=axis)


class Tversky(FunctionLoss):
    """Dice with a factor of its own for what is missed and for what is imagined; see ``tversky``."""

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = MEAN,
        name: str | None = "tversky",
        axis: Any = None,
    ) -> None:
        super().__init__(tversky, reduction, name, alpha=alpha, beta=beta, axis=axis)
