"""Words of ``keras.ops`` for networks and for control: convolutions with the channels last, losses, norms, loops."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from .. import ops
from ..engine.errors import ShapeError
from ..training import losses
from .layers._images import each
from .layers.convolution import CONV, TRANSPOSED, margins, spread, turned
from .utils.creation import tri

__all__ = ["CONTROL", "NETWORK"]

MAX_POOL = {1: ops.max_pool1d, 2: ops.max_pool2d, 3: ops.max_pool3d}
AVERAGE_POOL = {1: ops.avg_pool1d, 2: ops.avg_pool2d, 3: ops.avg_pool3d}


def turned_in(x: Any, data_format: str | None) -> Any:
    """(N, *size, C) -> (N, C, *size)."""
    return x if data_format == "channels_first" else ops.moveaxis(x, -1, 1)


def turned_out(x: Any, data_format: str | None) -> Any:
    """(N, C, *size) -> (N, *size, C)."""
    return x if data_format == "channels_first" else ops.moveaxis(x, 1, -1)


def rank_of(inputs: Any, table: dict[int, Any], what: str) -> int:
    """How many axes an image has beside batch and channels."""
    rank = len(inputs.shape) - 2
    if rank not in table:
        raise ShapeError(
            f"{what}: (batch, *size, channels) with {' or '.join(map(str, table))} axes of size is needed, not {inputs.shape}."
        )
    return rank


# -- convolutions and pooling ------------------------------------------------------------------------------------------


def conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Any:
    """Convolution (N, *size, C) -> (N, *positions, filters); kernel : (*size, C / groups, filters)."""
    rank = rank_of(inputs, CONV, "conv")
    x = turned_in(inputs, data_format)
    groups = x.shape[1] // kernel.shape[-2]
    return turned_out(CONV[rank](x, turned(kernel), None, strides, padding, dilation_rate, groups), data_format)


def conv_transpose(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    output_padding: Any = None,
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Any:
    """The adjoint of a convolution, (N, *size, C) -> (N, *larger, filters); kernel : (*size, filters, C)."""
    rank = rank_of(inputs, TRANSPOSED, "conv_transpose")
    sizes = zip(kernel.shape[:rank], each(strides, rank), each(dilation_rate, rank), each(output_padding, rank))
    cut = [margins(d * (k - 1) + 1, s, padding, o) for k, s, d, o in sizes]
    around, spare = tuple(m[:2] for m in cut), tuple(m[2] for m in cut)
    out = TRANSPOSED[rank](
        turned_in(inputs, data_format), turned(kernel), None, strides, around, dilation_rate, 1, spare
    )
    return turned_out(out, data_format)


def depthwise_conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Any:
    """Each channel by itself: (N, *size, C) -> (N, *positions, C * m); kernel : (*size, C, m)."""
    rank = rank_of(inputs, CONV, "depthwise_conv")
    options = (strides, padding, dilation_rate, kernel.shape[-2])
    return turned_out(CONV[rank](turned_in(inputs, data_format), spread(kernel), None, *options), data_format)


def separable_conv(
    inputs: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Any:
    """A depthwise convolution, then a mixture of the channels at each place."""
    deep = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(deep, pointwise_kernel, 1, "valid", data_format)


def pool(
    table: dict[int, Any], what: str, inputs: Any, pool_size: Any, strides: Any, padding: str, data_format: Any
) -> Any:
    """Pooling (N, *size, C) -> (N, *positions, C)."""
    rank = rank_of(inputs, table, what)
    more = {"count_include_pad": False} if table is AVERAGE_POOL else {}
    return turned_out(table[rank](turned_in(inputs, data_format), pool_size, strides, padding, **more), data_format)


def max_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None
) -> Any:
    """The largest entry of each window; strides : the window's size by default."""
    return pool(MAX_POOL, "max_pool", inputs, pool_size, strides, padding, data_format)


def average_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None
) -> Any:
    """The mean of each window, without what lies outside; strides : the window's size by default."""
    return pool(AVERAGE_POOL, "average_pool", inputs, pool_size, strides, padding, data_format)


def depth_to_space(x: Any, block_size: int, data_format: str = "channels_last") -> Any:
    """Channels as pixels: (N, H, W, C b b) -> (N, H b, W b, C)."""
    x = turned_out(x, "channels_last") if data_format == "channels_first" else x
    n, h, w, c = x.shape
    b = block_size
    out = ops.transpose(ops.reshape(x, (n, h, w, b, b, c // (b * b))), (0, 1, 3, 2, 4, 5))
    out = ops.reshape(out, (n, h * b, w * b, c // (b * b)))
    return turned_in(out, "channels_last") if data_format == "channels_first" else out


def space_to_depth(x: Any, block_size: int, data_format: str = "channels_last") -> Any:
    """Pixels as channels: (N, H b, W b, C) -> (N, H, W, C b b)."""
    x = turned_out(x, "channels_last") if data_format == "channels_first" else x
    n, h, w, c = x.shape
    b = block_size
    out = ops.transpose(ops.reshape(x, (n, h // b, b, w // b, b, c)), (0, 1, 3, 2, 4, 5))
    out = ops.reshape(out, (n, h // b, w // b, b * b * c))
    return turned_in(out, "channels_last") if data_format == "channels_first" else out


# -- norms, losses, attention ------------------------------------------------------------------------------------------


def batch_normalization(
    x: Any, mean: Any, variance: Any, axis: int, offset: Any = None, scale: Any = None, epsilon: float = 1e-3
) -> Any:
    """(x - mean) / sqrt(variance + epsilon) * scale + offset along an axis."""
    return ops.batch_norm_inference(x, mean, variance, scale, offset, axis=axis, epsilon=epsilon)


def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: Any = -1, epsilon: float | None = None
) -> Any:
    """x with mean 0 and variance 1 along axes, times gamma, plus beta."""
    return ops.layer_norm(x, gamma, beta, axis=axis, epsilon=1e-7 if epsilon is None else epsilon)


def rms_normalization(x: Any, scale: Any = None, axis: Any = -1, epsilon: float | None = None) -> Any:
    """x over its root mean square along axes, times scale."""
    return ops.rms_norm(x, scale, axis=axis, epsilon=1e-7 if epsilon is None else epsilon)


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """-target log(output) - (1 - target) log(1 - output), entry by entry."""
    if from_logits:
        return ops.binary_cross_entropy(output, target, reduction="none")
    return ops.binary_cross_entropy_from_probabilities(output, target, reduction="none")


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """-sum(target log(output)) along an axis."""
    return losses.categorical_crossentropy(target, output, from_logits, axis=axis)


def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """-log(output[target]) along an axis, for class numbers."""
    return losses.sparse_categorical_crossentropy(target, output, from_logits, axis=axis)


def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    bias: Any = None,
    mask: Any = None,
    scale: float | None = None,
    is_causal: bool = False,
) -> Any:
    """softmax(query key^T scale + bias) value; all (N, T, heads, size)."""
    q, k, v = (ops.swapaxes(x, 1, 2) for x in (query, key, value))
    if bias is None:
        return ops.swapaxes(ops.scaled_dot_product_attention(q, k, v, mask, is_causal, scale), 1, 2)
    scores = q @ ops.swapaxes(k, -1, -2) * (q.shape[-1] ** -0.5 if scale is None else scale) + bias
    if mask is not None:
        scores = ops.where(mask, scores, -1e30)
    if is_causal:
        scores = ops.where(tri(*scores.shape[-2:]).data > 0, scores, -1e30)
    return ops.swapaxes(ops.softmax(scores) @ v, 1, 2)


# -- control -----------------------------------------------------------------------------------------------------------


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """What one of two functions returns."""
    return true_fn() if bool(pred) else false_fn()


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """What the function at an index returns; the index is held to those there are."""
    return branches[min(max(int(index), 0), len(branches) - 1)](*operands)


def fori_loop(lower: Any, upper: Any, body_fun: Callable[[int, Any], Any], init_val: Any) -> Any:
    """body_fun(i, value) for i from lower to upper - 1, each with the value that the last one returned."""
    return functools.reduce(lambda value, i: body_fun(i, value), range(int(lower), int(upper)), init_val)


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, maximum_iterations: int | None = None
) -> Any:
    """body(*loop_vars) gives new ones while cond(*loop_vars) holds."""
    single = not isinstance(loop_vars, (tuple, list))
    values = (loop_vars,) if single else tuple(loop_vars)
    done = 0
    while bool(cond(*values)) and (maximum_iterations is None or done < maximum_iterations):
        out = body(*values)
        values, done = tuple(out) if isinstance(out, (tuple, list)) else (out,), done + 1
    return values[0] if single else values


def scan(
    f: Callable[[Any, Any], Any], init: Any, xs: Any = None, length: int | None = None, reverse: bool = False
) -> tuple[Any, Any]:
    """(carry, y) = f(carry, x) for the slices of xs in turn; returns the last carry, and all y stacked."""
    order = range(len(xs) if xs is not None else int(length or 0))
    out = {}
    for i in reversed(order) if reverse else order:
        init, out[i] = f(init, None if xs is None else xs[i])
    return init, ops.stack([out[i] for i in order])


def map_(f: Callable[[Any], Any], xs: Any) -> Any:
    """The function of each slice along the first axis, stacked."""
    return ops.stack([f(xs[i]) for i in range(len(xs))])


NETWORK = {
    function.__name__: function
    for function in (
        average_pool, batch_normalization, binary_crossentropy, categorical_crossentropy, conv, conv_transpose, depth_to_space,
        depthwise_conv, dot_product_attention, layer_normalization, max_pool, rms_normalization, separable_conv, space_to_depth,
        sparse_categorical_crossentropy,
    )
}  # fmt: skip
CONTROL = {
    "cond": cond,
    "fori_loop": fori_loop,
    "map": map_,
    "scan": scan,
    "switch": switch,
    "vectorized_map": map_,
    "while_loop": while_loop,
}
