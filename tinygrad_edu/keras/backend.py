"""What old scripts reach for as ``K``."""

from __future__ import annotations

from typing import Any

from ..engine import Tensor
from ..nn import SymbolicTensor
from ..nn.naming import forget_names
from .config import (
    backend,
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)

__all__ = [
    "backend", "clear_session", "epsilon", "floatx", "image_data_format", "is_float_dtype", "is_int_dtype", "is_keras_tensor",
    "set_epsilon", "set_floatx", "set_image_data_format", "standardize_dtype",
]  # fmt: skip


def clear_session(free_memory: bool = True) -> None:
    """Number the names of layers and models from the start again; memory is freed the moment a model goes."""
    forget_names()


def is_keras_tensor(x: Any) -> bool:
    """Whether x stands for data to come: an Input, or what layers made of one."""
    return isinstance(x, SymbolicTensor)


def standardize_dtype(dtype: Any) -> str:
    """The name of a dtype, such as "float32"; None is the default one."""
    return str(Tensor((), dtype=dtype or floatx()).dtype)


def is_float_dtype(dtype: Any) -> bool:
    """Whether it is one of floating numbers."""
    return standardize_dtype(dtype).startswith(("float", "bfloat"))


def is_int_dtype(dtype: Any) -> bool:
    """Whether it is one of whole numbers."""
    return standardize_dtype(dtype).startswith(("int", "uint"))
