"""A run that is killed and resumed ends with the same bits as one that was not: weights, optimiser, generators, history."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_edu as tg

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")

# A child trains, and kills itself at the nth station that it comes to; another child goes on. Done for every n, and compared
# with a child that was left alone.
SCRIPT = """
import os, pathlib, shutil, signal, sys
import numpy as np
import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.training import Callback
from tinygrad_edu.training.callbacks import *

folder, case, save_freq, every = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
save_freq = save_freq if save_freq == "epoch" else int(save_freq)
x = np.random.default_rng(0).normal(size=(30, 6)).astype(np.float32)
y = np.arange(30) % 3

class Shift(nn.Module):  # an augmentation: drawn by a Generator in a dict, as a user might keep it
    def __init__(self):
        self.draws = {"rng": np.random.default_rng(7)}

    def forward(self, x):
        return x + self.draws["rng"].normal(size=(len(x), 1)).astype(np.float32) if self.training else x

class Kill(Callback):
    def __init__(self, order, after):
        self.order, self.left = order, after

    def on_batch_end(self, *args):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    on_epoch_begin = on_epoch_end = on_test_batch_end = on_batch_end

OPTIMIZERS = {
    "momentum": lambda: optim.SGD(0.1, momentum=0.9, nesterov=True),
    "adam": lambda: optim.Adam(0.01, amsgrad=True),
    "schedule": lambda: optim.Nadam(optim.schedules.CosineDecay(0.05, 12, warmup_target=0.1, warmup_steps=3)),
    "plateau": lambda: optim.AdamW(0.02),
    "generator": lambda: optim.RMSprop(0.01),
    "rounds": lambda: optim.SGD(0.1, momentum=0.9),
}

def train(name, after=0, order=0):
    tg.set_random_seed(1)
    hidden = [nn.Linear(6, 8), nn.BatchNorm(8), nn.ReLU(), nn.Dropout(0.3)]
    model = nn.Sequential(Shift(), nn.GaussianNoise(0.1), *hidden, nn.Linear(8, 3))
    model.compile(OPTIMIZERS[case](), nn.CrossEntropyLoss(), metrics=["accuracy"])
    callbacks = [BackupAndRestore(folder / "backup", save_freq), Kill(order, after)]
    options = {"x": x, "y": y, "batch_size": 8, "validation_split": 0.2}
    if case == "plateau":
        callbacks += [
            ReduceLROnPlateau("loss", 0.5, patience=1, min_delta=0.3), EarlyStopping(patience=2, restore_best_weights=True),
            LearningRateScheduler(lambda epoch, rate: 0.9 * rate),
        ]
    if case == "rounds":
        options |= {"steps_per_epoch": 2, "validation_split": 0, "validation_data": (x[:9], y[:9]), "validation_steps": 1,
                    "validation_batch_size": 4}
    if case == "generator":
        batches = ((x[i % 5 :: 5], y[i % 5 :: 5]) for i in range(100))
        options = {"x": batches, "steps_per_epoch": 3}
    history = model.fit(epochs=4, verbose=0, callbacks=callbacks, **options)
    tg.save({"weights": model, "optimizer": model.optimizer, "history": history.history, "epochs": history.epoch,
             "draws": [model[1]._rng, model[5]._rng, model[0].draws["rng"], model.shuffle_rng]}, folder / name)

def child(*args):
    pid = os.fork()
    if pid == 0:
        try:
            train(*args)
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1]

assert child("whole.npz") == 0
whole = (folder / "whole.npz").read_bytes()
kills = 0
for order in (0, 3):  # before what saves, and after
    for after in range(1, 99, every):
        if child("killed.npz", after, order) == 0:
            break
        assert not (folder / "killed.npz").exists()
        kills += 1
        assert child("killed.npz") == 0
        assert (folder / "killed.npz").read_bytes() == whole, (order, after)
        assert sorted(os.listdir(folder)) == ["killed.npz", "whole.npz"], os.listdir(folder)
        os.remove(folder / "killed.npz")
    else:
        raise AssertionError("no child came to the end")
    os.remove(folder / "killed.npz")
print(kills)
"""


def resumed(folder: Path, case: str, save_freq: object, every: int) -> int:
    """How often a run was killed; each time it ended as the one that was left alone."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT, folder, case, str(save_freq), str(every)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(tg.__file__).parents[1],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


CASES = {
    "momentum": 2,
    "adam": "epoch",
    "schedule": 2,
    "plateau": "epoch",
    "generator": 2,
    "rounds": 2,
}  # and save_freq


@needs_fork
@pytest.mark.parametrize(("case", "save_freq"), CASES.items())
def test_killed_and_resumed_is_identical_to_the_last_bit(tmp_path: Path, case: str, save_freq: object) -> None:
    assert resumed(tmp_path, case, save_freq, every=13) >= 3


@pytest.mark.slow
@needs_fork
@pytest.mark.parametrize("save_freq", [1, 2, 3, "epoch"])
@pytest.mark.parametrize("case", CASES)
def test_killed_at_every_station(tmp_path: Path, case: str, save_freq: object) -> None:
    assert resumed(tmp_path, case, save_freq, every=1) >= 15
