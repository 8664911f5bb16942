"""Randomness against learning by heart: dropout, and noise on the inputs."""

from __future__ import annotations

from .. import ops
from ..engine import Tensor, beside, random
from .module import Module

__all__ = ["Dropout", "GaussianNoise"]


class Dropout(Module):
    """In training, a random share of the entries becomes 0, and the others grow so that the mean stays (inverted dropout).

    rate : the share, at least 0 and below 1.          x : (...)          out : (...)
    Outside training it passes its input on. The draws come from a Generator of the layer's own.
    seed : for draws that depend on nothing else.
    Source: Srivastava et al., 2014.
    """

    def __init__(self, rate: float = 0.5, seed: int | None = None) -> None:
        if not 0 <= rate < 1:
            raise ValueError(f"Dropout: the rate is the share that becomes 0, at least 0 and below 1, not {rate!r}.")
        self.rate = float(rate)
        self._rng = random.generator(seed)

    def forward(self, x: Tensor) -> Tensor:
        """(...) -> (...)."""
        if not self.training or self.rate == 0:
            return x
        keep = self._rng.random(x.shape, dtype="float32") >= self.rate
        return ops.dropout(x, beside(x, keep), self.rate)

    def extra_repr(self) -> str:
        """The rate."""
        return str(self.rate)


class GaussianNoise(Module):
    """In training, normally distributed noise is added.

    std : its standard deviation, at least 0.          x : (...)          out : (...)
    Outside training it passes its input on. The draws come from a Generator of the layer's own.
    seed : for draws that depend on nothing else.
    """

    def __init__(self, std: float, seed: int | None = None) -> None:
        if not std >= 0:
            raise ValueError(f"GaussianNoise: the standard deviation is at least 0, not {std!r}.")
        self.std = float(std)
        self._rng = random.generator(seed)

    def forward(self, x: Tensor) -> Tensor:
        """(...) -> (...)."""
        if not self.training or self.std == 0:
            return x
        noise = self.std * self._rng.standard_normal(x.shape)
        out: Tensor = x + beside(x, noise, x.dtype)
        return out

    def extra_repr(self) -> str:
        """The standard deviation."""
        return str(self.std)
