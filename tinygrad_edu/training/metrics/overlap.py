"""Metrics of segmentation: of the places where a class is or is said to be, the share where both hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...engine.errors import ShapeError
from ..losses.base import local
from .base import Metric, spread

__all__ = ["BinaryIoU", "IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU"]


class IoU(Metric):
    """Intersection over union, TP / (TP + FP + FN), the mean over some classes; those that never occur do not count.

    num_classes : class numbers go from 0 to num_classes - 1; places with others do not count.
    target_class_ids : the classes to look at.  ignore_class : a class of targets whose places do not count.
    sparse_y_true, sparse_y_pred : False where the last axis (``axis``) has one entry a class instead of a class number.
    """

    better = "max"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(name)
        outside = [i for i in target_class_ids if not 0 <= i < num_classes]
        if outside:
            raise ValueError(f"{self.name}: target_class_ids {outside} are not among the {num_classes} classes.")
        self.num_classes, self.target_class_ids = num_classes, list(target_class_ids)
        self.ignore_class, self.axis = ignore_class, axis
        self.sparse_y_true, self.sparse_y_pred = sparse_y_true, sparse_y_pred
        self.reset_state()

    def reset_state(self) -> None:
        """Forget everything."""
        self.counts = np.zeros((self.num_classes, self.num_classes))  # of each class, said to be each class

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in a batch."""
        y_true, y_pred = local(y_true), local(y_pred)
        y_true = y_true if self.sparse_y_true else y_true.argmax(axis=self.axis)
        y_pred = y_pred if self.sparse_y_pred else y_pred.argmax(axis=self.axis)
        if y_true.size != y_pred.size:
            raise ShapeError(
                f"{self.name}: one class a place is needed, not targets {y_true.shape} against predictions {y_pred.shape}. "
                "For probabilities of classes say sparse_y_pred=False, for one-hot targets sparse_y_true=False."
            )
        weights = np.ones(y_true.shape) if sample_weight is None else spread(local(sample_weight), y_true)
        of, said = y_true.ravel().astype(np.int64), y_pred.ravel().astype(np.int64)
        n = self.num_classes
        counts = (of >= 0) & (of < n) & (said >= 0) & (said < n)
        if self.ignore_class is not None:
            counts &= of != self.ignore_class
        places = n * of[counts] + said[counts]
        self.counts = self.counts + np.bincount(places, weights.ravel()[counts], n * n).reshape(n, n)

    def result(self) -> float:
        """The mean share."""
        both = self.counts.diagonal()[self.target_class_ids]
        either = (self.counts.sum(axis=0) + self.counts.sum(axis=1))[self.target_class_ids] - both
        occurs = either > 0
        return float((both[occurs] / either[occurs]).mean()) if occurs.any() else 0.0


class BinaryIoU(IoU):
    """IoU of a yes (1) and a no (0). threshold : from where on a prediction is a yes."""

    def __init__(
        self, target_class_ids: Sequence[int] = (0, 1), threshold: float = 0.5, name: str | None = None
    ) -> None:
        super().__init__(2, target_class_ids, name)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in a batch."""
        super().update_state(y_true, local(y_pred) >= self.threshold, sample_weight)


class MeanIoU(IoU):
    """The mean of IoU over all classes; its arguments are those of ``IoU``."""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, range(num_classes), name, ignore_class, sparse_y_true, sparse_y_pred, axis)


class OneHotIoU(IoU):
    """IoU for one-hot targets and predictions of one number a class."""

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, target_class_ids, name, ignore_class, False, sparse_y_pred, axis)


class OneHotMeanIoU(MeanIoU):
    """The mean of IoU over all classes, for one-hot targets and predictions of one number a class."""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, ignore_class, False, sparse_y_pred, axis)
