"""Random draws from the sample descriptions of ops: numpy alone, no hypothesis."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.domain import Domain, Draw

__all__ = ["RandomDraw"]


class RandomDraw(Draw):
    """Inputs drawn by a Generator: special points and ties often, numbers near 1 and of every other size.

    rng : a numpy Generator, or a seed for one.
    """

    def __init__(self, rng: np.random.Generator | int) -> None:
        self.rng = np.random.default_rng(rng)

    def integer(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return int(self.rng.integers(low, high, endpoint=True))

    def reals(self, shape: tuple[int, ...], domain: Domain) -> Any:
        """A float64 array of numbers from the domain."""
        size = int(np.prod(shape))
        if domain.apart:
            return spaced(self.rng.permutation(size), self.rng.uniform(size=size), domain).reshape(shape)
        kind = self.rng.integers(0, 4)
        if kind == 0:  # over the whole domain
            values = self.rng.uniform(domain.low, domain.high, size)
        else:  # most domains are much wider than where functions have their shape
            values = np.clip(self.rng.uniform(-3, 3, size), domain.low, domain.high)
            crowded = (values == domain.low) | (values == domain.high)
            values[crowded] = self.rng.uniform(domain.low, domain.high, int(crowded.sum()))
        if kind == 1 and domain.special:
            chosen = self.rng.uniform(size=size) < 0.5
            values[chosen] = self.rng.choice(domain.special, int(chosen.sum()))
        if kind == 2:  # few different numbers: ties, within an array and with the next one
            few = np.linspace(max(domain.low, -3.0), min(domain.high, 3.0), 4)
            values = np.where(values == np.clip(values, few[0], few[-1]), self.rng.choice(few, size), values)
        return values.reshape(shape)


def spaced(order: Any, jitter: Any, domain: Domain) -> Any:
    """Numbers of the domain that are ``apart`` at least: one from the middle of each of as many cells, in a given order."""
    size = len(order)
    cell = (domain.high - domain.low) / max(size, 1)
    if size > 1 and cell <= domain.apart:
        raise ValueError(
            f"{size} numbers between {domain.low} and {domain.high} cannot be {domain.apart} apart. Widen the interval."
        )
    margin = min(domain.apart / 2, cell / 2)
    return domain.low + order * cell + margin + jitter * (cell - 2 * margin)
