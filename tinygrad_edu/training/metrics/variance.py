"""How much of the targets' variance predictions explain, and how they go together."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.errors import ShapeError
from ..losses.base import aligned, local
from .base import MeanMetric, Metric

__all__ = [
    "ConcordanceCorrelation", "PearsonCorrelation", "R2Score", "concordance_correlation", "pearson_correlation",
]  # fmt: skip

EPSILON = 1e-7


class R2Score(Metric):
    """1 - sum((y_true - y_pred)^2) / sum((y_true - mean)^2): 1 is perfect, 0 no better than always saying the mean.

    class_aggregation : "uniform_average", the mean over columns; "variance_weighted_average"; None for one value a column.
    num_regressors : the number of inputs, for the adjusted score; 0 for the plain one.
    A column of equal targets counts as 0.
    """

    better = "max"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
    ) -> None:
        super().__init__(name)
        if class_aggregation not in (None, "uniform_average", "variance_weighted_average"):
            raise ValueError(
                f"{self.name}: class_aggregation is 'uniform_average', 'variance_weighted_average' or None, not "
                f"{class_aggregation!r}."
            )
        if num_regressors < 0:
            raise ValueError(f"{self.name}: num_regressors is at least 0, not {num_regressors!r}.")
        self.class_aggregation, self.num_regressors = class_aggregation, num_regressors
        self.reset_state()

    def reset_state(self) -> None:
        """Forget everything."""
        self.seen = 0  # entries
        self.sums = np.zeros((4, 1))  # for each column: of weights, targets, their squares, and squared errors

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in a batch."""
        y_true, y_pred = aligned(self.name, local(y_true), local(y_pred))
        if y_true.ndim == 1:
            y_true, y_pred = y_true[:, None], y_pred[:, None]
        if y_true.ndim != 2:
            raise ShapeError(f"{self.name}: (samples, columns) are needed, not {y_true.shape}.")
        y_true, y_pred = y_true.astype(np.float64), y_pred.astype(np.float64)
        weights = np.ones(1) if sample_weight is None else local(sample_weight)
        weights = np.broadcast_to(weights[:, None] if weights.ndim == 1 else weights, y_true.shape)
        self.seen += y_true.size
        batch = (np.ones_like(y_true), y_true, y_true**2, (y_true - y_pred) ** 2)
        self.sums = self.sums + np.stack([(weights * values).sum(axis=0) for values in batch])

    def result(self) -> Any:
        """The score."""
        count, total, squares, missed = self.sums
        spread = squares - total**2 / np.maximum(count, EPSILON)
        there = spread > 1e-12 * squares  # less is rounding
        scores = np.where(there, 1 - missed / np.where(there, spread, 1), 0.0)
        if self.class_aggregation == "uniform_average":
            score: Any = float(scores.mean())
        elif self.class_aggregation == "variance_weighted_average":
            score = float(np.average(scores, weights=spread * there)) if there.any() else 0.0
        else:
            score = scores
        if 0 < self.num_regressors < self.seen - 1:
            score = 1 - (1 - score) * (self.seen - 1) / (self.seen - self.num_regressors - 1)
        return score


def pearson_correlation(y_true: Any, y_pred: Any, axis: Any = -1) -> Any:
    """How straight the line is on which predictions and targets lie: 1 up, -1 down, 0 none."""
    (a, b), axes = centred(y_true, y_pred, axis)
    return (a / a.std(axis=axes, keepdims=True) * b / b.std(axis=axes, keepdims=True)).mean(axis=axes)


def concordance_correlation(y_true: Any, y_pred: Any, axis: Any = -1) -> Any:
    """The same for the line y_pred = y_true itself: 2 cov / (var + var + difference of the means squared) (Lin, 1989)."""
    (a, b), axes = centred(y_true, y_pred, axis)
    apart = (local(y_true).mean(axis=axes, keepdims=True) - local(y_pred).mean(axis=axes, keepdims=True)) ** 2
    norm = a.var(axis=axes, keepdims=True) + b.var(axis=axes, keepdims=True) + apart
    return (2 * a * b / (norm + EPSILON)).mean(axis=axes)


def centred(y_true: Any, y_pred: Any, axis: Any) -> tuple[Any, Any]:
    """Both less their means, and the axes as numpy wants them."""
    axes = tuple(axis) if isinstance(axis, list) else axis
    return [y - y.mean(axis=axes, keepdims=True) for y in map(local, (y_true, y_pred))], axes


class PearsonCorrelation(MeanMetric):
    """The mean of ``pearson_correlation`` over samples; axis=0 for each column over the samples of a batch."""

    better = "max"

    def __init__(self, name: str | None = "pearson_correlation", axis: Any = -1) -> None:
        super().__init__(pearson_correlation, name, axis=axis)


class ConcordanceCorrelation(MeanMetric):
    """The mean of ``concordance_correlation`` over samples; axis=0 for each column over the samples of a batch."""

    better = "max"

    def __init__(self, name: str | None = "concordance_correlation", axis: Any = -1) -> None:
        super().__init__(concordance_correlation, name, axis=axis)
