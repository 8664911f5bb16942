"""Images between files and arrays; files are Pillow's business."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine import Array
from ...engine.errors import MissingExtraError, ShapeError

__all__ = ["array_to_img", "img_to_array"]


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
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtraError("Pillow", "viz", "array_to_img") from None
    if scale:
        array = array - array.min()
        array = array / max(array.max(), 1e-12) * 255
    array = array.astype(np.uint8)
    return Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array)
