"""Windows that slide over images: their geometry, and the arrays that convolution and pooling work on.

Inside, an image batch lies in memory with the batch innermost, (C, H, W, N): the slice of all pixels that one kernel entry
meets is then k*k long runs of memory, where (N, C, H, W) has many short ones (measured: 4 to 9 times faster). Outside it is
(N, C, H, W) as a transposed view, which costs nothing, and numpy's elementwise functions keep the order of memory, so a
whole network stays in this layout once its first convolution has made it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ..engine import Array
from ..engine.errors import ShapeError

__all__ = ["Window", "batch_first", "batch_last", "padded", "window"]

Index = tuple[slice | int, ...]


class Window(NamedTuple):
    """The geometry of a sliding window; every field has one entry for each axis of the image."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]  # (before, after)
    dilation: tuple[int, ...]

    def positions(self, size: tuple[int, ...]) -> tuple[int, ...]:
        """How many places the window has along each axis of an image."""
        return tuple(
            (n + a + b - d * (k - 1) - 1) // s + 1
            for n, k, s, (a, b), d in zip(size, self.kernel, self.stride, self.padding, self.dilation, strict=True)
        )

    def covered(self, positions: tuple[int, ...]) -> tuple[int, ...]:
        """The smallest image that gives this many positions."""
        return tuple(
            (o - 1) * s + d * (k - 1) + 1 - a - b
            for o, k, s, (a, b), d in zip(positions, self.kernel, self.stride, self.padding, self.dilation, strict=True)
        )

    def entries(self, positions: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], Index]]:
        """Each kernel entry, with the slices of the padded image (C, *size, N) that it meets."""
        for entry in itertools.product(*map(range, self.kernel)):
            yield (
                entry,
                (
                    slice(None),
                    *(
                        slice(e * d, e * d + (o - 1) * s + 1, s)
                        for e, o, s, d in zip(entry, positions, self.stride, self.dilation, strict=True)
                    ),
                ),
            )

    @property
    def trivial(self) -> bool:
        """Whether the window is a single pixel that visits every pixel."""
        return set(self.kernel) | set(self.stride) == {1} and not any(map(any, self.padding))


def window(name: str, size: tuple[int, ...], kernel: Any, stride: Any, padding: Any, dilation: Any = 1) -> Window:
    """A Window from what users write: a number for all axes or a tuple; padding also 'valid', 'same' or (before, after) pairs.

    'same' gives ceil(size / stride) positions and puts the odd pixel of padding at the end.
    """
    rank = len(size)
    k, s, d = (
        each(name, what, v, rank, 1) for what, v in (("kernel", kernel), ("stride", stride), ("dilation", dilation))
    )
    if padding == "same":
        total = [max((-(-n // t) - 1) * t + e * (m - 1) + 1 - n, 0) for n, m, t, e in zip(size, k, s, d, strict=True)]
        pads = tuple((p // 2, p - p // 2) for p in total)
    elif padding == "valid":
        pads = ((0, 0),) * rank
    elif isinstance(padding, str):
        raise ValueError(f"{name}: padding is a number, a tuple, 'same' or 'valid', not {padding!r}.")
    elif isinstance(padding, (tuple, list)) and any(isinstance(p, (tuple, list)) for p in padding):
        pads = tuple((int(a), int(b)) for a, b in padding)
    else:
        pads = tuple((p, p) for p in each(name, "padding", padding, rank, 0))
    made = Window(k, s, pads, d)
    if any(o < 1 for o in made.positions(size)):
        raise ShapeError(
            f"{name}: a window of {k}, dilation {d}, does not fit into an image of {size} with padding {pads}. Pad more, or use a "
            "smaller kernel."
        )
    return made


def each(name: str, what: str, v: Any, rank: int, least: int) -> tuple[int, ...]:
    """One number for each axis."""
    values = tuple(v) if isinstance(v, (tuple, list)) else (v,) * rank
    if len(values) != rank or not all(isinstance(n, (int, np.integer)) and n >= least for n in values):
        raise ValueError(f"{name}: {what} is a whole number >= {least}, or {rank} of them, not {v!r}.")
    return tuple(int(n) for n in values)


def batch_last(x: Array) -> Array:
    """(N, C, *size) -> (C, *size, N), contiguous; a copy only if it does not lie so in memory already."""
    y = x.transpose(*range(1, x.ndim), 0)
    return y if y.flags.c_contiguous else y.copy()


def batch_first(y: Array) -> Array:
    """(C, *size, N) -> (N, C, *size), a view."""
    return y.transpose(-1, *range(y.ndim - 1))


def padded(y: Array, padding: tuple[tuple[int, int], ...], value: float = 0.0) -> Array:
    """(C, *size, N) with a margin around each image."""
    if not any(map(any, padding)):
        return y
    shape = (y.shape[0], *(n + a + b for n, (a, b) in zip(y.shape[1:-1], padding, strict=True)), y.shape[-1])
    out = np.full_like(y, value, shape=shape)
    out[inside(padding, shape)] = y
    return out


def inside(padding: tuple[tuple[int, int], ...], shape: tuple[int, ...]) -> Index:
    """The slices of the padded image that hold the image."""
    return (slice(None), *(slice(a, n - b) for n, (a, b) in zip(shape[1:-1], padding, strict=True)))
