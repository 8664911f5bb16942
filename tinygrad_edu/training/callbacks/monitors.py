"""Callbacks that watch a number: stop when it stalls, lower the learning rate when it stalls, stop when it is NaN."""

from __future__ import annotations

import math
import warnings
from typing import Any, Literal

from ...engine.errors import TinygradEduWarning
from .base import Callback, Logs, say

__all__ = ["EarlyStopping", "MonitorWarning", "ReduceLROnPlateau", "TerminateOnNaN"]

Mode = Literal["auto", "min", "max"]


class MonitorWarning(TinygradEduWarning):
    """A callback watches a name that the logs do not have."""


class _Monitor(Callback):
    """The number that is watched, and what counts as better."""

    def __init__(self, monitor: str, mode: str, min_delta: float) -> None:
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"{type(self).__name__}: mode is 'auto', 'min' or 'max', not {mode!r}.")
        self.monitor, self.mode, self.min_delta = monitor, mode, abs(min_delta)

    def value(self, logs: Logs) -> float | None:
        """The watched number of this epoch, or a warning and None."""
        value = (logs or {}).get(self.monitor)
        if value is None:
            warnings.warn(
                f"{type(self).__name__} watches {self.monitor!r}, but the logs have {', '.join(logs or ())}."
                + (" Give fit validation data." if self.monitor.startswith("val_") else ""),
                MonitorWarning,
                stacklevel=2,
            )
        return value

    def better(self, value: float, than: float | None) -> bool:
        """Whether a value improves on another by more than min_delta; anything improves on None."""
        if than is None:
            return not math.isnan(value)
        return value > than + self.min_delta if self.direction() == "max" else value < than - self.min_delta

    def direction(self) -> str:
        """Either "max" or "min": as told, else as the metric knows, else by the name."""
        if self.mode != "auto":
            return self.mode
        name = self.monitor.removeprefix("val_")
        known = [m.better for m in getattr(self.model, "metrics", ()) if m.name == name and getattr(m, "better", None)]
        return known[0] if known else "max" if any(word in name for word in ("acc", "auc")) else "min"


class EarlyStopping(_Monitor):
    """Stop when the monitored number has not improved for ``patience`` epochs.

    min_delta : what counts as an improvement.
    baseline : patience starts anew only with a best number that is also better than this.
    restore_best_weights : go back to the weights of the best epoch when training ends, stopped early or not.
    start_from_epoch : epochs before this one do not count.
    """

    state = ("wait", "stopped_epoch", "best_epoch", "best", "best_weights")

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: Mode = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience, self.verbose, self.baseline = patience, verbose, baseline
        self.restore_best_weights, self.start_from_epoch = restore_best_weights, start_from_epoch
        self.on_train_begin()

    def on_train_begin(self, logs: Logs = None) -> None:
        """Forget an earlier training."""
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best: float | None = None
        self.best_weights: Any = None

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Compare, remember the best weights, perhaps stop."""
        value = self.value(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.state_dict(), epoch
        self.wait += 1
        if self.better(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.state_dict()
            if self.baseline is None or self.better(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs = None) -> None:
        """Say that it stopped, and go back to the best weights."""
        if self.stopped_epoch and self.verbose:
            say(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose:
                say(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.load_state_dict(self.best_weights)


class ReduceLROnPlateau(_Monitor):
    """Multiply the learning rate by ``factor`` when the monitored number has not improved for ``patience`` epochs.

    cooldown : epochs to wait after a reduction.          min_lr : never go below.
    """

    state = ("wait", "cooldown_counter", "best")

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: Mode = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        if not 0 < factor < 1:
            raise ValueError(f"ReduceLROnPlateau: factor={factor} would not reduce. Give a number between 0 and 1.")
        self.factor, self.patience, self.verbose = factor, patience, verbose
        self.cooldown, self.min_lr = cooldown, min_lr
        self.on_train_begin()

    def on_train_begin(self, logs: Logs = None) -> None:
        """Forget an earlier training."""
        self.wait = self.cooldown_counter = 0
        self.best: float | None = None

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Compare, perhaps reduce."""
        rate = float(self.model.optimizer.learning_rate)
        if logs is not None:
            logs["learning_rate"] = rate
        value = self.value(logs)
        if value is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self.better(value, self.best):
            self.best, self.wait = value, 0
        elif self.cooldown_counter == 0:
            self.wait += 1
            if self.wait >= self.patience and rate > self.min_lr:
                self.reduce(epoch, max(rate * self.factor, self.min_lr))

    def reduce(self, epoch: int, rate: float) -> None:
        """Set the new learning rate, and rest."""
        self.model.optimizer.learning_rate = rate
        self.cooldown_counter, self.wait = self.cooldown, 0
        if self.verbose:
            say(f"Epoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {rate}.")


class TerminateOnNaN(Callback):
    """Stop as soon as the loss is NaN or infinite; with ``raise_error`` as an error."""

    def __init__(self, raise_error: bool = False) -> None:
        self.raise_error = raise_error

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Look at the loss."""
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            message = f"Batch {batch}: the loss is {loss}, training ends."
            if self.raise_error:
                raise RuntimeError(f"{message} tg.detect_anomaly() names the op that made the first one.")
            say(message)
            self.model.stop_training = True
