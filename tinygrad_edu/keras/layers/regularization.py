"""Layers that disturb training, so that a model does not learn by heart."""

from __future__ import annotations

from typing import Any

from ... import ops
from ...engine import Tensor, beside, random
from ...ops.activation import SELU_ALPHA, SELU_SCALE
from .. import regularizers
from ._images import Images
from .base import Layer

__all__ = [
    "ActivityRegularization",
    "AlphaDropout",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
]


LOWEST = -SELU_ALPHA * SELU_SCALE  # of selu


class ActivityRegularization(Layer):
    """Passes its input on, and adds a penalty on it: l1 times the sum of its magnitudes plus l2 times that of its squares."""

    supports_masking = True

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=regularizers.L1L2(l1, l2), **kwargs)

    def call(self, inputs: Tensor) -> Tensor:
        """(...) -> (...)."""
        return inputs


class Dropout(Layer):
    """In training, a random share of the entries becomes 0, and the others grow so that the mean stays.

    rate : the share.  noise_shape : the shape of what is drawn, with size 1 (or None: the input's) along axes that
        share their fate.  seed : for draws that depend on nothing else.
    """

    supports_masking = True

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0 <= rate <= 1:
            raise ValueError(f"{self.name}: rate is the share that becomes 0, a number from 0 to 1, not {rate!r}.")
        self.keep(locals())
        self._rng = random.generator(seed)

    def drawn(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the draws for an input's shape."""
        if self.noise_shape is None:
            return shape
        return tuple(n if m is None else m for n, m in zip(shape, self.noise_shape))

    def call(self, inputs: Tensor) -> Tensor:
        """(...) -> (...)."""
        if not self.training or self.rate == 0:
            return inputs
        return ops.dropout(inputs, self.kept(inputs), self.rate)

    def kept(self, inputs: Tensor) -> Any:
        """True for what stays."""
        return beside(inputs, self._rng.random(self.drawn(inputs.shape), dtype="float32") >= self.rate)


class AlphaDropout(Dropout):
    """Dropout for networks of SELUs: what is dropped gets their lowest value, and mean and variance stay.

    rate : the share, below 1.  noise_shape, seed : as for ``Dropout``.
    Source: Klambauer et al., 2017.
    """

    def call(self, inputs: Tensor) -> Any:
        """(...) -> (...)."""
        if not self.training or self.rate == 0:
            return inputs
        if self.rate == 1:
            raise ValueError(f"{self.name}: with rate=1 nothing is left whose variance could stay; give a lower rate.")
        factor = ((1 - self.rate) * (1 + self.rate * LOWEST**2)) ** -0.5
        return factor * ops.where(self.kept(inputs), inputs, LOWEST) - factor * LOWEST * self.rate


class _SpatialDropout(Dropout, Images):
    def drawn(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """One draw for each channel."""
        n, c, places = shape[0], self.channels(shape), (1,) * self.rank
        return (n, *places, c) if self.channels_last else (n, c, *places)


class SpatialDropout1D(_SpatialDropout):
    """Dropout of whole channels of sequences (N, T, C)."""

    rank = 1

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, None, seed, **kwargs)


class SpatialDropout2D(_SpatialDropout):
    """Dropout of whole channels of images (N, H, W, C)."""

    rank = 2

    def __init__(self, rate: float, data_format: str | None = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, None, seed, **kwargs)
        self.keep({"data_format": data_format})


class SpatialDropout3D(_SpatialDropout):
    """Dropout of whole channels of volumes (N, D, H, W, C)."""

    rank = 3

    def __init__(self, rate: float, data_format: str | None = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, None, seed, **kwargs)
        self.keep({"data_format": data_format})


class GaussianNoise(Layer):
    """In training, normally distributed noise is added.

    stddev : its standard deviation.  seed : for draws that depend on nothing else.
    """

    supports_masking = True

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not stddev >= 0:
            raise ValueError(f"{self.name}: stddev is at least 0, not {stddev!r}.")
        self.keep(locals())
        self._rng = random.generator(seed)

    def call(self, inputs: Tensor) -> Any:
        """(...) -> (...)."""
        if not self.training or self.stddev == 0:
            return inputs
        noise = self.stddev * self._rng.standard_normal(inputs.shape)
        return inputs + beside(inputs, noise, inputs.dtype)


class GaussianDropout(Layer):
    """In training, entries are multiplied by normal draws of mean 1 and variance rate / (1 - rate)."""

    supports_masking = True

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"{self.name}: rate is at least 0 and below 1, not {rate!r}.")
        self.keep(locals())
        self._rng = random.generator(seed)

    def call(self, inputs: Tensor) -> Any:
        """(...) -> (...)."""
        if not self.training or self.rate == 0:
            return inputs
        spread = (self.rate / (1 - self.rate)) ** 0.5
        noise = 1 + spread * self._rng.standard_normal(inputs.shape)
        return inputs * beside(inputs, noise, inputs.dtype)
