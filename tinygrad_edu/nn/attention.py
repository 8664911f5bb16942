"""Attention with several heads."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..engine import Tensor, random
from ..engine.errors import ShapeError
from . import init as start
from .dropout import Dropout
from .linear import sizes
from .module import Module
from .parameter import Parameter

__all__ = ["MultiheadAttention", "attend", "joined", "past", "split_heads", "weights"]


class MultiheadAttention(Module):
    """Several attentions side by side, each on a projection of its own, and a projection of what they found.

    query : (N, L, E)          key : (N, S, kdim), query if None          value : (N, S, vdim), key if None
    out : (N, L, E)
    embed_dim : E, which num_heads divides.  dropout : the share of attention weights dropped in training.
    weights : four of ``ops.linear``, Glorot uniform, for queries, keys, values and the output; biases 0, or none.
    Source: Vaswani et al., 2017.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        kdim: int | None = None,
        vdim: int | None = None,
    ) -> None:
        self.embed_dim, self.num_heads = sizes("MultiheadAttention", embed_dim, num_heads)
        if embed_dim % num_heads:
            raise ShapeError(f"MultiheadAttention: {num_heads} heads do not divide embed_dim {embed_dim}.")
        rng = random.generator()
        widths = {"query": embed_dim, "key": kdim or embed_dim, "value": vdim or embed_dim, "out": embed_dim}
        self.weight = {n: Parameter(start.glorot_uniform((width, embed_dim), rng)) for n, width in widths.items()}
        self.bias = {n: Parameter(start.zeros((embed_dim,))) if bias else None for n in widths}
        self.drop = Dropout(dropout)

    def project(self, name: str, x: Tensor) -> Tensor:
        """One of the four projections."""
        return ops.linear(x, self.weight[name], self.bias[name])

    def forward(
        self,
        query: Tensor,
        key: Tensor | None = None,
        value: Tensor | None = None,
        mask: Any = None,
        causal: bool = False,
    ) -> Tensor:
        """(N, L, E) -> (N, L, E).

        mask : broadcasts to (N, heads, L, S): bool, True where a query may look, or float, added to the scores.
        causal : query i sees the keys up to i only.
        """
        key = query if key is None else key
        inputs = {"query": query, "key": key, "value": key if value is None else value}
        q, k, v = (split_heads(self.project(name, x), self.num_heads) for name, x in inputs.items())
        return self.project("out", joined(attend(q, k, v, mask, causal, self.drop)))

    def extra_repr(self) -> str:
        """The sizes."""
        return f"{self.embed_dim}, {self.num_heads}"


def split_heads(x: Tensor, heads: int) -> Tensor:
    """(N, T, heads * width) -> (N, heads, T, width)."""
    return x.reshape(*x.shape[:-1], heads, x.shape[-1] // heads).swapaxes(-2, -3)


def joined(x: Tensor) -> Tensor:
    """(N, heads, T, width) -> (N, T, heads * width)."""
    x = x.swapaxes(-2, -3)
    return x.reshape(*x.shape[:-2], x.shape[-2] * x.shape[-1])


def weights(q: Tensor, k: Tensor, mask: Any = None, causal: bool = False) -> Tensor:
    """How much each query looks at each key, (..., L, S): attention whose values are the unit vectors."""
    return ops.scaled_dot_product_attention(q, k, np.eye(k.shape[-2], dtype=k.dtype), mask, causal=causal)


def past(scores: Tensor) -> Any:
    """What a causal query may look at, (L, S): True for the keys up to its own place."""
    return np.tri(*scores.shape[-2:], dtype=bool, like=scores.data)


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Any, causal: bool, drop: Dropout) -> Tensor:
    """Attention of every head; only where weights are to be dropped are they needed one by one.

    q : (..., L, E)          k : (..., S, E)          v : (..., S, D)          out : (..., L, D)
    """
    if not drop.training or drop.rate == 0:
        return ops.scaled_dot_product_attention(q, k, v, mask, causal=causal)
    dropped: Tensor = drop(weights(q, k, mask, causal))
    return dropped @ v
