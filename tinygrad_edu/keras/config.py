"""What holds everywhere: single precision, channels last, and a small number against division by zero."""

from __future__ import annotations

__all__ = ["backend", "epsilon", "floatx", "image_data_format"]


def backend() -> str:
    """What computes."""
    return "numpy"


def epsilon() -> float:
    """The small number that optimisers and losses use."""
    return 1e-7


def floatx() -> str:
    """The dtype of weights that name none. A layer takes ``dtype="float64"``."""
    return "float32"


def image_data_format() -> str:
    """The order of an image's axes."""
    return "channels_last"
