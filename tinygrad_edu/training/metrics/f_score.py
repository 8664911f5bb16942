"""F scores: precision and recall in one number."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.errors import ShapeError
from ..losses.base import local
from .base import Metric

__all__ = ["F1Score", "FBetaScore"]

EPSILON = 1e-7


class FBetaScore(Metric):
    """(1 + beta^2) precision recall / (beta^2 precision + recall), for one-hot targets (N, classes).

    average : None for an array with the score of each class; "macro", their mean; "weighted", by how often a class
        occurs; "micro", of all entries together.
    beta : above 1 recall counts for more.  threshold : from where on a prediction is a yes; None: the largest of a sample.
    """

    better = "max"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
    ) -> None:
        super().__init__(name)
        if average not in (None, "micro", "macro", "weighted"):
            raise ValueError(f"{self.name}: average is None, 'micro', 'macro' or 'weighted', not {average!r}.")
        if not beta > 0 or (threshold is not None and not 0 < threshold <= 1):
            raise ValueError(
                f"{self.name}: beta is above 0, threshold above 0 and at most 1; got {beta!r}, {threshold!r}."
            )
        self.average, self.beta, self.threshold = average, beta, threshold
        self.counts = np.zeros((3, 1))  # right yes; predicted yes; yes: for each class

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in a batch."""
        y_true, y_pred = local(y_true), local(y_pred)
        if y_true.ndim != 2 or y_true.shape != y_pred.shape:
            raise ShapeError(
                f"{self.name}: one-hot targets and predictions (samples, classes) are needed, not {y_true.shape} and "
                f"{y_pred.shape}. keras.utils.to_categorical makes them of class numbers."
            )
        if self.threshold is None:
            chosen = (y_pred >= y_pred.max(axis=-1, keepdims=True)) & (abs(y_pred) > 1e-9)
        else:
            chosen = y_pred > self.threshold
        weights = np.ones((len(y_true), 1)) if sample_weight is None else local(sample_weight).reshape(-1, 1)
        batch = np.stack([(a * weights).sum(axis=0) for a in (chosen * y_true, chosen, y_true)])
        self.counts = self.counts + batch

    def result(self) -> Any:
        """The score."""
        counts = self.counts.sum(axis=1, keepdims=True) if self.average == "micro" else self.counts
        right, predicted, yes = counts
        precision, recall = right / (predicted + EPSILON), right / (yes + EPSILON)
        scores = (1 + self.beta**2) * precision * recall / (self.beta**2 * precision + recall + EPSILON)
        if self.average is None:
            return scores
        return float((scores * yes / (yes.sum() + EPSILON)).sum() if self.average == "weighted" else scores.mean())

    def reset_state(self) -> None:
        """Forget everything."""
        self.counts = np.zeros((3, 1))


class F1Score(FBetaScore):
    """2 precision recall / (precision + recall), for one-hot targets (N, classes); see ``FBetaScore``."""

    def __init__(
        self, average: str | None = None, threshold: float | None = None, name: str | None = "f1_score"
    ) -> None:
        super().__init__(average, 1.0, threshold, name)
