"""Layers that change images at random in training. The arithmetic is ``nn.augmentation``'s."""

from __future__ import annotations

from typing import Any

from ... import nn
from ...engine import Tensor, random
from ...nn import augmentation as images
from ._images import Images
from .preprocessing import Sized, floats

__all__ = [
    "RandomBrightness", "RandomContrast", "RandomCrop", "RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom",
]  # fmt: skip


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
        self.inner = images.RandomFlip(mode, seed)


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
        self.inner = images.RandomRotation(factor, fill_mode, interpolation, seed, fill_value)


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
        self.inner = images.RandomTranslation(height_factor, width_factor, fill_mode, interpolation, seed, fill_value)


class RandomZoom(_Augmentation):
    """Each image is shown smaller, with more around it, or larger.

    height_factor, width_factor : the largest share of the size by which more or less is seen, or (lowest, highest); above 0 is
        more.  width_factor=None : as much as along the height.
    fill_mode, interpolation : as for ``RandomRotation``.
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.inner = images.RandomZoom(height_factor, width_factor, fill_mode, interpolation, seed, fill_value)


class RandomBrightness(_Augmentation):
    """All pixels of an image become brighter or darker by the same number.

    factor : the largest change as a share of the range, or (lowest, highest) from -1 to 1.
    value_range : of pixels, (lowest, highest); what would lie outside is cut off.
    """

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        seed: int | None = None,
        *,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.inner = images.RandomBrightness(factor, value_range, seed)


class RandomContrast(_Augmentation):
    """The pixels of each image and channel move away from their mean, or towards it.

    factor : how much less and more contrast there is at most, one number from 0 to 1 or (less, more). With one number Keras
        3.15 itself only draws more contrast, although its documentation says both.
    value_range : of pixels, (lowest, highest); what would lie outside is cut off.
    """

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        seed: int | None = None,
        *,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.inner = images.RandomContrast(factor, value_range, seed)


class RandomCrop(Sized):
    """A part of the images, in training at a random place that is the same in the whole batch.

    Outside training, and for images that are smaller: the largest part of the middle with these proportions, resized (Keras's
    documentation says so; 3.15 itself leaves images outside training as they are).
    """

    def __init__(
        self, height: int, width: int, seed: int | None = None, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(height, width, **kwargs)
        self.keep(locals())
        self._rng = random.generator(seed)

    def changed(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, height, width)."""
        x = floats(x, self.dtype)
        spare = [x.shape[2] - self.height, x.shape[3] - self.width]
        if not self.training or min(spare) < 0:
            return self.scaled(x, "bilinear", whole=False)
        top, left = self._rng.integers(0, spare, endpoint=True).tolist()
        return x[:, :, top : top + self.height, left : left + self.width]
