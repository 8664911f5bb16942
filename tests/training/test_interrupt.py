"""Ctrl-C during fit: the model is usable, the history is kept, no file is left half-written."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.net import Net

import tinygrad_edu as tg
from tinygrad_edu.engine import modes
from tinygrad_edu.training.callbacks import BackupAndRestore, LambdaCallback, ModelCheckpoint

X = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
Y = np.arange(20) % 3


def interrupted(station: str, at: int, *callbacks: object, **options: object) -> tuple[Net, str]:
    """A model whose fit met a KeyboardInterrupt the at-th time at a station, and what the error says."""
    calls = []

    def hook(*_: object) -> None:
        calls.append(1)
        if len(calls) == at:
            raise KeyboardInterrupt

    model = Net(4, 3)
    model.compile("adam", "sparse_categorical_crossentropy")
    with pytest.raises(KeyboardInterrupt) as caught:
        model.fit(
            X,
            Y,
            batch_size=8,
            epochs=5,
            verbose=0,
            callbacks=[LambdaCallback(**{station: hook}), *callbacks],
            **options,
        )
    return model, " ".join(caught.value.__notes__)


def test_the_history_is_kept_and_the_note_says_how_to_go_on() -> None:
    model, note = interrupted("on_train_batch_end", 8)  # 3 batches an epoch
    assert model.history.epoch == [0, 1]
    assert len(model.history.history["loss"]) == 2
    assert "in epoch 3 of 5, after 2 batches" in note
    assert "fit(..., initial_epoch=2) goes on" in note


@pytest.mark.parametrize("station", ["on_train_batch_begin", "on_epoch_end", "on_test_batch_end", "on_train_begin"])
def test_the_model_is_usable(station: str) -> None:
    before = modes.snapshot()
    model, _ = interrupted(station, 1, validation_data=(X, Y))
    assert modes.snapshot() == before
    assert model.current_run is None
    assert np.isfinite(model.evaluate(X, Y, verbose=0))
    assert model.fit(X, Y, epochs=2, verbose=0).epoch == [0, 1]


def test_the_last_checkpoint_stays_and_nothing_else(tmp_path: Path) -> None:
    checkpoint, backup = ModelCheckpoint(tmp_path / "run.npz"), BackupAndRestore(tmp_path / "backup")
    interrupted("on_train_batch_end", 8, checkpoint, backup)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["backup", "run.npz", "run.npz"]
    assert tg.load(tmp_path / "run.npz")["epoch"] == 2


def test_an_interrupt_while_it_saves_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tinygrad_edu.io._replace._sync", stop)
    model = Net(4, 3)
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, verbose=0, callbacks=ModelCheckpoint(tmp_path / "run.npz"))
    assert list(tmp_path.iterdir()) == []


SCRIPT = """
import signal, sys
import numpy as np
import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.training.callbacks import LambdaCallback

model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm(8), nn.Dropout(0.5), nn.Linear(8, 3))
model.compile("adam", nn.CrossEntropyLoss())
x, y = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32), np.arange(64) % 3
started = LambdaCallback(on_epoch_end=lambda epoch, logs: epoch == 3 and print("started", flush=True))
try:
    model.fit(x, y, epochs=10**6, verbose=0, callbacks=started)
except KeyboardInterrupt as stop:
    assert "fit was stopped in epoch" in stop.__notes__[0]
assert len(model.history.epoch) >= 3
assert np.isfinite(model.predict(x, verbose=0)).all()
model.fit(x, y, epochs=2, verbose=0)
"""


@pytest.mark.slow  # it races with a process of its own, which a busy machine may stop anywhere
@pytest.mark.skipif(os.name != "posix", reason="needs SIGINT")
def test_a_real_one_between_any_two_instructions() -> None:
    child = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", SCRIPT],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(tg.__file__).parents[1],
    )
    assert child.stdout.readline() == "started\n"
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert child.returncode == 0, errors
