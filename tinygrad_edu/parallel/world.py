"""The processes that train together, and the three things that they say to each other."""

from __future__ import annotations

import importlib
import sys
import time
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, runtime_checkable

from ..engine import Array
from ..engine.errors import MissingExtraError

__all__ = ["MPIWorld", "World"]


PASSED_ON = 0.5  # seconds in which mpiexec passes on what a process wrote; when all are ended it may not read any more


@runtime_checkable
class World(Protocol):
    """What data-parallel training needs of its processes. All of them make each call, in the same order."""

    rank: int
    size: int

    def add_up(self, array: Array) -> None:
        """Replace an array, in place, by the sum of those of all processes."""

    def from_first(self, value: Any) -> Any:
        """What the first process gave, plain data or arrays."""

    def from_all(self, value: Any) -> list[Any]:
        """What each process gave, in the order of their ranks."""


class MPIWorld:
    """The processes that ``mpiexec`` started.

    comm : an mpi4py communicator; all processes if None.

    From here on, an error that nobody catches in one process ends all of them at once, after its traceback: the others would
    wait for ever. So make it early, before data is read.
    Errors: MissingExtraError without mpi4py, or without an MPI that it could load.
    """

    def __init__(self, comm: Any = None) -> None:
        try:
            self.mpi: Any = importlib.import_module("mpi4py.MPI")
        except (ImportError, RuntimeError) as error:  # not installed; no MPI library to load
            raise MissingExtraError("mpi4py and an MPI library", "mpi", "Training on several processes") from error
        self.comm = self.mpi.COMM_WORLD if comm is None else comm
        self.rank, self.size = self.comm.Get_rank(), self.comm.Get_size()
        if self.size > 1 and not isinstance(sys.excepthook, Ending):
            sys.excepthook = Ending(sys.excepthook, self)

    def add_up(self, array: Array) -> None:
        """Replace an array, in place, by the sum of those of all processes."""
        self.comm.Allreduce(self.mpi.IN_PLACE, array)

    def on_one_machine(self) -> bool:
        """Whether all processes see the same memory."""
        near = self.comm.Split_type(self.mpi.COMM_TYPE_SHARED)
        together = near.Get_size() == self.size
        near.Free()
        return bool(together)

    def from_first(self, value: Any) -> Any:
        """What the first process gave."""
        return self.comm.bcast(value, root=0)

    def from_all(self, value: Any) -> list[Any]:
        """What each process gave."""
        return list(self.comm.allgather(value))


class Ending:
    """What happens to an error that nobody caught: its traceback is shown, with the rank, and the whole job ends."""

    def __init__(self, before: Callable[..., Any], world: MPIWorld) -> None:
        self.before, self.world = before, world

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        text = "".join(traceback.format_exception(kind, error, trace))
        sys.stdout.flush()
        sys.stderr.write(f"Process {self.world.rank} of {self.world.size} failed:\n{text}")
        sys.stderr.flush()
        time.sleep(PASSED_ON)
        self.world.mpi.COMM_WORLD.Abort(1)
