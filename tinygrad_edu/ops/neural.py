"""What layers compute besides products and activations: dropout, embedding, a bilinear form, attention."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import Array, op, raw
from ..engine.domain import call
from ..engine.errors import DataError, ShapeError
from ._classes import array
from .contraction import einsum
from .indexing import scatter

__all__ = ["bilinear", "dropout", "embedding", "scaled_dot_product_attention"]


def _dropped(draw: Any) -> Any:
    shape = draw.shape()
    mask = tuple(draw.choice((n, 1)) for n in shape)
    return call(
        draw.array(shape, -1e4, 1e4), np.asarray(draw.integers(mask, 0, 1) == 1), rate=draw.choice((0.0, 0.5, 0.9))
    )


@op(samples=_dropped, reference=lambda x, keep, rate: np.where(keep, x / (1 - rate), 0), analytic=True)
def dropout(x: Array, keep: Array, rate: float = 0.5) -> Any:
    """x / (1 - rate) where it is kept, else 0. Drawing the mask is the layer's part; a rule is a pure function.

    x : (...) float          keep : bool, broadcasts to x (whole channels: size 1 on their places)          out : x's shape
    rate : the share that the mask was drawn to drop, so that the expected value stays that of x
    Gradient: g / (1 - rate) where kept, else 0.
    Errors: ValueError for a rate outside 0 .. 1, ShapeError for a mask that does not broadcast to x.
    Reference: Srivastava et al., Dropout (2014).
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"dropout: the rate is a share from 0 to 1, not {rate!r}.")
    keep = raw(keep)
    shape = np.shape(keep)
    if len(shape) > x.ndim or any(n not in (1, m) for n, m in zip(shape[::-1], x.shape[::-1])):
        raise ShapeError(
            f"dropout: a mask of shape {shape} for an input of shape {x.shape}. It must broadcast to the input."
        )
    factor = np.multiply(keep, 1 / (1 - rate) if rate < 1 else 0, dtype=x.dtype)
    return x * factor, lambda g: g * factor, None


def _looked_up(draw: Any) -> Any:
    rows = draw.integer(1, 3)
    return call(draw.array((rows, draw.integer(0, 3)), -1e4, 1e4), draw.integers(draw.shape(), 0, rows - 1))


@op(samples=_looked_up, reference=lambda weight, ids: weight[ids], analytic=True)
def embedding(weight: Array, ids: Array) -> Any:
    """The row of a table for each id.

    weight : (V, D) float          ids : (...) integers from 0 to V - 1          out : (..., D)
    Gradient: g, added into zeros at the ids; a row taken twice collects both.
    Errors: DataError for ids that are not integers or out of range.
    """
    ids = array(raw(ids))
    n = weight.shape[0]
    if ids.dtype.kind not in "iu" and ids.size:
        raise DataError(f"embedding: ids are integers, not {ids.dtype}.")
    if ids.size and not 0 <= ids.min() <= ids.max() < n:
        raise DataError(f"embedding: ids from {ids.min()} to {ids.max()}, but the table has {n} rows, 0 to {n - 1}.")
    return np.take(raw(weight), ids, axis=0), lambda g: scatter(g, ids, weight.shape), None


def _bilinears(draw: Any) -> Any:
    i, j, k = (draw.integer(0, 3) for _ in range(3))
    samples = draw.shape(ndim=(0, 2))
    bias = [draw.array((k,))] if draw.choice((True, False)) else []
    return call(draw.array((*samples, i)), draw.array((*samples, j)), draw.array((k, i, j)), *bias)


def _bilinear(x: Array, y: Array, weight: Array, bias: Any = 0.0) -> Array:
    """In the order that numpy finds best: another one leaves other last digits where the terms cancel."""
    return np.einsum("...i,kij,...j->...k", x, weight, y, optimize=True) + bias


@op(samples=_bilinears, reference=_bilinear, analytic=True)
def bilinear(x: Array, y: Array, weight: Array, bias: Array = None) -> Any:
    """out_k = sum over i and j of x_i weight_kij y_j, plus bias_k.

    x : (..., I)          y : (..., J)          weight : (K, I, J)          bias : (K,) or None          out : (..., K)
    Gradient: sums of the products of g and two of the three.
    Errors: ShapeError if the shapes do not fit.
    """
    if (
        weight.ndim != 3
        or (x.shape[-1:], y.shape[-1:]) != (weight.shape[1:2], weight.shape[2:])
        or x.shape[:-1] != y.shape[:-1]
    ):
        raise ShapeError(
            f"bilinear: {x.shape} and {y.shape} with weight {weight.shape}. Give (..., I), (..., J) and (K, I, J)."
        )
    out = einsum("...i,kij,...j->...k", x, weight, y, optimize=True)
    if bias is not None:
        out += bias
    return (
        out,
        lambda g: einsum("...k,kij,...j->...i", g, weight, y, optimize=True),
        lambda g: einsum("...k,kij,...i->...j", g, weight, x, optimize=True),
        lambda g: einsum("...k,...i,...j->kij", g, x, y, optimize=True),
        lambda g: g,
    )


# -- attention ---------------------------------------------------------------------------------------------------------


def _attended(draw: Any) -> Any:
    batch = draw.shape(ndim=(0, 2), side=(1, 2))
    rows, columns, width, values = (draw.integer(1, 3) for _ in range(4))
    q, k, v = (
        draw.array((*batch, rows, width)),
        draw.array((*batch, columns, width)),
        draw.array((*batch, columns, values)),
    )
    mask = draw.choice((None, draw.integers((rows, columns), 0, 1) == 1, draw.array((*batch[-1:], rows, columns))))
    options = {"causal": draw.choice((False, True)), "scale": draw.choice((None, 0.5))}
    return call(q, k, v, mask, **options) if mask is not None else call(q, k, v, **options)


def _allowed(q: Array, k: Array, mask: Array, causal: bool) -> Any:
    """Which key each query may see, as a boolean array, or None for all."""
    seen = np.tri(q.shape[-2], k.shape[-2], dtype=bool, like=raw(q)) if causal else None
    if mask is None or raw(mask).dtype.kind != "b":
        return seen
    return raw(mask) if seen is None else raw(mask) & seen


def _attention(
    q: Array, k: Array, v: Array, mask: Array = None, causal: bool = False, scale: float | None = None
) -> Array:
    """Attention as a composition."""
    scores = q @ k.swapaxes(-1, -2) * (1 / math.sqrt(q.shape[-1]) if scale is None else scale)
    if mask is not None and raw(mask).dtype.kind == "f":
        scores = scores + mask
    allowed = _allowed(q, k, mask, causal)
    if allowed is not None:
        scores = np.where(allowed, scores, -np.inf)
    top = raw(scores).max(axis=-1, keepdims=True)
    e = np.exp(scores - np.where(np.isinf(top), 0, top))
    total = e.sum(axis=-1, keepdims=True)
    return e / np.where(raw(total) == 0, 1, total) @ v


@op(samples=_attended, reference=_attention, again=_attention)
def scaled_dot_product_attention(
    q: Array, k: Array, v: Array, mask: Array = None, causal: bool = False, scale: float | None = None
) -> Any:
    """softmax(q k^T * scale + mask) v: each query's mean of the values, weighted by how well the keys match it.

    q : (..., L, E)          k : (..., S, E)          v : (..., S, D)          out : (..., L, D); leading axes broadcast
    mask : broadcasts to (..., L, S): bool, True where a query may look, or float, added to the scores
    causal : query i sees the keys up to i only          scale : 1 / sqrt(E) if None
    Gradient: with p the weights: p^T g for v; with s = p (g v^T - sum(p g v^T)): scale s k for q, scale s^T q for k, s for a
    float mask.  A query that sees no key has value and gradients 0.
    Errors: ShapeError if the shapes do not fit.
    Reference: Vaswani et al., Attention Is All You Need (2017).
    """
    if min(q.ndim, k.ndim, v.ndim) < 2 or q.shape[-1] != k.shape[-1] or k.shape[-2] != v.shape[-2]:
        raise ShapeError(
            f"scaled_dot_product_attention: queries {q.shape}, keys {k.shape}, values {v.shape}. Give (..., L, E), (..., S, E) and "
            "(..., S, D)."
        )
    scale = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    p = q @ k.swapaxes(-1, -2)  # (..., L, S)
    p *= scale
    if mask is not None and mask.dtype.kind != "b":
        p = p + mask
    allowed = _allowed(q, k, mask, causal)
    if allowed is not None:
        p = np.where(allowed, p, -np.inf)
    top = p.max(axis=-1, keepdims=True)
    p -= np.where(np.isinf(top), 0, top)
    np.exp(p, out=p)
    total = np.add.reduce(p, -1, keepdims=True)
    total[total == 0] = 1
    p /= total
    kept: list[Any] = [None, None]

    def to_scores(g: Array) -> Array:
        """The gradient of the scores, computed once for q, k and mask."""
        if kept[0] is not g:
            s = g @ v.swapaxes(-1, -2)
            s *= p
            s -= p * np.add.reduce(s, -1, keepdims=True)
            kept[:] = g, s
        return kept[1]

    return (
        p @ v,
        lambda g: to_scores(g) @ k * scale,
        lambda g: to_scores(g).swapaxes(-1, -2) @ q * scale,
        lambda g: p.swapaxes(-1, -2) @ g,
        None if mask is None or mask.dtype.kind == "b" else lambda g: to_scores(g),
    )
