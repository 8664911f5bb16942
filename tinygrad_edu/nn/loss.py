"""Losses as modules, in PyTorch's words: ``criterion(prediction, target)``. They take logits, not probabilities."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

from .. import ops
from ..engine import Tensor
from ..engine.tensor import OP
from ..training.losses import LogitsWarning
from .module import Module

__all__ = [
    "BCEWithLogitsLoss", "CrossEntropyLoss", "HuberLoss", "L1Loss", "LogitsWarning", "Loss", "MSELoss",
]  # fmt: skip


class Loss(Module):
    """A module of (prediction, target); a subclass defines ``forward``.

    reduction : "mean", "sum", or "none" for one value a sample.
    """

    reshapes: ClassVar[dict[str, str]] = {}  # ops that make probabilities -> what to do about it

    def __init__(self, reduction: str = "mean") -> None:
        if reduction not in ("mean", "sum", "none"):
            raise ValueError(f"{type(self).__name__}: reduction is 'mean', 'sum' or 'none', not {reduction!r}.")
        self.reduction = reduction

    def expect_logits(self, prediction: Any) -> None:
        """Warn if the prediction came straight from an op that makes probabilities."""
        node = getattr(prediction, "node", None)
        if node is not None and node[OP].name in self.reshapes:
            warnings.warn(
                f"{type(self).__name__} takes logits, and this prediction comes from {node[OP].name}: it would be squashed twice, "
                f"and learning stalls. Leave the {node[OP].name} out of the model{self.reshapes[node[OP].name]}.",
                LogitsWarning,
                stacklevel=4,
            )

    def extra_repr(self) -> str:
        """The reduction, unless it is the mean."""
        return "" if self.reduction == "mean" else f"reduction={self.reduction!r}"


class CrossEntropyLoss(Loss):
    """Cross-entropy of softmax(logits) against classes: see ``ops.cross_entropy``.

    logits : (..., C)          target : (...) integer classes, or (..., C) probabilities, one-hot included
    weight : (C,) how much each class counts.  ignore_index : a class whose samples do not.
    label_smoothing : how much of every target is spread over all classes.
    Warns (LogitsWarning) if the prediction comes from a softmax.
    """

    reshapes: ClassVar = {"softmax": "", "sigmoid": "", "log_softmax": ", or use ops.nll_loss"}

    def __init__(
        self, weight: Any = None, ignore_index: int | None = None, label_smoothing: float = 0.0, reduction: str = "mean"
    ) -> None:
        super().__init__(reduction)
        self.weight, self.ignore_index, self.label_smoothing = weight, ignore_index, label_smoothing

    def forward(self, logits: Tensor, target: Any) -> Tensor:
        """The loss of a batch."""
        self.expect_logits(logits)
        return ops.cross_entropy(
            logits, target, self.label_smoothing, self.ignore_index, self.weight, reduction=self.reduction
        )


class BCEWithLogitsLoss(Loss):
    """Cross-entropy of sigmoid(logits) against yes (1) or no (0): see ``ops.binary_cross_entropy``.

    logits, target : the same shape.  Warns (LogitsWarning) if the prediction comes from a sigmoid.
    """

    reshapes: ClassVar = {"sigmoid": "", "softmax": ""}

    def forward(self, logits: Tensor, target: Any) -> Tensor:
        """The loss of a batch."""
        self.expect_logits(logits)
        return ops.binary_cross_entropy(logits, target, reduction=self.reduction)


class MSELoss(Loss):
    """Mean squared error; prediction and target have the same shape (ShapeError otherwise)."""

    def forward(self, prediction: Tensor, target: Any) -> Tensor:
        """The loss of a batch."""
        return ops.mse(prediction, target, reduction=self.reduction)


class L1Loss(Loss):
    """Mean absolute error; prediction and target have the same shape (ShapeError otherwise)."""

    def forward(self, prediction: Tensor, target: Any) -> Tensor:
        """The loss of a batch."""
        return ops.mae(prediction, target, reduction=self.reduction)


class HuberLoss(Loss):
    """Squared below delta, straight above (Huber, 1964); prediction and target have the same shape."""

    def __init__(self, delta: float = 1.0, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.delta = delta

    def forward(self, prediction: Tensor, target: Any) -> Tensor:
        """The loss of a batch."""
        return ops.huber(prediction, target, self.delta, reduction=self.reduction)
