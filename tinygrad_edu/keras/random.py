"""Random numbers.

seed : a whole number for the same draws at every call; a ``SeedGenerator`` for the next of a sequence of its own; None for
    the next from the root that ``utils.set_random_seed`` sets.
"""

from __future__ import annotations

from typing import Any

from .. import ops
from ..engine import Tensor, random
from ..nn import init

__all__ = [
    "SeedGenerator", "beta", "binomial", "categorical", "dropout", "gamma", "normal", "randint", "shuffle",
    "truncated_normal", "uniform",
]  # fmt: skip


class SeedGenerator:
    """A sequence of draws of its own: pass it as ``seed=``."""

    def __init__(self, seed: int | None = None) -> None:
        self.seed, self.rng = seed, random.generator(seed)


def generator(seed: Any) -> Any:
    """The Generator that a seed stands for."""
    return seed.rng if isinstance(seed, SeedGenerator) else random.generator(seed)


def normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: int | SeedGenerator | None = None
) -> Tensor:
    """Normally distributed numbers."""
    return Tensor(init.normal(mean, stddev)(shape, generator(seed), dtype or "float32"))


def truncated_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: int | SeedGenerator | None = None
) -> Tensor:
    """Normally distributed numbers, drawn again beyond two standard deviations."""
    return Tensor(init.truncated_normal(mean, stddev)(shape, generator(seed), dtype or "float32"))


def uniform(
    shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: int | SeedGenerator | None = None
) -> Tensor:
    """Numbers evenly between minval and maxval."""
    return Tensor(init.uniform(minval, maxval)(shape, generator(seed), dtype or "float32"))


def randint(
    shape: Any, minval: int, maxval: int, dtype: Any = "int32", seed: int | SeedGenerator | None = None
) -> Tensor:
    """Whole numbers from minval up to, not including, maxval."""
    return Tensor(generator(seed).integers(minval, maxval, shape), dtype=dtype)


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: int | SeedGenerator | None = None) -> Tensor:
    """Class numbers drawn with the probabilities softmax(logits): (N, classes) -> (N, num_samples)."""
    logits = logits if isinstance(logits, Tensor) else Tensor(logits)
    noise = generator(seed).gumbel(size=(logits.shape[0], num_samples, logits.shape[1]))
    return Tensor((logits.data[:, None, :] + noise).argmax(axis=-1), dtype=dtype)  # the Gumbel-max trick


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: int | SeedGenerator | None = None) -> Any:
    """A random share of the entries becomes 0, and the others grow so that the mean stays."""
    keep = generator(seed).random(noise_shape or inputs.shape) >= rate
    return ops.where(ops.broadcast_to(keep, inputs.shape), inputs / (1 - rate), 0.0)


def shuffle(x: Any, axis: int = 0, seed: int | SeedGenerator | None = None) -> Any:
    """The slices along an axis in a random order."""
    return ops.take(x, generator(seed).permutation(x.shape[axis]), axis=axis)


def beta(shape: Any, alpha: Any, beta: Any, dtype: Any = None, seed: int | SeedGenerator | None = None) -> Tensor:
    """Numbers from 0 to 1 of a beta distribution."""
    return Tensor(generator(seed).beta(alpha, beta, shape), dtype=dtype or "float32")


def gamma(shape: Any, alpha: Any, dtype: Any = None, seed: int | SeedGenerator | None = None) -> Tensor:
    """Numbers of a gamma distribution with scale 1."""
    return Tensor(generator(seed).gamma(alpha, 1.0, shape), dtype=dtype or "float32")


def binomial(
    shape: Any, counts: Any, probabilities: Any, dtype: Any = None, seed: int | SeedGenerator | None = None
) -> Tensor:
    """How often something of these probabilities happens in so many trials."""
    return Tensor(generator(seed).binomial(counts, probabilities, shape), dtype=dtype or "float32")
