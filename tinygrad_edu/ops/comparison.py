"""Questions, whose answers are plain arrays: comparisons, tests, places. There is nothing to differentiate in them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import Tensor
from ..engine.protocols import bare

__all__ = [
    "all",
    "allclose",
    "any",
    "argmax",
    "argmin",
    "argpartition",
    "argsort",
    "array_equal",
    "count_nonzero",
    "equal",
    "greater",
    "greater_equal",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "nonzero",
    "not_equal",
    "searchsorted",
    "signbit",
]


def plain(function: Callable[..., Any], method: bool = False) -> Callable[..., Any]:
    """A numpy function that takes Tensors too and answers with a plain array; perhaps also a method of Tensor."""

    @functools.wraps(function)
    def answer(*args: Any, **kwargs: Any) -> Any:
        return function(*map(bare, args), **{name: bare(v) for name, v in kwargs.items()})

    if method:
        setattr(Tensor, function.__name__, answer)
    return answer


equal, not_equal = plain(np.equal), plain(np.not_equal)
less, less_equal = plain(np.less), plain(np.less_equal)
greater, greater_equal = plain(np.greater), plain(np.greater_equal)
logical_and, logical_or = plain(np.logical_and), plain(np.logical_or)
logical_xor, logical_not = plain(np.logical_xor), plain(np.logical_not)
isfinite, isinf, isnan, signbit = plain(np.isfinite), plain(np.isinf), plain(np.isnan), plain(np.signbit)
isclose, allclose, array_equal = plain(np.isclose), plain(np.allclose), plain(np.array_equal)
all, any = plain(np.all, method=True), plain(np.any, method=True)
argmax, argmin = plain(np.argmax, method=True), plain(np.argmin, method=True)
argsort, argpartition = plain(np.argsort, method=True), plain(np.argpartition, method=True)
nonzero, count_nonzero = plain(np.nonzero, method=True), plain(np.count_nonzero)
searchsorted = plain(np.searchsorted, method=True)
