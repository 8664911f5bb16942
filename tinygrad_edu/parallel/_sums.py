"""Gradients and metrics added up over all processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..engine import Array, Tensor
from ..engine.errors import DeviceError
from ..optim._flat import Flat
from .world import World

__all__ = ["Gradients", "add_up"]


class Gradients:
    """The gradients of all parameters of one flat buffer side by side, so that one message adds them up.

    Each process puts in its gradient, which is a mean over its samples, times their number n; for each parameter n where it has
    a gradient and 0 where it has none; and n. With the sums, sum(n g) / sum(n) is the gradient of the mean over all samples.
    What ``p.grad`` holds after that is a view of this memory, which the next step uses again.
    """

    def __init__(self, flat: Flat) -> None:
        if not isinstance(flat.value, np.ndarray):
            raise DeviceError(
                "DataParallel adds up gradients in the host's memory. Move the model there: model.to('cpu')."
            )
        self.flat = flat
        self.buffer = np.empty(flat.value.size + len(flat.parameters) + 1, flat.value.dtype)
        self.values = self.buffer[: flat.value.size]
        self.present = self.buffer[flat.value.size : -1]
        self.views = [self.values[span].reshape(p.shape) for p, span in zip(flat.parameters, flat.spans)]

    def add_up(self, world: World, n: int) -> None:
        """Replace each gradient by that of all processes. n : this one's number of samples, perhaps 0."""
        for i, (p, view) in enumerate(zip(self.flat.parameters, self.views)):
            self.present[i] = 0 if p.grad is None else n
            if p.grad is None:
                view[...] = 0
            else:
                np.multiply(p.grad.data, n, out=view)
        self.buffer[-1] = n
        world.add_up(self.buffer)
        self.values *= 1 / self.buffer[-1]
        for p, view, present in zip(self.flat.parameters, self.views, self.present):
            p.grad = Tensor(view) if present else None


# -- metrics -----------------------------------------------------------------------------------------------------------


def add_up(world: World, metrics: Sequence[Any], counts: bool) -> None:
    """Give every metric what those of all processes have taken in.

    The first process's metrics hold all batches so far, the others' the last one alone. Of them is added what they have more
    than after a reset: so arguments among their numbers, such as a threshold, stay as they are.

    counts : whether this process's last batch counts.
    """
    states = [metric.state_dict() for metric in metrics]
    numbers = dict(leaves(states))
    vector = flat([value for _, _, value in numbers.values()])
    if world.rank:
        for metric in metrics:
            metric.reset_state()
        reset = {path: value for path, (_, _, value) in leaves([metric.state_dict() for metric in metrics])}
        vector -= flat([like(reset.get(path), value) for path, (_, _, value) in numbers.items()])
        vector *= counts
    world.add_up(vector)
    start = 0
    for holder, key, value in numbers.values():
        if isinstance(value, np.ndarray):
            holder[key] = vector[start : start + value.size].reshape(value.shape).astype(value.dtype)
            start += value.size
        else:
            holder[key] = type(value)(vector[start])
            start += 1
    for metric, state in zip(metrics, states):
        metric.load_state_dict(state)


def flat(numbers: Sequence[Any]) -> Array:
    """Numbers and arrays in one row."""
    if any(isinstance(n, np.ndarray) for n in numbers):
        return np.concatenate([np.ravel(np.asarray(n, np.float64)) for n in numbers])
    return np.array(numbers, np.float64)


def like(number: Any, value: Any) -> Any:
    """What a number was after the reset; 0 where it was not there, or had another shape."""
    if not isinstance(value, np.ndarray):
        return number or 0
    return number if np.shape(number) == value.shape else np.zeros_like(value)


def leaves(state: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], tuple[Any, Any, Any]]]:
    """The numbers and arrays in a state: the path to each, what holds it, under which key, and the value."""
    for key, value in enumerate(state) if isinstance(state, list) else state.items():
        if isinstance(value, (dict, list)):
            yield from leaves(value, (*path, key))
        elif isinstance(value, (int, float, np.number, np.ndarray)) and not isinstance(value, bool):
            yield (*path, key), (state, key, value)
