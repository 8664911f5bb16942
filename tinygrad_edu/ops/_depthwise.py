"""Depthwise convolution on arrays that lie (C, *size, N): each channel has a kernel of its own, and no sum runs over channels.

Without such sums a matrix product has one row, and nine tenths of the time would go into the columns for it. Entry by entry,
the image shifted and scaled is added up: forward and backward take 0.6 of the time (32 images, 32 channels, 28 x 28 pixels,
kernels 3 x 3: 21 ms became 12), and no columns are kept.
"""

from __future__ import annotations

import numpy as np

from ..engine import Array
from ._window import Window, inside, padded


def fits(w: Array, groups: int) -> bool:
    """Whether kernels (O, C / groups, *kernel) are one for each of several channels."""
    return bool(w.shape[0] == groups > w.shape[1] == 1)


def entry_of(w: Array, entry: tuple[int, ...]) -> Array:
    """One kernel entry of each channel, to be multiplied with images."""
    return w[(slice(None), slice(None), *entry)].reshape(-1, *(1,) * (w.ndim - 1))


def conv(x: Array, w: Array, win: Window, positions: tuple[int, ...]) -> Array:
    """(C, *size, N) -> (C, *positions, N)."""
    x = padded(x, win.padding)
    out = np.zeros_like(x, np.result_type(x, w), shape=(x.shape[0], *positions, x.shape[-1]))
    term = np.empty_like(out)
    for entry, where in win.entries(positions):
        out += np.multiply(x[where], entry_of(w, entry), out=term)
    return out


def conv_transpose(y: Array, w: Array, win: Window, size: tuple[int, ...]) -> Array:
    """(C, *positions, N) -> (C, *size, N): the adjoint of ``conv`` in x."""
    shape = (y.shape[0], *(n + a + b for n, (a, b) in zip(size, win.padding, strict=True)), y.shape[-1])
    out = np.zeros_like(y, np.result_type(y, w), shape=shape)
    term = np.empty_like(y, out.dtype)
    for entry, where in win.entries(y.shape[1:-1]):
        out[where] += np.multiply(y, entry_of(w, entry), out=term)
    return out[inside(win.padding, shape)]


def conv_weight(x: Array, y: Array, win: Window) -> Array:
    """(C, *size, N), (C, *positions, N) -> (C, 1, *kernel): the adjoint of ``conv`` in w."""
    x = padded(x, win.padding)
    out = np.empty_like(x, np.result_type(x, y), shape=(x.shape[0], 1, *win.kernel))
    axes = [*range(x.ndim)]
    kernels: Array = out[:, 0]
    for entry, where in win.entries(y.shape[1:-1]):
        kernels[:, *entry] = np.einsum(x[where], axes, y, axes, [0])
    return out
