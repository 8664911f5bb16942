"""Variables outside of layers."""

from __future__ import annotations

from typing import Any

from ..engine import Tensor
from ..nn import Parameter
from . import initializers

__all__ = ["Variable"]


def Variable(  # noqa: N802 - a word of Keras
    initializer: Any, shape: Any = None, dtype: Any = None, trainable: bool = True, name: str | None = None
) -> Parameter:
    """A parameter to be assigned to an attribute of a layer or model, or to be trained in a loop of your own.

    initializer : its values; or a name or function that makes them for a shape.
    """
    if isinstance(initializer, str) or callable(initializer):
        if shape is None:
            raise ValueError("Variable: an initializer needs the shape; or give the values themselves.")
        values = initializers.get(initializer)(tuple(shape), dtype=dtype or "float32")
    else:
        values = Tensor(initializer, dtype=dtype)
        if values.dtype.kind != "f":
            trainable = False
    made = Parameter(values, trainable=trainable, dtype=dtype)
    made.name = name
    return made
