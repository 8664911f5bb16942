"""Parameter: a Tensor that a module owns."""

from __future__ import annotations

from typing import Any

from ..engine import Tensor, mutation
from ..engine.errors import ShapeError
from ..engine.ndarray import as_array

__all__ = ["Parameter"]


class Parameter(Tensor):
    """A Tensor that belongs to a module: found by ``parameters()``, saved by ``state_dict()``, moved by an optimiser.

    data : array, number or list; copied.
    trainable : False for state that training does not move along a gradient, such as batch norm's running mean.

    Attributes: ``regularizer``, a function of it that a model adds to its loss; ``constraint``, a function whose value
    takes its place after each step of an optimiser; ``name``. All three are None unless set.
    """

    __slots__ = ("constraint", "name", "regularizer", "trainable")

    def __init__(self, data: Any, trainable: bool = True, dtype: Any = None) -> None:
        super().__init__(as_array(data, dtype).copy(), requires_grad=trainable)
        self.trainable = trainable
        self.regularizer: Any = None
        self.constraint: Any = None
        self.name: str | None = None

    def assign(self, value: Any) -> Parameter:
        """Write new values of the same shape, in place; returns self."""
        array = as_array(value.data if isinstance(value, Tensor) else value)
        if array.shape != self.shape:
            raise ShapeError(f"assign: the parameter has shape {self.shape}, the value {array.shape}.")
        self.data[...] = array
        mutation.stamp(self.data)
        return self

    def __reduce__(self) -> Any:
        return *super().__reduce__(), (None, {name: getattr(self, name) for name in Parameter.__slots__})

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        copied = super().__deepcopy__(memo)
        for name in Parameter.__slots__:
            setattr(copied, name, getattr(self, name))
        return copied
