"""Convolutional layers over one, two or three axes, and their transposes. Channels come second: (N, C, *size)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from .. import ops
from ..engine import Tensor, random
from ..engine.errors import ShapeError
from ..ops._window import each
from . import init as start
from .linear import sizes
from .module import Module
from .parameter import Parameter

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]


class Convolution(Module):
    """What all six share: the sizes, the kernels, the bias.

    in_channels : None to take it from the first input.
    weight : Glorot uniform          bias : (out,), zeros, or None with bias=False
    """

    rank: ClassVar[int]
    op: ClassVar[Callable[..., Tensor]]

    def __init__(
        self, in_channels: int | None, out_channels: int, kernel_size: Any, groups: int, bias: bool, init: Any
    ) -> None:
        self._name = name = type(self).__name__
        self.in_channels, self.out_channels = sizes(name, in_channels, out_channels)
        self.kernel_size = each(name, "kernel_size", kernel_size, self.rank, 1)
        self.groups = groups
        self.weight: Any = None
        self.bias: Any = Parameter(start.zeros((out_channels,))) if bias else None
        self._init, self._rng = start.get(init), random.generator()
        if in_channels is not None:
            self.build((1, in_channels, *self.kernel_size))

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Make the kernels for images (N, C, *size)."""
        if len(input_shape) != self.rank + 2:
            raise ShapeError(
                f"{self._name}: images {input_shape} need {self.rank + 2} axes: (batch, channels, size...). For a single "
                "image: x[None]."
            )
        self.in_channels = channels = input_shape[1]
        if channels % self.groups or self.out_channels % self.groups:
            raise ShapeError(
                f"{self._name}: {channels} channels in and {self.out_channels} out do not fall into {self.groups} groups "
                "of one size."
            )
        self.weight = Parameter(self._init((*self.channels(), *self.kernel_size), self._rng))
        self.built = True

    def channels(self) -> tuple[int, int]:
        """The first two axes of the weight."""
        return self.out_channels, self.in_channels // self.groups

    def extra_repr(self) -> str:
        """The sizes."""
        return f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"


class _Conv(Convolution):
    """Slides kernels over images: the op of its name.

    x : (N, in, *size)          out : (N, out, *positions)          weight : (out, in / groups, *kernel)
    kernel_size, stride, dilation : a number, or one for each axis.  padding : the same, 'same', 'valid' or pairs.
    in_channels : None to take it from the first input.  groups : channels and kernels in independent groups.
    init : how the kernels start, a name or function of ``nn.init``; Glorot uniform.  The bias starts at 0.
    """

    def __init__(
        self,
        in_channels: int | None,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        init: Any = "glorot_uniform",
    ) -> None:
        self.options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        super().__init__(in_channels, out_channels, kernel_size, groups, bias, init)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, *size) -> (N, out, *positions)."""
        return type(self).op(x, self.weight, self.bias, **self.options)


class _ConvTranspose(Convolution):
    """The adjoint of a convolution, which enlarges images: the op of its name.

    x : (N, in, *size)          out : (N, out, *larger), larger = (size - 1) * stride + dilation * (kernel - 1) + 1
    - padding on both sides + output_padding          weight : (in, out / groups, *kernel)
    The other arguments are those of the convolution.
    """

    def __init__(
        self,
        in_channels: int | None,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        init: Any = "glorot_uniform",
    ) -> None:
        self.options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        self.options["output_padding"] = output_padding
        super().__init__(in_channels, out_channels, kernel_size, groups, bias, init)

    def channels(self) -> tuple[int, int]:
        """The first two axes of the weight."""
        return self.in_channels, self.out_channels // self.groups

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, *size) -> (N, out, *larger)."""
        return type(self).op(x, self.weight, self.bias, **self.options)


class Conv1d(_Conv):
    __doc__ = _Conv.__doc__
    rank, op = 1, ops.conv1d


class Conv2d(_Conv):
    __doc__ = _Conv.__doc__
    rank, op = 2, ops.conv2d


class Conv3d(_Conv):
    __doc__ = _Conv.__doc__
    rank, op = 3, ops.conv3d


class ConvTranspose1d(_ConvTranspose):
    __doc__ = _ConvTranspose.__doc__
    rank, op = 1, ops.conv_transpose1d


class ConvTranspose2d(_ConvTranspose):
    __doc__ = _ConvTranspose.__doc__
    rank, op = 2, ops.conv_transpose2d


class ConvTranspose3d(_ConvTranspose):
    __doc__ = _ConvTranspose.__doc__
    rank, op = 3, ops.conv_transpose3d
