"""Products of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, op
from ..engine.domain import call
from ..engine.errors import ShapeError

__all__ = ["linear", "matmul"]


def _products(draw: Any) -> Any:
    n, k, m = (draw.integer(0, 3) for _ in range(3))
    batch = draw.shapes(2, ndim=(0, 2), side=(1, 2))
    left, right = draw.choice([((*batch[0], n, k), (*batch[1], k, m)), ((k,), (k,)), ((n, k), (k,)), ((k,), (*batch[1], k, m))])
    return call(draw.array(left), draw.array(right))


@op(numpy=np.matmul, method="__matmul__", samples=_products, analytic=True)
def matmul(x: Array, y: Array) -> Any:
    """Matrix product x @ y; leading axes are a batch and broadcast.

    x : (..., n, k) or (k,)          y : (..., k, m) or (k,)          out : (..., n, m), without the axis of a vector
    Gradient: g @ y^T, x^T @ g.
    """
    if x.ndim == 0 or y.ndim == 0 or x.shape[-1] != y.shape[-2 if y.ndim > 1 else 0]:
        raise ShapeError(
            f"matmul: {x.shape} @ {y.shape}. The last axis of the left must equal the "
            f"{'second-last axis' if y.ndim > 1 else 'axis'} of the right."
        )
    if x.ndim == 1 and y.ndim == 1:
        return x @ y, lambda g: g * y, lambda g: g * x
    if x.ndim == 1:
        return x @ y, lambda g: (y @ g[..., None])[..., 0], lambda g: x[:, None] * g[..., None, :]
    if y.ndim == 1:
        return x @ y, lambda g: g[..., None] * y, lambda g: (x.swapaxes(-1, -2) @ g[..., None])[..., 0]
    return x @ y, lambda g: g @ y.swapaxes(-1, -2), lambda g: x.swapaxes(-1, -2) @ g


def _affine(draw: Any) -> Any:
    n, k, m = (draw.integer(0, 3) for _ in range(3))
    bias = (draw.array((m,)),) if draw.choice((True, False)) else ()
    return call(draw.array((*draw.shape(ndim=(0, 2), side=(1, 2)), n, k)), draw.array((k, m)), *bias)


@op(samples=_affine, analytic=True, reference=lambda x, w, b=0: x @ w + b)
def linear(x: Array, weight: Array, bias: Array = None) -> Any:
    """x @ weight + bias, in one op.

    x : (..., in)          weight : (in, out)          bias : (out,) or None          out : (..., out)
    Gradient: g @ weight^T; x^T @ g and g, both summed over the leading axes.
    """
    if x.ndim == 0 or weight.ndim != 2 or x.shape[-1] != weight.shape[0]:
        raise ShapeError(
            f"linear: input {x.shape} against weight {weight.shape}. The input's last axis must be the weight's first, "
            f"{weight.shape[0] if weight.ndim else '?'}."
        )
    out = x @ weight
    if bias is not None:
        out += bias
    rows = lambda a: a if a.ndim == 2 else a.reshape(-1, a.shape[-1])  # (..., k) -> (n, k)
    return (
        out,
        lambda g: g @ weight.T,
        lambda g: rows(x).T @ rows(g),
        lambda g: rows(g).sum(axis=0),
    )
