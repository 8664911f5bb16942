"""Callbacks: when they are called, and what each of ours does."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from helpers.net import Net

from tinygrad_edu import optim
from tinygrad_edu.training import Callback
from tinygrad_edu.training.callbacks import (
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    LearningRateScheduler,
    MonitorWarning,
    ReduceLROnPlateau,
    TerminateOnNaN,
)
from tinygrad_edu.training.callbacks.base import HOOKS, CallbackList, History

X = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
Y = np.arange(20) % 3


def net(lr: float = 0.1) -> Net:
    model = Net(4, 3)
    model.compile(optim.SGD(lr=lr), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class Played(Callback):
    """Puts given numbers into the logs, one an epoch, before the callback under test sees them."""

    def __init__(self, **numbers: list[float]) -> None:
        self.numbers = numbers

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        logs |= {name: values[epoch] for name, values in self.numbers.items()}


def play(callback: Callback, model: Net | None = None, **numbers: list[float]) -> Net:
    model = model or net()
    epochs = len(next(iter(numbers.values())))
    model.fit(X, Y, epochs=epochs, verbose=0, callbacks=[Played(**numbers), callback])
    return model


# -- stations ----------------------------------------------------------------------------------------------------------


def test_every_station_in_order() -> None:
    seen: list[str] = []
    note = LambdaCallback(
        **{hook: lambda *args, hook=hook: seen.append(hook) for hook in HOOKS if "_batch_" not in hook}
    )
    model = net()
    model.fit(X, Y, epochs=2, validation_data=(X, Y), verbose=0, callbacks=[note])
    epoch = ["on_epoch_begin", "on_test_begin", "on_test_end", "on_epoch_end"]
    assert seen == ["on_train_begin", *epoch, *epoch, "on_train_end"]


def test_batches_are_numbered_within_an_epoch() -> None:
    seen: list[int] = []
    note = LambdaCallback(on_train_batch_begin=lambda batch, *_: seen.append(batch))
    net().fit(X, Y, batch_size=8, epochs=2, verbose=0, callbacks=[note])
    assert seen == [0, 1, 2, 0, 1, 2]


def test_the_short_names_of_batch_hooks() -> None:
    class Short(Callback):
        begun = ended = 0

        def on_batch_begin(self, batch: int, logs: dict | None = None) -> None:
            self.begun += 1

        def on_batch_end(self, batch: int, logs: dict | None = None) -> None:
            self.ended += 1

    note = Short()
    net().fit(X, Y, batch_size=10, verbose=0, callbacks=[note])
    assert (note.begun, note.ended) == (2, 2)


def test_callbacks_know_model_and_params() -> None:
    note, model = Callback(), net()
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[note])
    assert note.model is model
    assert note.params == {"epochs": 2, "steps": 1, "verbose": 0}


def test_predictions_reach_the_callback() -> None:
    outputs = []
    note = LambdaCallback(on_predict_batch_end=lambda batch, logs: outputs.append(logs["outputs"]))
    predicted = net().predict(X, batch_size=15, verbose=0, callbacks=[note])
    np.testing.assert_array_equal(np.concatenate(outputs), predicted)


def test_only_what_is_written_is_called() -> None:
    calls = CallbackList([History(), Callback()])
    assert calls.on_epoch_end.__closure__[0].cell_contents == [calls.callbacks[0].on_epoch_end]
    assert calls.on_train_batch_end.__closure__[0].cell_contents == []


def test_a_hook_set_on_the_object_counts() -> None:
    seen, note = [], Callback()
    note.on_epoch_end = lambda epoch, logs: seen.append(epoch)
    net().fit(X, Y, verbose=0, callbacks=note)
    assert seen == [0]


def test_unknown_hook() -> None:
    with pytest.raises(TypeError, match="on_epoch_finish is no hook"):
        LambdaCallback(on_epoch_finish=print)


# -- early stopping ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "losses", "epochs"),
    [
        ({}, [3, 2, 2, 1], 3),
        ({"patience": 2}, [3, 2, 2, 1.5, 1.6, 1.7, 1.8, 1], 6),
        ({"patience": 1}, [1, 2, 3], 2),
        ({"min_delta": 0.5}, [3, 2.4, 2, 1], 3),
        ({"start_from_epoch": 3}, [1, 2, 3, 4, 5, 6], 5),
        ({"baseline": 1.0, "patience": 2}, [5, 4, 4, 2], 3),
        ({"mode": "max"}, [1, 2, 3, 2.5, 9], 4),
        ({"monitor": "val_accuracy"}, [0.1, 0.3, 0.2, 0.9], 3),
    ],
)
def test_early_stopping(options: dict, losses: list[float], epochs: int) -> None:
    stopper = EarlyStopping(**options)
    model = play(stopper, **{options.get("monitor", "val_loss"): losses})
    assert len(model.history.epoch) == epochs
    assert stopper.stopped_epoch == epochs - 1


@pytest.mark.parametrize("losses", [[3, 1, 2, 4], [3, 1, 2]])
def test_best_weights_come_back_stopped_early_or_not(losses: list[float]) -> None:
    kept: dict[int, dict] = {}
    model = net()
    keep = LambdaCallback(on_epoch_end=lambda epoch, logs: kept.update({epoch: model.state_dict()}))
    model.fit(
        X, Y, epochs=len(losses), verbose=0,
        callbacks=[keep, Played(val_loss=losses), EarlyStopping(patience=2, restore_best_weights=True)],
    )  # fmt: skip
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, kept[1][name])


def test_early_stopping_starts_anew_with_every_fit() -> None:
    stopper = EarlyStopping(patience=1)
    play(stopper, val_loss=[1, 2, 3])
    model = play(stopper, val_loss=[5, 4, 3])
    assert len(model.history.epoch) == 3


def test_early_stopping_says_so(capsys: pytest.CaptureFixture) -> None:
    play(EarlyStopping(verbose=1, restore_best_weights=True), val_loss=[1, 2])
    assert capsys.readouterr().out == (
        "Epoch 2: early stopping\nRestoring model weights from the end of the best epoch: 1.\n"
    )


def test_a_number_that_is_not_there() -> None:
    with pytest.warns(
        MonitorWarning, match="watches 'val_loss', but the logs have accuracy, loss. Give fit validation data"
    ):
        net().fit(X, Y, verbose=0, callbacks=[EarlyStopping()])


@pytest.mark.parametrize(
    ("monitor", "direction"),
    [
        ("loss", "min"),
        ("val_loss", "min"),
        ("val_accuracy", "max"),
        ("my_acc", "max"),
        ("auc", "max"),
        ("cosine_similarity", "max"),
    ],
)
def test_direction_of_a_metric(monitor: str, direction: str) -> None:
    model = Net(4, 3)
    model.compile("sgd", "mse", metrics=["accuracy", "cosine_similarity"])
    watcher = EarlyStopping(monitor)
    watcher.set_model(model)
    assert watcher.direction() == direction


def test_unknown_mode() -> None:
    with pytest.raises(ValueError, match="mode is 'auto', 'min' or 'max'"):
        EarlyStopping(mode="up")


# -- learning rates ----------------------------------------------------------------------------------------------------


def test_reduce_on_plateau() -> None:
    model = play(ReduceLROnPlateau(factor=0.5, patience=2), net(0.1), val_loss=[3, 2, 2, 2, 2, 2, 1])
    assert model.history.history["learning_rate"] == pytest.approx([0.1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.025])


def test_reduce_on_plateau_rests_and_has_a_floor(capsys: pytest.CaptureFixture) -> None:
    reduce = ReduceLROnPlateau(factor=0.1, patience=1, cooldown=2, min_lr=0.005, verbose=1)
    model = play(reduce, net(0.1), val_loss=[1, 1, 1, 1, 1, 1])
    assert model.history.history["learning_rate"] == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.005, 0.005])
    assert capsys.readouterr().out.startswith("Epoch 2: ReduceLROnPlateau reducing learning rate to 0.01")


def test_reduce_on_plateau_that_would_not_reduce() -> None:
    with pytest.raises(ValueError, match="factor=1 would not reduce"):
        ReduceLROnPlateau(factor=1)


@pytest.mark.parametrize("schedule", [lambda epoch: 0.1 / (epoch + 1), lambda epoch, rate: 0.1 / (epoch + 1)])
def test_learning_rate_scheduler(schedule: object) -> None:
    model = net()
    history = model.fit(X, Y, epochs=3, verbose=0, callbacks=[LearningRateScheduler(schedule)])
    assert history.history["learning_rate"] == pytest.approx([0.1, 0.05, 0.1 / 3])
    assert model.optimizer.learning_rate == pytest.approx(0.1 / 3)


def test_scheduler_is_given_the_rate() -> None:
    history = net(0.8).fit(
        X, Y, epochs=3, verbose=0, callbacks=[LearningRateScheduler(lambda epoch, rate: rate / 2, verbose=1)]
    )
    assert history.history["learning_rate"] == pytest.approx([0.4, 0.2, 0.1])


@pytest.mark.parametrize("bad", ["0.1", None, np.ones(2), True])
def test_schedule_must_return_a_float(bad: object) -> None:
    with pytest.raises(TypeError, match="a float expected"):
        net().fit(X, Y, verbose=0, callbacks=[LearningRateScheduler(lambda epoch: bad)])


# -- files and NaN -----------------------------------------------------------------------------------------------------


def rows(path: Path, separator: str = ",") -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file, delimiter=separator))


def test_csv_has_a_line_an_epoch(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    history = net().fit(X, Y, epochs=2, verbose=0, callbacks=[CSVLogger(path)]).history
    head, *lines = rows(path)
    assert head == ["epoch", "accuracy", "loss"]
    assert [line[0] for line in lines] == ["0", "1"]
    assert [float(line[2]) for line in lines] == history["loss"]


def test_csv_is_written_anew_or_goes_on(tmp_path: Path) -> None:
    path, model = tmp_path / "log.csv", net()
    for append, lengths in ((False, 2), (True, 3), (False, 2)):
        model.fit(X, Y, verbose=0, callbacks=[CSVLogger(path, separator=";", append=append)])
        assert len(rows(path, ";")) == lengths


def test_csv_leaves_the_lines_of_a_run_that_is_cut_off(tmp_path: Path) -> None:
    def fail(epoch: int, logs: dict) -> None:
        if epoch == 2:
            raise KeyboardInterrupt

    path = tmp_path / "log.csv"
    with pytest.raises(KeyboardInterrupt):
        net().fit(X, Y, epochs=5, verbose=0, callbacks=[CSVLogger(path), LambdaCallback(on_epoch_end=fail)])
    assert len(rows(path)) == 4


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_terminate_on_nan(value: float, capsys: pytest.CaptureFixture) -> None:
    spoil = LambdaCallback(on_train_batch_end=lambda batch, logs: logs.update(loss=value) if batch == 1 else None)
    model = net()
    model.fit(X, Y, batch_size=5, epochs=3, verbose=0, callbacks=[spoil, TerminateOnNaN()])
    assert sum(training for _, training in model.calls) == 2
    assert capsys.readouterr().out == f"Batch 1: the loss is {value}, training ends.\n"


def test_nan_as_an_error() -> None:
    spoil = LambdaCallback(on_train_batch_end=lambda batch, logs: logs.update(loss=math.nan))
    with pytest.raises(RuntimeError, match=r"detect_anomaly\(\) names the op"):
        net().fit(X, Y, verbose=0, callbacks=[spoil, TerminateOnNaN(raise_error=True)])
