"""Metrics of a yes or no: how many predictions above a threshold are right, for one threshold or many.

A batch costs one binary search per prediction, however many thresholds there are: predictions are counted by how many
thresholds they exceed, and a cumulative sum of these counts gives those above each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from ...engine import Array
from ...engine.errors import ShapeError
from ..losses.base import aligned, local
from .base import Metric, spread

__all__ = [
    "AUC", "FalseNegatives", "FalsePositives", "Precision", "PrecisionAtRecall", "Recall", "RecallAtPrecision",
    "SensitivityAtSpecificity", "SpecificityAtSensitivity", "TrueNegatives", "TruePositives",
]  # fmt: skip

EPSILON = 1e-7
NEVER = -1e10  # below every prediction: what a prediction outside the top k becomes


class Confusion(Metric):
    """Counts of right and wrong predictions above and below each of some thresholds.

    Attributes: ``above``, (2, T) or (2, T, labels): the weights of negatives and positives predicted above each threshold;
    ``total``: of all of them.
    """

    better: ClassVar[Literal["max", "min"] | None] = "max"
    top_k: int | None = None
    class_id: int | None = None
    columns: int | None = None  # None to count all labels together

    def __init__(self, thresholds: Any, name: str | None) -> None:
        super().__init__(name)
        self.limits = np.atleast_1d(np.asarray(thresholds, float))
        self.order = np.argsort(self.limits, kind="stable")
        self.above = self.total = np.zeros(0)
        self.reset_state()

    def reset_state(self) -> None:
        """Forget everything."""
        labels = () if self.columns is None else (self.columns,)
        self.above, self.total = np.zeros((2, self.limits.size, *labels)), np.zeros((2, 1, *labels))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in a batch."""
        y_true, y_pred = aligned(self.name, local(y_true), local(y_pred))
        weights = np.ones(y_pred.shape) if sample_weight is None else spread(local(sample_weight), y_pred)
        if self.top_k is not None:
            y_pred = among_top(y_pred, self.top_k)
        if self.class_id is not None:
            y_true, y_pred, weights = (a[..., self.class_id] for a in (y_true, y_pred, weights))
        if self.columns is None:
            above, total = self.counted(y_true, y_pred, weights)
        else:
            counts = [self.counted(y_true[..., i], y_pred[..., i], weights[..., i]) for i in range(self.columns)]
            above, total = (np.stack(parts, axis=-1) for parts in zip(*counts))
        self.above, self.total = self.above + above, self.total + total

    def counted(self, y_true: Array, y_pred: Array, weights: Array) -> tuple[Array, Array]:
        """``above`` and ``total`` of a batch."""
        limits = self.limits[self.order].astype(y_pred.dtype)
        exceeded = np.searchsorted(limits, np.where(np.isnan(y_pred), -np.inf, y_pred).ravel())
        above, total = np.empty((2, limits.size)), np.empty((2, 1))
        yes = (y_true != 0).ravel()
        for kind, chosen in enumerate((~yes, yes)):
            counts = np.bincount(exceeded[chosen], weights.ravel()[chosen], limits.size + 1)
            above[kind][self.order] = counts[::-1].cumsum()[::-1][1:]
            total[kind] = counts.sum()
        return above, total

    @property
    def true_positives(self) -> Array:
        """Of the yes, those predicted so."""
        return self.above[1]

    @property
    def false_positives(self) -> Array:
        """Of the no, those predicted yes."""
        return self.above[0]

    @property
    def false_negatives(self) -> Array:
        """Of the yes, those predicted no."""
        return self.total[1] - self.above[1]

    @property
    def true_negatives(self) -> Array:
        """Of the no, those predicted so."""
        return self.total[0] - self.above[0]


class _Count(Confusion):
    """One of the four counts."""

    what: str

    def __init__(self, thresholds: float | Sequence[float] | None = None, name: str | None = None) -> None:
        super().__init__(checked(type(self).__name__, thresholds, 0.5), name)

    def result(self) -> Any:
        """The count; one for each threshold of several."""
        return plain(getattr(self, self.what))


class TruePositives(_Count):
    """How many yes were predicted so, above ``thresholds`` (0.5 by default)."""

    what = "true_positives"


class TrueNegatives(_Count):
    """How many no were predicted so."""

    what = "true_negatives"


class FalsePositives(_Count):
    """How many no were predicted yes."""

    what, better = "false_positives", "min"


class FalseNegatives(_Count):
    """How many yes were predicted no."""

    what, better = "false_negatives", "min"


class _Ratio(Confusion):
    """A share of right predictions; the arguments are explained in ``Precision``."""

    def __init__(
        self,
        thresholds: float | Sequence[float] | None = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(checked(type(self).__name__, thresholds, 0.5 if top_k is None else NEVER), name)
        self.thresholds, self.top_k, self.class_id = thresholds, top_k, class_id


class Precision(_Ratio):
    """Of what was predicted yes, the share that is: TP / (TP + FP).

    thresholds : from where on a prediction is a yes: 0.5 by default, or several for an array of results.
    top_k : only the k largest predictions of a sample are a yes.  class_id : look at one class alone.
    """

    def result(self) -> Any:
        """The share."""
        return plain(share(self.true_positives, self.true_positives + self.false_positives))


class Recall(_Ratio):
    """Of the yes, the share that was predicted so: TP / (TP + FN); its arguments are those of ``Precision``."""

    def result(self) -> Any:
        """The share."""
        return plain(share(self.true_positives, self.total[1] + 0 * self.above[1]))


class AUC(Confusion):
    """The area under a curve that many thresholds draw: the share of pairs of a yes and a no in the right order, for "ROC".

    num_thresholds : how many, evenly from 0 to 1.  thresholds : those between 0 and 1, given.
    curve : "ROC", recall over false positive rate; or "PR", precision over recall.
    summation_method : "interpolation" between thresholds, or "minoring" or "majoring" of the curve by steps.
    multi_label : an area for each of num_labels columns, then their mean.  label_weights : how much each column counts.
    from_logits : take the sigmoid of predictions first.
    Source: Davis and Goadrich 2006 for the interpolation of "PR".
    """

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        *,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        if curve not in ("ROC", "PR"):
            raise ValueError(f"AUC: curve is 'ROC' or 'PR', not {curve!r}.")
        if summation_method not in ("interpolation", "minoring", "majoring"):
            raise ValueError(
                f"AUC: summation_method is 'interpolation', 'minoring' or 'majoring', not {summation_method!r}."
            )
        if num_thresholds < 2:
            raise ValueError(f"AUC: num_thresholds is at least 2, not {num_thresholds!r}.")
        inner = (
            np.linspace(0, 1, num_thresholds)[1:-1] if thresholds is None else sorted(checked("AUC", thresholds, 0.5))
        )
        self.curve, self.summation_method, self.from_logits = curve, summation_method, from_logits
        self.multi_label, self.label_weights = multi_label, label_weights
        self.columns = num_labels if multi_label else None
        super().__init__([-EPSILON, *inner, 1 + EPSILON], name)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in a batch."""
        y_pred = local(y_pred)
        if self.from_logits:
            y_pred = 1 / (1 + np.exp(-np.clip(y_pred, -80, 80)))
        if self.multi_label and self.columns is None:
            self.columns = y_pred.shape[-1]
            self.reset_state()
        if self.label_weights is not None and not self.multi_label:
            base = np.ones(y_pred.shape) if sample_weight is None else spread(local(sample_weight), y_pred)
            sample_weight = base * np.asarray(self.label_weights)
        super().update_state(y_true, y_pred, sample_weight)

    def result(self) -> float:
        """The area."""
        tp, fp, (no, yes) = self.true_positives, self.false_positives, self.total
        if self.curve == "PR" and self.summation_method == "interpolation":
            areas = self.interpolated()
        else:
            recall = share(tp, yes)
            x, y = (share(fp, no), recall) if self.curve == "ROC" else (recall, share(tp, tp + fp))
            heights = {"interpolation": (y[:-1] + y[1:]) / 2, "minoring": np.minimum(y[:-1], y[1:])}
            areas = (x[:-1] - x[1:]) * heights.get(self.summation_method, np.maximum(y[:-1], y[1:]))
        area = areas.sum(axis=0)
        weights = self.label_weights if self.multi_label else None
        return float(area.mean() if weights is None else np.average(area, weights=weights))

    def interpolated(self) -> Array:
        """The areas between thresholds under precision over recall: TP and predicted yes change evenly between them."""
        tp, predicted = self.true_positives, self.true_positives + self.false_positives
        dtp, slope = tp[:-1] - tp[1:], share(tp[:-1] - tp[1:], predicted[:-1] - predicted[1:])
        both = (predicted[:-1] > 0) & (predicted[1:] > 0)
        ratio = np.where(both, share(predicted[:-1], predicted[1:]), 1)
        return share(slope * (dtp + (tp[1:] - slope * predicted[1:]) * np.log(ratio)), self.total[1])


class _Under(Confusion):
    """The best of one share among the thresholds at which another is large enough; 0 where it never is.

    num_thresholds : how many, evenly from 0 to 1.  class_id : look at one class alone.
    """

    def __init__(
        self, value: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None
    ) -> None:
        if not 0 <= value <= 1:
            raise ValueError(f"{type(self).__name__}: the share to keep is a number from 0 to 1, not {value!r}.")
        super().__init__(np.linspace(0, 1, num_thresholds) if num_thresholds > 1 else 0.5, name)
        self.value, self.class_id = value, class_id

    def best(self, of: Array, under: Array) -> float:
        """The largest of one share where the other is at least the value."""
        return float(np.where(under >= self.value, of, 0).max())

    @property
    def sensitivity(self) -> Array:
        """The share of the yes that was predicted so."""
        return share(self.true_positives, self.total[1])

    @property
    def specificity(self) -> Array:
        """The share of the no that was predicted so."""
        return share(self.true_negatives, self.total[0])

    @property
    def precision(self) -> Array:
        """The share of those predicted yes that are."""
        return share(self.true_positives, self.true_positives + self.false_positives)


class SensitivityAtSpecificity(_Under):
    """The best sensitivity where the specificity is at least this."""

    def __init__(
        self, specificity: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None
    ) -> None:
        super().__init__(specificity, num_thresholds, class_id, name)

    def result(self) -> float:
        """The share."""
        return self.best(self.sensitivity, self.specificity)


class SpecificityAtSensitivity(_Under):
    """The best specificity where the sensitivity is at least this."""

    def __init__(
        self, sensitivity: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None
    ) -> None:
        super().__init__(sensitivity, num_thresholds, class_id, name)

    def result(self) -> float:
        """The share."""
        return self.best(self.specificity, self.sensitivity)


class PrecisionAtRecall(_Under):
    """The best precision where the recall is at least this."""

    def __init__(
        self, recall: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None
    ) -> None:
        super().__init__(recall, num_thresholds, class_id, name)

    def result(self) -> float:
        """The share."""
        return self.best(self.precision, self.sensitivity)


class RecallAtPrecision(_Under):
    """The best recall where the precision is at least this."""

    def __init__(
        self, precision: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None
    ) -> None:
        super().__init__(precision, num_thresholds, class_id, name)

    def result(self) -> float:
        """The share."""
        return self.best(self.sensitivity, self.precision)


def checked(name: str, thresholds: Any, default: float) -> list[float]:
    """Thresholds as a list: numbers from 0 to 1."""
    if thresholds is None:
        return [default]
    given = list(thresholds) if isinstance(thresholds, (list, tuple, np.ndarray)) else [thresholds]
    if not all(0 <= t <= 1 for t in given):
        raise ValueError(f"{name}: thresholds are numbers from 0 to 1, not {thresholds!r}.")
    return given


def among_top(y_pred: Array, k: int) -> Array:
    """Predictions that are not among the k largest of their sample become ``NEVER``; of equal ones the first counts."""
    if y_pred.ndim < 2 or y_pred.shape[-1] < k:
        raise ShapeError(f"top_k={k} needs predictions (samples, {k} or more), not {y_pred.shape}.")
    first = np.argsort(-y_pred, axis=-1, kind="stable")[..., :k]
    out = np.full_like(y_pred, NEVER)
    np.put_along_axis(out, first, np.take_along_axis(y_pred, first, -1), -1)
    return out


def share(part: Array, whole: Array) -> Array:
    """part / whole, and 0 where the whole is 0."""
    whole = np.broadcast_to(whole, part.shape)
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)


def plain(values: Array) -> Any:
    """One number as a float; several as an array."""
    return float(values[0]) if values.size == 1 else values.copy()
