"""Learning rates that change with the steps: each is a function of the number of steps done so far.

Any function of that kind serves as well: ``SGD(params, lr=lambda step: 0.1 / (1 + step))``.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "Schedule",
    "StepDecay",
]


class Schedule(ABC):
    """A learning rate as a function of the steps done so far.

    For subclassing: define ``__call__(step)``, and keep the arguments of ``__init__`` under their names.
    """

    @abstractmethod
    def __call__(self, step: int) -> float:
        """The learning rate of the step that follows ``step`` others."""

    def get_config(self) -> dict[str, Any]:
        """The arguments that make another one: its public attributes."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Another one with the same arguments."""
        return cls(**config)


def positive(**steps: float) -> None:
    """Check that each number of steps is above 0."""
    for name, value in steps.items():
        if not value > 0:
            raise ValueError(f"{name} is a number of steps above 0, not {value!r}.")


@dataclass(frozen=True)
class ExponentialDecay(Schedule):
    """initial * decay_rate ^ (step / decay_steps); staircase: the exponent rounded down.

    >>> ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)(20)
    0.025
    """

    initial_learning_rate: float
    decay_steps: float
    decay_rate: float
    staircase: bool = False

    def __post_init__(self) -> None:
        positive(decay_steps=self.decay_steps)

    def __call__(self, step: int) -> float:
        """The rate after ``step`` steps."""
        p = step / self.decay_steps
        return float(self.initial_learning_rate * self.decay_rate ** (math.floor(p) if self.staircase else p))


@dataclass(frozen=True)
class StepDecay(Schedule):
    """initial * drop ^ floor(step / every): the rate falls by a factor every so many steps."""

    initial_learning_rate: float
    every: int
    drop: float = 0.1

    def __post_init__(self) -> None:
        positive(every=self.every)

    def __call__(self, step: int) -> float:
        """The rate after ``step`` steps."""
        return float(self.initial_learning_rate * self.drop ** (step // self.every))


@dataclass(frozen=True)
class InverseTimeDecay(Schedule):
    """initial / (1 + decay_rate * step / decay_steps); staircase: the quotient rounded down."""

    initial_learning_rate: float
    decay_steps: float
    decay_rate: float
    staircase: bool = False

    def __post_init__(self) -> None:
        positive(decay_steps=self.decay_steps)

    def __call__(self, step: int) -> float:
        """The rate after ``step`` steps."""
        p = step / self.decay_steps
        return self.initial_learning_rate / (1 + self.decay_rate * (math.floor(p) if self.staircase else p))


@dataclass(frozen=True)
class PolynomialDecay(Schedule):
    """From initial to end over decay_steps, as (1 - step / decay_steps) ^ power; then end.

    cycle : instead of staying at the end, stretch decay_steps to its next multiple, and so rise and fall again.
    """

    initial_learning_rate: float
    decay_steps: float
    end_learning_rate: float = 0.0001
    power: float = 1.0
    cycle: bool = False

    def __post_init__(self) -> None:
        positive(decay_steps=self.decay_steps)

    def __call__(self, step: int) -> float:
        """The rate after ``step`` steps."""
        p = step / self.decay_steps
        p = p / max(1, math.ceil(p)) if self.cycle else min(p, 1)
        return float(
            (self.initial_learning_rate - self.end_learning_rate) * (1 - p) ** self.power + self.end_learning_rate
        )


@dataclass(frozen=True)
class PiecewiseConstantDecay(Schedule):
    """values[0] up to and including step boundaries[0], then values[1], and so on: one value more than boundaries."""

    boundaries: Sequence[int]
    values: Sequence[float]

    def __post_init__(self) -> None:
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(
                f"{len(self.boundaries)} boundaries need one value more than that, not {len(self.values)}."
            )
        if list(self.boundaries) != sorted(self.boundaries):
            raise ValueError(f"boundaries rise, these do not: {list(self.boundaries)}.")

    def __call__(self, step: int) -> float:
        """The rate after ``step`` steps."""
        return self.values[bisect_left(self.boundaries, step)]


@dataclass(frozen=True)
class CosineDecay(Schedule):
    """Half a cosine from initial down to alpha * initial over decay_steps; then it stays.

    warmup_target, warmup_steps : first rise in a line from initial to the target, from which the cosine then falls.
    Source: Loshchilov and Hutter 2017.
    """

    initial_learning_rate: float
    decay_steps: float
    alpha: float = 0.0
    warmup_target: float | None = None
    warmup_steps: int = 0

    def __post_init__(self) -> None:
        positive(decay_steps=self.decay_steps)

    def __call__(self, step: int) -> float:
        """The rate after ``step`` steps."""
        top = self.initial_learning_rate
        if self.warmup_target is not None:
            if step < self.warmup_steps:
                return top + (self.warmup_target - top) * step / self.warmup_steps
            top, step = self.warmup_target, step - self.warmup_steps
        cosine = 0.5 * (1 + math.cos(math.pi * min(step / self.decay_steps, 1)))
        return top * ((1 - self.alpha) * cosine + self.alpha)


@dataclass(frozen=True)
class CosineDecayRestarts(Schedule):
    """Half cosines one after the other, each t_mul times as long and m_mul times as high as the one before.

    Source: Loshchilov and Hutter 2017 (SGDR).
    """

    initial_learning_rate: float
    first_decay_steps: float
    t_mul: float = 2.0
    m_mul: float = 1.0
    alpha: float = 0.0

    def __post_init__(self) -> None:
        positive(first_decay_steps=self.first_decay_steps)
        if not self.t_mul >= 1:
            raise ValueError(f"t_mul is at least 1, not {self.t_mul!r}: periods that shrink come to an end.")

    def __call__(self, step: int) -> float:
        """The rate after ``step`` steps."""
        p, height, length = step / self.first_decay_steps, 1.0, 1.0
        if self.t_mul == 1:
            restarts, p = divmod(p, 1)
            height = self.m_mul**restarts
        while p >= length:
            p, height, length = p - length, height * self.m_mul, length * self.t_mul
        cosine = 0.5 * height * (1 + math.cos(math.pi * p / length))
        return self.initial_learning_rate * ((1 - self.alpha) * cosine + self.alpha)
