"""Images shown a little differently at every step: flipped, turned, moved, brighter. Channels come second: (N, C, H, W)."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from .. import ops
from ..engine import Array, Tensor, beside, random
from ..engine.errors import ShapeError
from .module import Module

__all__ = [
    "RandomBrightness", "RandomContrast", "RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom", "resample",
]  # fmt: skip


class _Augmentation(Module):
    """In training, each image is changed by draws of its own; outside training all pass as they are.

    x : (N, C, H, W) float          out : the same shape          seed : for draws that depend on nothing else
    """

    def __init__(self, seed: int | None = None) -> None:
        self._rng = random.generator(seed)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        if x.ndim != 4:
            raise ShapeError(
                f"{type(self).__name__}: images (batch, channels, height, width) are needed, not {x.shape}."
            )
        return self.change(x) if self.training else x

    def change(self, x: Tensor) -> Tensor:
        """What happens in training."""
        raise NotImplementedError


class RandomFlip(_Augmentation):
    """Half of the images are mirrored.

    mode : "horizontal" swaps left and right, "vertical" top and bottom, "horizontal_and_vertical" draws for each.
    """

    axes: ClassVar = {"horizontal": (3,), "vertical": (2,), "horizontal_and_vertical": (3, 2)}

    def __init__(self, mode: str = "horizontal_and_vertical", seed: int | None = None) -> None:
        if mode not in self.axes:
            raise ValueError(f"RandomFlip: mode is one of {', '.join(self.axes)}, not {mode!r}.")
        super().__init__(seed)
        self.mode = mode

    def change(self, x: Tensor) -> Tensor:
        """Mirrored with probability 1/2."""
        for axis in self.axes[self.mode]:
            chosen = self._rng.random((x.shape[0], 1, 1, 1)) < 0.5
            x = ops.where(beside(x, chosen), ops.flip(x, axis), x)
        return x


class _Resampled(_Augmentation):
    """Images read at other places than their own.

    fill_mode : what lies outside: "reflect" (the mirrored image), "wrap" (the other side), "nearest" (the edge),
        "constant" (fill_value).
    interpolation : "bilinear" or "nearest".
    """

    def __init__(
        self,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
    ) -> None:
        for name, value, allowed in (
            ("fill_mode", fill_mode, ("reflect", "wrap", "nearest", "constant")),
            ("interpolation", interpolation, ("bilinear", "nearest")),
        ):
            if value not in allowed:
                raise ValueError(f"{type(self).__name__}: {name} is one of {', '.join(allowed)}, not {value!r}.")
        super().__init__(seed)
        self.fill_mode, self.interpolation, self.fill_value = fill_mode, interpolation, fill_value

    def draw(self, n: int, bounds: tuple[float, float]) -> Array:
        """One number for each image, (N, 1, 1)."""
        return self._rng.uniform(*bounds, (n, 1, 1))

    def change(self, x: Tensor) -> Tensor:
        """The images, read at ``places``."""
        rows, columns = self.places(x.shape[0], *x.shape[2:])
        return resample(x, rows, columns, self.interpolation, self.fill_mode, self.fill_value)

    def places(self, n: int, height: int, width: int) -> tuple[Array, Array]:
        """The row and the column, (N, H, W) or broadcast to it, at which each pixel of the result is read."""
        raise NotImplementedError


class RandomRotation(_Resampled):
    """Each image is turned about its centre.

    factor : the largest angle as a share of a full turn, or (lowest, highest); above 0 is counter-clockwise.
    """

    def __init__(self, factor: Any, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.factor = bounds("RandomRotation", "factor", factor)

    def places(self, n: int, height: int, width: int) -> tuple[Array, Array]:
        """The pixel's place, turned back."""
        angle = 2 * np.pi * self.draw(n, self.factor)
        y, x = np.ogrid[:height, :width]
        y, x = y - (height - 1) / 2, x - (width - 1) / 2
        rows = np.sin(angle) * x + np.cos(angle) * y + (height - 1) / 2
        return rows, np.cos(angle) * x - np.sin(angle) * y + (width - 1) / 2


class RandomTranslation(_Resampled):
    """Each image is moved.

    height_factor, width_factor : the largest way as a share of the size, or (lowest, highest); above 0 is down and right.
    """

    def __init__(self, height_factor: Any, width_factor: Any, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.height_factor = bounds("RandomTranslation", "height_factor", height_factor)
        self.width_factor = bounds("RandomTranslation", "width_factor", width_factor)

    def places(self, n: int, height: int, width: int) -> tuple[Array, Array]:
        """The pixel's place, moved back."""
        rows = np.arange(height)[:, None] - height * self.draw(n, self.height_factor)
        return rows, np.arange(width) - width * self.draw(n, self.width_factor)


class RandomZoom(_Resampled):
    """Each image is shown smaller, with more around it, or larger.

    height_factor, width_factor : the largest share of the size by which more or less is seen, or (lowest, highest); above 0 is
        more.  width_factor=None : as much as along the height.
    """

    def __init__(self, height_factor: Any, width_factor: Any = None, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.height_factor = bounds("RandomZoom", "height_factor", height_factor)
        self.width_factor = None if width_factor is None else bounds("RandomZoom", "width_factor", width_factor)

    def places(self, n: int, height: int, width: int) -> tuple[Array, Array]:
        """The pixel's place, farther from the centre or nearer to it."""
        tall = 1 + self.draw(n, self.height_factor)
        wide = tall if self.width_factor is None else 1 + self.draw(n, self.width_factor)
        y, x = (height - 1) / 2, (width - 1) / 2
        return (np.arange(height)[:, None] - y) * tall + y, (np.arange(width) - x) * wide + x


class RandomBrightness(_Augmentation):
    """All pixels of an image become brighter or darker by the same number.

    factor : the largest change as a share of the range, or (lowest, highest) from -1 to 1.
    value_range : of pixels, (lowest, highest); what would lie outside is cut off.
    """

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: int | None = None) -> None:
        super().__init__(seed)
        self.factor = bounds("RandomBrightness", "factor", factor)
        self.value_range = extent("RandomBrightness", value_range)

    def change(self, x: Tensor) -> Tensor:
        """Brighter, or darker."""
        low, high = self.value_range
        more = (high - low) * self._rng.uniform(*self.factor, (x.shape[0], 1, 1, 1))
        return ops.clip(x + beside(x, more, x.dtype), low, high)


class RandomContrast(_Augmentation):
    """The pixels of each image and channel move away from their mean, or towards it.

    factor : how much less and more contrast there is at most, one number from 0 to 1 or (less, more).
    value_range : of pixels, (lowest, highest); what would lie outside is cut off.
    """

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: int | None = None) -> None:
        super().__init__(seed)
        self.less, self.more = factor if isinstance(factor, (tuple, list)) else (factor, factor)
        if not -1 <= -self.less <= self.more <= 1:
            raise ValueError(f"RandomContrast: factor is a share from 0 to 1, or two (less, more), not {factor!r}.")
        self.value_range = extent("RandomContrast", value_range)

    def change(self, x: Tensor) -> Tensor:
        """Away from the mean, or towards it."""
        mean = x.mean(axis=(2, 3), keepdims=True)
        times = self._rng.uniform(1 - self.less, 1 + self.more, (x.shape[0], 1, 1, 1))
        return ops.clip(mean + (x - mean) * beside(x, times, x.dtype), *self.value_range)


def extent(name: str, value_range: Any) -> tuple[float, float]:
    """The lowest and the highest value that a pixel can have."""
    if len(value_range) != 2 or not value_range[0] < value_range[1]:
        raise ValueError(f"{name}: value_range is (lowest, highest), not {value_range!r}.")
    return float(value_range[0]), float(value_range[1])


def bounds(name: str, what: str, factor: Any) -> tuple[float, float]:
    """A range from a number f, meaning (-f, f), or from a pair."""
    low, high = factor if isinstance(factor, (tuple, list)) else (-abs(factor), abs(factor))
    if not -1 <= low <= high <= 1:
        raise ValueError(f"{name}: {what} is a share from 0 to 1, or (lowest, highest) from -1 to 1, not {factor!r}.")
    return float(low), float(high)


def resample(x: Tensor, rows: Array, columns: Array, interpolation: str, fill_mode: str, fill_value: float) -> Tensor:
    """Images read at given places.

    x : (N, C, H, W)          rows, columns : broadcast to (N, H, W), in pixels          out : x's shape
    """
    rows, columns = beside(x, rows), beside(x, columns)
    if interpolation == "nearest":
        return read(x, np.rint(rows), np.rint(columns), fill_mode, fill_value)
    top, left = np.floor(rows), np.floor(columns)
    down, right = (rows - top).astype(x.dtype), (columns - left).astype(x.dtype)
    out: Any = 0
    for i, vertical in enumerate((1 - down, down)):
        for j, horizontal in enumerate((1 - right, right)):
            weight = (vertical * horizontal)[:, None]  # (N, 1, H, W)
            out = out + weight * read(x, top + i, left + j, fill_mode, fill_value)
    return out  # type: ignore[no-any-return]


def read(x: Tensor, rows: Array, columns: Array, fill_mode: str, fill_value: float) -> Tensor:
    """The pixels at whole places, (N, H, W) each, inside or outside the images."""
    rows, columns = np.broadcast_arrays(rows.astype(np.int64), columns.astype(np.int64))
    height, width = x.shape[2:]
    samples = np.arange(x.shape[0], like=rows)[:, None, None]
    pixels = x.transpose(0, 2, 3, 1)[samples, folded(rows, height, fill_mode), folded(columns, width, fill_mode)]
    out = pixels.transpose(0, 3, 1, 2)  # (N, H, W, C) -> (N, C, H, W)
    if fill_mode == "constant":
        known = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        out = ops.where(known[:, None], out, fill_value)
    return out


def folded(index: Array, n: int, fill_mode: str) -> Array:
    """Indices outside 0 ... n - 1 as the ones inside that stand for them."""
    if fill_mode == "wrap":
        return index % n
    if fill_mode == "reflect":  # c b a | a b c | c b a
        index = index % (2 * n)
        return np.minimum(index, 2 * n - 1 - index)
    return np.clip(index, 0, n - 1)
