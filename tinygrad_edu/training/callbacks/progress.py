"""The progress bar: in place in a terminal or a notebook, one plain line an epoch in a log file."""

from __future__ import annotations

import os
import shutil
import sys
import time
from typing import Any

from .base import Callback, Logs

__all__ = ["ProgressBar"]

WIDTH = 20
INTERVAL = 0.05  # seconds between two pictures; drawing one takes about 50 us
BOLD, GREEN, WHITE, PLAIN = "\x1b[1m", "\x1b[32m", "\x1b[37m", "\x1b[0m"


class ProgressBar(Callback):
    """How far it is, how long it takes, loss and metrics.

    verbose : 1 or "auto" draws a bar where it can be redrawn in place, and else one line an epoch; 2 always one line
        an epoch; 0 nothing.
    """

    everywhere = False

    def __init__(self, verbose: int | str = "auto") -> None:
        if verbose not in (0, 1, 2, "auto"):
            raise ValueError(
                f"verbose is 0 (silent), 1 (a progress bar), 2 (one line an epoch) or 'auto', not {verbose!r}."
            )
        self.verbose = 1 if verbose == "auto" else int(verbose)
        self.fitting = False

    def on_train_begin(self, logs: Logs = None) -> None:
        """From here on validation is part of the epoch's line."""
        self.fitting = True

    def on_train_end(self, logs: Logs = None) -> None:
        """Evaluations have a bar of their own again."""
        self.fitting = False

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """``Epoch 1/3``, if there are several."""
        epochs = self.params.get("epochs", 1)
        if self.verbose and epochs > 1:
            sys.stdout.write(f"Epoch {epoch + 1}/{epochs}\n")
        self.start()

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Draw, if the last picture is old enough."""
        self.advance(batch + 1, logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Draw a last time, validation included."""
        self.finish(logs)

    def on_test_begin(self, logs: Logs = None) -> None:
        """A bar of its own, outside fit."""
        if not self.fitting:
            self.start()

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Draw, outside fit."""
        if not self.fitting:
            self.advance(batch + 1, logs)

    def on_test_end(self, logs: Logs = None) -> None:
        """Draw a last time, outside fit."""
        if not self.fitting:
            self.finish(logs)

    def on_predict_begin(self, logs: Logs = None) -> None:
        """A bar without numbers."""
        self.start()

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Draw."""
        self.advance(batch + 1, None)

    def on_predict_end(self, logs: Logs = None) -> None:
        """Draw a last time."""
        self.finish(None)

    def start(self) -> None:
        """Take the time, and look where the output goes."""
        self.in_place = self.verbose == 1 and redrawable()
        self.began = self.after_first = time.perf_counter()
        self.drawn = -INTERVAL
        self.seen = self.width = 0

    def advance(self, seen: int, logs: Logs) -> None:
        """One more batch is done."""
        self.seen = seen
        now = time.perf_counter()
        if seen == 1:
            self.after_first = now
        if self.in_place and now - self.drawn >= INTERVAL:
            self.drawn = now
            self.draw(self.bar(logs, now), shutil.get_terminal_size().columns - 1)

    def finish(self, logs: Logs) -> None:
        """The last picture of the bar, or the line."""
        now = time.perf_counter()
        if self.in_place:
            self.draw(self.bar(logs, now, last=True))
            sys.stdout.write("\n")
        elif self.verbose:
            count = f"{self.seen}/{self.seen}"
            sys.stdout.write(f"{count} - {now - self.began:.0f}s - {self.pace(now)}{numbers(logs)}\n")
        sys.stdout.flush()

    def bar(self, logs: Logs, now: float, last: bool = False) -> list[tuple[str, str]]:
        """The picture as (colour, text): count, done, to do, time, numbers."""
        steps = self.seen if last else self.params.get("steps")
        pace = f" {self.pace(now)}{numbers(logs)}"
        if not steps:
            return [("", f"{self.seen:7d}/Unknown "), (BOLD, f"{now - self.began:.0f}s"), ("", pace)]
        filled = WIDTH * self.seen // steps
        left = self.per_step(now) * (steps - self.seen)
        clock = f"{now - self.began:.0f}s" if last else duration(left)
        count = f"{self.seen:{len(str(steps))}d}/{steps}"
        return [
            (BOLD, count), ("", " "), (GREEN, "━" * filled), (WHITE, "━" * (WIDTH - filled)), ("", " "), (BOLD, clock), ("", pace)
        ]  # fmt: skip

    def draw(self, picture: list[tuple[str, str]], columns: int | None = None) -> None:
        """Over the last picture; cut to the columns of the terminal, because a line that wraps cannot be redrawn."""
        shown, width = "", 0
        for colour, text in picture:
            text = text if columns is None else text[: max(columns - width, 0)]
            shown += f"{colour}{text}{PLAIN}" if colour and text else text
            width += len(text)
        sys.stdout.write("\r" + shown + " " * (self.width - width))
        sys.stdout.flush()
        self.width = width

    def per_step(self, now: float) -> float:
        """Seconds a step; the first, which builds and warms up, counts only as long as it is the only one."""
        if self.seen > 1:
            return (now - self.after_first) / (self.seen - 1)
        return (now - self.began) / max(self.seen, 1)

    def pace(self, now: float) -> str:
        """``2ms/step``."""
        seconds = self.per_step(now)
        if seconds >= 1:
            return f"{seconds:.0f}s/step"
        return f"{seconds * 1e3:.0f}ms/step" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us/step"


def numbers(logs: Logs) -> str:
    """`` - accuracy: 0.9812 - loss: 6.1e-02``: four decimals, or exponents for what is too small for them."""
    return "".join(f" - {name}: {number(value)}" for name, value in (logs or {}).items())


def number(value: Any) -> str:
    if getattr(value, "shape", ()) or not hasattr(value, "__float__"):
        return str(value)
    return f"{float(value):.4f}" if abs(value) > 1e-3 else f"{float(value):.4e}"


def duration(seconds: float) -> str:
    """``12s``, ``1:05`` or ``1:00:05``."""
    whole = int(seconds)
    if whole > 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}" if whole > 60 else f"{whole}s"


def redrawable() -> bool:
    """Whether the output can go back to the start of a line: a terminal that knows our characters, or a notebook."""
    out = sys.stdout
    if type(out).__module__.startswith("ipykernel"):
        return True
    try:
        "━".encode(out.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return out.isatty() and os.environ.get("TERM") != "dumb"
