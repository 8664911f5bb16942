"""One fit: where it is, and everything that it takes to go on from there."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .. import io
from ..engine.errors import CheckpointError
from ..optim import Optimizer
from .callbacks import CallbackList
from .data import Source
from .rehearsal import carried, carry
from .structure import leaves

__all__ = ["Run"]


class Run:
    """A fit under way, as callbacks find it in ``model.current_run``.

    epoch, step : what comes next.          logs : of the epoch so far, or of the last one.
    resume : a file to go on from; callbacks may set it in ``on_train_begin``.

    ``state_dict`` is the whole of it: weights, optimisers, every Generator in the model, what stateful layers carry on,
    metrics, what callbacks keep (the history among it), and the place in the shuffled data. A run that goes on from there
    ends with the same bits.
    """

    def __init__(
        self,
        model: Any,
        data: Source,
        held_back: Source | None,
        stations: CallbackList,
        epoch: int,
        resume: str | os.PathLike[str] | None = None,
    ) -> None:
        self.model, self.data, self.held_back, self.stations = model, data, held_back, stations
        self.epoch, self.step, self.resume = epoch, 0, resume
        self.logs: dict[str, Any] = {}
        self.interrupted: Mapping[str, Any] | None = None  # a state in the middle of an epoch

    def go_on(self) -> None:
        """Take over the file to resume from, if there is one."""
        if self.resume is not None:
            state = io.load(self.resume, resume=True)
            try:
                self.load_state_dict(state)
            except CheckpointError as error:
                raise CheckpointError(f"{os.fspath(self.resume)}: {error}") from error
            self.interrupted = state if self.step else None

    def begin_epoch(self) -> None:
        """Call ``on_epoch_begin``. In an epoch that goes on, what it does was done before the state was saved: undo it."""
        self.stations.on_epoch_begin(self.epoch)
        if self.interrupted is not None:
            self.load_state_dict(self.interrupted)
            self.interrupted = None

    # -- saving --------------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Everything, as a tree that ``io.save`` takes."""
        return {
            "epoch": self.epoch,
            "step": self.step,
            "logs": dict(self.logs),
            "stop_training": self.model.stop_training,
            "model": self.model.state_dict(),
            "optimizers": {name: optimizer.state_dict() for name, optimizer in optimizers(self.model)},
            "generators": {name: generator.bit_generator.state for name, generator in generators(self.model)},
            "outputs": list(self.model._compiled.parts),
            "metrics": {name: metric.state_dict() for name, metric in metrics(self.model)},
            "callbacks": self.stations.state_dict(),
            "carried": carried(self.model),
            "data": self.data.position(self.step),
            "held_back": self.held_back and self.held_back.position(0),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over all of a state, or nothing.

        Errors: CheckpointError for what is no such state, or one of another model or other data.
        """
        before = self.state_dict()
        state = {"carried": {}, **state}  # which older files do not have
        if set(state) != set(before):
            raise CheckpointError(
                "not the state of a fit. A model's weights alone go into model.load_state_dict(tg.load(path))."
            )
        try:
            self.take(state)
        except CheckpointError:
            self.take(before)
            raise
        except (KeyError, TypeError, ValueError) as error:
            self.take(before)
            raise CheckpointError(f"not the state of such a fit: {type(error).__name__}: {error}.") from error

    def take(self, state: Mapping[str, Any]) -> None:
        """Take over a state, part by part."""
        model = self.model
        model.load_state_dict(state["model"])
        model._compiled.expect(state["outputs"])
        for name, optimizer in matched("optimizers", optimizers(model), state["optimizers"]):
            optimizer.load_state_dict(state["optimizers"][name])
        for name, metric in matched("metrics", metrics(model), state["metrics"]):
            metric.load_state_dict(state["metrics"][name])
        for name, generator in matched("random generators", generators(model), state["generators"]):
            generator.bit_generator.state = state["generators"][name]
        carry(model, state["carried"])
        self.stations.load_state_dict(state["callbacks"])
        self.data.go_to(state["data"])
        if self.held_back is not None and state["held_back"] is not None:
            self.held_back.go_to(state["held_back"])
        self.epoch, self.step, self.logs = int(state["epoch"]), int(state["step"]), dict(state["logs"])
        model.stop_training = bool(state["stop_training"])


def optimizers(model: Any) -> Iterator[tuple[str, Optimizer]]:
    """The optimisers among a model's attributes, those that have parameters."""
    return ((name, value) for name, value in vars(model).items() if isinstance(value, Optimizer) and value.groups)


def metrics(model: Any) -> Iterator[tuple[str, Any]]:
    """The metrics of a model, numbered, as names may repeat."""
    return ((f"{i} {metric.name}", metric) for i, metric in enumerate(model.metrics))


def generators(model: Any) -> Iterator[tuple[str, np.random.Generator]]:
    """Every Generator among the attributes of a model and of the modules in it, with its place."""
    modules = model.named_modules() if hasattr(model, "named_modules") else [("", model)]
    for prefix, module in modules:
        for name, value in leaves(vars(module), prefix):
            own = (
                value if hasattr(value, "named_modules") else getattr(value, "rng", value)
            )  # keras.random.SeedGenerator's
            if isinstance(own, np.random.Generator):
                yield name, own


def matched(what: str, own: Iterator[tuple[str, Any]], saved: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What is here, if as much was saved."""
    here = list(own)
    difference = sorted({name for name, _ in here} ^ set(saved))
    if difference:
        raise CheckpointError(f"other {what} than the model has; they differ in {', '.join(difference)}.")
    return here
