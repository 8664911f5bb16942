"""Data that comes in batches: ``PyDataset``, and helpers that make or cut data sets."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...engine import random
from ...engine.errors import DataError
from ...training.structure import leaves, transform

__all__ = ["PyDataset", "split_dataset", "timeseries_dataset_from_array"]


class PyDataset(ABC):
    """Batches by number: subclass it, write ``__len__`` and ``__getitem__``, give it to ``fit``.

    ``__getitem__(i)`` returns (x, y) or (x, y, sample_weight); ``on_epoch_end`` may shuffle. Batches come in their order.
    workers, use_multiprocessing, max_queue_size : batches are made when they are needed, so only the defaults are taken.
    """

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        if workers > 1 or use_multiprocessing:
            raise ValueError(
                "PyDataset: batches are made in the training thread. Leave workers and use_multiprocessing out."
            )
        self.workers, self.use_multiprocessing, self.max_queue_size = workers, use_multiprocessing, max_queue_size

    @abstractmethod
    def __len__(self) -> int:
        """How many batches an epoch has."""

    @abstractmethod
    def __getitem__(self, index: int) -> Any:
        """A batch."""

    @property
    def num_batches(self) -> int:
        """How many batches an epoch has."""
        return len(self)

    def on_epoch_end(self) -> None:  # noqa: B027 - most have nothing to do
        """Called after the last batch of each epoch."""

    def __iter__(self) -> Iterator[Any]:
        for i in range(len(self)):
            yield self[i]
        self.on_epoch_end()


class TimeSeries(PyDataset):
    """Windows of a series, by number; see ``timeseries_dataset_from_array``."""

    def __init__(self, data: Any, targets: Any, starts: Any, steps: Any, batch_size: int, rng: Any) -> None:
        super().__init__()
        self.data, self.targets, self.starts, self.steps = data, targets, starts, steps
        self.batch_size, self.rng = batch_size, rng
        self.on_epoch_end()

    def __len__(self) -> int:
        return math.ceil(len(self.starts) / self.batch_size)

    def __getitem__(self, index: int) -> Any:
        starts = self.starts[index * self.batch_size : (index + 1) * self.batch_size]
        x = self.data[starts[:, None] + self.steps]
        return x if self.targets is None else (x, self.targets[starts])

    def on_epoch_end(self) -> None:
        """A new order, if shuffled."""
        if self.rng is not None:
            self.starts = self.rng.permutation(self.starts)


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
) -> PyDataset:
    """Windows of a series (T, ...) as batches (N, sequence_length, ...), each with the target of its first step.

    targets : (T, ...), or None for the windows alone.  sequence_stride : steps from a window to the next.
    sampling_rate : steps from an entry of a window to the next.  start_index, end_index : use this part of the series.
    Errors: DataError for a series that holds no window.
    """
    data = np.asarray(data)
    start, end = start_index or 0, len(data) if end_index is None else end_index
    steps = np.arange(sequence_length) * sampling_rate
    count = end - start - int(steps[-1])
    starts = np.arange(start, start + count, sequence_stride)
    if targets is not None:
        targets = np.asarray(targets)
        starts = starts[starts < len(targets)]
    if not len(starts):
        raise DataError(
            f"timeseries: no window of {sequence_length} entries, {sampling_rate} apart, fits into {end - start} steps."
        )
    return TimeSeries(data, targets, starts, steps, batch_size, random.generator(seed) if shuffle else None)


def split_dataset(
    dataset: Any, left_size: Any = None, right_size: Any = None, shuffle: bool = False, seed: int | None = None
) -> tuple[Any, Any]:
    """Arrays in two parts.

    dataset : an array, or a list, tuple or dict of arrays with as many samples each; both parts have its structure.
    left_size, right_size : a number of samples, or a share; give one, or both to leave the rest out.
    Errors: DataError for sizes that the data does not have.
    """
    dataset = transform(np.asarray, dataset)
    lengths = {len(a) for _, a in leaves(dataset)}
    if len(lengths) != 1:
        raise DataError(f"split_dataset: all arrays need as many samples; these have {sorted(lengths)}.")
    n = lengths.pop()
    if left_size is None and right_size is None:
        raise ValueError("split_dataset: give left_size, right_size or both.")
    given = [s if s is None or isinstance(s, int) else round(s * n) for s in (left_size, right_size)]
    left, right = (n - (other or 0) if own is None else own for own, other in (given, reversed(given)))
    if min(left, right) < 0 or left + right > n:
        raise DataError(f"split_dataset: {left} and {right} of {n} samples cannot be taken.")
    order = random.generator(seed).permutation(n) if shuffle else np.arange(n)
    first, last = order[:left], order[n - right :]
    return transform(lambda a: a[first], dataset), transform(lambda a: a[last], dataset)
