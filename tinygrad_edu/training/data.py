"""From what the user gives to batches: arrays in memory, or anything that yields batches itself."""

from __future__ import annotations

import itertools
import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sized
from typing import Any, cast

import numpy as np

from ..engine import Array, Tensor
from ..engine.device import HOST, moved
from ..engine.errors import CheckpointError, DataError
from . import checks
from .structure import Batch, Nested, leaves, pack, transform, unpack

__all__ = ["Arrays", "Source", "Stream", "class_weights", "source"]


class Source(ABC):
    """Batches of Tensors, epoch after epoch."""

    steps: int | None = None  # batches an epoch; None as long as nobody knows
    targets: Nested = None  # all of them, where they are at hand

    @abstractmethod
    def epoch(self, done: int = 0) -> Iterator[Batch]:
        """The batches of one epoch that follow its first ``done`` ones."""

    @abstractmethod
    def position(self, done: int) -> dict[str, Any]:
        """What ``go_to`` needs to go on after ``done`` batches of the epoch."""

    @abstractmethod
    def go_to(self, position: Mapping[str, Any]) -> None:
        """Have ``epoch(done)`` go on from there."""

    @abstractmethod
    def sample(self) -> Batch:
        """A few samples, to build the model with and to see what shapes it makes."""


class Column:
    """One array of the data, handed out in batches.

    The memory of a batch is used again as soon as nobody else holds it: page faults of fresh memory would double the
    cost of gathering 128 images (44 us against 66). Pixels stay bytes until their batch comes: a quarter of the
    memory traffic, and so faster than floats (25 us).
    """

    def __init__(self, array: Array, pixels: Any = None, device: str = HOST) -> None:
        self.array = np.ascontiguousarray(array)  # `take` would copy the whole of another at every call
        small = pixels is not None and array.dtype.kind in "biu" and array.dtype.itemsize == 1
        self.dtype = np.dtype(pixels) if small else array.dtype
        self.buffers: list[Array] = []
        self.device = device

    def rows(self, index: Array) -> Tensor:
        """The samples with these numbers."""
        out = self.free(len(index))
        if self.dtype == self.array.dtype:
            self.array.take(index, axis=0, out=out, mode="clip")  # with "raise" numpy would go through a copy
        else:
            out[...] = self.array.take(index, axis=0)
        return Tensor(moved(out, self.device))

    def slice(self, start: int, stop: int) -> Tensor:
        """The samples from start to stop, as a view where the dtype allows it."""
        return Tensor(moved(self.array[start:stop].astype(self.dtype, copy=False), self.device))

    def free(self, n: int) -> Array:
        """Memory for n samples that only this column refers to."""
        for i in range(len(self.buffers)):
            if held(self.buffers, i) == UNHELD and len(self.buffers[i]) == n:
                return self.buffers[i]
        out = np.empty((n, *self.array.shape[1:]), self.dtype)
        if len(self.buffers) < 2:  # the loop still holds the last batch when it asks for the next
            self.buffers.append(out)
        return out


def held(buffers: list[Array], i: int) -> int:
    return sys.getrefcount(buffers[i])


UNHELD = held([np.empty(0)], 0)


class Arrays(Source):
    """Arrays in memory: slices in order, or rows drawn in a new order every epoch.

    rng : shuffles; None keeps the order.
    steps : batches an epoch. The data then goes round: an epoch starts where the last one stopped.
    """

    def __init__(
        self,
        x: Nested,
        y: Nested = None,
        sample_weight: Nested = None,
        *,
        batch_size: int | None = None,
        steps: int | None = None,
        rng: np.random.Generator | None = None,
        dtype: Any = np.float32,
        device: str = HOST,
    ) -> None:
        self.samples = checks.cardinality(x=x, y=y, sample_weight=sample_weight)
        self.batch_size = checks.batch_size(batch_size, self.samples, steps)
        self.steps = steps or math.ceil(self.samples / self.batch_size)
        self.rng, self.targets = rng, y
        self.columns = (
            transform(lambda a: Column(a, pixels=dtype, device=device), x),
            *(transform(lambda a: Column(a, device=device), part) for part in (y, sample_weight)),
        )
        self.stream = itertools.chain.from_iterable(iter(self.once, None)) if steps else None
        self.taken = 0  # batches of the pass over all samples that is under way
        self.before: Any = None  # the state of rng from which it drew that pass's order

    def epoch(self, done: int = 0) -> Iterator[Batch]:
        """All samples, or the next ``steps`` batches."""
        if self.stream is not None:
            return itertools.islice(self.stream, cast(int, self.steps) - done)
        self.taken = done
        return self.once()

    def once(self) -> Iterator[Batch]:
        """All samples once, but for the batches taken; the last batch may be smaller."""
        order = None if self.rng is None else self.order(self.rng)
        for start in range(self.taken * self.batch_size, self.samples, self.batch_size):
            stop = min(start + self.batch_size, self.samples)
            self.taken += 1
            if order is None:
                yield self.batch(lambda c: c.slice(start, stop))  # noqa: B023 - called at once
            else:
                yield self.batch(lambda c: c.rows(order[start:stop]))  # noqa: B023
        self.taken = 0

    def order(self, rng: np.random.Generator) -> Array:
        """The order of a pass: a new one, or once more that of the pass to go on with."""
        now = rng.bit_generator.state
        if not self.taken:
            self.before = now
            return rng.permutation(self.samples)
        rng.bit_generator.state = self.before
        order = rng.permutation(self.samples)
        rng.bit_generator.state = now
        return order

    def position(self, done: int) -> dict[str, Any]:
        """The batches taken of a pass, and the state of rng from which its order is drawn again."""
        taken = done if self.stream is None else self.taken
        return {"taken": taken, "before": self.before if taken else None} | self.facts()

    def go_to(self, position: Mapping[str, Any]) -> None:
        """Have the batches that were taken left out.

        Errors: CheckpointError if the middle of a pass over other data, batches or orders is meant.
        """
        now = self.facts()
        then = {fact: position[fact] for fact in now}
        if position["taken"] and now != then:
            raise CheckpointError(f"it is in the middle of an epoch with {then}, and the data here has {now}.")
        self.taken, self.before = position["taken"], position["before"]

    def facts(self) -> dict[str, Any]:
        """What must be the same for a pass to be gone on with."""
        return {"samples": self.samples, "batch_size": self.batch_size, "shuffle": self.rng is not None}

    def batch(self, take: Any) -> Batch:
        """A batch of what ``take`` gets from each column."""
        x, y, sample_weight = self.columns
        return pack(transform(take, x), transform(take, y), transform(take, sample_weight))

    def sample(self) -> Batch:
        """The first two samples."""
        return self.batch(lambda c: c.slice(0, 2))


class Stream(Source):
    """Anything that yields batches: a generator, a loader. Each batch is x, (x, y) or (x, y, sample_weight).

    steps : batches an epoch; the next epoch then goes on where the last one stopped, and the data goes round if it can
        be iterated anew. Without it an epoch is one pass.
    """

    def __init__(
        self,
        batches: Iterable[Batch],
        *,
        steps: int | None = None,
        dtype: Any = np.float32,
        device: str = HOST,
        weights: Any = None,
    ) -> None:
        self.batches, self.dtype, self.device, self.weights = batches, dtype, device, weights
        self.steps = steps or (len(batches) if isinstance(batches, Sized) else None)
        self.limit = steps
        self.peeked: list[Batch] = []
        self.stream = self.rounds()
        self.taken = 0  # batches since the start

    def rounds(self) -> Iterator[Batch]:
        """The data again and again, until a pass yields nothing (a generator has only one)."""
        passed = True
        while passed:
            passed = False
            for batch in self.once():
                passed = True
                yield batch

    def once(self) -> Iterator[Batch]:
        """One pass, the batch that ``sample`` took from a generator first."""
        while self.peeked:
            yield self.peeked.pop()
        yield from self.batches

    def epoch(self, done: int = 0) -> Iterator[Batch]:
        """One pass, or the next ``steps`` batches."""
        seen = done
        batches = itertools.islice(self.once(), done, None)
        for batch in itertools.islice(self.stream, self.limit - done) if self.limit else batches:
            seen += 1
            self.taken += 1
            yield self.converted(batch)
        if seen < (self.limit or 1):
            raise DataError(
                f"The data ended after {seen} of {self.limit or 'at least 1'} batches of this epoch. Give an object that can be "
                "iterated anew each epoch, or a generator that never ends together with a number of steps."
            )
        self.steps = seen

    def position(self, done: int) -> dict[str, Any]:
        """The batches taken since the start: of randomness in the data itself nothing is known here."""
        return {"taken": self.taken if self.limit else done}

    def go_to(self, position: Mapping[str, Any]) -> None:
        """Pass over the batches taken; those of a pass are left to ``epoch``."""
        while self.limit and self.taken < position["taken"]:
            next(self.stream, None)
            self.taken += 1

    def sample(self) -> Batch:
        """The first batch, which the next epoch will see again."""
        if not self.peeked:
            iterator = iter(self.batches)
            batch = next(iterator, None)
            if batch is None:
                raise DataError("The data yields no batch at all.")
            if iterator is not self.batches:
                return self.converted(batch)
            self.peeked.append(batch)
        return self.converted(self.peeked[0])

    def converted(self, batch: Batch) -> Batch:
        """A batch as Tensors, floating ones and pixels in the model's dtype."""
        x, y, sample_weight = (checks.arrays(n, part, self.dtype) for n, part in zip(NAMES, unpack(batch)))
        checks.cardinality(x=x, y=y, sample_weight=sample_weight)
        if self.weights is not None:
            sample_weight = class_weights(y, self.weights, sample_weight)
        x = transform(lambda a: Column(a, pixels=self.dtype, device=self.device).slice(0, len(a)), x)
        return pack(x, *(transform(lambda a: Tensor(moved(a, self.device)), part) for part in (y, sample_weight)))


NAMES = ("x", "y", "sample_weight")


def source(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    class_weight: dict[int, float] | None = None,
    batch_size: int | None = None,
    steps: int | None = None,
    rng: np.random.Generator | None = None,
    dtype: Any = np.float32,
    device: str = HOST,
) -> Source:
    """The Source of what fit, evaluate and predict take as their data."""
    if isinstance(x, Source):
        return x
    steps = None if steps is None else checks.whole_number("steps", steps)
    if is_stream(x):
        if y is not None or sample_weight is not None:
            raise ValueError("y and sample_weight come with the batches: let x yield (x, y) or (x, y, sample_weight).")
        if batch_size is not None:
            raise ValueError("batch_size: the data yields batches of its own size. Leave batch_size out.")
        return Stream(x, steps=steps, dtype=dtype, device=device, weights=class_weight)
    x, y, sample_weight = (checks.arrays(n, part, dtype) for n, part in zip(NAMES, (x, y, sample_weight)))
    checks.cardinality(x=x, y=y, sample_weight=sample_weight)
    checks.finite(x=x, y=y, sample_weight=sample_weight)
    if class_weight is not None:
        sample_weight = class_weights(y, class_weight, sample_weight)
    return Arrays(x, y, sample_weight, batch_size=batch_size, steps=steps, rng=rng, dtype=dtype, device=device)


def is_stream(x: Any) -> bool:
    """Whether x yields batches, rather than being data: a generator, a loader, a list of (x, y) tuples."""
    if isinstance(x, (np.ndarray, Tensor, dict)) or hasattr(x, "__array__") or not isinstance(x, Iterable):
        return False
    return not isinstance(x, (list, tuple))


def class_weights(y: Nested, weights: dict[int, float], sample_weight: Any = None) -> Array:
    """A weight for each sample from its class; 1 for a class without one."""
    if sample_weight is not None:
        raise ValueError(
            "class_weight and sample_weight cannot be used together. Multiply them into one sample_weight."
        )
    if not isinstance(weights, dict):
        raise TypeError(f"class_weight: a dict {{class: weight}} expected, got {type(weights).__name__}.")
    found = [a for _, a in leaves(y)]
    if len(found) != 1:
        raise ValueError(f"class_weight needs one array of targets, this data has {len(found)}. Use sample_weight.")
    labels = (
        found[0].argmax(axis=-1) if found[0].ndim > 1 and found[0].shape[-1] > 1 else found[0].reshape(len(found[0]))
    )
    classes, where = np.unique(labels, return_inverse=True)
    table = np.array([weights.get(int(c), 1.0) for c in classes], dtype=np.float32)
    return table[where]
