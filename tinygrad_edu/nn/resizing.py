"""Images made larger or smaller, and a margin of zeros. Channels come second: (N, C, *size)."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..engine import Tensor, beside
from ..engine.errors import ShapeError
from ..ops._window import each
from .module import Module

__all__ = ["Upsample", "ZeroPad1d", "ZeroPad2d", "resized"]


class Upsample(Module):
    """Images enlarged.

    x : (N, C, *size)          out : (N, C, *size * scale_factor)
    scale_factor : a whole number, or one for each axis.
    mode : "nearest" repeats each pixel; "bilinear" interpolates between the centres of pixels.
    """

    def __init__(self, scale_factor: Any, mode: str = "nearest") -> None:
        if mode not in ("nearest", "bilinear"):
            raise ValueError(f"Upsample: the interpolation is 'nearest' or 'bilinear', not {mode!r}.")
        self.scale_factor, self.mode = scale_factor, mode

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, *size) -> (N, C, *larger)."""
        for axis, times in enumerate(each("Upsample", "scale_factor", self.scale_factor, x.ndim - 2, 1), start=2):
            if times > 1:
                x = x.repeat(times, axis) if self.mode == "nearest" else resized(x, x.shape[axis] * times, axis)
        return x

    def extra_repr(self) -> str:
        """The factor."""
        return str(self.scale_factor)


def resized(x: Tensor, size: int, axis: int, mode: str = "bilinear") -> Tensor:
    """An axis made longer or shorter: the nearest of its entries, or between the centres of the two next to a place."""
    n = x.shape[axis]
    places = (np.arange(size) + 0.5) * n / size
    if mode == "nearest":
        return ops.take(x, beside(x, places.astype(np.int64)), axis)
    places = np.clip(places - 0.5, 0, n - 1)
    left = places.astype(np.int64)
    share = (places - left).astype(x.dtype).reshape(-1, *(1,) * (x.ndim - axis - 1))
    left, right, share = (beside(x, array) for array in (left, np.minimum(left + 1, n - 1), share))
    out: Tensor = ops.take(x, left, axis) * (1 - share) + ops.take(x, right, axis) * share
    return out


class _ZeroPad(Module):
    """A margin of zeros around each image.

    padding : its width, or the widths in the order (left, right, top, bottom): the last axis first.
    """

    rank: int

    def __init__(self, padding: Any) -> None:
        flat = each(type(self).__name__, "padding", padding, 2 * self.rank, 0)
        self.padding = tuple(zip(flat[::2], flat[1::2]))[::-1]

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, *size) -> (N, C, *larger)."""
        if x.ndim != self.rank + 2:
            raise ShapeError(
                f"{type(self).__name__}: {self.rank + 2} axes (batch, channels, size...) are needed, not {x.shape}."
            )
        return ops.pad(x, ((0, 0), (0, 0), *self.padding))

    def extra_repr(self) -> str:
        """The widths."""
        return str(self.padding)


class ZeroPad1d(_ZeroPad):
    """A margin of zeros: (N, C, L) -> (N, C, left + L + right). padding : a number, or (left, right)."""

    rank = 1


class ZeroPad2d(_ZeroPad):
    """A margin of zeros: (N, C, H, W) -> (N, C, larger H, larger W). padding : a number, or (left, right, top, bottom)."""

    rank = 2
