"""Callbacks that set the learning rate by the epoch, and that write the logs to a file."""

from __future__ import annotations

import csv
import inspect
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from .base import Callback, Logs, say

__all__ = ["CSVLogger", "LearningRateScheduler"]


class LearningRateScheduler(Callback):
    """The learning rate of each epoch from a function: ``schedule(epoch, rate) -> rate``, or ``schedule(epoch)``."""

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        self.schedule, self.verbose = schedule, verbose
        positional = [
            p
            for p in inspect.signature(schedule).parameters.values()
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
        self.takes_rate = len(positional) > 1

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Set the rate."""
        optimizer = self.model.optimizer
        rate: Any = self.schedule(epoch, float(optimizer.learning_rate)) if self.takes_rate else self.schedule(epoch)
        if isinstance(rate, bool) or not hasattr(rate, "__float__") or not getattr(rate, "shape", ()) == ():
            raise TypeError(
                f"LearningRateScheduler: the schedule returned {rate!r} for epoch {epoch}; a float expected."
            )
        optimizer.learning_rate = float(rate)
        if self.verbose:
            say(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {float(rate)}.")

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Log the rate."""
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


class CSVLogger(Callback):
    """One line an epoch in a CSV file: the epoch, from 0, and the logs, sorted by name.

    append : go on with a file that is there, without a second header.
    """

    everywhere = False

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        self.filename, self.separator, self.append = Path(filename), separator, append
        self.keys: list[str] = []

    def on_train_begin(self, logs: Logs = None) -> None:
        """Empty the file, unless it is to go on."""
        if not self.append:
            self.filename.write_text("", encoding="utf-8")
        self.keys = []

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Write the epoch's line, at once, so that a run that is cut off leaves its lines."""
        logs = logs or {}
        if not self.keys:
            self.keys = sorted(logs)
            if not (self.filename.exists() and self.filename.stat().st_size):
                self.write(["epoch", *self.keys])
        self.write([epoch, *(logs.get(key, "NA") for key in self.keys)])

    def write(self, row: Iterable[Any]) -> None:
        """One line."""
        with self.filename.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter=self.separator, lineterminator="\n").writerow(row)
