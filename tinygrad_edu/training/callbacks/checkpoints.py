"""Callbacks that save: the model of each epoch or the best one, and the whole run, so that a killed one goes on."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from ... import io
from .base import Callback, Logs, say
from .monitors import Mode, _Monitor

__all__ = ["BackupAndRestore", "ModelCheckpoint"]

Frequency = int | Literal["epoch"]  # after each epoch, or every so many batches


class _Saving(Callback):
    """When to save: after each epoch, or every ``save_freq`` batches, counted over all epochs."""

    everywhere = False
    save_freq: Frequency = "epoch"
    seen = 0  # batches since the last time

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Count, perhaps save."""
        if self.save_freq != "epoch":
            self.seen += 1
            if self.seen >= self.save_freq:
                self.seen = 0
                self.save(self.model.current_run.epoch, batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Perhaps save."""
        if self.save_freq == "epoch":
            self.save(epoch, None, logs)

    def save(self, epoch: int, batch: int | None, logs: Logs) -> None:
        """Save now."""
        raise NotImplementedError


class ModelCheckpoint(_Saving, _Monitor):
    """Save the model, its weights alone, or the whole run, after each epoch or only when a number improves.

    filepath : its ending says what is saved. ``.keras``: the model, for ``keras.models.load_model``. With
        save_weights_only ``.weights.npz``, for ``model.load_weights``; or any ``.npz`` or ``.safetensors``, for
        ``model.load_state_dict(tg.load(path))``. Else ``.npz``: the run, for ``fit(resume=path)``.
        ``{epoch}`` (from 1), ``{batch}`` (from 1, with a number as save_freq) and every name in the logs may stand in it:
        ``"best-{epoch:02d}-{val_loss:.3f}.keras"``. Without such a field each file replaces the one before, in one step.
        Missing folders are made.
    monitor, mode : the number that is watched, and whether "max" or "min" is better; "auto" asks the metric.
    save_best_only : save only when it is better than at any time before.  save_weights_only : the weights alone.
    save_freq : "epoch", or a number of batches, counted over all epochs.
    initial_value_threshold : a value to be better than from the start.

    Errors: ValueError for another kind of file; KeyError for a field that the logs do not have, naming those they have.
    """

    state = ("best", "seen")
    order = 1

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: Mode = "auto",
        save_freq: Frequency = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, 0)
        self.filepath = checked_path(filepath, save_weights_only)
        self.save_freq = checked_frequency("ModelCheckpoint", save_freq)
        self.verbose, self.save_best_only, self.save_weights_only = verbose, save_best_only, save_weights_only
        self.best = initial_value_threshold

    def save(self, epoch: int, batch: int | None, logs: Logs) -> None:
        """Save, unless only the best is wanted and this is not better."""
        news = f"Epoch {epoch + 1}: "
        if self.save_best_only:
            value, best = self.value(logs), self.best
            if value is None:
                return
            if not self.better(value, best):
                if self.verbose:
                    say(f"{news}{self.monitor} did not improve from {best}")
                return
            self.best = value
            news += f"{self.monitor} improved from {best} to {value}, "
        path = self.path(epoch, batch, logs)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.write(path)
        if self.verbose:
            say(f"{news}saved to {path}")

    def write(self, path: Path) -> None:
        """Save what the ending of the name asks for."""
        if path.name.endswith(".keras"):
            self.model.save(path)
        elif path.name.endswith(".weights.npz") and self.save_weights_only:
            self.model.save_weights(path)
        else:
            io.save(self.model if self.save_weights_only else self.model.current_run, path)

    def path(self, epoch: int, batch: int | None, logs: Logs) -> Path:
        """The file's name, its fields filled in."""
        fields: dict[str, Any] = {"epoch": epoch + 1, **(logs or {})}
        if batch is not None:
            fields["batch"] = batch + 1
        try:
            return Path(self.filepath.format_map(fields))
        except KeyError as error:
            raise KeyError(
                f"filepath={self.filepath!r}: there is no {error}. There are {', '.join(fields)}."
            ) from error


class BackupAndRestore(_Saving):
    """Save the whole run while it trains, so that after a crash the same script goes on where it was.

    backup_dir : a folder for ``run.npz``; made if it is not there, and removed at the end, if nothing else is in it.
    save_freq : "epoch", or a number of batches.          delete_checkpoint : False keeps the file at the end.
    The run that goes on ends with the same weights and history, to the last bit, as one that was not killed.
    """

    state = ("seen",)
    order = 2

    def __init__(
        self, backup_dir: str | os.PathLike[str], save_freq: Frequency = "epoch", delete_checkpoint: bool = True
    ) -> None:
        self.folder = Path(backup_dir)
        self.file = self.folder / "run.npz"
        self.save_freq, self.delete_checkpoint = checked_frequency("BackupAndRestore", save_freq), delete_checkpoint

    def on_train_begin(self, logs: Logs = None) -> None:
        """Go on from the file, if there is one."""
        if self.file.exists():
            self.model.current_run.resume = self.file

    def save(self, epoch: int, batch: int | None, logs: Logs) -> None:
        """Save the run."""
        self.folder.mkdir(parents=True, exist_ok=True)
        io.save(self.model.current_run, self.file)

    def on_train_end(self, logs: Logs = None) -> None:
        """Remove the file, and the folder if it is empty."""
        if self.delete_checkpoint:
            self.file.unlink(missing_ok=True)
            with suppress(OSError):  # something else is in it, or it was never made
                self.folder.rmdir()


def checked_path(filepath: str | os.PathLike[str], weights_only: bool) -> str:
    """The name of a file of a kind that can hold it."""
    path = os.fspath(filepath)
    kinds = (".weights.npz", ".npz", ".safetensors") if weights_only else (".keras", ".npz")
    if not path.endswith(kinds):
        hint = " .safetensors needs save_weights_only=True." if path.endswith(".safetensors") else ""
        hint = " There is no HDF5 here." if path.endswith((".h5", ".hdf5")) else hint
        hint = " .keras is for whole models: leave save_weights_only out." if path.endswith(".keras") else hint
        raise ValueError(
            f"ModelCheckpoint: filepath={path!r} ends in {Path(path).suffix or 'no suffix'!r}; use {' or '.join(kinds)}.{hint}"
        )
    return path


def checked_frequency(what: str, value: Any) -> Frequency:
    """When to save: "epoch", or a number of batches."""
    if value != "epoch" and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise ValueError(f"{what}: save_freq is 'epoch' or a number of batches, not {value!r}.")
    return value  # type: ignore[no-any-return]
