"""How to draw inputs for an op: plain descriptions, which verification turns into random or hypothesis draws.

A description is a function of a ``Draw`` that returns a ``Sample``, one call of the op::

    @op(samples=lambda draw: call(draw.array(draw.shape(ndim=(1, 3))), axis=-1))

One description serves the command line (random draws, numpy alone) and the test suite (hypothesis, which shrinks).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np

__all__ = ["Domain", "Draw", "Kink", "Sample", "Samples", "at", "call", "optioned", "pairs", "reals"]

T = TypeVar("T")


class Domain(NamedTuple):
    """A set of real numbers: an interval, points in it worth drawing often, and points to stay away from.

    low, high : the interval, ends included.
    special : kinks, ties, signed zero and the like, drawn often.
    apart : entries of one array differ by at least this much, for functions with a gradient only where there is no tie.
    """

    low: float = -1e4
    high: float = 1e4
    special: tuple[float, ...] = (0.0, -0.0, 1.0, -1.0, 1e-30)
    apart: float = 0.0


class Sample(NamedTuple):
    """One call of an op."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]


def call(*args: Any, **kwargs: Any) -> Sample:
    """The Sample ``op(*args, **kwargs)``."""
    return Sample(args, kwargs)


class Kink(NamedTuple):
    """A call of an op at a point where its gradient is a matter of policy, and what it is there, input by input."""

    sample: Sample
    gives: tuple[Any, ...]


def at(*args: Any, gives: Any, **kwargs: Any) -> Kink:
    """At ``op(*args, **kwargs)`` the gradient of the sum of the result is ``gives``: one value, or a tuple of one an input.

    Numbers and lists among the arguments stand for arrays: ``at([2.0, 2.0, 1.0], gives=[0.5, 0.5, 0.0])``.
    """
    return Kink(Sample(args, kwargs), gives if isinstance(gives, tuple) else (gives,))


class Draw(ABC):
    """A source of inputs. Two exist: random numbers, and hypothesis."""

    @abstractmethod
    def integer(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""

    @abstractmethod
    def reals(self, shape: tuple[int, ...], domain: Domain) -> Any:
        """A float64 array of numbers from the domain."""

    def choice(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.integer(0, len(options) - 1)]

    def shape(self, ndim: tuple[int, int] = (0, 3), side: tuple[int, int] = (0, 3)) -> tuple[int, ...]:
        """A shape with ndim[0] to ndim[1] axes of side[0] to side[1] entries."""
        return tuple(self.integer(*side) for _ in range(self.integer(*ndim)))

    def shapes(self, n: int, ndim: tuple[int, int] = (0, 3), side: tuple[int, int] = (0, 3)) -> list[tuple[int, ...]]:
        """As many shapes as asked for, which broadcast together."""
        full = self.shape(ndim, side)
        cut = [tuple(1 if self.integer(0, 3) == 0 else s for s in full)[self.integer(0, len(full)) :] for _ in range(n)]
        cut[self.integer(0, n - 1)] = full
        return cut

    def array(
        self, shape: tuple[int, ...], low: float = -3.0, high: float = 3.0, apart: float = 0.0, special: Any = ()
    ) -> Any:
        """A float64 array between low and high."""
        return self.reals(shape, Domain(low, high, tuple(special), apart))

    def integers(self, shape: tuple[int, ...], low: int, high: int) -> Any:
        """An int64 array between low and high, both included."""
        return np.array([self.integer(low, high) for _ in range(int(np.prod(shape)))], dtype=np.int64).reshape(shape)

    def axis(self, ndim: int, none: bool = False) -> int | None:
        """An axis, positive or negative; perhaps None."""
        if ndim == 0 or (none and self.integer(0, 3) == 0):
            return None
        return self.integer(-ndim, ndim - 1)

    def axes(self, ndim: int) -> int | tuple[int, ...] | None:
        """What a reduction takes as its axis: None, one axis, or several."""
        if ndim > 1 and self.integer(0, 2) == 0:
            chosen = [i for i in range(ndim) if self.integer(0, 1)]
            return tuple(i - ndim if self.integer(0, 1) else i for i in chosen)
        return self.axis(ndim, none=True)


Samples: TypeAlias = Callable[[Draw], Sample]


def reals(low: float = -1e4, high: float = 1e4, special: Sequence[float] = (0.0, -0.0, 1.0, -1.0, 1e-30)) -> Samples:
    """One array of any shape between low and high."""
    domain = Domain(low, high, tuple(v for v in special if low <= v <= high))
    return lambda draw: call(draw.reals(draw.shape(), domain))


def pairs(low: float = -1e4, high: float = 1e4, special: Sequence[float] = (0.0, -0.0, 1.0, -1.0, 1e-30)) -> Samples:
    """Two arrays that broadcast together, between low and high."""
    domain = Domain(low, high, tuple(v for v in special if low <= v <= high))
    return lambda draw: call(*(draw.reals(shape, domain) for shape in draw.shapes(2)))


def optioned(samples: Samples, **options: Sequence[Any]) -> Samples:
    """The same calls, each with one of the values of every option: optioned(reals(), slope=(0.1, 0.2))."""

    def described(draw: Draw) -> Sample:
        args, kwargs = samples(draw)
        return Sample(args, kwargs | {name: draw.choice(values) for name, values in options.items()})

    return described
