"""Dropout."""

from __future__ import annotations

from .. import ops
from ..engine import Tensor, random
from .module import Module

__all__ = ["Dropout"]


class Dropout(Module):
    """In training, a random share of the entries becomes 0, and the others grow so that the mean stays (inverted dropout).

    rate : the share, at least 0 and below 1.          x : (...)          out : (...)
    Outside training it passes its input on. The draws come from a Generator of the layer's own.
    Source: Srivastava et al., 2014.
    """

    def __init__(self, rate: float = 0.5) -> None:
        if not 0 <= rate < 1:
            raise ValueError(f"Dropout: the rate is the share that becomes 0, at least 0 and below 1, not {rate!r}.")
        self.rate = float(rate)
        self._rng = random.generator()

    def forward(self, x: Tensor) -> Tensor:
        """(...) -> (...)."""
        if not self.training or self.rate == 0:
            return x
        keep = self._rng.random(x.shape, dtype="float32") >= self.rate
        return ops.dropout(x, keep, self.rate)

    def extra_repr(self) -> str:
        """The rate."""
        return str(self.rate)
