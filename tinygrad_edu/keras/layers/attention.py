"""Attention: with several heads, and as a layer without projections."""

from __future__ import annotations

from typing import Any, ClassVar

from ... import ops
from ...engine import Tensor
from ...engine.errors import ShapeError
from ...nn import Dropout
from ...nn.attention import attend, past, weights
from ...training.masks import mask_of
from .base import Layer

__all__ = ["AdditiveAttention", "Attention", "MultiHeadAttention"]


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


class _Attention(Layer):
    """Each query gets the values, weighed by the softmax of its scores with their keys.

    inputs : [query, value] or [query, value, key], (N, T, d), (N, S, v), (N, S, d); the key is the value if not given
    out : (N, T, v); with return_attention_scores also the weights, (N, T, S)
    dropout : the share of the weights dropped in training.  seed : for draws that depend on nothing else.
    A call takes mask, a list with that of the queries, (N, T), whose outputs become 0, and that of the values, (N, S), which
    otherwise come with them; use_causal_mask: query i sees the values up to i only.
    """

    supports_masking = True

    def drop(self, rate: float, seed: int | None) -> None:
        """Make the dropout."""
        self._drop = Dropout(rate, seed)

    def scores(self, query: Tensor, key: Tensor) -> Any:
        """How well they fit: (N, T, d), (N, S, d) -> (N, T, S)."""
        raise NotImplementedError

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """[(N, T, d), (N, S, v)] -> (N, T, v)."""
        query, value, key = self.listed(inputs)
        query_mask, value_mask, *_ = mask or (None, None)
        scores = self.scores(query, key)
        allowed = None if value_mask is None else bare(value_mask)[..., None, :]
        if use_causal_mask:
            allowed = past(scores) if allowed is None else allowed & past(scores)
        if allowed is not None:  # less, and not minus infinity: a query that may look nowhere looks everywhere
            scores = ops.where(allowed, scores, scores - 1e9)
        found = self._drop(ops.softmax(scores))
        out = found @ value
        if query_mask is not None:
            out = ops.where(bare(query_mask)[..., None], out, 0.0)
        return (out, found) if return_attention_scores else out

    def listed(self, inputs: Any) -> tuple[Any, Any, Any]:
        """Query, value and key."""
        if not isinstance(inputs, (list, tuple)) or len(inputs) not in (2, 3):
            raise ShapeError(f"{self.name}: [query, value] or [query, value, key] is needed, as in layer([x, y]).")
        return inputs[0], inputs[1], inputs[-1]

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """That of the queries."""
        return previous_mask[0] if previous_mask else None


class Attention(_Attention):
    __doc__ = f"""{_Attention.__doc__}
    score_mode : "dot" for query times key, "concat" for the sum of tanh(query + key) times a weight (Luong et al., 2015).
    use_scale : multiply with a weight before.          weights : scale, concat_score_weight, () each, 1 at first
    """

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if score_mode not in ("dot", "concat"):
            raise ValueError(f"{self.name}: score_mode is 'dot' or 'concat', not {score_mode!r}.")
        self.keep(locals())
        self.drop(dropout, seed)

    def build(self, input_shape: Any) -> None:
        """Make the weights."""
        self.listed(input_shape)
        self.scale = self.add_weight((), "ones", name="scale") if self.use_scale else None
        concat = self.score_mode == "concat"
        self.concat_score_weight = self.add_weight((), "ones", name="concat_score_weight") if concat else None

    def scores(self, query: Tensor, key: Tensor) -> Any:
        """(N, T, d), (N, S, d) -> (N, T, S)."""
        scale = 1.0 if self.scale is None else self.scale
        if self.concat_score_weight is None:
            return scale * (query @ key.swapaxes(-2, -1))
        return self.concat_score_weight * ops.tanh(scale * sums(query, key)).sum(axis=-1)


class AdditiveAttention(_Attention):
    __doc__ = f"""{_Attention.__doc__}
    The scores are sums of scale * tanh(query + key).  use_scale : False for a scale of 1.          scale : (d,)
    Source: Bahdanau, Cho and Bengio, 2015.
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, *, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.drop(dropout, seed)

    def build(self, input_shape: Any) -> None:
        """Make the scale."""
        query = self.listed(input_shape)[0]
        self.scale = self.add_weight(query[-1:], name="scale") if self.use_scale else None

    def scores(self, query: Tensor, key: Tensor) -> Any:
        """(N, T, d), (N, S, d) -> (N, T, S)."""
        fit = ops.tanh(sums(query, key))
        return (fit if self.scale is None else self.scale * fit).sum(axis=-1)


def sums(query: Tensor, key: Tensor) -> Any:
    """Each query plus each key: (N, T, d), (N, S, d) -> (N, T, S, d)."""
    return query[..., :, None, :] + key[..., None, :, :]
