"""Losses in Keras's words: ``loss(y_true, y_pred)``, by class, by function or by name."""

from __future__ import annotations

from functools import partial
from typing import Any

from ...engine.errors import UnknownNameError
from .base import BroadcastWarning, FunctionLoss, Loss, snake_case, target_kind
from .crossentropy import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    KLDivergence,
    LabelRangeWarning,
    LogitsWarning,
    ProbabilitiesWarning,
    SparseCategoricalCrossentropy,
    binary_crossentropy,
    categorical_crossentropy,
    kl_divergence,
    sparse_categorical_crossentropy,
)
from .focal import (
    BinaryFocalCrossentropy,
    CategoricalFocalCrossentropy,
    binary_focal_crossentropy,
    categorical_focal_crossentropy,
)
from .hinge import CategoricalHinge, Hinge, SquaredHinge, categorical_hinge, hinge, squared_hinge
from .overlap import Dice, Tversky, dice, tversky
from .regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    cosine_similarity,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
)

__all__ = [
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "BroadcastWarning",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "Dice",
    "FunctionLoss",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LabelRangeWarning",
    "LogCosh",
    "LogitsWarning",
    "Loss",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "ProbabilitiesWarning",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "cosine_similarity",
    "dice",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
]

CLASSES: tuple[type[FunctionLoss], ...] = (
    BinaryCrossentropy, BinaryFocalCrossentropy, CategoricalCrossentropy, CategoricalFocalCrossentropy, CategoricalHinge,
    CosineSimilarity, Dice, Hinge, Huber, KLDivergence, LogCosh, MeanAbsoluteError, MeanAbsolutePercentageError,
    MeanSquaredError, MeanSquaredLogarithmicError, Poisson, SparseCategoricalCrossentropy, SquaredHinge, Tversky,
)  # fmt: skip
NAMES: dict[str, Any] = {  # every word that compile(loss=...) knows
    **{cls.__name__: cls for cls in CLASSES},
    **{snake_case(cls.__name__): cls for cls in CLASSES},
    **dict.fromkeys(("mse", "MSE"), MeanSquaredError),
    **dict.fromkeys(("mae", "MAE"), MeanAbsoluteError),
    **dict.fromkeys(("mape", "MAPE"), MeanAbsolutePercentageError),
    **dict.fromkeys(("msle", "MSLE"), MeanSquaredLogarithmicError),
    **dict.fromkeys(("bce", "BCE"), BinaryCrossentropy),
    **dict.fromkeys(("kld", "KLD", "kullback_leibler_divergence"), KLDivergence),
    "logcosh": LogCosh,
    **dict.fromkeys(("crossentropy", "ce"), lambda: FunctionLoss(by_shape, name="crossentropy")),
}


def by_shape(y_true: Any, y_pred: Any) -> Any:
    """The cross-entropy that the shapes of targets and predictions call for."""
    functions = {
        "binary": binary_crossentropy,
        "sparse": sparse_categorical_crossentropy,
        "categorical": categorical_crossentropy,
    }
    return functions[target_kind(y_true, y_pred)](y_true, y_pred)


def turned(criterion: Any, y_true: Any, y_pred: Any) -> Any:
    """A loss of the predictions first."""
    return criterion(y_pred, y_true)


def get(loss: Any) -> Loss | None:
    """The Loss that a user's word, function, class or object means; None stays None.

    Errors: UnknownNameError for a word that names no loss, TypeError for what cannot be one.
    """
    if isinstance(loss, str):
        if loss not in NAMES:
            raise UnknownNameError("loss", loss, NAMES)
        return NAMES[loss]()  # type: ignore[no-any-return]
    if isinstance(loss, type) and issubclass(loss, Loss):
        return loss()
    if loss is None or isinstance(loss, Loss):
        return loss
    if hasattr(loss, "forward"):  # a module compares in PyTorch's order: criterion(prediction, target)
        return FunctionLoss(partial(turned, loss), name=snake_case(type(loss).__name__))
    if callable(loss):
        return FunctionLoss(loss)
    raise TypeError(
        f"loss: expected a name, a function of (y_true, y_pred) or a Loss, got {type(loss).__name__} {loss!r}."
    )
