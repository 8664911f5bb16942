"""Convolutional layers. Kernels are (*size, in, out)."""

from __future__ import annotations

from typing import Any

from ... import ops
from ...engine import Tensor
from ...engine.errors import ShapeError
from ._images import Images, each, padding_word

__all__ = [
    "Conv1D", "Conv1DTranspose", "Conv2D", "Conv2DTranspose", "Conv3D", "Conv3DTranspose", "DepthwiseConv1D", "DepthwiseConv2D",
    "SeparableConv1D", "SeparableConv2D",
]  # fmt: skip

CONV = {1: ops.conv1d, 2: ops.conv2d, 3: ops.conv3d}
TRANSPOSED = {1: ops.conv_transpose1d, 2: ops.conv_transpose2d, 3: ops.conv_transpose3d}


def turned(kernel: Tensor) -> Tensor:
    """(*size, a, b) -> (b, a, *size), a view."""
    return kernel.transpose(kernel.ndim - 1, kernel.ndim - 2, *range(kernel.ndim - 2))


class _Conv(Images):
    """Slides kernels over the input, adds a bias, applies an activation.

    filters : how many kernels.  kernel_size, strides, dilation_rate : a number, or one for each axis.
    padding : "valid" for none, "same" for as many outputs as inputs over strides (Conv1D also "causal": only before).
    groups : channels and kernels in independent groups.
    kernel : (*kernel_size, in / groups, filters)          bias : (filters,)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.keep(locals())
        self.padding = padding_word(self.name, padding, ("valid", "same", "causal")[: 3 if self.rank == 1 else 2])
        self.kernel_size, self.strides = each(kernel_size, self.rank, self.name), each(strides, self.rank, self.name)
        self.dilation_rate = each(dilation_rate, self.rank, self.name)

    def build(self, input_shape: Any) -> None:
        """Make the kernel and the bias."""
        channels = self.channels(input_shape)
        if channels % self.groups or self.filters % self.groups:
            raise ShapeError(
                f"{self.name}: {channels} channels and {self.filters} filters do not fall into {self.groups} groups of one size."
            )
        self.kernel = self.weight_for("kernel", (*self.kernel_size, channels // self.groups, self.filters))
        self.bias = self.weight_for("bias", (self.filters,)) if self.use_bias else None

    def call(self, inputs: Tensor) -> Tensor:
        """(N, *size, C) -> (N, *positions, filters)."""
        padding: Any = self.padding
        if padding == "causal":
            padding = ((self.dilation_rate[0] * (self.kernel_size[0] - 1), 0),)
        options = (self.strides, padding, self.dilation_rate, self.groups)
        out = CONV[self.rank](self.first(inputs), turned(self.kernel), self.bias, *options)
        return self.activation(self.last(out))  # type: ignore[no-any-return]


class Conv1D(_Conv):
    __doc__ = _Conv.__doc__
    rank = 1


class Conv2D(_Conv):
    __doc__ = _Conv.__doc__
    rank = 2


class Conv3D(_Conv):
    __doc__ = _Conv.__doc__
    rank = 3


class _ConvTranspose(Images):
    """The adjoint of a convolution: enlarges its input by the strides.

    output_padding : how much longer the output is at its end than it must be; None for inputs times strides with "same",
        and (inputs - 1) * strides + max(kernel, strides) with "valid".
    kernel : (*kernel_size, filters, in)          bias : (filters,)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.keep(locals())
        self.padding = padding_word(self.name, padding)
        self.kernel_size, self.strides = each(kernel_size, self.rank, self.name), each(strides, self.rank, self.name)
        self.dilation_rate = each(dilation_rate, self.rank, self.name)
        self._margins = [
            margins(d * (k - 1) + 1, s, self.padding, o)
            for k, s, d, o in zip(
                self.kernel_size, self.strides, self.dilation_rate, each(output_padding, self.rank, self.name)
            )
        ]

    def build(self, input_shape: Any) -> None:
        """Make the kernel and the bias."""
        self.kernel = self.weight_for("kernel", (*self.kernel_size, self.filters, self.channels(input_shape)))
        self.bias = self.weight_for("bias", (self.filters,)) if self.use_bias else None

    def call(self, inputs: Tensor) -> Tensor:
        """(N, *size, C) -> (N, *larger, filters)."""
        padding = tuple((before, after) for before, after, _ in self._margins)
        spare = tuple(m[2] for m in self._margins)
        options = (self.strides, padding, self.dilation_rate, 1, spare)
        out = TRANSPOSED[self.rank](self.first(inputs), turned(self.kernel), self.bias, *options)
        return self.activation(self.last(out))  # type: ignore[no-any-return]


class Conv1DTranspose(_ConvTranspose):
    __doc__ = _ConvTranspose.__doc__
    rank = 1


class Conv2DTranspose(_ConvTranspose):
    __doc__ = _ConvTranspose.__doc__
    rank = 2


class Conv3DTranspose(_ConvTranspose):
    __doc__ = _ConvTranspose.__doc__
    rank = 3

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,  # before output_padding, unlike the other two
        output_padding: Any = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        given = {name: value for name, value in locals().items() if name not in ("self", "kwargs", "__class__")}
        super().__init__(**given, **kwargs)


def margins(kernel: int, stride: int, padding: str, spare: int | None) -> tuple[int, int, int]:
    """What is cut off an axis of the full output before and after it, and what is added after it."""
    if padding == "valid":
        before, beyond = 0, max(stride - kernel, 0) if spare is None else spare
    else:
        reach = stride + kernel - 2 if spare is None else kernel + kernel % 2 - 2 + spare
        front = min(reach // 2 + reach % 2, kernel - 1)
        before, beyond = kernel - 1 - front, reach - front - (kernel - 1)
    return before, max(-beyond, 0), max(beyond, 0)


def spread(kernel: Tensor) -> Tensor:
    """The kernels of a depthwise convolution, (*size, in, m) -> (in * m, 1, *size): m for each channel, in groups."""
    out = kernel.transpose(kernel.ndim - 2, kernel.ndim - 1, *range(kernel.ndim - 2))
    return out.reshape(out.shape[0] * out.shape[1], 1, *out.shape[2:])


class _DepthwiseConv(Images):
    """A convolution of each channel by itself, with depth_multiplier kernels of its own.

    kernel : (*kernel_size, in, depth_multiplier)          bias : (in * depth_multiplier,)
    The other arguments are those of ``Conv2D``.
    """

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.keep(locals())
        self.padding = padding_word(self.name, padding)

    def build(self, input_shape: Any) -> None:
        """Make the kernel and the bias."""
        channels = self.channels(input_shape)
        size = each(self.kernel_size, self.rank, self.name)
        self.kernel = self.weight_for("depthwise", (*size, channels, self.depth_multiplier))
        self.bias = self.weight_for("bias", (channels * self.depth_multiplier,)) if self.use_bias else None

    def call(self, inputs: Tensor) -> Tensor:
        """(N, *size, C) -> (N, *positions, C * depth_multiplier)."""
        options = (self.strides, self.padding, self.dilation_rate, self.kernel.shape[-2])
        out = CONV[self.rank](self.first(inputs), spread(self.kernel), self.bias, *options)
        return self.activation(self.last(out))  # type: ignore[no-any-return]


class DepthwiseConv1D(_DepthwiseConv):
    __doc__ = _DepthwiseConv.__doc__
    rank = 1


class DepthwiseConv2D(_DepthwiseConv):
    __doc__ = _DepthwiseConv.__doc__
    rank = 2


class _SeparableConv(Images):
    """A depthwise convolution, then a mixture of the channels at each place.

    depthwise_kernel : (*kernel_size, in, depth_multiplier)          pointwise_kernel : (1, ..., in * depth_multiplier, filters)
    The other arguments are those of ``Conv2D``.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.keep(locals())
        self.padding = padding_word(self.name, padding)

    def build(self, input_shape: Any) -> None:
        """Make the two kernels and the bias."""
        channels = self.channels(input_shape)
        size, deep = each(self.kernel_size, self.rank, self.name), channels * self.depth_multiplier
        self.depthwise_kernel = self.weight_for("depthwise", (*size, channels, self.depth_multiplier))
        self.pointwise_kernel = self.weight_for("pointwise", (*[1] * self.rank, deep, self.filters))
        self.bias = self.weight_for("bias", (self.filters,)) if self.use_bias else None

    def call(self, inputs: Tensor) -> Tensor:
        """(N, *size, C) -> (N, *positions, filters)."""
        kernel, conv = self.depthwise_kernel, CONV[self.rank]
        options = (self.strides, self.padding, self.dilation_rate, kernel.shape[-2])
        deep = conv(self.first(inputs), spread(kernel), None, *options)
        return self.activation(self.last(conv(deep, turned(self.pointwise_kernel), self.bias)))  # type: ignore[no-any-return]


class SeparableConv1D(_SeparableConv):
    __doc__ = _SeparableConv.__doc__
    rank = 1


class SeparableConv2D(_SeparableConv):
    __doc__ = _SeparableConv.__doc__
    rank = 2
