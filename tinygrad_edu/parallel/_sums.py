"""Gradients and metrics added up over all processes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from ..engine import Array, Tensor
from ..engine.errors import DeviceError
from ..engine.variable import Variable
from ..optim._flat import Flat
from ..training.metrics import Metric
from ._summand import summand
from .world import World

__all__ = ["Counts", "Gradients"]

Path: TypeAlias = tuple[Any, ...]


class Gradients:
    """The gradients of all parameters of one flat buffer side by side, so that they are added up together.

    Each process puts in its gradient, which is a mean over its samples, times its share of all samples: the sum is the gradient
    of the mean over all. For each parameter it puts in its share once more where it has a gradient, 0 where it has none.
    What ``p.grad`` holds after that is a view of this memory, which the next step uses again.
    """

    def __init__(self, flat: Flat, world: World) -> None:
        if not isinstance(flat.value, np.ndarray):
            raise DeviceError(
                "DataParallel adds up gradients in the host's memory. Move the model there: model.to('cpu')."
            )
        self.flat = flat
        self.buffer = summand(world, flat.value.size + len(flat.parameters), flat.value.dtype)
        self.owns = [self.parts(array) for array in self.buffer.owns]
        self.total = self.parts(self.buffer.total)

    def parts(self, array: Array) -> tuple[list[Array], Array]:
        """The place of each gradient in an array, and that of the shares."""
        parameters, spans = self.flat.parameters, self.flat.spans
        return [array[span].reshape(p.shape) for p, span in zip(parameters, spans)], array[self.flat.value.size :]

    def add_up(self, share: float) -> None:
        """Replace each gradient by that of all processes. share : of all samples, those of this process; perhaps 0."""
        places, present = self.owns[self.buffer.turn]
        for p, place in zip(self.flat.parameters, places):
            if p.grad is None:
                place[...] = 0
            else:
                np.multiply(p.grad.data, share, out=place)
        present[...] = [0 if p.grad is None else share for p in self.flat.parameters]
        self.buffer.add_up()
        gradients, present = self.total
        for p, g, there in zip(self.flat.parameters, gradients, present.tolist()):
            p.grad = Tensor(g) if there else None


class Counts:
    """What metrics have counted: their numbers, arrays and variables, and those of metrics that they are made of.

    Every process's metrics hold all batches of all processes. After a batch the first gives its numbers, each other one what its
    own have more than before: so arguments among them, such as a threshold, stay as they are.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.before: dict[Path, Any] = {}

    def begin(self, metrics: Sequence[Metric]) -> None:
        """Note the numbers before a batch."""
        if self.world.rank:
            self.before = kept(metrics)

    def add_up(self, metrics: Sequence[Metric], counts: bool) -> None:
        """Give every metric what those of all processes have taken in. counts : whether this one's batch does."""
        found = numbers(metrics)
        if self.world.rank:
            if not found.keys() <= self.before.keys():  # something came with this batch
                self.before = after_reset(metrics) | self.before
                found = numbers(metrics)
            row = flat([since(self.before.get(path), value) for path, (_, _, value) in found.items()])
            if not counts:
                row[...] = 0
        else:
            row = flat([value for _, _, value in found.values()])
        self.world.add_up(row)
        start = 0
        for metric, name, value in found.values():
            if isinstance(value, np.ndarray):
                part = row[start : start + value.size].reshape(value.shape).astype(value.dtype)
                start += value.size
            else:
                part = type(value)(row[start])
                start += 1
            own = getattr(metric, name)
            if isinstance(own, Variable):
                own.assign(part)
            else:
                setattr(metric, name, part)


def numbers(metrics: Iterable[Metric], inside: Path = ()) -> dict[Path, tuple[Metric, str, Any]]:
    """The numbers and arrays among the attributes of metrics: the path to each, whose attribute it is, its name, the value."""
    found: dict[Path, tuple[Metric, str, Any]] = {}
    for i, metric in enumerate(metrics):
        for name, value in vars(metric).items():
            kind: Any = type(value)
            if is_number(kind):
                found[*inside, i, name] = metric, name, value.data if isinstance(value, Variable) else value
            elif is_metric(kind):
                found |= numbers([value], (*inside, i, name))
    return found


@cache
def is_number(kind: type) -> bool:
    """Whether values of a type are added up."""
    return issubclass(kind, (int, float, np.number, np.ndarray, Variable))


@cache
def is_metric(kind: type) -> bool:
    """Whether values of a type are metrics."""
    return issubclass(kind, Metric)


def kept(metrics: Iterable[Metric]) -> dict[Path, Any]:
    """The numbers of metrics, safe from what happens to them."""
    return {
        path: value.copy() if isinstance(value, np.ndarray) else value
        for path, (_, _, value) in numbers(metrics).items()
    }


def after_reset(metrics: Sequence[Metric]) -> dict[Path, Any]:
    """The numbers that metrics would have after a reset."""
    states = [metric.state_dict() for metric in metrics]
    for metric in metrics:
        metric.reset_state()
    found = kept(metrics)
    for metric, state in zip(metrics, states):
        metric.load_state_dict(state)
    return found


def since(before: Any, now: Any) -> Any:
    """What a number, or an array, has more than before; all of it where it was not there, or had another shape.

    Infinity has no more than infinity: the first process gives it already.
    """
    if not isinstance(now, np.ndarray):
        return 0 if now == before else now - (before or 0)
    if np.shape(before) != now.shape:
        return now
    return np.subtract(now, before, out=np.zeros(now.shape), where=now != before, dtype=np.float64)


def flat(numbers: Sequence[Any]) -> Array:
    """Numbers and arrays in one row, in double precision."""
    if any(isinstance(n, np.ndarray) for n in numbers):
        return np.concatenate([np.ravel(np.asarray(n, np.float64)) for n in numbers])
    return np.array(numbers, np.float64)
