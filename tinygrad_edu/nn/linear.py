"""Linear layers and the reshaping in front of them."""

from __future__ import annotations

import math
from typing import Any

from .. import ops
from ..engine import Tensor, random
from ..engine.errors import ShapeError
from . import init as start
from .module import Module
from .parameter import Parameter

__all__ = ["Flatten", "Linear", "sizes"]


class Linear(Module):
    """A dense layer, which Keras calls Dense: x @ weight + bias.

    Linear(in_features, out_features), or Linear(out_features) to take the input size from the first call.

    x : (..., in)          out : (..., out)
    weight : (in, out), Glorot uniform          bias : (out,), zeros, or None with bias=False
    init : how the weight starts, a name or function of ``nn.init``.
    """

    def __init__(
        self, in_features: int | None, out_features: int | None = None, bias: bool = True, init: Any = "glorot_uniform"
    ) -> None:
        if out_features is None:
            in_features, out_features = None, in_features
        self.in_features, self.out_features = sizes("Linear", in_features, out_features)
        self.weight: Any = None
        self.bias: Any = Parameter(start.zeros((self.out_features,))) if bias else None
        self._init, self._rng = start.get(init), random.generator()
        if in_features is not None:
            self.build((None, self.in_features))

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the weight for inputs (..., in)."""
        if not input_shape:
            raise ShapeError("Linear: the input is a single number; a last axis of features is needed.")
        self.in_features = input_shape[-1]
        self.weight = Parameter(self._init((self.in_features, self.out_features), self._rng))

    def forward(self, x: Tensor) -> Tensor:
        """(..., in) -> (..., out)."""
        try:
            return ops.linear(x, self.weight, self.bias)
        except ShapeError as error:
            raise ShapeError(f"{error} {self.remedy(x.shape)}") from None

    def remedy(self, shape: tuple[int, ...]) -> str:
        """What to change for inputs of a shape that does not fit."""
        if math.prod(shape[1:]) == self.in_features:
            return "Put Flatten() in front."
        fitting = f"Linear({shape[-1]}, {self.out_features})" if shape else "A batch axis"
        return f"{fitting} would fit; Linear({self.out_features}) takes its input size from the data."

    def extra_repr(self) -> str:
        """The sizes."""
        known = str(self.out_features) if self.in_features is None else f"{self.in_features}, {self.out_features}"
        return known if self.bias is not None else known + ", bias=False"


class Flatten(Module):
    """(N, ...) -> (N, everything else in one axis), in row-major order."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, ...) -> (N, -1)."""
        if x.ndim == 0:
            raise ShapeError("Flatten: a batch axis is needed, the input is a single number.")
        return x.reshape(x.shape[0], math.prod(x.shape[1:]))


def sizes(name: str, first: Any, second: Any) -> tuple[Any, int]:
    """A layer's sizes as ints, checked: whole numbers above 0, the first perhaps None."""
    for n in (second,) if first is None else (first, second):
        if isinstance(n, bool) or not hasattr(n, "__index__") or n < 1:
            raise ValueError(f"{name}({first!r}, {second!r}): sizes are whole numbers above 0.")
    return first if first is None else int(first), int(second)
