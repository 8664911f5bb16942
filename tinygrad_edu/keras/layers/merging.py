"""Layers that make one Tensor of several; each also as a function: ``add([x, y])`` is ``Add()([x, y])``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ClassVar

from ... import ops
from ...engine import Tensor
from ...engine.errors import ShapeError
from .base import Layer

__all__ = [
    "Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract", "add", "average", "concatenate", "dot",
    "maximum", "minimum", "multiply", "subtract",
]  # fmt: skip


class _Merge(Layer):
    """A list of inputs, entry by entry; inputs with fewer axes get axes of size 1 after the batch.

    inputs : a list of Tensors whose shapes broadcast          out : the broadcast shape
    """

    supports_masking = True
    least: ClassVar[int] = 1
    most: ClassVar[int | None] = None
    pair: ClassVar[Callable[[Any, Any], Any]]  # how two become one

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def listed(self, inputs: Any) -> list[Tensor]:
        """The inputs, if they are a list of as many as it takes."""
        if not isinstance(inputs, (list, tuple)) or not self.least <= len(inputs) <= (self.most or len(inputs)):
            count = f"{self.least}" if self.most == self.least else f"{self.least} or more"
            raise ShapeError(f"{self.name}: a list of {count} inputs is needed, as in {type(self).__name__}()([x, y]).")
        return list(inputs)

    def call(self, inputs: Any) -> Tensor:
        """[(N, ...), ...] -> (N, ...)."""
        parts = self.listed(inputs)
        rank = max(x.ndim for x in parts)
        parts = [x.reshape(x.shape[0], *(1,) * (rank - x.ndim), *x.shape[1:]) for x in parts]
        try:
            return functools.reduce(type(self).pair, parts)
        except ValueError as error:
            raise ShapeError(f"{self.name}: shapes {[x.shape for x in inputs]} do not broadcast.") from error

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """True where all inputs that have a mask are."""
        masks = [m for m in previous_mask or () if m is not None]
        return functools.reduce(lambda a, b: a & b, masks) if masks else None


class Add(_Merge):
    """The sum of all inputs."""

    pair = ops.add


class Subtract(_Merge):
    """The first input less the second."""

    pair, least, most = ops.subtract, 2, 2


class Multiply(_Merge):
    """The product of all inputs."""

    pair = ops.multiply


class Maximum(_Merge):
    """The largest of all inputs."""

    pair = ops.maximum


class Minimum(_Merge):
    """The smallest of all inputs."""

    pair = ops.minimum


class Average(_Merge):
    """The mean of all inputs."""

    pair = ops.add

    def call(self, inputs: Any) -> Tensor:
        """[(N, ...), ...] -> (N, ...)."""
        return super().call(inputs) / len(inputs)


class Concatenate(_Merge):
    """The inputs one after the other along an axis; their other sizes are equal.

    axis : the last by default, with the batch as axis 0.
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Any) -> Tensor:
        """[(N, ..., a), (N, ..., b), ...] -> (N, ..., a + b + ...)."""
        try:
            return ops.concatenate(self.listed(inputs), axis=self.axis)
        except ValueError as error:
            shapes = [x.shape for x in inputs]
            raise ShapeError(f"{self.name}: shapes {shapes} differ along more than axis {self.axis}.") from error

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The masks one after the other along the time axis, True where an input has none; else where all are."""
        if previous_mask is None or all(m is None for m in previous_mask):
            return None
        if range(inputs[0].ndim)[self.axis] != 1:
            return super().compute_mask(inputs, previous_mask)
        some = next(m for m in previous_mask if m is not None)
        full = [
            ops.broadcast_to(some[:1, :1] | True, x.shape[:2]) if m is None else m
            for x, m in zip(inputs, previous_mask)
        ]
        return ops.concatenate(full, axis=1)


class Dot(_Merge):
    """Sums of products over one axis of each input, sample by sample.

    axes : that of both, or one for each, with the batch as axis 0.  normalize : divide by the lengths first: the cosine.
    """

    least = most = 2

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pair = (axes, axes) if isinstance(axes, int) else tuple(axes)
        if len(pair) != 2 or not all(isinstance(a, int) for a in pair) or 0 in pair:
            raise ValueError(f"{self.name}: axes is an axis from 1 on, or one for each of two inputs, not {axes!r}.")
        self.axes, self.normalize = axes, normalize

    def call(self, inputs: Any) -> Tensor:
        """[(N, ..., a, ...), (N, ..., a, ...)] -> (N, the other axes of the first, those of the second)."""
        x, y = self.listed(inputs)
        pair = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        a, b = range(x.ndim)[pair[0]], range(y.ndim)[pair[1]]
        if x.shape[a] != y.shape[b]:
            raise ShapeError(f"{self.name}: axis {a} of {x.shape} and axis {b} of {y.shape} are not equally long.")
        if self.normalize:
            x, y = (
                v / ops.sqrt(ops.maximum(ops.square(v).sum(axis=c, keepdims=True), 1e-12)) for v, c in ((x, a), (y, b))
            )
        x, y = ops.moveaxis(x, a, -1), ops.moveaxis(y, b, 1)
        n, left, right, inner = x.shape[0], x.shape[1:-1], y.shape[2:], x.shape[-1]
        out = x.reshape(n, *flat(left), inner) @ y.reshape(n, inner, *flat(right))
        return out.reshape(n, *left, *right) if left or right else out.reshape(n, 1)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """None."""
        return None


def flat(shape: tuple[int, ...]) -> tuple[int]:
    """One axis of the same size."""
    size = 1
    for n in shape:
        size *= n
    return (size,)


def _function(layer: type[_Merge]) -> Callable[..., Any]:
    def merge(inputs: Any, **options: Any) -> Any:
        return layer(**options)(inputs)

    merge.__name__ = merge.__qualname__ = layer.__name__.lower()
    merge.__doc__ = layer.__doc__
    return merge


add, subtract, multiply, average, maximum, minimum, concatenate, dot = map(
    _function, (Add, Subtract, Multiply, Average, Maximum, Minimum, Concatenate, Dot)
)
