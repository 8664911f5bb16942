"""Several trainings are one: tested with threads in place of processes. ``test_mpi.py`` has the real ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.threads import ThreadWorld, together

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.engine.errors import CheckpointError, DataError, MissingExtraError
from tinygrad_edu.parallel import DataParallel, ThreadsWarning
from tinygrad_edu.training import Callback, callbacks, metrics
from tinygrad_edu.training.noticed import NoGradientWarning

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((53, 6)), RNG.integers(0, 3, 53)


@pytest.fixture(autouse=True)
def threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def model(rank: int = 0, optimizer: Any = None, **options: Any) -> nn.Sequential:
    """With another start on each rank, so that the broadcast is seen."""
    tg.set_random_seed(rank)
    net = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3), nn.Softmax())
    net.astype(np.float64)
    net.compile(optimizer or optim.Adam(lr=0.01), "sparse_categorical_crossentropy", metrics=["accuracy"], **options)
    return net


def trained(world: ThreadWorld | None = None, net: Any = None, **options: Any) -> tuple[Any, Any]:
    net = net or model(world.rank if world else 0)
    own = options.pop("callbacks", [])
    shared = [DataParallel(world)] if world else []
    defaults = {"batch_size": 10, "epochs": 3, "verbose": 0, "validation_data": (X[:13], Y[:13])}
    history = net.fit(X, Y, callbacks=[*own, *shared], **defaults | options)
    return net, history.history


def same(ones: Any, others: Any, atol: float = 1e-12) -> None:
    for name, value in ones[0].state_dict().items():
        np.testing.assert_allclose(others[0].state_dict()[name], value, rtol=0, atol=atol)
    assert set(ones[1]) == set(others[1])
    for name, values in ones[1].items():
        np.testing.assert_allclose(others[1][name], values, rtol=0, atol=atol)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_weights_and_history_are_those_of_one_process(size: int) -> None:
    """Batches of 10, the last of 3: shares are uneven, and with 5 processes some are empty."""
    alone = trained()
    for one in together(size, trained):
        same(alone, one)


@pytest.mark.parametrize(
    "options", [{"shuffle": False}, {"steps_per_epoch": 4}, {"class_weight": {0: 2.0, 2: 0.5}}], ids=str
)
def test_ways_to_fit(options: dict[str, Any]) -> None:
    alone = trained(**options)
    same(alone, together(3, lambda world: trained(world, **options))[2])


def test_clipping_and_weight_decay_see_the_sum() -> None:
    make = lambda: optim.SGD(lr=0.5, momentum=0.9, global_clipnorm=0.1, weight_decay=0.01)
    alone = trained(net=model(optimizer=make()))
    same(alone, together(2, lambda world: trained(world, net=model(world.rank, make())))[1])


def test_data_that_yields_batches() -> None:
    batches = [(X[i : i + 7], Y[i : i + 7]) for i in range(0, 53, 7)]

    class Loader:
        def __iter__(self) -> Any:
            return iter(batches)

    def work(world: ThreadWorld | None = None) -> Any:
        net = model(world.rank if world else 0)
        shared = [DataParallel(world)] if world else []
        return net, net.fit(Loader(), epochs=2, verbose=0, callbacks=shared).history

    alone = work()
    same(alone, together(3, work)[1])


def test_data_of_one_s_own() -> None:
    """Two processes with half of each batch are one with all of it."""
    alone = trained(epochs=2, shuffle=False, batch_size=8, validation_data=None, net=None)

    def work(world: ThreadWorld) -> Any:
        net = model(world.rank)
        mine = np.concatenate([np.arange(i, min(i + 8, 53))[world.rank :: 2] for i in range(0, 53, 8)])
        shared = DataParallel(world, own_data=True)
        return net, net.fit(
            X[mine], Y[mine], batch_size=4, epochs=2, shuffle=False, verbose=0, callbacks=[shared]
        ).history

    same(alone, together(2, work)[0])


def test_metrics_of_every_kind() -> None:
    def net(rank: int = 0) -> Any:
        made = model(rank)
        given = ["accuracy", metrics.SparseTopKCategoricalAccuracy(k=2), metrics.SparseCategoricalCrossentropy()]
        made.compile("sgd", "sparse_categorical_crossentropy", metrics=given)
        return made

    def binary(rank: int = 0) -> Any:
        tg.set_random_seed(rank)
        made = nn.Sequential(nn.Linear(6, 3), nn.Sigmoid()).astype(np.float64)
        given = [
            metrics.AUC(multi_label=True),
            metrics.Precision(thresholds=0.4),
            metrics.F1Score(),
            metrics.MeanSquaredError(),
        ]
        made.compile("sgd", "mse", metrics=given)
        return made

    same(trained(net=net()), together(3, lambda world: trained(world, net=net(world.rank)))[2])
    one_hot = np.eye(3)[Y]
    fit = lambda m, c: (m, m.fit(X, one_hot, batch_size=10, epochs=2, verbose=0, callbacks=c).history)
    alone = fit(binary(), [])
    for one in together(3, lambda world: fit(binary(world.rank), [DataParallel(world)])):
        same(alone, one, atol=1e-9)


class Seen(metrics.Metric):
    """Counts in a variable, in whole numbers, and in an array that comes with the first batch; has an argument."""

    def __init__(self, most: float = 2.0) -> None:
        super().__init__("seen")
        self.most, self.strict, self.known = most, True, np.array([True, False])
        self.samples, self.classes = 0, None
        self.sum = self.add_variable(dtype="float64")

    def reset_state(self) -> None:
        super().reset_state()
        self.samples = 0
        self.classes = None

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.samples += len(y_true)
        counts = np.bincount(np.asarray(y_true), minlength=3).astype(np.uint8)
        self.classes = counts if self.classes is None else self.classes + counts
        self.sum.assign(self.sum + np.minimum(np.asarray(y_pred).max(-1), self.most).sum())

    def result(self) -> float:
        assert isinstance(self.samples, int)
        assert self.most == 0.5
        assert self.strict is True
        assert self.known.tolist() == [True, False]
        assert self.classes is None or (self.classes.sum() == self.samples and self.classes.dtype == np.uint8)
        return float(self.sum.item() / self.samples) if self.samples else 0.0


def test_a_metric_of_one_s_own() -> None:
    def net(rank: int = 0) -> Any:
        made = model(rank)
        made.compile("sgd", "sparse_categorical_crossentropy", metrics=[Seen(0.5)])
        return made

    alone = trained(net=net())
    for one in together(3, lambda world: trained(world, net=net(world.rank))):
        same(alone, one)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:The loss is inf")
def test_an_infinite_loss_stays_infinite() -> None:
    """As in one process: infinity in one batch is the epoch's mean, not the difference of two infinities."""
    y = np.eye(3)[Y]
    y[20] = 1e308  # whose sum overflows, while the gradient of an absolute value does not

    def work(world: ThreadWorld | None = None) -> Any:
        net = model()
        net.compile(optim.SGD(lr=0.0), lambda true, pred: tg.ops.sum(abs(true - pred), axis=-1))
        shared = [DataParallel(world)] if world else []
        return net, net.fit(X, y, batch_size=10, epochs=2, shuffle=False, verbose=0, callbacks=shared).history

    alone = work()
    assert alone[1]["loss"] == [np.inf, np.inf]
    for size in (2, 3, 5):  # whichever process has the sample
        for one in together(size, work):
            assert one[1] == alone[1]


def test_two_messages_a_step() -> None:
    """The gradients in one, loss and metrics in a small one."""
    counts = []

    class Count(Callback):
        def __init__(self, world: ThreadWorld) -> None:
            self.world = world

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.before = self.world.room.messages

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            counts.append(self.world.room.messages - self.before)

    def work(world: ThreadWorld) -> None:
        trained(world, callbacks=[Count(world)] if world.rank == 0 else [], validation_data=None)

    together(2, work)
    assert counts == [2 * 6] * 3


def test_statistics_of_batch_norm_are_averaged() -> None:
    """After one step with even shares the mean of the parts' means is that of the batch."""

    def work(world: ThreadWorld | None = None) -> Any:
        tg.set_random_seed(0)
        net = nn.Sequential(nn.BatchNorm1d(6), nn.Linear(6, 3), nn.Softmax()).astype(np.float64)
        net.compile("sgd", "sparse_categorical_crossentropy")
        shared = [DataParallel(world)] if world else []
        net.fit(X[:20], Y[:20], batch_size=20, verbose=0, callbacks=shared)
        return net.state_dict()

    first, second = together(2, work)
    assert all(np.array_equal(first[n], a) for n, a in second.items())
    np.testing.assert_allclose(first["0.running_mean"], work()["0.running_mean"], rtol=0, atol=1e-12)


def test_what_has_no_gradient_stays() -> None:
    class Idle(nn.Module):
        def __init__(self) -> None:
            self.used, self.idle = nn.Linear(6, 3), nn.Linear(6, 3)

        def forward(self, x: Any) -> Any:
            return tg.ops.softmax(self.used(x))

    def work(world: ThreadWorld) -> Any:
        tg.set_random_seed(0)
        net = tg.Sequential(Idle())
        before = net.state_dict()
        net.compile(optim.SGD(weight_decay=0.1), "sparse_categorical_crossentropy")
        trained(world, net=net, epochs=1)
        return before, net.state_dict()

    with pytest.warns(NoGradientWarning):
        found = together(2, work)
    for before, after in found:
        assert np.array_equal(before["0.idle.weight"], after["0.idle.weight"])
        assert not np.array_equal(before["0.used.weight"], after["0.used.weight"])


def test_a_gradient_that_only_one_process_has() -> None:
    """In the second step the first process alone uses a layer: that of the others counts as zero."""

    class Sometimes(nn.Module):
        def __init__(self, rank: int | None) -> None:
            self.used, self.extra, self.rank, self.calls = nn.Linear(6, 3), nn.Linear(6, 3), rank, 0

        def forward(self, x: Any) -> Any:
            self.calls += self.training
            first, mask = len(x) // 2 if self.rank is None else len(x), np.ones((len(x), 1))
            if self.calls == 2:
                mask[first if self.rank in (None, 0) else 0 :] = 0
            return tg.ops.softmax(self.used(x) + self.extra(x) * mask if mask.any() else self.used(x))

    def work(world: ThreadWorld | None = None) -> Any:
        tg.set_random_seed(0)
        net = tg.Sequential(Sometimes(world.rank if world else None)).astype(np.float64)
        net.compile(optim.SGD(lr=0.5), "sparse_categorical_crossentropy")
        shared = [DataParallel(world)] if world else []
        return net, net.fit(X[:40], Y[:40], batch_size=20, shuffle=False, verbose=0, callbacks=shared).history

    alone = work()
    for one in together(2, work):
        same(alone, one)


def test_the_optimiser_s_state_is_the_first_s() -> None:
    """Each trains by itself before: momentum and averages differ."""

    def work(world: ThreadWorld | None = None) -> Any:
        rank = world.rank if world else 0
        net = model(rank)
        net.fit(X[rank::2], Y[rank::2], epochs=1, verbose=0)
        return trained(world, net=net)

    same(work(), together(2, work)[1])


def test_dropout_draws_other_numbers_in_each_process() -> None:
    class Seen(nn.Module):
        def forward(self, x: Any) -> Any:
            if self.training:
                seen.setdefault(self.rank, []).append(x.data == 0)
            return x

    seen: dict[int, Any] = {}

    def work(world: ThreadWorld) -> None:
        look = Seen()
        look.rank = world.rank
        net = nn.Sequential(nn.Dropout(0.5), look, nn.Linear(6, 3), nn.Softmax())
        net.compile("sgd", "sparse_categorical_crossentropy")
        trained(world, net=net, batch_size=20, epochs=1)

    together(2, work)
    assert seen[0][0].shape == seen[1][0].shape
    assert (seen[0][0] != seen[1][0]).any()


def test_only_the_first_writes_and_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def work(world: ThreadWorld) -> None:
        folder = tmp_path / str(world.rank)
        saving = callbacks.ModelCheckpoint(folder / "run.npz")
        stopping = callbacks.EarlyStopping(monitor="loss", mode="max", verbose=1)
        trained(world, callbacks=[saving, stopping], verbose=2, epochs=3)

    together(2, work)
    assert [p.name for p in tmp_path.iterdir()] == ["0"]
    out = capsys.readouterr().out
    assert out.count("Epoch 1/3") == out.count("early stopping") == 1


@pytest.mark.parametrize("frequency", ["epoch", 4])
def test_a_run_that_goes_on_ends_alike(frequency: Any, tmp_path: Path) -> None:
    """Also from the middle of an epoch, its metrics included."""
    alone = trained()
    path = tmp_path / "run.npz"

    class Stop(Callback):
        seen, order = 0, 3

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.seen += 1
            if self.seen == 9:
                raise InterruptedError

    def killed(world: ThreadWorld) -> None:
        trained(world, callbacks=[callbacks.ModelCheckpoint(path, save_freq=frequency), Stop()])

    with pytest.raises(InterruptedError):
        together(3, killed)
    for one in together(3, lambda world: trained(world, resume=path)):
        same(alone, one)


def test_another_number_of_processes_does_not_go_on(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    together(2, lambda world: trained(world, callbacks=[callbacks.ModelCheckpoint(path)]))
    with pytest.raises(CheckpointError, match=r"saved by 2 process\(es\), here are 3. .*mpiexec -n 2"):
        together(3, lambda world: trained(world, resume=path))


def test_a_checkpoint_that_only_one_can_see(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    together(2, lambda world: trained(world, callbacks=[callbacks.ModelCheckpoint(path)], epochs=1))
    with pytest.raises(CheckpointError, match="go on at other places"):
        together(2, lambda world: trained(world, resume=path if world.rank == 0 else None))


def test_other_numbers_of_batches() -> None:
    def work(world: ThreadWorld) -> None:
        n = 20 + 20 * world.rank
        model().fit(X[:n], Y[:n], batch_size=10, verbose=0, callbacks=DataParallel(world, own_data=True))

    with pytest.raises(DataError, match=r"other numbers of batches .*\(2, None\), \(4, None\)"):
        together(2, work)


def test_other_models() -> None:
    def work(world: ThreadWorld) -> None:
        net = nn.Sequential(nn.Linear(6, 3 + world.rank), nn.Softmax())
        net.compile("sgd", "sparse_categorical_crossentropy")
        trained(world, net=net)

    with pytest.raises(CheckpointError, match=r"0.weight is \(6, 4\)"):
        together(2, work)


def test_an_optimiser_is_free_again() -> None:
    def work(world: ThreadWorld) -> Any:
        net, _ = trained(world, epochs=1)
        return net.optimizer.before_step

    assert together(2, work) == [None, None]


def test_threads_that_would_fight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS")
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        monkeypatch.delenv(name, raising=False)

    def work(world: ThreadWorld) -> None:
        if world.rank == 0:
            with pytest.warns(ThreadsWarning, match="OPENBLAS_NUM_THREADS"):
                DataParallel(world)

    together(2, work)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mpi4py.MPI", None)
    with pytest.raises(MissingExtraError, match=r"needs mpi4py .*tinygrad-edu\[mpi\]"):
        DataParallel()


def test_importing_the_room_loads_no_mpi() -> None:
    code = "import sys, tinygrad_edu as tg; tg.parallel.DataParallel; print('mpi4py' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "False"
