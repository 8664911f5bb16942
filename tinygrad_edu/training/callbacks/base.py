"""Callbacks: code of the user's that training calls at its stations."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from typing import Any, TypeAlias

__all__ = ["Callback", "CallbackList", "History", "LambdaCallback", "Logs"]

Logs: TypeAlias = dict[str, Any] | None  # loss and metrics so far, sorted by name; callbacks may add to an epoch's


class Callback:
    """Subclass it and write the hooks you need; ``self.model`` is the model, ``self.params`` epochs, steps and verbose.

    Set ``self.model.stop_training = True`` to end training after this batch.
    """

    model: Any = None
    params: dict[str, Any] = {}  # noqa: RUF012 - replaced, never changed
    state: tuple[str, ...] = ()  # the attributes that a resumed run needs
    everywhere = (
        True  # False for what writes or prints: of several processes that train together, the first alone runs it
    )
    order = 0  # those of a higher order are called later at every station: what saves sees what all others did

    def set_params(self, params: dict[str, Any]) -> None:
        """Called before training with epochs, steps and verbose."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Called before training with the model."""
        self.model = model

    def on_train_begin(self, logs: Logs = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs = None) -> None:
        """After the last epoch; logs of that epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Before an epoch; they count from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """After an epoch and its validation; logs of both, validation's with ``val_`` in front."""

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a training step; they count from 0 in each epoch."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a training step; logs of the epoch so far."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """The short name of ``on_train_batch_begin``."""

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        """The short name of ``on_train_batch_end``."""

    def on_test_begin(self, logs: Logs = None) -> None:
        """Before an evaluation, the validation of an epoch included."""

    def on_test_end(self, logs: Logs = None) -> None:
        """After an evaluation; its logs."""

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a batch of an evaluation."""

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a batch of an evaluation; its logs so far."""

    def on_predict_begin(self, logs: Logs = None) -> None:
        """Before ``predict``."""

    def on_predict_end(self, logs: Logs = None) -> None:
        """After ``predict``."""

    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a batch of ``predict``."""

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a batch of ``predict``; logs["outputs"] are its predictions."""


HOOKS = [name for name in vars(Callback) if name.startswith("on_")]
SHORT = {"on_train_batch_begin": "on_batch_begin", "on_train_batch_end": "on_batch_end"}


class CallbackList(Callback):
    """Several callbacks as one. A hook that nobody wrote costs one empty call."""

    def __init__(self, callbacks: Iterable[Callback], model: Any = None, **params: Any) -> None:
        self.callbacks = sorted(callbacks, key=lambda callback: getattr(callback, "order", 0))
        self.model, self.params = model, params
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                raise TypeError(
                    f"callbacks: {callback!r} is not a Callback. Subclass training.Callback, or give functions to LambdaCallback."
                )
            callback.set_model(model)
            callback.set_params(params)
        self.listen(self.callbacks)

    def listen(self, callbacks: Iterable[Callback]) -> None:
        """Call the hooks of these from now on."""
        chosen = list(callbacks)
        for hook in HOOKS:
            setattr(self, hook, together([getattr(c, hook) for c in chosen if writes(c, hook)]))

    def named(self) -> dict[str, Callback]:
        """Those that have a state, by their class and number."""
        keeping = [c for c in self.callbacks if c.state]
        kinds = [type(c).__name__ for c in keeping]
        return {f"{kind} {kinds[:i].count(kind)}": c for i, (kind, c) in enumerate(zip(kinds, keeping))}

    def state_dict(self) -> dict[str, Any]:
        """What the callbacks keep."""
        return {name: {key: deepcopy(getattr(c, key)) for key in c.state} for name, c in self.named().items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Give back to each what it kept. One that was not there begins anew, and what a missing one kept is left."""
        for name, callback in self.named().items():
            for key, value in state.get(name, {}).items():
                setattr(callback, key, deepcopy(value))


def writes(callback: Callback, hook: str) -> bool:
    """Whether a callback has code of its own for a hook."""
    own = getattr(getattr(callback, hook), "__func__", None) is not getattr(Callback, hook)
    return own or (hook in SHORT and writes(callback, SHORT[hook]))


def together(calls: list[Callable[..., None]]) -> Callable[..., None]:
    """One function that makes all calls."""

    def each(*args: Any) -> None:
        for call in calls:
            call(*args)

    return each


class History(Callback):
    """What ``fit`` returns: ``history`` {name: one value an epoch}, ``epoch`` the epochs' numbers, ``params``."""

    state = ("history", "epoch")

    def __init__(self) -> None:
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Note the epoch's logs."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


class LambdaCallback(Callback):
    """A callback of functions: ``LambdaCallback(on_epoch_end=lambda epoch, logs: ...)``, any hook by its name."""

    def __init__(self, **hooks: Callable[..., None] | None) -> None:
        unknown = set(hooks) - set(HOOKS)
        if unknown:
            raise TypeError(f"LambdaCallback: {', '.join(sorted(unknown))} is no hook. There are: {', '.join(HOOKS)}.")
        for hook, function in hooks.items():
            if function is not None:
                setattr(self, hook, function)


def say(message: str) -> None:
    """A line to where the user looks now (standard output may be redirected at any time)."""
    sys.stdout.write(message + "\n")
