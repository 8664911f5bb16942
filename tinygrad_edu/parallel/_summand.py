"""Arrays that are added up over all processes again and again: by a message, or in memory that all of them see."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array
from .world import MPIWorld, World

__all__ = ["Summand", "summand"]

FEW = 4  # processes that read each other's memory; of more, messages pass on sums instead
MOST = 2**24  # bytes of shared memory in all; some machines have little


class Summand:
    """What each process writes into ``owns[turn]``; after ``add_up`` the sum of all stands in ``total``. Here both are one array.

    Attributes: ``owns``, the arrays that are written into by turns; ``turn``, whose turn it is.
    All processes make it, of the same size and dtype, and make each call, together.
    """

    def __init__(self, world: World, size: int, dtype: Any) -> None:
        self.world = world
        self.total: Array = np.empty(size, dtype)
        self.owns, self.turn = [self.total], 0

    def add_up(self) -> None:
        """Sum over all processes."""
        self.world.add_up(self.total)

    def free(self) -> None:
        """Give the memory back."""


class SharedSummand(Summand):
    """The same where all processes run on one machine: each adds up what it reads in the memory of all.

    One barrier is all that they wait for, because they write into two arrays by turns: whoever has passed the barrier of this
    turn has read the sum of the one before. With 407 kB, measured against a message (MPICH), the writing included: two
    processes 48 us against 87, three on two cores 87 against 270.
    """

    def __init__(self, world: MPIWorld, size: int, dtype: Any) -> None:
        super().__init__(world, size, dtype)
        self.comm = world.comm
        self.window = world.mpi.Win.Allocate_shared(2 * self.total.nbytes, self.total.itemsize, comm=self.comm)
        self.window.Lock_all()
        memory = [np.frombuffer(self.window.Shared_query(rank)[0], dtype) for rank in range(world.size)]
        self.turns = [[m[:size] for m in memory], [m[size : 2 * size] for m in memory]]
        self.owns = [arrays[world.rank] for arrays in self.turns]

    def add_up(self) -> None:
        """Sum over all processes."""
        self.window.Sync()  # what was written here is there for the others,
        self.comm.Barrier()
        self.window.Sync()  # and what they wrote is there
        first, second, *more = self.turns[self.turn]
        np.add(first, second, out=self.total)
        for each in more:
            np.add(self.total, each, out=self.total)
        self.turn = 1 - self.turn

    def free(self) -> None:
        """Give the memory back."""
        self.turns, self.owns = [], []
        self.window.Unlock_all()
        self.window.Free()


def summand(world: World, size: int, dtype: Any) -> Summand:
    """The fastest kind for these processes."""
    if not isinstance(world, MPIWorld) or not 2 <= world.size <= FEW:
        return Summand(world, size, dtype)
    near = 2 * world.size * size * np.dtype(dtype).itemsize <= MOST and world.on_one_machine()
    return SharedSummand(world, size, dtype) if near else Summand(world, size, dtype)
