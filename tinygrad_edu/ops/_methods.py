"""The operators and methods of Tensor that are not simply an op: reflected and in-place forms, numpy's calling styles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import Tensor
from ..engine.errors import DTypeError, GraphError
from ..engine.modes import mode
from . import arithmetic, powers, products, rearranging, rounding, shaping


def reflected(call: Callable[[Any, Any], Tensor]) -> Callable[[Tensor, Any], Tensor]:
    """``other . self`` from ``self . other``."""
    return lambda self, other: call(other, self)


def in_place(call: Callable[[Any, Any], Tensor], sign: str) -> Callable[[Tensor, Any], Tensor]:
    """``t += u``: truly in place inside no_grad, a new Tensor on a result, an error on a leaf that wants a gradient.

    As in numpy, what comes out must be of a kind that t can hold: integers take no halves.
    """

    def method(self: Tensor, other: Any) -> Tensor:
        if mode().record and (self.requires_grad or getattr(other, "requires_grad", False)):
            if self.node is None and self.requires_grad:
                raise GraphError(
                    f"t {sign}= u on a leaf that requires a gradient. Write `t = t {sign} u` for a new Tensor, "
                    "or do it inside no_grad() to change the value."
                )
            return call(self, other)
        result = call(self, other)
        if not np.can_cast(result.dtype, self.dtype, "same_kind"):
            raise DTypeError(
                f"t {sign}= u has numbers of dtype {result.dtype}, t of {self.dtype}. Write `t = t {sign} u`."
            )
        return self.assign_(result)

    return method


def reshape(self: Tensor, *shape: Any) -> Tensor:
    """The same entries in another shape: t.reshape(2, 3) or t.reshape((2, 3))."""
    return shaping.reshape(self, shape[0] if len(shape) == 1 else shape)


def transpose(self: Tensor, *axes: Any) -> Tensor:
    """The axes in another order: t.transpose(), t.transpose(1, 0) or t.transpose((1, 0))."""
    return rearranging.transpose(self, axes[0] if len(axes) == 1 else axes or None)


def attach() -> None:
    """Give Tensor what operators and ndarray's spelling need beyond the ops registered as methods."""
    pairs = {
        "add": (arithmetic.add, "+"),
        "sub": (arithmetic.subtract, "-"),
        "mul": (arithmetic.multiply, "*"),
        "truediv": (arithmetic.divide, "/"),
        "mod": (arithmetic.mod, "%"),
        "floordiv": (rounding.floor_divide, "//"),
        "pow": (powers.power, "**"),
        "matmul": (products.matmul, "@"),
    }
    methods: dict[str, Any] = {f"__r{name}__": reflected(call) for name, (call, _) in pairs.items()}
    methods |= {f"__i{name}__": in_place(call, sign) for name, (call, sign) in pairs.items()}
    methods |= {
        "reshape": reshape,
        "transpose": transpose,
        "T": property(transpose),
        "mT": property(rearranging.matrix_transpose),
    }
    for name, method in methods.items():
        setattr(Tensor, name, method)
