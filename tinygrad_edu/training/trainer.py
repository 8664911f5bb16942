"""Training: ``compile``, ``fit``, ``evaluate``, ``predict``, for anything callable that has parameters.

``nn.Sequential`` and ``nn.Model`` are a Module plus this Trainer. What one batch does stands in ``steps.py``, in methods
made to be overridden; everything here is bookkeeping around them.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from ..engine import no_grad
from ..engine.device import HOST
from ..engine.errors import NotReadyError, ShapeError
from . import checks, noticed
from .callbacks import Callback, CallbackList, History, ProgressBar
from .data import Source, source
from .rehearsal import rehearsal
from .run import Run
from .steps import Steps
from .structure import Batch, Nested, array, joined, samples, transform, unpack

__all__ = ["Trainer"]


class Trainer(Steps):
    """compile, fit, evaluate and predict.

    The class that mixes it in has ``__call__(x, training=...)`` and ``named_parameters()``.

    Attributes: ``optimizer``; ``metrics``, the mean loss first; ``history``, of the last fit; ``stop_training``, which
    callbacks set; ``current_run``, the fit under way, for callbacks that save it.
    """

    history: History | None = None
    current_run: Run | None = None
    stop_training: bool = False

    # -- all batches ---------------------------------------------------------------------------------------------------

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Callback | Sequence[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Iterable[int] = 1,
        resume: str | os.PathLike[str] | None = None,
    ) -> History:
        """Train for some epochs; a second call goes on where the first stopped.

        x, y : arrays with samples along the first axis, lists or dicts of arrays, or x alone: something that yields
            batches (x, y). Images may stay uint8: they become floats batch by batch.
        batch_size : 32 by default; the last batch of an epoch may be smaller.
        epochs, initial_epoch : train from epoch initial_epoch up to, not including, epochs; they count from 0.
        verbose : 0 silent, 1 or "auto" a progress bar, 2 one line per epoch.
        validation_data, validation_split : (x, y) or (x, y, sample_weight) to evaluate after each epoch; or the share of
            x and y, taken from their end before any shuffling, that is held back for it.
        validation_freq : every so many epochs, or the epochs (from 1) after which to validate.
        shuffle : a new order every epoch.
        class_weight, sample_weight : how much each class or sample counts in the loss and in weighted_metrics.
        steps_per_epoch : batches in an epoch, for data that never ends; arrays are then repeated.
        resume : a file of ``ModelCheckpoint`` to go on from, for the same model and data. The run ends with the same weights
            and history, to the last bit, as if it had never stopped; what data that yields batches draws itself excepted.
        KERAS_MAX_EPOCHS and KERAS_MAX_STEPS_PER_EPOCH in the environment shorten every run; the latter evaluations too.

        Returns the History: ``.history`` maps each name to one number per epoch.
        Errors: NotReadyError before compile; DataError, ShapeError, DTypeError for data that cannot be trained on, before
        the first step. CheckpointError for a file that is no state of such a fit. After Ctrl-C the model keeps what it
        learned, and ``model.history`` the finished epochs.
        """
        self._how("fit")
        epochs = checks.capped("KERAS_MAX_EPOCHS", checks.whole_number("epochs", epochs)) or epochs
        if not isinstance(shuffle, (bool, np.bool_)):
            raise TypeError(f"shuffle: True or False expected, got {shuffle!r}.")
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = self._split(x, y, sample_weight, validation_split)
            noticed.order_of_labels(y, validation_data[1])
        data = self._source(
            x, y, sample_weight, class_weight=class_weight, batch_size=batch_size, steps=steps_per_epoch,
            rng=self.shuffle_rng if shuffle else None,
        )  # fmt: skip
        if type(self).train_step is Trainer.train_step:
            noticed.any_trainable(self)
            noticed.late_seed(self)
            noticed.pixels(self, unpack(data.sample())[0])
        held_back = self._validation(validation_data, validation_batch_size, batch_size, validation_steps)
        history = History()
        stations = self._stations(callbacks, verbose, [history, noticed.Watch()], epochs=epochs, steps=data.steps)
        self.history, self.stop_training = history, False
        run = self.current_run = Run(self, data, held_back, stations, initial_epoch, resume)
        try:
            stations.on_train_begin()
            run.go_on()
            while run.epoch < epochs and not self.stop_training:
                self._epoch(run, validation_freq)
            self.optimizer.finalize_variable_values()
            stations.on_train_end(run.logs)
        except KeyboardInterrupt as stop:
            stop.add_note(
                f"fit was stopped in epoch {run.epoch + 1} of {epochs}, after {run.step} batches. The model keeps what it learned, "
                f"model.history the finished epochs; fit(..., initial_epoch={run.epoch}) goes on."
            )
            raise
        finally:
            self.current_run = None
        return history

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Callback | Sequence[Callback] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """Loss and metrics on data, without learning from it.

        Returns the loss, or [loss, metrics in the order of compile] if there are metrics, or a dict by name.
        """
        self._how("evaluate")
        data = self._source(x, y, sample_weight, batch_size=batch_size, steps=steps)
        logs = self._evaluate(data, self._stations(callbacks, verbose, steps=data.steps))
        return logs if return_dict else self._listed(logs)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Callback | Sequence[Callback] | None = None,
    ) -> Any:
        """The predictions for x as a plain array (a list or dict of arrays for several outputs). Needs no compile."""
        data = source(x, batch_size=batch_size, steps=steps, **self._place())
        stations = self._stations(callbacks, verbose, steps=data.steps)
        stations.on_predict_begin()
        outputs = []
        with no_grad(), self.mode(training=False):
            for step, batch in enumerate(limited(data)):
                stations.on_predict_batch_begin(step)
                with self._watched(step, batch):
                    outputs.append(transform(array, self.predict_step(batch)))
                stations.on_predict_batch_end(step, {"outputs": outputs[-1]})
        stations.on_predict_end()
        return joined(outputs)

    # -- one batch of your own loop ------------------------------------------------------------------------------------

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: dict[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """One training step on this batch; its loss and metrics."""
        self._how("train_on_batch")
        data = self._source(x, y, sample_weight, class_weight=class_weight, steps=1)
        self.reset_metrics()
        logs = in_order(self.train_step(next(data.epoch())))
        return logs if return_dict else self._listed(logs)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """The loss and metrics of this batch, without learning from it."""
        self._how("test_on_batch")
        data = self._source(x, y, sample_weight, steps=1)
        self.reset_metrics()
        with no_grad():
            logs = in_order(self.test_step(next(data.epoch())))
        return logs if return_dict else self._listed(logs)

    def predict_on_batch(self, x: Any) -> Any:
        """The predictions for this batch as a plain array."""
        with no_grad():
            return transform(array, self.predict_step(next(source(x, steps=1, **self._place()).epoch())))

    # -- bookkeeping ---------------------------------------------------------------------------------------------------

    def _epoch(self, run: Run, validation_freq: int | Iterable[int]) -> None:
        """One epoch, and its validation."""
        run.begin_epoch()
        with self.mode(training=True):  # once, not at every step
            self._train_epoch(run)
        logs = run.logs
        if run.held_back is not None and due(run.epoch, validation_freq):
            logs |= {f"val_{name}": value for name, value in self._evaluate(run.held_back, run.stations).items()}
        run.epoch, run.step, run.logs = run.epoch + 1, 0, in_order(logs)
        run.stations.on_epoch_end(run.epoch - 1, run.logs)

    def _train_epoch(self, run: Run) -> None:
        """The steps of an epoch that are still to come."""
        stations = run.stations
        if not run.step:
            self.reset_metrics()
            run.logs = {}
        for step, batch in enumerate(limited(run.data, run.step), run.step):
            stations.on_train_batch_begin(step)
            run.logs = logs = in_order(self.train_step(batch))
            run.step = step + 1
            stations.on_train_batch_end(step, logs)
            if self.stop_training:
                break

    def _evaluate(self, data: Source, stations: CallbackList) -> dict[str, Any]:
        self.reset_metrics()
        stations.on_test_begin()
        logs: dict[str, Any] = {}
        with no_grad(), self.mode(training=False):
            for step, batch in enumerate(limited(data)):
                stations.on_test_batch_begin(step)
                with self._watched(step, batch):
                    logs = in_order(self.test_step(batch))
                stations.on_test_batch_end(step, logs)
        stations.on_test_end(logs)
        return logs

    def _watched(self, step: int, batch: Batch) -> AbstractContextManager[None]:
        """See that the first batch of an evaluation, in a fit of its first one, leaves the model as it is."""
        first = step == 0 and not (self.current_run and self.history and self.history.epoch)
        return noticed.still(self, batch) if first else nullcontext()

    def _source(self, *parts: Any, **options: Any) -> Source:
        """The data to train or evaluate with; model, loss and data are seen to fit together first."""
        data = source(*parts, **options | self._place())
        self._prepare(data)
        return data

    def _validation(self, given: Any, size: int | None, train_size: int | None, steps: int | None) -> Source | None:
        """What to evaluate on after each epoch; None for nothing."""
        if given is None:
            return None
        if isinstance(given, np.ndarray):
            raise ValueError("validation_data: a tuple (x, y) expected, got one array.")
        if isinstance(given, (tuple, list)):
            return self._source(*unpack(given), batch_size=size or train_size, steps=steps)
        return self._source(given, batch_size=size, steps=steps)

    def _split(self, x: Any, y: Any, sample_weight: Any, share: float) -> tuple[list[Nested], list[Nested]]:
        """The parts to train on, and the last share of the samples."""
        given = {"x": x, "y": y, "sample_weight": sample_weight}
        parts = {name: checks.arrays(name, part, self._dtype()) for name, part in given.items()}
        checks.cardinality(**parts)
        return checks.split(list(parts.values()), share)

    def _prepare(self, data: Source) -> None:
        """Build what is not built yet, and see on a few samples that model, loss and data fit together."""
        how = self._how("fit")
        mine = type(self)
        usual = mine.train_step is Trainer.train_step and mine.test_step is Trainer.test_step
        if usual or not built(self):
            x, y, _ = unpack(data.sample())
            targets = y if data.targets is None else data.targets
            try:
                with no_grad(), rehearsal(self):
                    y_pred = self(x, training=False)
                    if usual and how.losses is not None and mine.compute_loss is Trainer.compute_loss:
                        how.check(y, targets, y_pred)
                        noticed.accuracy_of_numbers(how, targets, y_pred)
            except ShapeError as error:
                error.add_note(f"This was tried with the first {samples(x)} samples, before training.")
                raise
        parameters = list(self.named_parameters())
        if parameters and not self.optimizer.groups:
            self.optimizer.bind(parameters)

    def _stations(
        self, callbacks: Any, verbose: int | str, own: Sequence[Callback] = (), **params: Any
    ) -> CallbackList:
        """The user's callbacks first, then our own, then the progress bar."""
        if isinstance(callbacks, CallbackList):
            return callbacks
        users = [callbacks] if isinstance(callbacks, Callback) else list(callbacks or ())
        bar = ProgressBar(verbose)
        shown = [bar] if bar.verbose and not any(isinstance(c, ProgressBar) for c in users) else []
        return CallbackList([*users, *own, *shown], model=self, verbose=verbose, **params)

    def _listed(self, logs: dict[str, Any]) -> Any:
        """Logs in the order of compile, or the loss alone."""
        order = [name for name in self.metrics_names if name in logs]
        values = [logs[name] for name in (*order, *(k for k in logs if k not in order))]
        return values[0] if len(values) == 1 else values

    def _place(self) -> dict[str, Any]:
        """What the model's parameters have and its batches must have too: a floating dtype, and a device."""
        return {"dtype": self._dtype(), "device": next((p.device for _, p in self.named_parameters()), HOST)}

    def _dtype(self) -> Any:
        """The floating dtype of the model's parameters; float32 before there are any."""
        parameters = self.named_parameters()
        return next((p.dtype for _, p in parameters if p.dtype.kind == "f"), np.dtype(np.float32))


def built(model: Any) -> bool:
    """Whether all parameters exist: those of a layer without input size come with its first call."""
    try:
        return not hasattr(model, "parameters") or bool(list(model.parameters()))
    except NotReadyError:
        return False


def limited(data: Source, done: int = 0) -> Iterator[Batch]:
    """The batches of an epoch after the first ``done``, as many as the environment allows."""
    most = checks.capped("KERAS_MAX_STEPS_PER_EPOCH", data.steps)
    batches = data.epoch(done)
    return batches if most is None or most == data.steps else itertools.islice(batches, most - done)


def in_order(logs: dict[str, Any]) -> dict[str, Any]:
    """Logs sorted by name, as callbacks get them; single Tensors and arrays as numbers."""
    return {
        name: float(v) if hasattr(v, "__float__") and not getattr(v, "shape", ()) else v
        for name, v in sorted(logs.items())
    }


def due(epoch: int, frequency: int | Iterable[int]) -> bool:
    """Whether to validate after this epoch."""
    if isinstance(frequency, int):
        return (epoch + 1) % checks.whole_number("validation_freq", frequency) == 0
    return epoch + 1 in list(frequency)
