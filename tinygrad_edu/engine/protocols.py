"""numpy's protocols: ``np.exp(t)`` and ``np.concatenate([t, u])`` find our ops and stay recorded.

A numpy function without an op raises with its name, so nothing leaves the graph unnoticed. Comparisons and questions
about shape or dtype answer with plain arrays: they have no gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .errors import DetachError
from .op import NUMPY
from .tensor import Tensor

PLAIN_UFUNCS = {
    np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal, np.isfinite, np.isnan, np.isinf, np.signbit,
    np.logical_and, np.logical_or, np.logical_not, np.logical_xor, np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert,
}  # fmt: skip
REDUCTIONS = {np.add: np.sum, np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min}
PLAIN = {
    np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.iscomplexobj, np.isrealobj, np.argmax, np.argmin, np.argsort,
    np.nonzero, np.argwhere, np.flatnonzero, np.count_nonzero, np.array_equal, np.allclose, np.isclose, np.any, np.all,
    np.array_repr, np.array_str, np.array2string, np.searchsorted, np.min_scalar_type, np.common_type, np.unique, np.isin,
    np.may_share_memory, np.shares_memory, np.histogram, np.bincount, np.digitize,
}  # fmt: skip
LIKE = {np.zeros_like, np.ones_like, np.empty_like, np.full_like}


def bare(v: Any) -> Any:
    """The arguments of a plain function, with Tensors replaced by their arrays."""
    if isinstance(v, Tensor):
        return v.data
    return type(v)(map(bare, v)) if isinstance(v, (list, tuple)) else v


def array_ufunc(self: Tensor, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """``__array_ufunc__``: dispatch a ufunc, or its ``reduce``, to the op registered for it."""
    if ufunc in PLAIN_UFUNCS and method in ("__call__", "reduce") and "out" not in kwargs:
        return getattr(ufunc, method)(*map(bare, inputs), **kwargs)
    function = ufunc if method == "__call__" else REDUCTIONS.get(ufunc) if method == "reduce" else None
    call = NUMPY.get(function)
    out = kwargs.pop("out", None)
    if call is None:
        suffix = "" if method == "__call__" else f".{method}"
        raise TypeError(
            f"np.{ufunc.__name__}{suffix} is not differentiable here: no op is registered for it. Use tensor.numpy()."
        )
    if out is not None and any(o is not None for o in out):
        raise DetachError(
            f"np.{ufunc.__name__}(..., out=array) or array {ufunc.__name__}= tensor would lose the graph. Write `x = x + t`."
        )
    if method == "reduce" and "axis" not in kwargs and len(inputs) < 2:
        kwargs["axis"] = 0
    return call(*inputs, **kwargs)


def array_function(self: Tensor, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
    """``__array_function__``: dispatch any other numpy function."""
    call = NUMPY.get(function)
    if call is not None:
        return call(*args, **kwargs)
    if function in PLAIN:
        return function(*map(bare, args), **{k: bare(v) for k, v in kwargs.items()})
    if function in LIKE:
        return Tensor(function(bare(args[0]), *args[1:], **kwargs))
    name = f"{function.__module__}.{function.__name__}".replace("numpy", "np", 1)
    raise TypeError(
        f"{name} is not differentiable here: no op is registered for it. Use tensor.numpy(), or register one with @op."
    )


def compare(ufunc: Any) -> Callable[[Tensor, Any], Any]:
    """A comparison operator: a plain boolean array."""

    def method(self: Tensor, other: Any) -> Any:
        return ufunc(self.data, other.data if isinstance(other, Tensor) else other)

    return method


ATTACHED: dict[str, Any] = {
    "__eq__": compare(np.equal),
    "__ne__": compare(np.not_equal),
    "__lt__": compare(np.less),
    "__le__": compare(np.less_equal),
    "__gt__": compare(np.greater),
    "__ge__": compare(np.greater_equal),
    "__hash__": object.__hash__,  # identity; defining __eq__ must not take it away
    "__array_ufunc__": array_ufunc,
    "__array_function__": array_function,
}
for name, attribute in ATTACHED.items():
    setattr(Tensor, name, attribute)
