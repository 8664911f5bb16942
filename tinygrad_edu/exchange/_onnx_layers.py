"""Ops that layers are made of, in ONNX."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ops._window import Window, window
from ..ops.pooling import _edges
from ._onnx_rules import axes_of, lengths, like, ndim, number, onnx_rule, reduced
from ._onnx_shapes import permuted, sliced
from ._recording import Value

if TYPE_CHECKING:
    from ._onnx import Writer

__all__: list[str] = []

# -- layers ------------------------------------------------------------------------------------------------------------


@onnx_rule("linear")
def _linear(w: Writer, out: Value, x: Any, weight: Any, bias: Any = None) -> str:
    x, weight = like(w, out, x, weight)
    if out.ndim == 2:
        return str(w.node("Gemm", x, weight, None if bias is None else w.as_type(bias, out.dtype)))
    product = w.node("MatMul", x, weight)
    return str(product if bias is None else w.node("Add", product, w.as_type(bias, out.dtype)))


def geometry(win: Window) -> dict[str, Any]:
    """A window as ONNX says it: all margins before, then all after."""
    pads = [p[0] for p in win.padding] + [p[1] for p in win.padding]
    return {"kernel_shape": list(win.kernel), "strides": list(win.stride), "pads": pads}


@onnx_rule("conv1d", "conv2d", "conv3d")
def _conv(
    w: Writer,
    out: Value,
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> str:
    win = window("conv", lengths(x)[1:], weight.shape[2:], stride, padding, dilation)
    return str(w.node("Conv", x, weight, bias, dilations=list(win.dilation), group=groups, **geometry(win)))


@onnx_rule("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def _conv_transpose(
    w: Writer,
    out: Value,
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    output_padding: Any = 0,
) -> str:
    rank = ndim(x) - 2
    win = window("conv_transpose", (10**9,) * rank, weight.shape[2:], stride, padding, dilation)
    spare = list(output_padding) if isinstance(output_padding, tuple) else [output_padding] * rank
    options: dict[str, Any] = {"dilations": list(win.dilation), "group": groups, "output_padding": spare}
    return str(w.node("ConvTranspose", x, weight, bias, **options, **geometry(win)))


@onnx_rule("max_pool1d", "max_pool2d", "max_pool3d")
def _max_pool(w: Writer, out: Value, x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0) -> str:
    win = window("max_pool", lengths(x)[1:], kernel_size, kernel_size if stride is None else stride, padding)
    return str(w.node("MaxPool", x, **geometry(win)))


@onnx_rule("avg_pool1d", "avg_pool2d", "avg_pool3d")
def _avg_pool(
    w: Writer,
    out: Value,
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    count_include_pad: bool = True,
) -> str:
    win = window("avg_pool", lengths(x)[1:], kernel_size, kernel_size if stride is None else stride, padding)
    return str(w.node("AveragePool", x, count_include_pad=int(count_include_pad), **geometry(win)))


@onnx_rule("adaptive_avg_pool2d", "adaptive_max_pool2d")
def _adaptive_pool(w: Writer, out: Value, x: Any, output_size: Any) -> str:
    kind = "ReduceMean" if "avg" in out.name else "ReduceMax"
    for axis, (size, count) in enumerate(zip(lengths(x)[1:], lengths(out)[1:]), start=2):
        windows = [reduced(w, kind, sliced(w, x, [(axis, a, b, 1)]), [axis]) for a, b in _edges(size, count)]
        x = w.node("Concat", *windows, axis=axis)
    return str(x)


def wide(w: Writer, x: Any, axis: int, rank: int) -> Any:
    """A value for each channel, so that it broadcasts along an axis."""
    shape = [1] * rank
    shape[axis] = -1
    return w.node("Reshape", x, np.array(shape, np.int64))


def scaled(w: Writer, out: Value, x: Any, weight: Any, bias: Any, place: Callable[[Any], Any]) -> str:
    """x times a weight, plus a bias, each put in its place if it is there."""
    x = x if weight is None else w.node("Mul", x, place(w.as_type(weight, out.dtype)))
    return str(x if bias is None else w.node("Add", x, place(w.as_type(bias, out.dtype))))


def normalised(w: Writer, out: Value, x: Any, axes: Sequence[int], epsilon: float, centred: bool = True) -> str:
    """Mean 0 (if centred) and variance 1 over axes."""
    d = w.node("Sub", x, reduced(w, "ReduceMean", x, axes)) if centred else x
    spread = reduced(w, "ReduceMean", w.node("Mul", d, d), axes)
    return str(w.node("Div", d, w.node("Sqrt", w.node("Add", spread, number(out, epsilon)))))


@onnx_rule("batch_norm_inference")
def _batch_norm(
    w: Writer,
    out: Value,
    x: Any,
    mean: Any,
    variance: Any,
    weight: Any = None,
    bias: Any = None,
    axis: int = 1,
    epsilon: float = 1e-5,
) -> str:
    axis = range(out.ndim)[axis]
    if axis == 1:
        scale = np.ones(mean.shape, out.dtype) if weight is None else weight
        shift = np.zeros(mean.shape, out.dtype) if bias is None else bias
        return str(w.node("BatchNormalization", x, scale, shift, mean, variance, epsilon=epsilon))

    def place(v: Any) -> Any:
        return wide(w, v, axis, out.ndim)

    root = w.node("Sqrt", w.node("Add", w.as_type(variance, out.dtype), number(out, epsilon)))
    hat = w.node("Div", w.node("Sub", x, place(mean)), place(root))
    return scaled(w, out, hat, weight, bias, place)


@onnx_rule("layer_norm")
def _layer_norm(
    w: Writer, out: Value, x: Any, weight: Any = None, bias: Any = None, axis: Any = -1, epsilon: float = 1e-5
) -> str:
    axes = axes_of(axis, out.ndim)
    return scaled(w, out, normalised(w, out, x, axes, epsilon), weight, bias, lambda v: over(w, v, axes, out))


@onnx_rule("rms_norm")
def _rms_norm(w: Writer, out: Value, x: Any, weight: Any = None, axis: Any = -1, epsilon: float = 1e-6) -> str:
    axes = axes_of(axis, out.ndim)
    return scaled(w, out, normalised(w, out, x, axes, epsilon, False), weight, None, lambda v: over(w, v, axes, out))


def over(w: Writer, x: Any, axes: Sequence[int], out: Value) -> str:
    """A value for the features along some axes, so that it broadcasts."""
    shape = [int(out.shape[a]) if a in axes else 1 for a in range(out.ndim)]  # type: ignore[arg-type]
    return str(w.node("Reshape", x, np.array(shape, np.int64)))


@onnx_rule("group_norm")
def _group_norm(
    w: Writer,
    out: Value,
    x: Any,
    groups: int,
    weight: Any = None,
    bias: Any = None,
    axis: int = 1,
    epsilon: float = 1e-5,
) -> str:
    axis = range(out.ndim)[axis]
    shape = (*out.shape[:axis], groups, out.shape[axis] // groups, *out.shape[axis + 1 :])  # type: ignore[operator]
    inside = [a for a in range(1, len(shape)) if a != axis]
    hat = w.reshape(normalised(w, out, w.reshape(x, shape), inside, epsilon), out.shape)
    return scaled(w, out, hat, weight, bias, lambda v: wide(w, v, axis, out.ndim))


@onnx_rule("instance_norm")
def _instance_norm(
    w: Writer, out: Value, x: Any, weight: Any = None, bias: Any = None, axis: int = 1, epsilon: float = 1e-5
) -> str:
    axis = range(out.ndim)[axis]
    places = [a for a in range(1, out.ndim) if a != axis]
    return scaled(w, out, normalised(w, out, x, places, epsilon), weight, bias, lambda v: wide(w, v, axis, out.ndim))


@onnx_rule("scaled_dot_product_attention")
def _attention(
    w: Writer, out: Value, q: Any, k: Any, v: Any, mask: Any = None, causal: bool = False, scale: float | None = None
) -> str:
    factor = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    scores = w.node(
        "Mul", w.node("MatMul", q, permuted(w, k, lambda order: np.swapaxes(order, -1, -2))), number(out, factor)
    )
    allowed = None if mask is None or mask.dtype.kind != "b" else mask
    if mask is not None and allowed is None:
        scores = w.node("Add", scores, w.as_type(mask, out.dtype))
    if causal:
        seen = np.tri(q.shape[-2], k.shape[-2], dtype=bool)
        allowed = seen if allowed is None else w.node("And", allowed, seen)
    if allowed is None:
        return str(w.node("MatMul", w.node("Softmax", scores, axis=-1), v))
    share = w.node("Softmax", w.node("Where", allowed, scores, number(out, -1e30)), axis=-1)
    share = w.node("Mul", share, w.cast(allowed, out.dtype))  # a query that sees no key sees nothing
    return str(w.node("MatMul", share, v))


@onnx_rule("lstm_cell")
def _lstm_cell(w: Writer, out: Value, z: Any, c: Any) -> Sequence[str]:
    i, f, candidate, o = w.node("Split", z, outputs=4, axis=-1, num_outputs=4)
    kept, taken = w.node("Mul", w.node("Sigmoid", f), c), w.node("Mul", w.node("Sigmoid", i), w.node("Tanh", candidate))
    memory = w.node("Add", kept, taken)
    return w.node("Mul", w.node("Sigmoid", o), w.node("Tanh", memory)), memory


@onnx_rule("gru_cell")
def _gru_cell(w: Writer, out: Value, x: Any, y: Any, h: Any) -> str:
    (xz, xr, xn), (yz, yr, yn) = (w.node("Split", v, outputs=3, axis=-1, num_outputs=3) for v in (x, y))
    z, r = w.node("Sigmoid", w.node("Add", xz, yz)), w.node("Sigmoid", w.node("Add", xr, yr))
    n = w.node("Tanh", w.node("Add", xn, w.node("Mul", r, yn)))
    return str(w.node("Add", w.node("Mul", z, h), w.node("Mul", w.node("Sub", number(out, 1), z), n)))
