"""What every loss shares: how targets line up with predictions, weights, and the reduction to one number.

Losses here speak Keras: ``loss(y_true, y_pred)``, probabilities unless ``from_logits``, a mean over the last axis first.
Their functions also run on plain arrays, which is how metrics of the same name are computed.
"""

from __future__ import annotations

import re
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import numpy as np

from ... import ops
from ...engine import Array, Tensor
from ...engine.device import host
from ...engine.errors import ShapeError, TinygradEduWarning
from ...io.objects import Configured
from ..masks import mask_of

__all__ = [
    "MEAN", "BroadcastWarning", "Entrywise", "FunctionLoss", "Loss", "aligned", "bare", "name_of", "per_sample", "snake_case",
    "target_kind", "unlisted",
]  # fmt: skip

MEAN = "sum_over_batch_size"
REDUCTIONS = (MEAN, "sum", "mean", "mean_with_sample_weight", "none", None)


class BroadcastWarning(TinygradEduWarning):
    """Targets of one column against predictions of several: every prediction is compared with the same target."""


class Loss(Configured, ABC):
    """A loss: subclass it and write ``call(y_true, y_pred)``, which returns one value a sample.

    name : shown in messages, and the key of logs for several outputs; by default the class's name in snake_case.
    reduction : "sum_over_batch_size" (or "mean"): the sum over the number of values; "sum";
        "mean_with_sample_weight": the sum over the sum of weights; "none": one value a sample.
    """

    def __init__(self, name: str | None = None, reduction: str | None = MEAN) -> None:
        if reduction not in REDUCTIONS:
            choices = ", ".join(map(repr, REDUCTIONS))
            raise ValueError(f"{type(self).__name__}: reduction={reduction!r} is not one of {choices}.")
        self.name = name or snake_case(type(self).__name__)
        self.reduction = reduction

    @abstractmethod
    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One value a sample: y_true and y_pred (n, ...) -> (n,)."""

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """The loss of a batch, () unless reduction="none"."""
        mask = mask_of(y_pred) if isinstance(y_pred, Tensor) else None
        y_true, y_pred = columns(as_tensor(y_true), as_tensor(y_pred))
        weights = self.weights(y_true, sample_weight)
        if mask is not None and mask.shape == y_pred.shape[:-1]:
            weights = unmasked(mask, weights, self.reduction)
        if weights is None and self.reduction in (MEAN, "mean"):
            return self.mean(y_true, y_pred)
        values = self.call(y_true, y_pred)
        if weights is not None:
            values = values * fitted(weights, values)
        if self.reduction in ("none", None) or not values.ndim:
            return values  # type: ignore[no-any-return]
        if self.reduction == "sum":
            return values.sum()  # type: ignore[no-any-return]
        if self.reduction == "mean_with_sample_weight" and weights is not None:
            return values.sum() / max(float(np.sum(weights)), 1e-7)  # type: ignore[no-any-return]
        return values.mean()  # type: ignore[no-any-return]

    def mean(self, y_true: Any, y_pred: Any) -> Tensor:
        """The mean over the batch: the way of ordinary training, where a loss may have one op for all of it."""
        values = self.call(y_true, y_pred)
        return values.mean() if values.ndim else values  # type: ignore[no-any-return]

    def weights(self, y_true: Tensor, sample_weight: Any) -> Any:
        """How much each sample counts, as an array; None for all alike."""
        return None if sample_weight is None else bare(sample_weight)

    def check(self, y_true: Array, y_pred: Array) -> None:
        """Look at all targets of a fit at once, before it starts; y_pred is the prediction for a few of them."""


class FunctionLoss(Loss):
    """A loss made of a function of (y_true, y_pred) that returns one value a sample, or one number; options go to it."""

    def __init__(
        self, function: Callable[..., Any], reduction: str | None = MEAN, name: str | None = None, **options: Any
    ) -> None:
        super().__init__(name or name_of(function), reduction)
        self.function, self.options = function, options

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """What the function returns."""
        return self.function(y_true, y_pred, **self.options)


class Entrywise(FunctionLoss):
    """A loss of an op that compares entry by entry; a sample's value is the mean over its last axis."""

    def __init__(self, op: Callable[..., Any], reduction: str | None, name: str | None, **options: Any) -> None:
        super().__init__(partial(per_sample, op=op), reduction, name, **options)
        self.op = op

    def mean(self, y_true: Any, y_pred: Any) -> Tensor:
        """The mean in one op: 30 us less than a mean of means, of 200 for a small step."""
        y_true, y_pred = aligned(self.name, y_true, y_pred)
        return self.op(y_pred, y_true, **self.options)  # type: ignore[no-any-return]


def per_sample(y_true: Any, y_pred: Any, op: Any, **options: Any) -> Any:
    """The loss of an op for each sample: the mean over the last axis, (n, ..., k) -> (n, ...)."""
    y_true, y_pred = aligned(op.__name__, y_true, y_pred)
    return op(y_pred, y_true, reduction="none", **options).mean(axis=-1)


def as_tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else Tensor(value)


def unlisted(value: Any) -> Any:
    """Lists of numbers as a Tensor; all else as it is."""
    return Tensor(value) if isinstance(value, (list, tuple)) else value


def bare(value: Any) -> Array:
    """The plain array of a Tensor, an array or numbers."""
    return value.data if isinstance(value, Tensor) else np.asarray(value)


def local(value: Any) -> Array:
    """The same on the host, wherever it lives: what is looked at, or counted, and not differentiated."""
    return np.asarray(host(value.data if isinstance(value, Tensor) else value))


def columns(y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
    """Two flat vectors as columns, (n,) -> (n, 1), so that the mean over the last axis is not one over the samples."""
    if y_true.ndim == y_pred.ndim == 1:
        return y_true.reshape(-1, 1), y_pred.reshape(-1, 1)
    return y_true, y_pred


def unmasked(mask: Array, weights: Any, reduction: str | None) -> Array:
    """Weights that leave masked steps out, of a mean as if they were not there.

    mask : (N, T), True for steps that count          weights : None, (N,) or (N, T)          out : (N, T)
    """
    counts = mask.astype(np.float32)
    if reduction in (MEAN, "mean"):
        counts *= mask.size / max(int(mask.sum()), 1)
    if weights is None:
        return counts
    return counts * (weights.reshape(-1, 1) if weights.ndim == 1 else weights)


def fitted(weights: Array, values: Any) -> Array:
    """Weights (n,) or (n, 1) with as many axes as the values, in their dtype."""
    if not values.ndim:
        raise ShapeError("sample_weight needs a loss that returns one value a sample; this one returns one number.")
    if weights.size == len(values) and weights.ndim != values.ndim:
        weights = weights.reshape(-1, *(1,) * (values.ndim - 1))
    try:
        fits = np.broadcast_shapes(weights.shape, values.shape) == values.shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(f"sample_weight {weights.shape} does not fit {values.shape} losses. Give one weight a sample.")
    return weights.astype(values.dtype, copy=False)


def aligned(name: str, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Targets and predictions in one shape and the dtype of the predictions: (n,) and (n, 1) are the same thing.

    Warns for (n, 1) against (n, k), which broadcasts; raises ShapeError for what cannot be meant.
    """
    y_true, y_pred = unlisted(y_true), unlisted(y_pred)
    if y_true.dtype != y_pred.dtype:
        y_true = like(y_true, y_pred)
    if y_true.shape == y_pred.shape:
        return y_true, y_pred
    if squeezed(y_true.shape) == squeezed(y_pred.shape):
        return y_true.reshape(y_pred.shape), y_pred
    if y_true.shape[:-1] != y_pred.shape[:-1] or 1 not in (y_true.shape[-1], y_pred.shape[-1]):
        raise ShapeError(
            f"{name}: predictions {y_pred.shape} against targets {y_true.shape}. Give targets of shape {y_pred.shape}."
        )
    warnings.warn(
        f"{name}: predictions {y_pred.shape} against targets {y_true.shape}: each row is compared with one number. Give "
        f"targets of shape {y_pred.shape}, or end the network with {y_true.shape[-1]} unit(s).",
        BroadcastWarning,
        stacklevel=2,
    )
    shape = np.broadcast_shapes(y_true.shape, y_pred.shape)
    return ops.broadcast_to(y_true, shape), ops.broadcast_to(y_pred, shape)


def target_kind(y_true: Any, y_pred: Any) -> Literal["binary", "sparse", "categorical"]:
    """What "accuracy" and "crossentropy" mean for these shapes: one column of predictions is a yes or no; targets with
    an axis less, or a last axis of 1, are class numbers; else they are one-hot.
    """  # fmt: skip
    if y_pred.ndim < 2 or y_pred.shape[-1] == 1:
        return "binary"
    return "sparse" if y_true.ndim < y_pred.ndim or y_true.shape[-1] == 1 else "categorical"


def squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape


def like(y_true: Any, y_pred: Any) -> Any:
    """y_true in the dtype of y_pred; an array or a Tensor, as it was."""
    return Tensor(y_true.data, dtype=y_pred.dtype) if isinstance(y_true, Tensor) else y_true.astype(y_pred.dtype)


def name_of(function: Any) -> str:
    """What logs call a function: its name in snake_case, "lambda" for one without; or its class's."""
    return snake_case(re.sub(r"\W+", "", getattr(function, "__name__", None) or type(function).__name__))


def snake_case(name: str) -> str:
    """``MyLoss`` -> ``my_loss``, ``R2Score`` -> ``r2_score``."""
    out = ""
    for before, letter, after in zip(" " + name, name, name[1:] + " ", strict=False):
        starts = letter.isupper() and (before.islower() or after.islower())
        out += ("_" if starts and out else "") + letter.lower()
    return out
