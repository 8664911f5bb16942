"""Arrays that training wants in another form."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine import Array, Tensor
from ...engine.errors import DataError

__all__ = ["normalize", "to_categorical"]


def to_categorical(x: Any, num_classes: int | None = None) -> Array:
    """Class numbers as one-hot rows: (N,) or (N, 1) -> (N, num_classes) of 0 and 1, float64.

    num_classes : the largest number plus 1 by default.
    Errors: DataError for numbers that are no class.
    """
    labels = np.asarray(x.data if isinstance(x, Tensor) else x)
    whole = labels.astype(np.int64)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        whole = whole.reshape(labels.shape[:-1])
    n = int(whole.max(initial=-1)) + 1 if num_classes is None else num_classes
    if whole.size and not (whole.min() >= 0 and whole.max() < n and np.array_equal(whole.ravel(), labels.ravel())):
        raise DataError(
            f"to_categorical: class numbers are whole, from 0 to num_classes - 1 = {n - 1}; these reach from {labels.min()} to "
            f"{labels.max()}."
        )
    return np.eye(n)[whole]


def normalize(x: Any, axis: int = -1, order: int = 2) -> Array:
    """Every slice along an axis divided by its norm; zeros stay."""
    array = np.asarray(x.data if isinstance(x, Tensor) else x)
    norms = np.linalg.norm(array, order, axis, keepdims=True)
    return array / np.where(norms == 0, 1, norms)
