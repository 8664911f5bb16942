"""Data-parallel training as a callback: one model, its batches shared out."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.errors import CheckpointError, DataError, NotReadyError, TinygradEduWarning
from ..training import Callback
from ..training.callbacks.base import Logs
from ..training.run import generators, optimizers
from ._shares import Share, shared
from ._sums import Counts, Gradients
from .world import MPIWorld, World

__all__ = ["DataParallel", "ThreadsWarning"]

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


class ThreadsWarning(TinygradEduWarning):
    """Several processes, each of which may start as many threads as the machine has cores."""


class DataParallel(Callback):
    """Train one model on several processes: ``mpiexec -n 4 python -m mpi4py script.py``.

    ::

        model.fit(x, y, batch_size=128, callbacks=[parallel.DataParallel()])

    Every process runs the same script on the same data. All begin with the weights of the first, draw the same batches, and
    take their own part of each; before each step of the optimiser the gradients are added up in one message. The result is
    that of one process with the same batches, but for rounding, for batch norm, which sees the part and not the batch, and for
    dropout, which draws other numbers. Loss and metrics are those of all samples, the same on every process. Only the first
    one shows progress and writes files; a callback of yours runs on all, unless its class sets ``everywhere = False``. The
    numbers in a metric of yours are added up, so let them be sums and counts.

    comm : an mpi4py communicator, or a ``World``; all processes that mpiexec started if None.
    own_data : each process brings data of its own, and batch_size is its own as well. All need as many batches.

    A checkpoint is one file; it has to be where every process can read it, and goes on with as many processes.
    Errors: MissingExtraError without mpi4py. DataError for other numbers of batches. CheckpointError for a file of another
    number of processes, or one that not all can see.
    """

    state = ("processes",)
    order = -1  # before all others, so that they see the numbers of all processes

    def __init__(self, comm: Any = None, own_data: bool = False) -> None:
        self.world: World = comm if isinstance(comm, World) else MPIWorld(comm)
        self.own_data = own_data
        if self.world.rank == 0 and self.world.size > 1 and not any(name in os.environ for name in THREADS):
            warnings.warn(
                f"{self.world.size} processes, and each may start as many threads as the machine has cores, which is slower than "
                "one process. Set OPENBLAS_NUM_THREADS (or your BLAS's variable) to cores / processes, before numpy is imported.",
                ThreadsWarning,
                stacklevel=2,
            )

    @property
    def processes(self) -> int:
        """How many train together; a checkpoint remembers it."""
        return self.world.size

    @processes.setter
    def processes(self, saved: int) -> None:
        if saved != self.world.size:
            raise CheckpointError(
                f"the run was saved by {saved} process(es), here are {self.world.size}. Start as many: mpiexec -n {saved}. Or load "
                "its weights alone into the model: model.load_state_dict(tg.load(path)['model'])."
            )

    # -- the stations --------------------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Logs = None) -> None:
        """Begin alike: weights, optimiser, random numbers, data."""
        run, world = self.model.current_run, self.world
        self.share = Share(world.rank, world.size, self.own_data)
        self.counts = Counts(world)
        self.fresh = True
        steps = world.from_all((run.data.steps, run.held_back and run.held_back.steps))
        if len(set(steps)) > 1 or (self.own_data and steps[0][0] is None):
            raise DataError(
                f"The processes have other numbers of batches for training and validation: {steps}. All need the same, or they "
                "would wait for each other; give steps_per_epoch and validation_steps."
            )
        self.take(world.from_first(run.state_dict() if world.rank == 0 else None))
        run.data = shared(run.data, self.share)
        run.held_back = run.held_back and shared(run.held_back, self.share)
        moving = [optimizer for _, optimizer in optimizers(self.model)]
        if not moving:
            raise NotReadyError("DataParallel: the optimiser knows no parameters yet. Build the model before fit().")
        self.gradients = []
        for optimizer in moving:
            own = [Gradients(flat, world) for group in optimizer.groups for flat in group.flats]
            optimizer.before_step = self.adding(own)
            self.gradients += own
        if world.rank:
            run.stations.listen([c for c in run.stations.callbacks if c.everywhere])
            for callback in run.stations.callbacks:
                if hasattr(callback, "verbose"):
                    callback.verbose = 0

    def take(self, state: Any) -> None:
        """Take over where the run of the first process begins: weights, optimisers, random numbers."""
        self.model.load_state_dict(state["model"])
        for name, optimizer in optimizers(self.model):
            optimizer.load_state_dict(state["optimizers"][name])
        for name, generator in generators(self.model):
            generator.bit_generator.state = state["generators"][name]

    def on_train_end(self, logs: Logs = None) -> None:
        """Leave the optimisers to themselves."""
        for _, optimizer in optimizers(self.model):
            optimizer.before_step = None
        for each in self.gradients:
            each.buffer.free()

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """See that all processes are at the same place."""
        run = self.model.current_run
        places = self.world.from_all((run.epoch, run.step))
        if len(set(places)) > 1:
            raise CheckpointError(
                f"The processes go on at other places (epoch, batch): {places}. Not all have found the checkpoint: put it where "
                "every machine can read it."
            )

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Draw other random numbers than the other processes; note what has been counted."""
        if self.world.rank and self.fresh:
            for _, generator in generators(self.model):
                if generator is not self.model.shuffle_rng:  # which all draw alike
                    bits: Any = generator.bit_generator
                    bits.state = bits.jumped(self.world.rank).state
        self.fresh = False
        self.counts.begin(self.model.known_metrics)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Loss and metrics of all processes."""
        self.sum_up(logs)

    def on_test_begin(self, logs: Logs = None) -> None:
        """Evaluate the same model everywhere."""
        self.average_statistics()

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Note what has been counted."""
        self.counts.begin(self.model.known_metrics)

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Loss and metrics of all processes."""
        self.sum_up(logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Save the same model as would be evaluated."""
        self.average_statistics()

    def adding(self, gradients: list[Gradients]) -> Callable[[], None]:
        """What an optimiser does before each step."""

        def before_step() -> None:
            share = self.share.samples / self.total()
            for each in gradients:
                each.add_up(share)

        return before_step

    # -- what they do --------------------------------------------------------------------------------------------------

    def total(self) -> int:
        """Samples of the batch, in all processes."""
        if not self.own_data:
            return self.share.total
        n = np.array([self.share.samples])
        self.world.add_up(n)
        return int(n[0])

    def sum_up(self, logs: Logs) -> None:
        """Metrics of all processes, and the logs made of them."""
        self.counts.add_up(self.model.known_metrics, counts=self.share.samples > 0)
        if logs is not None:
            logs.update(self.model.get_metrics_result())

    def average_statistics(self) -> None:
        """The mean over all processes of what is not trained, such as batch norm's running statistics."""
        own = [p for _, p in self.model.named_variables() if not p.trainable and p.dtype.kind == "f"]
        for p in own:
            mean = np.array(p.data)
            self.world.add_up(mean)
            p.assign(mean / self.world.size)
