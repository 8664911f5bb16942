"""Embedding: a table of learned vectors."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..engine import Tensor, random
from . import init as start
from .linear import sizes
from .module import Module
from .parameter import Parameter

__all__ = ["Embedding"]


class Embedding(Module):
    """The row of a table for each id.

    ids : (...) integers from 0 to num_embeddings - 1; floats with whole values are taken as well, as ``fit`` makes them
    out : (..., embedding_dim)          weight : (num_embeddings, embedding_dim), evenly between -0.05 and 0.05
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, init: Any = "uniform") -> None:
        self.num_embeddings, self.embedding_dim = sizes("Embedding", num_embeddings, embedding_dim)
        self.weight = Parameter(start.get(init)((num_embeddings, embedding_dim), random.generator()))

    def forward(self, ids: Any) -> Tensor:
        """(...) -> (..., embedding_dim)."""
        return ops.embedding(self.weight, whole(ids))

    def extra_repr(self) -> str:
        """The sizes."""
        return f"{self.num_embeddings}, {self.embedding_dim}"


def whole(ids: Any) -> Any:
    """Ids as an integer array; floats that are not whole stay as they are, for the op to refuse."""
    values = ids.data if isinstance(ids, Tensor) else ids
    if getattr(values, "dtype", None) is None or values.dtype.kind != "f":
        return values
    rounded = values.astype("int64")
    return rounded if (rounded == values).all() else values
