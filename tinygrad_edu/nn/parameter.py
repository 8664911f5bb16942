"""Parameter: a Tensor that a module owns."""

from __future__ import annotations

from typing import Any

from ..engine.ndarray import as_array
from ..engine.variable import Variable

__all__ = ["Parameter"]


class Parameter(Variable):
    """A Tensor that belongs to a module: found by ``parameters()``, saved by ``state_dict()``, moved by an optimiser.

    data : array, number or list; copied.
    trainable : False for state that training does not move along a gradient, such as batch norm's running mean.

    Attributes: ``regularizer``, a function of it that a model adds to its loss; ``constraint``, a function whose value
    takes its place after each step of an optimiser; ``name``. All three are None unless set.
    """

    __slots__ = ("_regularizer", "constraint", "name", "trainable")
    _own = ("constraint", "name", "regularizer", "trainable")  # what copies and pickles take along
    regularized = False  # whether any parameter ever had a regularizer: until then, no step looks for one

    def __init__(self, data: Any, trainable: bool = True, dtype: Any = None) -> None:
        super().__init__(as_array(data, dtype).copy(), requires_grad=trainable)
        self.trainable = trainable
        self.regularizer = None
        self.constraint: Any = None
        self.name: str | None = None

    @property
    def regularizer(self) -> Any:
        """A function of the parameter that models add to their loss."""
        return self._regularizer

    @regularizer.setter
    def regularizer(self, function: Any) -> None:
        Parameter.regularized |= function is not None
        self._regularizer = function

    def __reduce__(self) -> Any:
        return *super().__reduce__(), (None, {name: getattr(self, name) for name in Parameter._own})

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        copied = super().__deepcopy__(memo)
        for name in Parameter._own:
            setattr(copied, name, getattr(self, name))
        return copied
