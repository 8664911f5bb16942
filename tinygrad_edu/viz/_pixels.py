"""Arrays as pictures: images out of samples and weights, mosaics of them, and PNG files, with numpy alone."""

from __future__ import annotations

import base64
import math
import struct
import zlib
from typing import Any

import numpy as np

from ..engine import Tensor
from ..engine.device import host
from ..engine.errors import ShapeError
from ..nn import Module

__all__ = ["as_images", "diverging", "mosaic", "png", "uri", "weight_images"]

INK = {1: (59, 130, 196), -1: (199, 84, 80)}  # blue is positive, red negative


def bare(x: Any) -> Any:
    """The array behind a Tensor, on the host, or what numpy makes of x."""
    return np.asarray(host(x.data if isinstance(x, Tensor) else x))


def as_images(x: Any) -> Any:
    """Samples as images, (N, H, W).

    x : (N, H, W), (N, 1, H, W), (N, H, W, 1), or (N, H*W) of square images; several channels are averaged.
    Errors: ShapeError for anything else.
    """
    data = bare(x)
    side = math.isqrt(data.shape[1]) if data.ndim == 2 else 0
    if data.ndim == 2 and side * side == data.shape[1] and side > 1:
        return data.reshape(-1, side, side)
    if data.ndim == 4:
        last = data.shape[3] in (1, 3) and data.shape[1] not in (1, 3)
        return data.mean(axis=3 if last else 1)
    if data.ndim != 3:
        raise ShapeError(
            f"as_images: {data.shape} are not images. Give (N, H, W), (N, C, H, W), (N, H, W, C), or (N, H*W) of squares."
        )
    return data


def weight_images(layer: Any) -> Any:
    """The weights of a layer as images, one for each unit or kernel: (units, H, W).

    layer : a module, of which the first weight counts that gives images; or the weight itself: (in, units) where in is a square
        number, (out, in, H, W), or (H, W, in, out). Of kernels over several channels, each channel is an image.
    Errors: ShapeError where there are no images.
    """
    if isinstance(layer, Module):
        for _, p in layer.named_variables():
            if p.ndim == 4 or (p.ndim == 2 and math.isqrt(p.shape[0]) ** 2 == p.shape[0] and p.shape[0] >= 16):
                return weight_images(p)
        raise ShapeError(
            f"weights: none of {type(layer).__name__} gives images: (in, units), in a square number, or kernels."
        )
    data = bare(layer)
    if data.ndim == 4:
        kernels_first = (
            data.shape[2] * data.shape[3] <= data.shape[0] * data.shape[1] and data.shape[2] == data.shape[3]
        )
        kernels = data if kernels_first or data.shape[0] != data.shape[1] else data.transpose(3, 2, 0, 1)
        return kernels.reshape(-1, *kernels.shape[2:])
    if data.ndim != 2:
        raise ShapeError(f"weights: a weight of shape {data.shape} gives no images.")
    return as_images(data.T)


def mosaic(images: Any, columns: int | None = None, gap: int = 1, fill: float = np.nan) -> Any:
    """Images (N, H, W) beside and below each other, with a gap between them: one array."""
    n, h, w = images.shape
    columns = columns or max(1, math.ceil(math.sqrt(n)))
    rows = math.ceil(n / columns)
    out = np.full((rows * (h + gap) - gap, columns * (w + gap) - gap), fill, dtype=np.float32)
    for i, image in enumerate(images):
        top, left = i // columns * (h + gap), i % columns * (w + gap)
        out[top : top + h, left : left + w] = image
    return out


def diverging(values: Any, top: float | None = None) -> Any:
    """Numbers as colours: blue above 0, red below, stronger with their size. (H, W) -> (H, W, 4) bytes; NaN is clear."""
    seen = np.nan_to_num(values)
    strength = np.clip(np.abs(seen) / (top or float(np.abs(seen).max()) or 1.0), 0, 1)
    colour = np.where(seen[..., None] >= 0, INK[1], INK[-1])
    alpha = np.where(np.isnan(values), 0, 255 * strength)
    return np.concatenate([colour, alpha[..., None]], axis=-1).round().astype(np.uint8)


def png(pixels: Any) -> bytes:
    """A PNG file of bytes: (H, W) grey, or (H, W, 4) with red, green, blue and opacity."""
    h, w = pixels.shape[:2]
    rows = np.ascontiguousarray(pixels, dtype=np.uint8).reshape(h, -1)
    lines = np.concatenate([np.zeros((h, 1), np.uint8), rows], axis=1).tobytes()  # each line begins with "no filter"
    head = struct.pack(">IIBBBBB", w, h, 8, 0 if pixels.ndim == 2 else 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in ((b"IHDR", head), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    )


def uri(pixels: Any) -> str:
    """A PNG to be written into a page."""
    return "data:image/png;base64," + base64.b64encode(png(pixels)).decode()
