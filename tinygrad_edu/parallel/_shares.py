"""Who gets which samples: every process draws the same batches, and takes its own part of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..engine import Array, Tensor
from ..training.data import Arrays, Source
from ..training.structure import Batch, pack, samples, transform, unpack

__all__ = ["Share", "shared"]


class Share:
    """The part of each batch that is this process's.

    whole : the data is this process's own already, so it takes all of it.
    Attributes, of the batch that was handed out last: ``total``, how many samples it had; ``samples``, how many of them are its
    own. That is 0 for a batch of fewer samples than processes: then one is handed out all the same, and does not count.
    """

    def __init__(self, rank: int, size: int, whole: bool = False) -> None:
        self.rank, self.size = (0, 1) if whole else (rank, size)
        self.samples = self.total = 0

    def of(self, n: int) -> slice:
        """Its part of n samples; the first processes get those that are left over."""
        least, left = divmod(n, self.size)
        start = self.rank * least + min(self.rank, left)
        self.samples, self.total = least + (self.rank < left), n
        return slice(start, start + self.samples) if self.samples else slice(0, 1)


class Rows:
    """A column of data in memory, of which only the rows of one share are gathered."""

    def __init__(self, column: Any, share: Share) -> None:
        self.column, self.share = column, share

    def rows(self, index: Array) -> Tensor:
        """Its part of the samples with these numbers."""
        return self.column.rows(index[self.share.of(len(index))])  # type: ignore[no-any-return]

    def slice(self, start: int, stop: int) -> Tensor:
        """Its part of the samples from start to stop."""
        own = self.share.of(stop - start)
        return self.column.slice(start + own.start, start + own.stop)  # type: ignore[no-any-return]


class Parts(Source):
    """Data that yields batches itself, cut to one share."""

    def __init__(self, data: Source, share: Share) -> None:
        self.data, self.share = data, share
        self.targets = data.targets

    @property
    def steps(self) -> int | None:  # type: ignore[override]
        """Batches an epoch."""
        return self.data.steps

    def epoch(self, done: int = 0) -> Iterator[Batch]:
        """Its part of each batch."""
        for batch in self.data.epoch(done):
            x, y, sample_weight = unpack(batch)
            own = self.share.of(samples(x))
            yield pack(*(transform(lambda t: t[own], part) for part in (x, y, sample_weight)))  # noqa: B023 - called at once

    def position(self, done: int) -> dict[str, Any]:
        """Where the whole data is."""
        return self.data.position(done)

    def go_to(self, position: Mapping[str, Any]) -> None:
        """Have the whole data go on from there."""
        self.data.go_to(position)

    def sample(self) -> Batch:
        """A few samples."""
        return self.data.sample()


def shared(data: Source, share: Share) -> Source:
    """The same data, of which one process gets its share."""
    if isinstance(data, Arrays):
        data.columns = tuple(transform(lambda column: Rows(column, share), part) for part in data.columns)
        return data
    return Parts(data, share)
