"""Layers without weights that rearrange, repeat or enlarge."""

from __future__ import annotations

from typing import Any

from ... import nn, ops
from ...engine import Tensor
from ...engine.errors import ShapeError
from ._images import Images, each
from .base import Layer, positive

__all__ = [
    "Cropping1D", "Cropping2D", "Cropping3D", "Flatten", "Permute", "RepeatVector", "Reshape", "UpSampling1D", "UpSampling2D",
    "UpSampling3D", "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D",
]  # fmt: skip


class Flatten(Images):
    """(N, ...) -> (N, everything else in one axis); with "channels_first" the channels become the last axis before."""

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keep(locals())

    def call(self, inputs: Tensor) -> Tensor:
        """(N, ...) -> (N, -1)."""
        x = inputs if self.channels_last or inputs.ndim < 3 else inputs.transpose(0, *range(2, inputs.ndim), 1)
        size = 1
        for n in x.shape[1:]:
            size *= n
        return x.reshape(x.shape[0], size)


class Reshape(Layer):
    """(N, ...) -> (N, *target_shape); one entry may be -1."""

    def __init__(self, target_shape: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = (target_shape,) if isinstance(target_shape, int) else tuple(target_shape)

    def call(self, inputs: Tensor) -> Tensor:
        """(N, ...) -> (N, *target_shape)."""
        shape = tuple(-1 if n is None else n for n in self.target_shape)
        try:
            return inputs.reshape(inputs.shape[0], *shape)
        except ValueError as error:
            raise ShapeError(f"{self.name}: a sample of shape {inputs.shape[1:]} does not fit into {shape}.") from error


class Permute(Layer):
    """The axes of each sample in another order.

    dims : the axes in their new order, counted from 1.
    """

    def __init__(self, dims: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(f"{self.name}: dims are the axes from 1 on, each once, in any order; not {dims!r}.")

    def call(self, inputs: Tensor) -> Tensor:
        """(N, ...) -> (N, ...)."""
        if inputs.ndim != len(self.dims) + 1:
            raise ShapeError(
                f"{self.name}: dims {self.dims} are of {len(self.dims)} axes, the samples are {inputs.shape[1:]}."
            )
        return inputs.transpose(0, *self.dims)


class RepeatVector(Layer):
    """(N, F) -> (N, n, F): each vector n times."""

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not positive(n):
            raise ValueError(f"{self.name}: n is a whole number > 0, not {n!r}.")
        self.n = n

    def call(self, inputs: Tensor) -> Tensor:
        """(N, F) -> (N, n, F)."""
        if inputs.ndim != 2:
            raise ShapeError(f"{self.name}: vectors (batch, features) are needed, not {inputs.shape}.")
        return inputs.reshape(inputs.shape[0], 1, inputs.shape[1]).repeat(self.n, 1)


class UpSampling1D(Images):
    """(N, T, F) -> (N, T * size, F): each step size times."""

    rank = 1

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = each(size, 1, self.name)[0]

    def call(self, inputs: Tensor) -> Tensor:
        """(N, T, F) -> (N, T * size, F)."""
        self.channels(inputs.shape)
        return inputs.repeat(self.size, 1)


class _UpSampling(Images):
    _inner: nn.Upsample

    def call(self, inputs: Tensor) -> Tensor:
        """(N, *size, C) -> (N, *larger, C)."""
        self.channels(inputs.shape)
        return self.last(self._inner(self.first(inputs)))


class UpSampling2D(_UpSampling):
    """Images enlarged.

    size : how often each pixel is repeated along height and width.
    interpolation : "nearest", or "bilinear" (half-pixel centres).
    """

    rank = 2

    def __init__(
        self, size: Any = (2, 2), data_format: str | None = None, interpolation: str = "nearest", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.size = each(size, 2, self.name)
        self._inner = nn.Upsample(self.size, interpolation)


class UpSampling3D(_UpSampling):
    """Volumes enlarged.

    size : how often each voxel is repeated along depth, height and width.
    """

    rank = 3

    def __init__(self, size: Any = (2, 2, 2), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.size = each(size, 3, self.name)
        self._inner = nn.Upsample(self.size)


def sides(value: Any, rank: int, name: str) -> tuple[tuple[int, int], ...]:
    """A margin as written in Keras: one number, one for each axis, or a pair for each axis."""
    if rank == 1 and isinstance(value, (tuple, list)) and not isinstance(value[0], (tuple, list)):
        return ((value[0], value[-1]),)
    pairs: tuple[Any, ...] = each(value, rank, name)
    return tuple((v, v) if isinstance(v, int) else (v[0], v[1]) for v in pairs)


class _Margin(Images):
    def widths(self, value: Any) -> None:
        """Keep the widths for every axis of the input."""
        inner = sides(value, self.rank, self.name)
        self._margin = ((0, 0), *inner, (0, 0)) if self.channels_last else ((0, 0), (0, 0), *inner)


class _ZeroPadding(_Margin):
    """A margin of zeros.

    padding : its width; or one for each axis, or (before, after) for each.
    """

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.widths(padding)

    def call(self, inputs: Tensor) -> Tensor:
        """(N, *size, C) -> (N, *larger, C)."""
        self.channels(inputs.shape)
        return ops.pad(inputs, self._margin)


class ZeroPadding1D(_ZeroPadding):
    __doc__ = _ZeroPadding.__doc__
    rank = 1


class ZeroPadding2D(_ZeroPadding):
    __doc__ = _ZeroPadding.__doc__
    rank = 2


class ZeroPadding3D(_ZeroPadding):
    __doc__ = _ZeroPadding.__doc__
    rank = 3

    def __init__(self, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(padding, data_format, **kwargs)


class _Cropping(_Margin):
    """A margin cut off.

    cropping : its width; or one for each axis, or (before, after) for each.
    """

    def __init__(self, cropping: Any = (1, 1), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.widths(cropping)

    def call(self, inputs: Tensor) -> Tensor:
        """(N, *size, C) -> (N, *smaller, C)."""
        self.channels(inputs.shape)
        out = inputs[tuple(slice(a, n - b) for n, (a, b) in zip(inputs.shape, self._margin))]
        if 0 in out.shape[1:]:
            raise ShapeError(f"{self.name}: cropping {self.cropping} leaves nothing of {inputs.shape}.")
        return out


class Cropping1D(_Cropping):
    __doc__ = _Cropping.__doc__
    rank = 1


class Cropping2D(_Cropping):
    __doc__ = _Cropping.__doc__
    rank = 2

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)


class Cropping3D(_Cropping):
    __doc__ = _Cropping.__doc__
    rank = 3

    def __init__(self, cropping: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)
