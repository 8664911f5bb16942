"""Variable: a Tensor that is written to on purpose."""

from __future__ import annotations

from typing import Any, Self

from . import mutation
from .errors import ShapeError
from .ndarray import as_array
from .tensor import Tensor

__all__ = ["Variable"]


class Variable(Tensor):
    """A Tensor whose values can be replaced in place: a parameter, or what a metric counts."""

    __slots__ = ()

    @property
    def value(self) -> Self:
        """Itself: what Keras calls the Tensor in a variable."""
        return self

    def assign(self, value: Any) -> Self:
        """Write new values of the same shape, in place; returns self."""
        array = as_array(value.data if isinstance(value, Tensor) else value)
        if array.shape != self.shape:
            raise ShapeError(
                f"assign: the {type(self).__name__.lower()} has shape {self.shape}, the value {array.shape}."
            )
        self.data[...] = array
        mutation.stamp(self.data)
        return self

    def assign_add(self, value: Any) -> Self:
        """Add to the values, in place; returns self."""
        return self.assign(self.data + (value.data if isinstance(value, Tensor) else value))

    def assign_sub(self, value: Any) -> Self:
        """Subtract from the values, in place; returns self."""
        return self.assign(self.data - (value.data if isinstance(value, Tensor) else value))
