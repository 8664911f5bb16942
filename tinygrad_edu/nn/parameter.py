"""Parameter: a Tensor that a module owns."""

from __future__ import annotations

from typing import Any

from ..engine import Tensor
from ..engine.ndarray import as_array

__all__ = ["Parameter"]


class Parameter(Tensor):
    """A Tensor that belongs to a module: found by ``parameters()``, saved by ``state_dict()``, moved by an optimiser.

    data : array, number or list; copied.
    trainable : False for state that training does not move along a gradient, such as batch norm's running mean.
    """

    __slots__ = ("trainable",)

    def __init__(self, data: Any, trainable: bool = True, dtype: Any = None) -> None:
        super().__init__(as_array(data, dtype).copy(), requires_grad=trainable)
        self.trainable = trainable

    def __reduce__(self) -> Any:
        return *super().__reduce__(), (None, {"trainable": self.trainable})

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        copied = super().__deepcopy__(memo)
        copied.trainable = self.trainable
        return copied
