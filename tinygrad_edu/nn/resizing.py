"""Images made larger: pixels repeated, or a margin of zeros. Channels come second: (N, C, *size)."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..engine import Tensor
from ..engine.errors import ShapeError
from ..ops._window import each
from .module import Module

__all__ = ["Upsample", "ZeroPad1d", "ZeroPad2d"]


class Upsample(Module):
    """Each pixel several times along every axis: nearest-neighbour enlargement.

    x : (N, C, *size)          out : (N, C, *size * scale_factor)
    scale_factor : a whole number, or one for each axis.
    """

    def __init__(self, scale_factor: Any) -> None:
        self.scale_factor = scale_factor

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, *size) -> (N, C, *larger)."""
        for axis, times in enumerate(each("Upsample", "scale_factor", self.scale_factor, x.ndim - 2, 1), start=2):
            x = x.repeat(times, axis) if times > 1 else x
        return x

    def extra_repr(self) -> str:
        """The factor."""
        return str(self.scale_factor)


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
