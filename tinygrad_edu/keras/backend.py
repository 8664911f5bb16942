"""What old scripts reach for as ``K``."""

from __future__ import annotations

from typing import Any

from ..nn import SymbolicTensor
from .config import backend, epsilon, floatx, image_data_format
from .layers.base import forget_names

__all__ = ["backend", "clear_session", "epsilon", "floatx", "image_data_format", "is_keras_tensor"]


def clear_session(free_memory: bool = True) -> None:
    """Number the names of layers from the start again; memory is freed the moment a model goes."""
    forget_names()


def is_keras_tensor(x: Any) -> bool:
    """Whether x stands for data to come: an Input, or what layers made of one."""
    return isinstance(x, SymbolicTensor)
