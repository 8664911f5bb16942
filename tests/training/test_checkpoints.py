"""ModelCheckpoint, BackupAndRestore and fit(resume=...): what is saved, when, under which name."""

from pathlib import Path

import numpy as np
import pytest
from helpers.net import Net

import tinygrad_edu as tg
from tinygrad_edu import optim
from tinygrad_edu.engine.errors import CheckpointError
from tinygrad_edu.training import Callback
from tinygrad_edu.training.callbacks import BackupAndRestore, EarlyStopping, ModelCheckpoint, MonitorWarning

X = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
Y = np.arange(20) % 3


def net(sizes: tuple[int, ...] = (4, 3), metrics: object = ("accuracy",)) -> Net:
    tg.set_random_seed(0)
    model = Net(*sizes)
    model.compile(optim.SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy", metrics=list(metrics))
    return model


class Played(Callback):
    """Puts given numbers into the logs, one an epoch, before the callback under test sees them."""

    def __init__(self, **numbers: list[float]) -> None:
        self.numbers = numbers

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        logs |= {name: values[epoch] for name, values in self.numbers.items()}


def play(checkpoint: Callback, **numbers: list[float]) -> Net:
    model = net()
    epochs = len(next(iter(numbers.values())))
    model.fit(X, Y, batch_size=8, epochs=epochs, verbose=0, callbacks=[checkpoint, Played(**numbers)])
    return model


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


# -- ModelCheckpoint ---------------------------------------------------------------------------------------------------


def test_names_have_the_epoch_from_1_and_the_logs(tmp_path: Path) -> None:
    play(ModelCheckpoint(tmp_path / "run-{epoch:02d}-{q:.1f}.npz"), q=[0.25, 0.5])
    assert names(tmp_path) == ["run-01-0.2.npz", "run-02-0.5.npz"]


def test_missing_folders_are_made(tmp_path: Path) -> None:
    play(ModelCheckpoint(tmp_path / "a" / "b" / "{epoch}.npz"), q=[0])
    assert names(tmp_path / "a" / "b") == ["1.npz"]


@pytest.mark.parametrize(
    ("options", "values", "saved"),
    [
        ({}, [3, 1, 2, 0], [1, 2, 4]),
        ({"mode": "max"}, [3, 1, 2, 4], [1, 4]),
        ({"monitor": "accuracy"}, [0.3, 0.1, 0.4], [1, 3]),
        ({"initial_value_threshold": 2.5}, [3, 2, 2.2], [2]),
        ({}, [float("nan"), 3, float("nan"), 2], [2, 4]),
    ],
    ids=["min", "max", "by the metric", "threshold", "NaN is not best"],
)
def test_only_the_best(tmp_path: Path, options: dict, values: list[float], saved: list[int]) -> None:
    options = {"monitor": "q"} | options
    play(ModelCheckpoint(tmp_path / "{epoch}.npz", save_best_only=True, **options), **{options["monitor"]: values})
    assert names(tmp_path) == [f"{epoch}.npz" for epoch in saved]


def test_a_number_of_batches_counts_over_epochs(tmp_path: Path) -> None:
    play(ModelCheckpoint(tmp_path / "{epoch}-{batch}.npz", save_freq=2), q=[0, 0])  # 3 batches an epoch
    assert names(tmp_path) == ["1-2.npz", "2-1.npz", "2-3.npz"]


@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
def test_weights_alone(tmp_path: Path, suffix: str) -> None:
    if suffix == "safetensors":
        pytest.importorskip("safetensors")
    model = play(ModelCheckpoint(tmp_path / f"w.{suffix}", save_weights_only=True), q=[0])
    loaded = tg.load(tmp_path / f"w.{suffix}")
    assert set(loaded) == set(model.state_dict())
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(loaded[name], array)


def test_it_says_what_it_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "best.npz"
    play(ModelCheckpoint(path, "q", verbose=1, save_best_only=True), q=[2, 3])
    assert capsys.readouterr().out.splitlines() == [
        f"Epoch 1: q improved from None to 2, saved to {path}",
        "Epoch 2: q did not improve from 2",
    ]


def test_a_watched_number_that_is_missing_warns(tmp_path: Path) -> None:
    with pytest.warns(MonitorWarning, match="ModelCheckpoint watches 'val_loss'"):
        net().fit(X, Y, verbose=0, callbacks=ModelCheckpoint(tmp_path / "m.npz", save_best_only=True))
    assert names(tmp_path) == []


def test_a_field_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match=r"there is no 'val_loss'. There are epoch, accuracy, loss"):
        net().fit(X, Y, verbose=0, callbacks=ModelCheckpoint(tmp_path / "{val_loss}.npz"))


@pytest.mark.parametrize(
    ("name", "weights_only", "message"),
    [
        ("m.keras", True, r"ends in '.keras'; use .weights.npz or .*leave save_weights_only out"),
        ("m.weights.h5", True, r"ends in '.h5'; use .weights.npz or .npz or .safetensors. There is no HDF5 here"),
        ("m.safetensors", False, r"needs save_weights_only=True"),
        ("m", False, r"ends in 'no suffix'; use .keras or .npz"),
    ],
)
def test_other_kinds_of_file_are_refused(name: str, weights_only: bool, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ModelCheckpoint(name, save_weights_only=weights_only)


@pytest.mark.parametrize("make", [lambda f: ModelCheckpoint("m.npz", save_freq=f), lambda f: BackupAndRestore("b", f)])
@pytest.mark.parametrize("freq", [0, True, 2.5, "batch"])
def test_save_freq(make: object, freq: object) -> None:
    with pytest.raises(ValueError, match="save_freq is 'epoch' or a number of batches"):
        make(freq)


# -- resume ------------------------------------------------------------------------------------------------------------


def saved(tmp_path: Path, **options: object) -> Path:
    net(**options).fit(X, Y, batch_size=8, verbose=0, callbacks=ModelCheckpoint(tmp_path / "run.npz"))
    return tmp_path / "run.npz"


def refused(model: Net, path: Path, message: str, batch_size: int = 8) -> None:
    """fit(resume=path) raises, and the model is as it was."""
    before = model.state_dict()
    with pytest.raises(CheckpointError, match=message) as caught:
        model.fit(X, Y, batch_size=batch_size, epochs=2, verbose=0, resume=path)
    assert str(caught.value).startswith(str(path))
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_weights_are_no_run(tmp_path: Path) -> None:
    tg.save(net(), tmp_path / "w.npz")
    refused(net(), tmp_path / "w.npz", r"not the state of a fit. A model's weights alone go into model.load_state_dict")


def test_another_optimiser_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    model = net()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    refused(model, saved(tmp_path), "does not fit Adam")


def test_other_metrics_are_refused_and_nothing_changes(tmp_path: Path) -> None:
    refused(net(metrics=()), saved(tmp_path), "other metrics than the model has; they differ in 1 accuracy")


def test_a_broken_state_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    path = saved(tmp_path)
    state = tg.load(path)
    state["generators"] = {name: {"bit_generator": "PCG64"} for name in state["generators"]}
    tg.save(state, path)
    refused(net(), path, "not the state of such a fit: ")


def test_the_middle_of_an_epoch_of_other_batches_is_refused(tmp_path: Path) -> None:
    net().fit(X, Y, batch_size=8, verbose=0, callbacks=ModelCheckpoint(tmp_path / "run.npz", save_freq=2))
    refused(net(), tmp_path / "run.npz", r"in the middle of an epoch with .*'batch_size': 8.* has .*'batch_size': 5", 5)


def test_a_missing_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        net().fit(X, Y, verbose=0, resume=tmp_path / "none.npz")


def test_a_finished_run_has_nothing_to_do(tmp_path: Path) -> None:
    whole = net()
    history = whole.fit(X, Y, batch_size=8, epochs=2, verbose=0, callbacks=ModelCheckpoint(tmp_path / "run.npz"))
    again = net()
    assert again.fit(X, Y, batch_size=8, epochs=2, verbose=0, resume=tmp_path / "run.npz").history == history.history


def test_a_run_that_was_to_stop_stays_stopped(tmp_path: Path) -> None:
    stop = EarlyStopping("loss", mode="max", patience=1)
    net().fit(X, Y, epochs=9, verbose=0, callbacks=[stop, ModelCheckpoint(tmp_path / "run.npz")])
    assert len(net().fit(X, Y, epochs=9, verbose=0, resume=tmp_path / "run.npz").epoch) == 2


# -- BackupAndRestore --------------------------------------------------------------------------------------------------


def test_its_folder_goes_at_the_end(tmp_path: Path) -> None:
    net().fit(X, Y, epochs=2, verbose=0, callbacks=BackupAndRestore(tmp_path / "backup"))
    assert names(tmp_path) == []


def test_it_removes_nothing_but_its_own(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    net().fit(X, Y, epochs=2, verbose=0, callbacks=BackupAndRestore(tmp_path))
    assert names(tmp_path) == ["mine.txt"]


def test_its_file_can_stay(tmp_path: Path) -> None:
    net().fit(X, Y, epochs=2, verbose=0, callbacks=BackupAndRestore(tmp_path, delete_checkpoint=False))
    assert names(tmp_path) == ["run.npz"]
