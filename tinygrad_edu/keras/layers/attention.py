"""Multi-head attention."""

from __future__ import annotations

from typing import Any, ClassVar

from ... import ops
from ...engine import Tensor
from ...nn import Dropout
from ...nn.attention import attend, weights
from ...training.masks import mask_of
from .base import Layer

__all__ = ["MultiHeadAttention"]


class MultiHeadAttention(Layer):
    """Several attentions side by side, each on projections of its own, and a projection of what they found.

    query : (N, T, a)          value : (N, S, b)          key : (N, S, c), the value if None
    out : (N, T, output_shape), a if None; with return_attention_scores also the weights, (N, heads, T, S)
    num_heads, key_dim, value_dim : how many, and how wide their keys and values are (value_dim as key_dim if None).
    dropout : the share of attention weights dropped in training.
    weights : for query, key, value kernels (in, heads, dim) and biases (heads, dim); (heads, value_dim, out) and (out,)
    A call takes attention_mask, (N, T, S) and True where a query may look; use_causal_mask: only at what came before; and
    masks of the inputs, (N, T) and (N, S), which otherwise come with them.
    Source: Vaswani et al., 2017.
    """

    refused: ClassVar = {"attention_axes": None, "sliding_window": None, "flash_attention": None, "use_gate": False}
    supports_masking = True

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: Any = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.keep(locals())
        self.value_dim = value_dim or key_dim
        self._drop = Dropout(dropout, seed)

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:
        """Make the eight weights."""
        heads, out = self.num_heads, self.output_shape or query_shape[-1:]
        out = (out,) if isinstance(out, int) else tuple(out)
        widths = {"query": (query_shape, self.key_dim), "key": (key_shape or value_shape, self.key_dim)}
        widths["value"] = (value_shape, self.value_dim)
        self.projections: dict[str, list[Any]] = {
            name: [self.weight_for("kernel", (shape[-1], heads, width)), self.bias_for((heads, width))]
            for name, (shape, width) in widths.items()
        }
        self.projections["output"] = [self.weight_for("kernel", (heads, self.value_dim, *out)), self.bias_for(out)]

    def stored_as(self, i: int, name: str) -> str:
        """In the files of Keras each projection is a layer of its own."""
        _, which, place = name.split(".")
        return f"{which}_dense/vars/{place}"

    def bias_for(self, shape: tuple[int, ...]) -> Any:
        """A bias, if biases are used."""
        return self.weight_for("bias", shape) if self.use_bias else None

    def project(self, name: str, x: Tensor) -> Tensor:
        """(N, T, in) -> (N, heads, T, dim)."""
        kernel, bias = self.projections[name]
        out = ops.linear(x, kernel.reshape(kernel.shape[0], -1), None if bias is None else bias.reshape(-1))
        return out.reshape(*x.shape[:-1], *kernel.shape[1:]).swapaxes(-2, -3)

    def call(
        self,
        query: Tensor,
        value: Tensor,
        key: Tensor | None = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """(N, T, a), (N, S, b) -> (N, T, out)."""
        masks = [(query_mask, query, -1), (value_mask, value, -2), (key_mask, key, -2)]
        allowed = None if attention_mask is None else bare(attention_mask) != 0
        for given, x, axis in masks:
            own = mask_of(x) if given is None and x is not None else given
            if own is not None:
                wide = bare(own)[:, :, None] if axis == -1 else bare(own)[:, None, :]
                allowed = wide if allowed is None else allowed & wide
        if allowed is not None:
            # added to the scores, as Keras does, so that a query that may look nowhere looks everywhere
            allowed = ops.where(allowed, 0.0, -1e9).astype(query.dtype)
            allowed = allowed[:, None] if allowed.ndim == 3 else allowed
        q, k = self.project("query", query), self.project("key", value if key is None else key)
        v = self.project("value", value)
        found = attend(q, k, v, allowed, use_causal_mask, self._drop)  # (N, heads, T, value_dim)
        kernel, bias = self.projections["output"]
        joined = found.swapaxes(-2, -3).reshape(*query.shape[:-1], -1)
        rows = kernel.shape[0] * kernel.shape[1]
        out = ops.linear(joined, kernel.reshape(rows, -1), None if bias is None else bias.reshape(-1))
        out = out.reshape(*query.shape[:-1], *kernel.shape[2:])
        return (out, weights(q, k, allowed, use_causal_mask)) if return_attention_scores else out


def bare(mask: Any) -> Any:
    """A mask as an array."""
    return mask.data if isinstance(mask, Tensor) else mask
