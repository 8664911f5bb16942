"""What is looked at before training starts, so that bad data fails at once and in words.

Everything here runs once a fit and is cheap: one sum over the data finds a NaN in it.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine import Array, Tensor
from ..engine.errors import DataError, DTypeError, ShapeError, TinygradEduWarning
from .structure import Nested, leaves, transform

__all__ = ["CappedWarning", "arrays", "batch_size", "capped", "cardinality", "finite", "split", "whole_number"]


class CappedWarning(TinygradEduWarning):
    """An environment variable shortens the run."""


def capped(variable: str, asked: int | None) -> int | None:
    """The number that was asked for, or the smaller one that KERAS_MAX_EPOCHS or KERAS_MAX_STEPS_PER_EPOCH sets."""
    limit = int(os.environ.get(variable, 0))
    if not limit or (asked is not None and asked <= limit):
        return asked
    warnings.warn(f"{variable}={limit} shortens this run.", CappedWarning, stacklevel=3)
    return limit


def arrays(name: str, nested: Any, dtype: Any) -> Nested:
    """Everything array-like as arrays, floating ones in the model's dtype; lists of numbers are arrays too."""
    if isinstance(nested, dict):
        return {k: arrays(f"{name}[{k!r}]", v, dtype) for k, v in nested.items()}
    if isinstance(nested, (list, tuple)) and any(isinstance(v, dict) or is_array(v) for v in nested):
        return type(nested)(arrays(f"{name}[{i}]", v, dtype) for i, v in enumerate(nested))
    return None if nested is None else array(name, nested, dtype)


def is_array(value: Any) -> bool:
    """Whether a value in a list makes the list one of several inputs, and not an array of numbers itself."""
    return hasattr(value, "shape") and not isinstance(value, np.generic)


def array(name: str, value: Any, dtype: Any) -> Array:
    """One array of numbers with samples along its first axis."""
    try:
        values = value.data if isinstance(value, Tensor) else np.asarray(value)
    except ValueError as error:  # rows of different lengths
        raise DTypeError(
            f"{name}: cannot make one array of this {type(value).__name__} ({error}). Pad the rows to one length."
        ) from error
    if values.dtype.kind not in "biufc":
        what = (
            "text; encode it as numbers"
            if values.dtype.kind in "US"
            else "not numbers; convert with .astype(np.float32)"
        )
        raise DTypeError(f"{name}: numbers expected, got dtype {values.dtype}: {what}.")
    if not values.ndim:
        raise ShapeError(
            f"{name}: an array with samples along its first axis expected, got the single number {values}."
        )
    return values.astype(dtype, copy=False) if values.dtype.kind == "f" else values


def cardinality(**parts: Nested) -> int:
    """The number of samples, the same in every array, and not zero."""
    sizes = {name: len(a) for part, nested in parts.items() for name, a in leaves(nested, part)}
    if len(set(sizes.values())) > 1:
        listed = ", ".join(f"{name} has {n:,}" for name, n in sizes.items())
        raise DataError(f"The arrays differ in their number of samples: {listed}. Give as many of each.")
    if not sizes or not max(sizes.values()):
        raise DataError(
            f"There are no samples: {' and '.join(sizes) or 'the data'} is empty. Give arrays with at least one row."
        )
    return next(iter(sizes.values()))


def finite(**parts: Nested) -> None:
    """Refuse NaN and infinity, naming the first place."""
    for name, a in (leaf for part, nested in parts.items() for leaf in leaves(nested, part)):
        if a.dtype.kind not in "fc":
            continue
        with np.errstate(all="ignore"):
            total = a.sum()  # one pass without a temporary; finite data may overflow, so that the answer is asked for
        if not np.isfinite(total) and not (good := np.isfinite(a)).all():
            index = tuple(int(i) for i in np.argwhere(~good)[0])
            raise DataError(
                f"{name}: {a[index]} at index {index} ({a.size - np.count_nonzero(good):,} such values). Training makes every "
                "weight NaN. Fill or drop these samples first, e.g. with np.nan_to_num."
            )


def whole_number(name: str, value: Any, least: int = 1) -> int:
    """A whole number from ``least`` on."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name}: a whole number from {least} on expected, got {value!r}.")
    return int(value)


def batch_size(value: Any, samples: int, steps: int | None) -> int:
    """The batch size that was asked for; else 32, or what makes ``steps`` batches of the data."""
    if value is None:
        return math.ceil(samples / steps) if steps else 32
    return whole_number("batch_size", value)


def split(parts: Sequence[Nested], share: float) -> tuple[list[Nested], list[Nested]]:
    """The first part of the samples for training, the last ``share`` of them for validation."""
    if isinstance(share, bool) or not 0 < share < 1:
        raise ValueError(
            f"validation_split: a share between 0 and 1 expected, got {share!r}. 0.2 takes the last fifth of the data."
        )
    n = len(next(a for part in parts for _, a in leaves(part)))
    at = math.floor(n * (1 - share))
    if not 0 < at < n:
        raise DataError(
            f"validation_split={share}: {n} samples leave none to {'train on' if not at else 'validate with'}."
        )
    first = [transform(lambda a: a[:at], part) for part in parts]
    return first, [transform(lambda a: a[at:], part) for part in parts]
