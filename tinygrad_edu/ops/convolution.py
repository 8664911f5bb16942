"""Convolution in one, two and three dimensions, and its transpose.

Three operations, each bilinear and each the pullback of the other two, give every order of derivative:

    conv(x, w)            y   the images seen through the kernels
    conv_transpose(y, w)  x   its adjoint in x
    conv_weight(x, y)     w   its adjoint in w

Each is one matrix product over *columns* (im2col): the pixels that every kernel entry meets, (C, *kernel, *positions, N).
Depthwise kernels, one for each channel, have no sums that a product could do: they go entry by entry, in ``_depthwise``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import Array, Tensor, memory, op, raw
from ..engine.domain import call
from ..engine.errors import ShapeError
from . import _depthwise
from ._window import Window, batch_first, batch_last, inside, padded, window

__all__ = ["conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "conv_weight"]


# -- on arrays that lie (C, *size, N) ----------------------------------------------------------------------------------


def columns(x: Array, win: Window) -> Array:
    """(C, *size, N) -> (C, *kernel, *positions, N): what each kernel entry meets."""
    if win.trivial:
        return x.reshape(x.shape[0], *win.kernel, *x.shape[1:])
    positions = win.positions(x.shape[1:-1])
    x = padded(x, win.padding)
    cols = np.empty_like(x, shape=(x.shape[0], *win.kernel, *positions, x.shape[-1]))
    for entry, where in win.entries(positions):
        cols[(slice(None), *entry)] = x[where]
    return cols


def scattered(cols: Array, win: Window, size: tuple[int, ...]) -> Array:
    """(C, *kernel, *positions, N) -> (C, *size, N): the adjoint of ``columns``, overlaps added."""
    channels, positions, n = cols.shape[0], cols.shape[1 + len(size) : -1], cols.shape[-1]
    if win.trivial:
        return cols.reshape(channels, *size, n)
    shape = (channels, *(m + a + b for m, (a, b) in zip(size, win.padding, strict=True)), n)
    out = np.zeros_like(cols, shape=shape)
    for entry, where in win.entries(positions):
        out[where] += cols[(slice(None), *entry)]
    return out[inside(win.padding, shape)]


def grouped(a: Array, groups: int, rows: int) -> Array:
    """An array as ``groups`` matrices, each with its share of ``rows`` rows."""
    return a.reshape(groups, rows // groups, -1)


def forward(cols: Array, w: Array, groups: int, positions: tuple[int, ...]) -> Array:
    """Columns times kernels: (O, *positions, N)."""
    out = grouped(w, groups, w.shape[0]) @ grouped(cols, groups, cols.shape[0]).reshape(groups, w[0].size, -1)
    return out.reshape(w.shape[0], *positions, -1)


# -- the ops -----------------------------------------------------------------------------------------------------------


def _sizes(name: str, x: Array, w: Array, groups: int, channels: int, rank: int) -> None:
    """Raise unless image and kernel fit."""
    if x.ndim != rank + 2 or w.ndim != rank + 2:
        raise ShapeError(
            f"{name}: images {x.shape} and kernels {w.shape}. Both need {rank + 2} axes: (batch, channels, size...) and (out, in, "
            "kernel...). For a single image add a batch axis: x[None]."
        )
    if channels != x.shape[1] or w.shape[0] % groups:
        raise ShapeError(
            f"{name}: images {x.shape} have {x.shape[1]} channels, kernels {w.shape} in {groups} group(s) take {channels}. The "
            "channels must be equal, and the kernels divisible by the groups."
        )


def _images(draw: Any, rank: int, transposed: bool = False) -> Any:
    groups = draw.choice((1, 1, 2))
    per_group, out = draw.integer(1, 2), draw.integer(1, 2) * groups
    kernel = [draw.integer(1, 2 if rank == 3 else 3) for _ in range(rank)]
    dilation = draw.integer(1, 2)
    size = [dilation * (k - 1) + 1 + draw.integer(0, 1) for k in kernel]
    channels = out if transposed else per_group * groups
    options = {"stride": draw.integer(1, 2), "padding": draw.integer(0, 1), "dilation": dilation, "groups": groups}
    bias = (draw.array((per_group * groups if transposed else out,)),) if draw.choice((True, False)) else ()
    if transposed:
        size = [draw.integer(2, 3) for _ in kernel]
        options["padding"] = 0 if min(kernel) == 1 else options["padding"]
    return call(
        draw.array((draw.integer(1, 2), channels, *size)), draw.array((out, per_group, *kernel)), *bias, **options
    )


def _conv_reference(
    x: Array, w: Array, b: Any = None, stride: int = 1, padding: int = 0, dilation: int = 1, groups: int = 1
) -> Array:
    """Straight from the definition: for each output pixel, the patch times the kernel."""
    rank = w.ndim - 2
    x = np.pad(x, [(0, 0), (0, 0)] + [(padding, padding)] * rank)
    sizes = [(n - dilation * (k - 1) - 1) // stride + 1 for n, k in zip(x.shape[2:], w.shape[2:], strict=True)]
    out = np.zeros((x.shape[0], w.shape[0], *sizes), dtype=np.result_type(x, w))
    per_in, per_out = w.shape[1], w.shape[0] // groups
    for o in range(w.shape[0]):
        group = x[:, (o // per_out) * per_in : (o // per_out + 1) * per_in]
        for at in np.ndindex(*sizes):
            area = tuple(
                slice(i * stride, i * stride + dilation * (k - 1) + 1, dilation)
                for i, k in zip(at, w.shape[2:], strict=True)
            )
            out[(slice(None), o, *at)] = (
                (group[(slice(None), slice(None), *area)] * w[o]).reshape(x.shape[0], -1).sum(axis=1)
            )
    return out if b is None else out + b.reshape(-1, *(1,) * rank)


def _convolution(rank: int) -> Callable[..., Tensor]:
    name = f"conv{rank}d"

    def rule(
        x: Array,
        weight: Array,
        bias: Array = None,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> Any:
        memory.keep()
        _sizes(name, x, weight, groups, weight.shape[1] * groups if weight.ndim > 1 else 0, rank)
        win = window(name, x.shape[2:], weight.shape[2:], stride, padding, dilation)
        size, positions = x.shape[2:], win.positions(x.shape[2:])
        if _depthwise.fits(weight, groups):
            cols, out = None, _depthwise.conv(batch_last(raw(x)), raw(weight), win, positions)
        else:
            cols = columns(batch_last(raw(x)), win)
            out = forward(cols, raw(weight), groups, positions)
        if bias is not None:
            out += raw(bias).reshape(-1, *(1,) * (rank + 1))
        spare = tuple(n - m for n, m in zip(size, win.covered(positions), strict=True))
        return (
            batch_first(out),
            lambda g: TRANSPOSED[rank](g, weight, None, *win[1:], groups, spare),
            lambda g: conv_weight(x, g, win.kernel, *win[1:], groups, cols),
            lambda g: g.sum(axis=(0, *range(2, rank + 2))),
        )

    rule.__doc__ = f"""Cross-correlation of images with kernels over {rank} axes, plus a bias: what deep learning calls convolution.

    x : (N, C, *size)          weight : (O, C / groups, *kernel)          bias : (O,) or None
    out : (N, O, *positions), positions = (size + padding - dilation * (kernel - 1) - 1) // stride + 1
    stride, dilation : a number, or one for each axis.  padding : the same, or pairs (before, after), 'same', 'valid'.
    groups : channels and kernels fall into so many independent groups (groups = C: depthwise).
    Gradient: conv_transpose(g, weight); conv_weight(x, g); g summed over all but the channels.
    Errors: ShapeError where channels, groups or sizes do not fit.
    """
    return op(name=name, samples=lambda draw: _images(draw, rank), analytic=True, reference=_conv_reference)(rule)


def _transposed_reference(
    x: Array, w: Array, b: Any = None, stride: int = 1, padding: int = 0, dilation: int = 1, groups: int = 1
) -> Array:
    """Straight from the definition: each input pixel paints its kernel into the output."""
    rank = w.ndim - 2
    full = [(n - 1) * stride + dilation * (k - 1) + 1 for n, k in zip(x.shape[2:], w.shape[2:], strict=True)]
    out = np.zeros((x.shape[0], w.shape[1] * groups, *full), dtype=np.result_type(x, w))
    per_in, per_out = x.shape[1] // groups, w.shape[1]
    for c in range(x.shape[1]):
        to = slice((c // per_in) * per_out, (c // per_in + 1) * per_out)
        for at in np.ndindex(*x.shape[2:]):
            area = tuple(
                slice(i * stride, i * stride + dilation * (k - 1) + 1, dilation)
                for i, k in zip(at, w.shape[2:], strict=True)
            )
            pixel = x[(slice(None), c, *at)].reshape(-1, 1, *(1,) * rank)
            out[(slice(None), to, *area)] += pixel * w[c]
    out = out[(slice(None), slice(None), *(slice(padding, n - padding) for n in full))]
    return out if b is None else out + b.reshape(-1, *(1,) * rank)


def _transposed_convolution(rank: int) -> Callable[..., Tensor]:
    name = f"conv_transpose{rank}d"

    def rule(
        x: Array,
        weight: Array,
        bias: Array = None,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        output_padding: Any = 0,
    ) -> Any:
        memory.keep()
        _sizes(name, x, weight, groups, weight.shape[0], rank)
        spare = output_padding if isinstance(output_padding, tuple) else (output_padding,) * rank
        positions = x.shape[2:]
        win = window(name, (10**9,) * rank, weight.shape[2:], stride, padding, dilation)
        size = tuple(n + m for n, m in zip(win.covered(positions), spare, strict=True))
        if win.positions(size) != positions or min(size) < 1:
            raise ShapeError(
                f"{name}: output_padding {spare} is not below the stride {win.stride}, or padding {win.padding} leaves nothing of "
                f"the output {size}. Each axis needs 0 <= output_padding < stride."
            )
        w, y = raw(weight), batch_last(raw(x))
        if _depthwise.fits(w, groups):
            out = _depthwise.conv_transpose(y, w, win, size)
        else:
            kernels = grouped(w, groups, w.shape[0]).swapaxes(1, 2)  # (groups, C * kernel, O)
            cols = kernels @ grouped(y, groups, y.shape[0])
            out = scattered(cols.reshape(w.shape[1] * groups, *win.kernel, *positions, -1), win, size)
        if bias is not None:
            out = out + raw(bias).reshape(-1, *(1,) * (rank + 1))
        return (
            batch_first(out),
            lambda g: CONVOLVED[rank](g, weight, None, *win[1:], groups),
            lambda g: conv_weight(g, x, win.kernel, *win[1:], groups),
            lambda g: g.sum(axis=(0, *range(2, rank + 2))),
        )

    rule.__doc__ = f"""The adjoint of convolution over {rank} axes, also called transposed convolution (Zeiler et al., 2010).

    x : (N, O, *positions)          weight : (O, C / groups, *kernel)          bias : (C,) or None
    out : (N, C, *size), size = (positions - 1) * stride + dilation * (kernel - 1) + 1 - padding + output_padding
    Gradient: conv(g, weight); conv_weight(g, x); g summed over all but the channels.
    Errors: ShapeError where channels, groups or sizes do not fit.
    """
    return op(
        name=name,
        samples=lambda draw: _images(draw, rank, transposed=True),
        analytic=True,
        reference=_transposed_reference,
    )(rule)


def _kernels(draw: Any) -> Any:
    sample = _images(draw, draw.integer(1, 2))
    x, w = sample.args[:2]
    options = sample.kwargs
    out = _conv_reference(x, w, None, **options)
    rank = w.ndim - 2
    s, p, d = ((options[k],) * rank for k in ("stride", "padding", "dilation"))
    return call(x, draw.array(out.shape), w.shape[2:], s, p, d, options["groups"])


def _weight_reference(x: Array, y: Array, kernel: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Array:
    """Convolution is linear in its kernel: entry by entry, what a kernel of a single one gives, times y."""
    w = np.zeros((y.shape[1], x.shape[1] // groups, *kernel), dtype=np.result_type(x, y))
    out = np.zeros_like(w)
    for at in np.ndindex(*w.shape):
        w[at] = 1
        out[at] = (_conv_reference(x, w, None, stride[0], padding[0], dilation[0], groups) * y).sum()
        w[at] = 0
    return out


@op(samples=_kernels, analytic=True, reference=_weight_reference)
def conv_weight(
    x: Array, y: Array, kernel: Any, stride: Any, padding: Any, dilation: Any, groups: int, columns_of_x: Array = None
) -> Any:
    """The adjoint of convolution in its kernels: the gradient of ``<conv(x, w), y>`` by w.

    x : (N, C, *size)          y : (N, O, *positions)          out : (O, C / groups, *kernel)
    columns_of_x : what the convolution already made of x (``columns``), so that it is not made twice.
    Gradient: conv_transpose(y, g); conv(x, g).
    """
    size, positions, rank = x.shape[2:], y.shape[2:], x.ndim - 2
    win = window("conv_weight", size, kernel, stride, padding, dilation)
    g = batch_last(raw(y))
    if groups == x.shape[1] == y.shape[1] > 1:
        out = _depthwise.conv_weight(batch_last(raw(x)), g, win)
    else:
        cols = columns(batch_last(raw(x)), win) if columns_of_x is None else raw(columns_of_x)
        out = grouped(g, groups, g.shape[0]) @ grouped(cols, groups, cols.shape[0]).reshape(
            groups, cols.shape[0] // groups * int(np.prod(win.kernel)), -1
        ).swapaxes(1, 2)
    spare = tuple(n - m for n, m in zip(size, win.covered(positions), strict=True))
    return (
        out.reshape(g.shape[0], -1, *win.kernel),
        lambda v: TRANSPOSED[rank](y, v, None, *win[1:], groups, spare),
        lambda v: CONVOLVED[rank](x, v, None, *win[1:], groups),
        *(None,) * 5,
    )


conv1d, conv2d, conv3d = map(_convolution, (1, 2, 3))
conv_transpose1d, conv_transpose2d, conv_transpose3d = map(_transposed_convolution, (1, 2, 3))
CONVOLVED = {1: conv1d, 2: conv2d, 3: conv3d}
TRANSPOSED = {1: conv_transpose1d, 2: conv_transpose2d, 3: conv_transpose3d}
