"""Layers that prepare data: scaling, and sizes of images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from ... import ops
from ...engine import Tensor, beside
from ...engine.errors import DataError, ShapeError
from ...nn.model import as_input
from ...nn.resizing import resized
from ._images import Images
from .base import Layer, positive

__all__ = ["CenterCrop", "Normalization", "Rescaling", "Resizing"]


class Rescaling(Layer):
    """inputs * scale + offset: pixels from 0 ... 255 to 0 ... 1 with scale=1/255."""

    supports_masking = True

    def __init__(self, scale: float, offset: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale, self.offset = scale, offset

    def call(self, inputs: Tensor) -> Tensor:
        """(...) -> (...)."""
        return floats(inputs, self.dtype) * self.scale + self.offset


class Normalization(Layer):
    """(inputs - mean) / sqrt(variance), of numbers that are known beforehand or learned from data by ``adapt``.

    axis : the axes that have a mean and a variance for each entry; the last by default, None for one of all.
    mean, variance : numbers, or as many as these axes have.  invert : back again, inputs * sqrt(variance) + mean.
    weights : mean, variance, and a count that is kept for files of Keras; none where mean and variance are given
    """

    supports_masking = True

    def __init__(
        self, axis: Any = -1, mean: Any = None, variance: Any = None, invert: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if (mean is None) != (variance is None):
            raise ValueError(f"{self.name}: give both mean and variance, or neither and call adapt(data).")
        self.axis = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        self.given = None if mean is None else [as_input([value])[0] for value in (mean, variance)]
        self.invert = invert

    def build(self, input_shape: Any) -> None:
        """Make the weights."""
        rank = self._rank = len(input_shape)
        if any(not -rank <= a < rank for a in self.axis):
            raise ShapeError(f"{self.name}: axis {self.axis} is not among the axes of {tuple(input_shape)}.")
        self._kept = tuple(sorted(a % rank for a in self.axis))
        shape = tuple(input_shape[a] for a in self._kept)
        if any(n is None for n in shape):
            raise ShapeError(f"{self.name}: the sizes of axis {self.axis} must be known, and {input_shape} came.")
        if self.given is None:
            self.adapt_mean = self.add_weight(shape, "zeros", trainable=False, name="mean")
            self.adapt_variance = self.add_weight(shape, "ones", trainable=False, name="variance")
            self.count = self.add_weight((), "zeros", dtype="int32", trainable=False, name="count")

    def adapt(self, data: Any) -> None:
        """Take mean and variance from data, in place of what was there.

        data : an array, or something that yields batches: arrays, or tuples (x, ...) of which x is looked at.
        Errors: ValueError where mean and variance are given; DataError for no samples.
        """
        if self.given is not None:
            raise ValueError(f"{self.name}: its mean and variance are given, so there is nothing to adapt.")
        seen, mean, squares = 0, 0.0, 0.0  # squares: about the mean
        for batch in batches(data):
            x = as_input(batch).data.astype("float64")
            if not self.built:
                self.build((None, *x.shape[1:]))
            others = tuple(a for a in range(x.ndim) if a not in self._kept)
            count = x.size // self.adapt_mean.size
            apart = x.mean(axis=others) - mean
            squares = squares + x.var(axis=others) * count + apart**2 * (seen * count / max(seen + count, 1))
            mean, seen = mean + apart * (count / max(seen + count, 1)), seen + count
        if not seen:
            raise DataError(f"{self.name}: adapt(data) found no sample.")
        self.adapt_mean.assign(mean)
        self.adapt_variance.assign(squares / seen)

    @property
    def mean(self) -> Tensor:
        """The mean, with an axis of 1 for each that has none of its own."""
        return self._of(0)

    @property
    def variance(self) -> Tensor:
        """The variance, in the same shape."""
        return self._of(1)

    def _of(self, which: int) -> Tensor:
        value = (self.adapt_mean, self.adapt_variance)[which] if self.given is None else self.given[which]
        shape = [1] * self._rank
        for n, axis in zip(
            reversed(value.shape), reversed(self._kept)
        ):  # fewer numbers than axes are those of the last
            shape[axis] = n
        return value.reshape(*shape)

    def call(self, inputs: Tensor) -> Tensor:
        """(...) -> (...)."""
        x = floats(inputs, self.dtype)
        mean = beside(x, self.mean.data, x.dtype)
        deviation = beside(x, ops.maximum(ops.sqrt(self.variance.data), 1e-7), x.dtype)
        out: Tensor = x * deviation + mean if self.invert else (x - mean) / deviation
        return out


class Sized(Images):
    """Images (N, H, W, C), or one image (H, W, C), in another size."""

    rank = 2

    def __init__(self, height: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not (positive(height) and positive(width)):
            raise ValueError(f"{self.name}: height and width are whole numbers > 0, not {height!r} and {width!r}.")

    def call(self, inputs: Tensor) -> Tensor:
        """(N, H, W, C) -> (N, height, width, C)."""
        if inputs.ndim == 3:
            return self.call(inputs.reshape(1, *inputs.shape))[0]
        self.channels(inputs.shape)
        return self.last(self.changed(self.first(inputs)))

    def changed(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, height, width)."""
        raise NotImplementedError

    def cut(self, x: Tensor, height: int, width: int) -> Tensor:
        """The middle of the images, in this size."""
        top, left = (x.shape[2] - height) // 2, (x.shape[3] - width) // 2
        return x[:, :, top : top + height, left : left + width]

    def scaled(self, x: Tensor, mode: str, whole: bool) -> Tensor:
        """The images in the new size; whole: all of them, else the largest part of the middle that has its proportions."""
        if not whole:
            height, width = x.shape[2:]
            x = self.cut(
                x,
                max(min(height, width * self.height // self.width), 1),
                max(min(width, height * self.width // self.height), 1),
            )
        for axis, size in ((2, self.height), (3, self.width)):
            x = resized(x, size, axis, mode)
        return x


class Resizing(Sized):
    """Images in another size.

    interpolation : "bilinear", between the centres of the four nearest pixels, or "nearest".
    crop_to_aspect_ratio : cut off what does not fit the new proportions, in place of distorting.
    Whole numbers, such as bytes, come back as such.
    """

    refused: ClassVar = {
        "pad_to_aspect_ratio": False,
        "fill_mode": "constant",
        "fill_value": 0.0,
        "antialias": False,
    }

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(height, width, **kwargs)
        self.keep(locals())
        if interpolation not in ("bilinear", "nearest"):
            raise ValueError(f"{self.name}: interpolation is 'bilinear' or 'nearest', not {interpolation!r}.")

    def changed(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, height, width)."""
        whole = not self.crop_to_aspect_ratio
        if x.dtype.kind == "f" or self.interpolation == "nearest":
            return self.scaled(x, self.interpolation, whole)
        return ops.round(self.scaled(x.astype(self.dtype), "bilinear", whole)).astype(x.dtype)


class CenterCrop(Sized):
    """The middle of each image; one that is smaller is enlarged first, in its own proportions."""

    def __init__(self, height: int, width: int, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(height, width, **kwargs)
        self.keep(locals())

    def changed(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, height, width)."""
        x = floats(x, self.dtype)
        if x.shape[2] >= self.height and x.shape[3] >= self.width:
            return self.cut(x, self.height, self.width)
        return self.scaled(x, "bilinear", whole=False)


def batches(data: Any) -> Iterator[Any]:
    """The parts of data that are looked at one after the other: an array is one."""
    if hasattr(data, "shape"):
        yield data
        return
    for batch in data if hasattr(data, "__iter__") else (data[i] for i in range(len(data))):
        yield batch[0] if isinstance(batch, tuple) else batch


def floats(x: Tensor, dtype: str) -> Tensor:
    """Whole numbers as floats."""
    return x if x.dtype.kind == "f" else x.astype(dtype)
