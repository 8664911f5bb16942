"""Images between files and arrays; files are Pillow's business."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ...engine import Array
from ...engine.errors import MissingExtraError, ShapeError

__all__ = ["array_to_img", "img_to_array", "load_img", "save_img"]


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> Array:
    """An image as floats (height, width, channels).

    img : a Pillow image, or an array of 2 or 3 axes.
    """
    if data_format not in (None, "channels_last"):
        raise ValueError(
            f"img_to_array: data_format={data_format!r} is not supported; images are 'channels_last' here."
        )
    array = np.asarray(img, dtype=dtype or "float32")
    if array.ndim not in (2, 3):
        raise ShapeError(f"img_to_array: an image has 2 or 3 axes, not {array.shape}.")
    return array.reshape(*array.shape, 1) if array.ndim == 2 else array


def array_to_img(x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None) -> Any:
    """An array (height, width, channels) as a Pillow image; scale: from its smallest value to its largest.

    Errors: MissingExtraError without Pillow.
    """
    array = img_to_array(x, data_format, dtype)
    Image = pillow("array_to_img")
    if scale:
        array = array - array.min()
        array = array / max(array.max(), 1e-12) * 255
    array = array.astype(np.uint8)
    return Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array)


def load_img(
    path: str | os.PathLike[str],
    color_mode: str = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
) -> Any:
    """A Pillow image from a file.

    color_mode : "rgb", "rgba" or "grayscale".  target_size : (height, width) to resize to, by interpolation "nearest",
        "bilinear" or "bicubic".
    Errors: MissingExtraError without Pillow.
    """
    modes, ways = {"rgb": "RGB", "rgba": "RGBA", "grayscale": "L"}, ("nearest", "bilinear", "bicubic")
    if color_mode not in modes or interpolation not in ways:
        raise ValueError(
            f"load_img: color_mode is one of {', '.join(modes)}, interpolation one of {', '.join(ways)}; got {color_mode!r}, "
            f"{interpolation!r}."
        )
    Image = pillow("load_img")
    with Image.open(path) as file:
        image = file.convert(modes[color_mode])
    if target_size is None:
        return image
    return image.resize((target_size[1], target_size[0]), getattr(Image.Resampling, interpolation.upper()))


def save_img(path: str | os.PathLike[str], x: Any, data_format: str | None = None, scale: bool = True) -> None:
    """Write an array (height, width, channels) to an image file; scale: from its smallest value to its largest.

    Errors: MissingExtraError without Pillow.
    """
    array_to_img(x, data_format, scale).save(path)


def pillow(purpose: str) -> Any:
    """The module Image of Pillow."""
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtraError("Pillow", "viz", purpose) from None
    return Image
