"""What every metric shares: it streams, so that an epoch's value is that of all its samples and not a mean of batches.

Metrics compute in plain numpy on the predictions that training has made anyway.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from copy import copy
from typing import Any, ClassVar, Literal

import numpy as np

from ...engine import Array
from ...engine.errors import UnknownNameError
from ...engine.variable import Variable
from ...io.objects import Configured
from ..losses.base import local, name_of, snake_case

__all__ = ["Mean", "MeanMetric", "Metric", "Sum"]


class Metric(Configured, ABC):
    """A measure of how well it goes: subclass it and write ``update_state`` and ``result``.

    What it counts lies in variables, which start from zero again with each epoch; or in attributes of your own, with a
    ``reset_state`` that sets them back::

        class LargestError(Metric):
            def __init__(self, name="largest_error"):
                super().__init__(name)
                self.largest = self.add_variable(shape=(), initializer="zeros")

            def update_state(self, y_true, y_pred, sample_weight=None):
                self.largest.assign(ops.maximum(self.largest, ops.max(abs(y_true - y_pred))))

            def result(self):
                return self.largest

    name : the key in logs and History; by default the class's name in snake_case.
    better : "max" or "min", which way callbacks find an improvement; None lets the name decide.
    """

    better: ClassVar[Literal["max", "min"] | None] = None
    dtype: ClassVar[str] = "float32"  # of variables, and what Keras's metrics cast predictions to

    def __init__(self, name: str | None = None) -> None:
        self.name = name or snake_case(type(self).__name__)

    @abstractmethod
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in a batch."""

    @abstractmethod
    def result(self) -> Any:
        """The value for everything taken in since the last reset."""

    def reset_state(self) -> None:
        """Forget everything; called at the start of each epoch and evaluation."""
        if not self.variables:
            raise NotImplementedError(
                f"{type(self).__name__}: define reset_state(), or count in variables of self.add_variable(...)."
            )
        for variable in self.variables:
            variable.assign(np.zeros(variable.shape))

    def add_variable(
        self, shape: Any = (), initializer: Any = "zeros", dtype: Any = None, name: str | None = None
    ) -> Variable:
        """A variable to count in; assign it to an attribute. initializer : "zeros", "ones", or a function of the shape."""
        initializer = initializer or "zeros"
        shape = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
        makers = {"zeros": np.zeros, "ones": np.ones}
        if isinstance(initializer, str) and initializer not in makers:
            raise UnknownNameError("initializer of a metric", initializer, makers)
        values = makers[initializer](shape) if isinstance(initializer, str) else initializer(shape)
        return Variable(values, dtype=dtype or "float32")

    add_weight = add_variable

    @property
    def variables(self) -> list[Variable]:
        """The variables among the attributes."""
        return [value for value in vars(self).values() if isinstance(value, Variable)]

    def state_dict(self) -> dict[str, Any]:
        """What a run that is resumed within an epoch needs: the numbers and arrays among the attributes."""
        kinds = (Metric, Variable, int, float, np.ndarray, np.number)
        kept = {name: value for name, value in vars(self).items() if isinstance(value, kinds)}
        plain = {n: v.data if isinstance(v, Variable) else v for n, v in kept.items()}
        return {name: v.state_dict() if isinstance(v, Metric) else copy(v) for name, v in plain.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from there."""
        for name, value in state.items():
            own = getattr(self, name)
            if isinstance(own, Metric):
                own.load_state_dict(value)
            elif isinstance(own, Variable):
                own.assign(value)
            else:
                setattr(self, name, copy(value))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Take in a batch and return the value so far."""
        self.update_state(*args, **kwargs)
        return self.result()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"


class Mean(Metric):
    """The (weighted) mean of everything it is given.

    >>> m = Mean()
    >>> m.update_state([1.0, 3.0])
    >>> m.update_state(8.0)
    >>> m.result()
    4.0
    """

    def __init__(self, name: str | None = "mean") -> None:
        super().__init__(name)
        self.total = self.count = 0.0

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Take in a batch."""
        if isinstance(values, float) and isinstance(sample_weight, (int, type(None))):  # the loss of every batch
            weight = 1 if sample_weight is None else sample_weight
            self.total += values * weight
            self.count += weight
            return
        array = local(values)
        if sample_weight is not None:
            weights = spread(local(sample_weight), array)
            self.total += float((array * weights).sum())
            self.count += float(weights.sum())
        else:
            self.total += np.count_nonzero(array) if array.dtype == bool else float(array.sum())
            self.count += array.size

    def result(self) -> float:
        """The value so far."""
        return self.total / self.count if self.count else 0.0

    def reset_state(self) -> None:
        """Forget everything."""
        self.total = self.count = 0.0


class Sum(Metric):
    """The (weighted) sum of everything it is given."""

    def __init__(self, name: str | None = "sum") -> None:
        super().__init__(name)
        self.total = 0.0

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Take in a batch."""
        array = local(values)
        self.total += float((array if sample_weight is None else array * spread(local(sample_weight), array)).sum())

    def result(self) -> float:
        """The value so far."""
        return self.total

    def reset_state(self) -> None:
        """Forget everything."""
        self.total = 0.0


class MeanMetric(Metric):
    """The mean over samples of any function of (y_true, y_pred) that gives one value a sample."""

    def __init__(self, fn: Callable[..., Any], name: str | None = None, **options: Any) -> None:
        super().__init__(name or name_of(fn))
        if "dtype" in options:
            raise TypeError(f"{self.name}: metrics count in double precision; leave dtype={options['dtype']!r} out.")
        self.function, self.options = fn, options
        self.mean = Mean()

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in a batch."""
        self.mean.update_state(self.function(local(y_true), local(y_pred), **self.options), sample_weight)

    def result(self) -> float:
        """The value so far."""
        return self.mean.result()

    def reset_state(self) -> None:
        """Forget everything."""
        self.mean.reset_state()


def spread(weights: Array, values: Array) -> Array:
    """Weights with as many axes as the values, broadcast to their shape: (n,) or (n, 1) for (n, ...)."""
    if values.ndim and weights.size == len(values):
        weights = weights.reshape(-1, *(1,) * (values.ndim - 1))
    return np.broadcast_to(weights, values.shape)
