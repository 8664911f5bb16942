"""Layers that prepare images: scaling, and random changes in training. The arithmetic is ``nn.augmentation``'s."""

from __future__ import annotations

from typing import Any

from ... import nn
from ...engine import Tensor
from ...nn import augmentation
from ._images import Images
from .base import Layer

__all__ = ["RandomFlip", "RandomRotation", "RandomTranslation", "Rescaling"]


class Rescaling(Layer):
    """inputs * scale + offset: pixels from 0 ... 255 to 0 ... 1 with scale=1/255."""

    supports_masking = True

    def __init__(self, scale: float, offset: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale, self.offset = scale, offset

    def call(self, inputs: Tensor) -> Tensor:
        """(...) -> (...)."""
        return floats(inputs, self.dtype) * self.scale + self.offset


class _Augmentation(Images):
    """Images (N, H, W, C), or one image (H, W, C), changed at random in training; as they are otherwise."""

    rank = 2
    inner: nn.Module

    def call(self, inputs: Tensor) -> Tensor:
        """(N, H, W, C) -> (N, H, W, C)."""
        x = floats(inputs, self.dtype)
        if x.ndim == 3:
            return self.call(x.reshape(1, *x.shape))[0]
        self.channels(x.shape)
        return self.last(self.inner(self.first(x)))


class RandomFlip(_Augmentation):
    """Half of the images are mirrored.

    mode : "horizontal" swaps left and right, "vertical" top and bottom, "horizontal_and_vertical" draws for each.
    """

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.inner = augmentation.RandomFlip(mode, seed)


class RandomRotation(_Augmentation):
    """Each image is turned about its centre.

    factor : the largest angle as a share of a full turn, or (lowest, highest); above 0 is counter-clockwise.
    fill_mode : what lies outside: "reflect", "wrap", "nearest", or "constant" (fill_value).
    interpolation : "bilinear" or "nearest".
    """

    def __init__(
        self,
        factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.inner = augmentation.RandomRotation(factor, fill_mode, interpolation, seed, fill_value)


class RandomTranslation(_Augmentation):
    """Each image is moved.

    height_factor, width_factor : the largest way as a share of the size, or (lowest, highest); above 0 is down and right.
    fill_mode, interpolation : as for ``RandomRotation``.
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.inner = augmentation.RandomTranslation(
            height_factor, width_factor, fill_mode, interpolation, seed, fill_value
        )


def floats(x: Tensor, dtype: str) -> Tensor:
    """Whole numbers as floats."""
    return x if x.dtype.kind == "f" else x.astype(dtype)
