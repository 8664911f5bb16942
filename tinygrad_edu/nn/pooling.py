"""Pooling layers: the largest or the mean pixel of each window, over one, two or three axes. Channels come second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from .. import ops
from ..engine import Tensor
from ..engine.errors import ShapeError
from .module import Module

__all__ = [
    "AdaptiveAvgPool2d", "AdaptiveMaxPool2d", "AvgPool1d", "AvgPool2d", "AvgPool3d", "GlobalAvgPool", "GlobalMaxPool", "MaxPool1d",
    "MaxPool2d", "MaxPool3d",
]  # fmt: skip


class Pooling(Module):
    """One op over windows, with its options given once."""

    op: ClassVar[Callable[..., Tensor]]
    options: dict[str, Any]

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, *size) -> (N, C, *positions)."""
        return type(self).op(x, **self.options)

    def extra_repr(self) -> str:
        """The options."""
        return ", ".join(f"{name}={value!r}" for name, value in self.options.items())


class _MaxPool(Pooling):
    """The largest pixel of each window.

    x : (N, C, *size)          out : (N, C, *positions)
    kernel_size, stride, padding : numbers, or one for each axis; the stride is the kernel size unless given.
    """

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        self.options = {"kernel_size": kernel_size, "stride": stride, "padding": padding}


class _AvgPool(Pooling):
    """The mean pixel of each window.

    x : (N, C, *size)          out : (N, C, *positions)
    kernel_size, stride, padding : numbers, or one for each axis; the stride is the kernel size unless given.
    count_include_pad : whether the padding counts as zeros, or not at all.
    """

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0, count_include_pad: bool = True) -> None:
        self.options = {"kernel_size": kernel_size, "stride": stride, "padding": padding}
        self.options["count_include_pad"] = count_include_pad


class MaxPool1d(_MaxPool):
    __doc__ = _MaxPool.__doc__
    op = ops.max_pool1d


class MaxPool2d(_MaxPool):
    __doc__ = _MaxPool.__doc__
    op = ops.max_pool2d


class MaxPool3d(_MaxPool):
    __doc__ = _MaxPool.__doc__
    op = ops.max_pool3d


class AvgPool1d(_AvgPool):
    __doc__ = _AvgPool.__doc__
    op = ops.avg_pool1d


class AvgPool2d(_AvgPool):
    __doc__ = _AvgPool.__doc__
    op = ops.avg_pool2d


class AvgPool3d(_AvgPool):
    __doc__ = _AvgPool.__doc__
    op = ops.avg_pool3d


class _AdaptivePool(Pooling):
    """Windows that cover the image evenly, as many as asked for.

    x : (N, C, H, W)          out : (N, C, *output_size)          output_size : a number, or (rows, columns)
    """

    def __init__(self, output_size: Any) -> None:
        self.options = {"output_size": output_size}


class AdaptiveAvgPool2d(_AdaptivePool):
    __doc__ = _AdaptivePool.__doc__
    op = ops.adaptive_avg_pool2d


class AdaptiveMaxPool2d(_AdaptivePool):
    __doc__ = _AdaptivePool.__doc__
    op = ops.adaptive_max_pool2d


class _GlobalPool(Module):
    """All pixels of each channel become one number.

    x : (N, C, *size)          out : (N, C), or (N, C, 1, ...) with keepdims
    """

    def __init__(self, keepdims: bool = False) -> None:
        self.keepdims = keepdims

    def pixels(self, x: Tensor) -> tuple[int, ...]:
        """The axes of the pixels."""
        if x.ndim < 3:
            raise ShapeError(f"{type(self).__name__}: images (batch, channels, size...) are needed, not {x.shape}.")
        return tuple(range(2, x.ndim))


class GlobalAvgPool(_GlobalPool):
    """The mean of all pixels of each channel.

    x : (N, C, *size)          out : (N, C), or (N, C, 1, ...) with keepdims
    """

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, *size) -> (N, C)."""
        return x.mean(axis=self.pixels(x), keepdims=self.keepdims)


class GlobalMaxPool(_GlobalPool):
    """The largest pixel of each channel.

    x : (N, C, *size)          out : (N, C), or (N, C, 1, ...) with keepdims
    """

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, *size) -> (N, C)."""
        return x.max(axis=self.pixels(x), keepdims=self.keepdims)
