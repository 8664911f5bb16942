"""compile, fit, evaluate, predict: what they promise, on a model that is only callable and has named parameters."""

import numpy as np
import pytest
from helpers.net import Net

import tinygrad_edu as tg
from tinygrad_edu import Tensor, ops, optim
from tinygrad_edu.engine.errors import UnknownNameError
from tinygrad_edu.training import Callback, losses, metrics
from tinygrad_edu.training.callbacks import LambdaCallback
from tinygrad_edu.training.checks import CappedWarning
from tinygrad_edu.training.structure import unpack

RNG = np.random.default_rng(2)
X = RNG.normal(size=(100, 5)).astype(np.float32)
Y = X[:, :3].argmax(axis=1)


def compiled(optimizer: object = "sgd", metrics: object = None, **options: object) -> Net:
    tg.set_random_seed(0)
    net = Net(5, 8, 3)
    net.compile(optimizer, "sparse_categorical_crossentropy", metrics=metrics, **options)
    return net


def weights(net: Net) -> np.ndarray:
    return np.concatenate([p.data.ravel() for _, p in net.named_parameters()])


# -- what one fit is ---------------------------------------------------------------------------------------------------


def test_fit_is_the_loop_written_by_hand() -> None:
    by_fit, by_hand = compiled(optim.SGD(lr=0.1)), Net(5, 8, 3)
    by_fit.fit(X, Y, batch_size=30, epochs=2, shuffle=False, verbose=0)
    optimizer = optim.SGD(by_hand.named_parameters(), lr=0.1)
    for _ in range(2):
        for i in range(0, 100, 30):
            optimizer.zero_grad()
            ops.cross_entropy(by_hand(Tensor(X[i : i + 30])).node[2][0], Y[i : i + 30]).backward()
            optimizer.step()
    np.testing.assert_array_equal(weights(by_fit), weights(by_hand))


def test_it_learns() -> None:
    net = compiled(optim.Adam(0.02), ["accuracy"])
    history = net.fit(X, Y, batch_size=10, epochs=30, verbose=0).history
    assert history["loss"][-1] < history["loss"][0] / 2
    assert history["accuracy"][-1] > 0.85


def test_loss_of_an_epoch_is_the_mean_over_samples() -> None:
    net, seen = compiled(optim.SGD(lr=0.0)), []
    note = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs["loss"]))
    net.fit(X, Y, batch_size=30, shuffle=False, verbose=0, callbacks=note)  # batches of 30, 30, 30, 10
    assert seen[0] == pytest.approx(losses.SparseCategoricalCrossentropy()(Y, net(Tensor(X))).item(), rel=1e-6)


def test_same_seed_same_weights() -> None:
    runs = [weights_after_fit() for _ in range(2)]
    np.testing.assert_array_equal(*runs)


def weights_after_fit() -> np.ndarray:
    net = compiled("adam")
    net.fit(X, Y, epochs=2, verbose=0)
    return weights(net)


def test_order_of_samples_can_be_saved_and_resumed() -> None:
    whole, first = compiled(), compiled()
    whole.fit(X, Y, epochs=4, verbose=0)
    first.fit(X, Y, epochs=2, verbose=0)
    resumed = compiled()
    resumed.load_state_dict(first.state_dict())
    resumed.shuffle_rng.bit_generator.state = first.shuffle_rng.bit_generator.state
    resumed.fit(X, Y, epochs=4, initial_epoch=2, verbose=0)
    np.testing.assert_array_equal(weights(whole), weights(resumed))


def test_a_second_fit_goes_on() -> None:
    whole, halves = compiled("adam"), compiled("adam")
    whole.fit(X, Y, epochs=2, verbose=0)
    halves.fit(X, Y, epochs=1, verbose=0)
    halves.fit(X, Y, epochs=1, verbose=0)
    np.testing.assert_array_equal(weights(whole), weights(halves))


def test_epochs_is_the_final_index() -> None:
    history = compiled().fit(X, Y, epochs=5, initial_epoch=3, verbose=0)
    assert history.epoch == [3, 4]
    assert len(history.history["loss"]) == 2
    assert history.params == {"epochs": 5, "steps": 4, "verbose": 0}


def test_images_may_stay_bytes() -> None:
    images, floats = (RNG.random((40, 5)) * 255).astype(np.uint8), Net(5, 8, 3)
    bytewise = compiled()
    floats.compile("sgd", "sparse_categorical_crossentropy")
    bytewise.fit(images, Y[:40], shuffle=False, verbose=0)
    floats.fit(images.astype(np.float32), Y[:40], shuffle=False, verbose=0)
    np.testing.assert_array_equal(weights(bytewise), weights(floats))


def test_floats_take_the_dtype_of_the_model() -> None:
    for dtype in (np.float32, np.float64):
        net = Net(5, 3, dtype=dtype)
        net.compile("sgd", "sparse_categorical_crossentropy")
        net.fit(X.astype(np.float16), Y, verbose=0)
        assert {p.dtype for _, p in net.named_parameters()} == {np.dtype(dtype)}
        assert net.predict(X, verbose=0).dtype == dtype


def test_training_flag() -> None:
    net = compiled()
    net.fit(X, Y, batch_size=60, validation_data=(X[:20], Y[:20]), verbose=0)
    assert [call for call in net.calls if call[0] != 2] == [(60, True), (40, True), (20, False)]


def test_plain_lists_are_data() -> None:
    net = Net(2, 1, out="sigmoid")
    net.compile("sgd", "binary_crossentropy")
    net.fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], verbose=0)
    assert net.predict([[0, 0]], verbose=0).shape == (1, 1)


# -- validation --------------------------------------------------------------------------------------------------------


def test_validation_part_is_the_last_share_before_shuffling() -> None:
    split, given = compiled(metrics=["accuracy"]), compiled(metrics=["accuracy"])
    one = split.fit(X, Y, validation_split=0.25, epochs=2, verbose=0)
    other = given.fit(X[:75], Y[:75], validation_data=(X[75:], Y[75:]), epochs=2, verbose=0)
    assert one.history == other.history
    np.testing.assert_array_equal(weights(split), weights(given))


def test_sample_weights_are_split_with_their_samples() -> None:
    w = np.linspace(0, 1, 100)
    split, given = compiled(), compiled()
    one = split.fit(X, Y, sample_weight=w, validation_split=0.25, verbose=0)
    other = given.fit(X[:75], Y[:75], sample_weight=w[:75], validation_data=(X[75:], Y[75:], w[75:]), verbose=0)
    assert one.history == other.history


def test_validation_data_wins() -> None:
    net = compiled()
    history = net.fit(X, Y, validation_split=0.5, validation_data=(X[:10], Y[:10]), batch_size=100, verbose=0)
    assert (100, True) in net.calls
    assert history.history["val_loss"][0] == pytest.approx(net.evaluate(X[:10], Y[:10], verbose=0))


@pytest.mark.parametrize(("frequency", "validated"), [(1, [0, 1, 2, 3]), (2, [1, 3]), ([1, 4], [0, 3])])
def test_validation_frequency(frequency: object, validated: list[int]) -> None:
    seen = []
    note = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch) if "val_loss" in logs else None)
    data = (X[:9], Y[:9])
    compiled().fit(X, Y, epochs=4, validation_data=data, validation_freq=frequency, verbose=0, callbacks=[note])
    assert seen == validated


def test_validation_steps_and_batch_size() -> None:
    net = compiled()
    net.fit(X, Y, validation_data=(X, Y), validation_batch_size=7, validation_steps=2, verbose=0)
    assert [n for n, training in net.calls if not training and n != 2] == [7, 7]


def test_validation_does_not_disturb_training() -> None:
    with_validation, without = compiled("adam"), compiled("adam")
    one = with_validation.fit(X, Y, epochs=2, validation_data=(X, Y), verbose=0)
    other = without.fit(X, Y, epochs=2, verbose=0)
    np.testing.assert_array_equal(weights(with_validation), weights(without))
    assert one.history["loss"] == other.history["loss"]


# -- weights -----------------------------------------------------------------------------------------------------------


def test_class_weight_is_a_sample_weight() -> None:
    table = {0: 2.0, 1: 0.0}
    by_class, by_sample = compiled(), compiled()
    by_class.fit(X, Y, class_weight=table, verbose=0)
    by_sample.fit(X, Y, sample_weight=np.array([table.get(c, 1.0) for c in Y]), verbose=0)
    np.testing.assert_array_equal(weights(by_class), weights(by_sample))


def test_weights_touch_the_loss_and_weighted_metrics_only() -> None:
    net = compiled(metrics=["accuracy"], weighted_metrics=["accuracy"])
    w = (Y == 0).astype(np.float32)
    logs = net.evaluate(X, Y, sample_weight=w, verbose=0, return_dict=True)
    right = net.predict(X, verbose=0).argmax(axis=1) == Y
    assert logs["accuracy"] == pytest.approx(right.mean())
    assert logs["weighted_accuracy"] == pytest.approx(right[Y == 0].mean())


# -- evaluate, predict, single batches ---------------------------------------------------------------------------------


def test_evaluate_returns_in_the_order_of_compile() -> None:
    net = compiled(metrics=["sparse_top_k_categorical_accuracy", "accuracy"])
    assert net.metrics_names == ["loss", "sparse_top_k_categorical_accuracy", "accuracy"]
    values, logs = net.evaluate(X, Y, verbose=0), net.evaluate(X, Y, verbose=0, return_dict=True)
    assert values == [logs[name] for name in net.metrics_names]
    assert list(logs) == sorted(logs)


def test_evaluate_without_metrics_is_a_number() -> None:
    assert isinstance(compiled().evaluate(X, Y, verbose=0), float)


def test_evaluate_changes_nothing() -> None:
    net = compiled()
    before = weights(net).copy()
    net.evaluate(X, Y, verbose=0)
    np.testing.assert_array_equal(weights(net), before)
    assert all(p.grad is None for _, p in net.named_parameters())


def test_evaluate_and_predict_record_no_graph() -> None:
    class Noting(Net):
        def __call__(self, x: Tensor, training: bool = False) -> Tensor:
            out = super().__call__(x, training)
            recorded.append(out.node is not None)
            return out

    recorded: list[bool] = []
    net = Noting(5, 3)
    net.compile("sgd", "sparse_categorical_crossentropy")
    net.fit(X, Y, batch_size=100, validation_data=(X, Y), verbose=0)
    net.evaluate(X, Y, batch_size=100, verbose=0)
    net.predict(X, batch_size=100, verbose=0)
    net.test_on_batch(X, Y)
    net.predict_on_batch(X)
    assert sum(recorded) == 1  # the one training step


def test_evaluate_does_not_depend_on_the_batch_size() -> None:
    net = compiled(metrics=["accuracy"])
    assert net.evaluate(X, Y, batch_size=7, verbose=0) == pytest.approx(net.evaluate(X, Y, batch_size=100, verbose=0))


def test_predict_is_the_model_in_order() -> None:
    net = Net(5, 8, 3)  # needs no compile
    np.testing.assert_allclose(net.predict(X, batch_size=7, verbose=0), net(Tensor(X)).numpy(), rtol=1e-6)
    np.testing.assert_allclose(net.predict_on_batch(X), net(Tensor(X)).numpy(), rtol=1e-6)
    assert isinstance(net.predict(X, verbose=0), np.ndarray)


def test_predictions_do_not_share_memory_with_the_batches() -> None:
    class Same(Net):
        def __call__(self, x: Tensor, training: bool = False) -> Tensor:
            return x

    x = X.copy()
    out = Same(5, 3).predict(x, batch_size=100, verbose=0)
    out[...] = 0
    np.testing.assert_array_equal(x, X)


def test_train_on_batch_is_one_step() -> None:
    by_batch, by_fit = compiled(metrics=["accuracy"]), compiled(metrics=["accuracy"])
    logs = by_batch.train_on_batch(X, Y, return_dict=True)
    history = by_fit.fit(X, Y, batch_size=100, shuffle=False, verbose=0).history
    assert logs == {name: values[0] for name, values in history.items()}
    np.testing.assert_array_equal(weights(by_batch), weights(by_fit))


def test_results_of_a_batch_are_its_own() -> None:
    net = compiled(optim.SGD(lr=0.0), metrics=["accuracy"])
    net.train_on_batch(X[:50], Y[:50])
    assert net.train_on_batch(X[50:], Y[50:]) == net.test_on_batch(X[50:], Y[50:])


# -- callbacks and control ---------------------------------------------------------------------------------------------


def test_stop_training_ends_after_the_batch_and_still_ends_the_epoch() -> None:
    class Stop(Callback):
        def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
            self.model.stop_training = batch == 1

    net = compiled()
    history = net.fit(X, Y, batch_size=10, epochs=3, callbacks=[Stop()], verbose=0)
    assert len([c for c in net.calls if c[1]]) == 2
    assert history.epoch == [0]


def test_users_callbacks_come_before_history() -> None:
    class Add(Callback):
        def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
            logs["extra"] = epoch * 2

    net = compiled()
    history = net.fit(X, Y, epochs=2, callbacks=[Add()], verbose=0)
    assert history.history["extra"] == [0, 2]
    assert net.history is history


def test_logs_are_sorted_plain_numbers() -> None:
    seen = []
    note = LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(logs))
    compiled(metrics=["accuracy"]).fit(X, Y, callbacks=[note], verbose=0)
    assert all(list(logs) == ["accuracy", "loss"] for logs in seen)
    assert all(type(v) is float for logs in seen for v in logs.values())


@pytest.mark.parametrize(("variable", "batches"), [("KERAS_MAX_EPOCHS", 20), ("KERAS_MAX_STEPS_PER_EPOCH", 6)])
def test_environment_shortens_a_run(variable: str, batches: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "2")
    net = compiled()
    with pytest.warns(CappedWarning, match=f"{variable}=2"):
        net.fit(X, Y, batch_size=10, epochs=3, verbose=0)
    assert sum(training for _, training in net.calls) == batches


@pytest.mark.parametrize("method", ["evaluate", "predict"])
def test_environment_shortens_an_evaluation(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_MAX_STEPS_PER_EPOCH", "2")
    seen = []
    note = LambdaCallback(
        **{f"on_{'test' if method == 'evaluate' else 'predict'}_batch_end": lambda step, logs: seen.append(step)}
    )
    given = (X, Y) if method == "evaluate" else (X,)
    with pytest.warns(CappedWarning, match="KERAS_MAX_STEPS_PER_EPOCH=2"):
        getattr(compiled(), method)(*given, batch_size=10, callbacks=[note], verbose=0)
    assert seen == [0, 1]


# -- steps of one's own ------------------------------------------------------------------------------------------------


def test_a_train_step_of_ones_own() -> None:
    class Mixed(Net):
        def train_step(self, data: object) -> dict[str, float]:
            x, y = data
            self.optimizer.zero_grad()
            loss = self.compute_loss(y=y, y_pred=self(x, training=True))
            loss.backward()
            self.optimizer.step()
            for metric in self.metrics:
                if metric.name == "loss":
                    metric.update_state(loss)
            return {m.name: m.result() for m in self.metrics} | {"size": len(x)}

    usual, net = compiled(), Mixed(5, 8, 3)
    net.compile("sgd", "sparse_categorical_crossentropy")
    history, expected = (m.fit(X, Y, batch_size=25, shuffle=False, verbose=0).history for m in (net, usual))
    assert history["loss"] == pytest.approx(expected["loss"])
    assert history["size"] == [25]


def test_a_compute_loss_of_ones_own() -> None:
    class Autoencoder(Net):
        def compute_loss(self, x: object = None, y: object = None, y_pred: object = None, **others: object) -> Tensor:
            return ops.mse(y_pred, x)

    net = Autoencoder(5, 5, out=None)
    net.compile("adam")
    history = net.fit(X, epochs=3, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]


def test_penalties_of_the_model_join_the_loss() -> None:
    class Decayed(Net):
        @property
        def losses(self) -> list[Tensor]:
            return [0.1 * (self.tensors["0.weight"] ** 2).sum()]

    net, plain = Decayed(5, 3), Net(5, 3)
    for model in (net, plain):
        model.compile(optim.SGD(lr=0.0), "sparse_categorical_crossentropy")
    penalty = 0.1 * (plain.tensors["0.weight"].numpy() ** 2).sum()
    assert net.evaluate(X, Y, verbose=0) == pytest.approx(plain.evaluate(X, Y, verbose=0) + penalty, rel=1e-6)
    net.compile("sgd")
    assert net.train_on_batch(X) == pytest.approx(penalty, rel=1e-6)


def test_train_step_of_x_alone_gets_x() -> None:
    class Note(Net):
        def train_step(self, data: object) -> dict[str, float]:
            assert isinstance(data, Tensor)
            return {"loss": 0.0}

    net = Note(5, 3)
    net.compile("sgd")
    net.fit(X, verbose=0)


# -- compile -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments", [{"optimizer": "adm"}, {"loss": "msee"}, {"metrics": ["acuracy"]}, {"weighted_metrics": ["acuracy"]}]
)
def test_unknown_names_are_refused_at_once(arguments: dict) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean"):
        Net(5, 3).compile(**arguments)


@pytest.mark.parametrize("arguments", [{"steps_per_execution": 2}, {"jit_compile": True}])
def test_what_is_not_supported_is_refused_by_name(arguments: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(arguments))):
        Net(5, 3).compile(**arguments)


def test_names_in_the_place_of_weights() -> None:
    with pytest.raises(TypeError, match="Names of metrics go into metrics"):
        Net(5, 3).compile("sgd", "mse", loss_weights=["accuracy"])


def test_loss_weight_of_one_output() -> None:
    net = compiled()
    plain = net.evaluate(X, Y, verbose=0)
    net.compile("sgd", "sparse_categorical_crossentropy", loss_weights=3)
    assert net.evaluate(X, Y, verbose=0) == pytest.approx(3 * plain)


@pytest.mark.parametrize("optimizer", ["Adam", "ADAM", optim.Adam, optim.Adam(0.001)])
def test_optimizers_by_any_name(optimizer: object) -> None:
    net = compiled(optimizer)
    net.fit(X, Y, verbose=0)
    assert net.optimizer.iterations == 4


def test_an_optimizer_that_moves_some_parameters() -> None:
    net = Net(5, 8, 3)
    net.compile(optim.SGD([net.tensors["1.weight"]], lr=0.1), "sparse_categorical_crossentropy")
    before = net.state_dict()
    net.fit(X, Y, verbose=0)
    moved = [name for name, p in net.named_parameters() if not np.array_equal(p.numpy(), before[name])]
    assert moved == ["1.weight"]


def test_metrics_of_every_kind() -> None:
    def margin(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        top = np.sort(y_pred, axis=-1)
        return top[:, -1] - top[:, -2]

    net = compiled(metrics=["accuracy", margin, metrics.SparseTopKCategoricalAccuracy(2, name="top2")])
    assert list(net.fit(X, Y, verbose=0).history) == ["accuracy", "loss", "margin", "top2"]


# -- several outputs ---------------------------------------------------------------------------------------------------


class Two(Net):
    """Two outputs: classes, and a number."""

    as_dict = False

    def __call__(self, x: Tensor, training: bool = False) -> object:
        out = super().__call__(x, training)
        a, b = ops.softmax(out[:, :3]), out[:, 3:]
        return {"kind": a, "size": b} if self.as_dict else [a, b]


class TwoNamed(Two):
    as_dict = True


SIZE = X.sum(axis=1)


@pytest.mark.parametrize("kind", [Two, TwoNamed])
def test_several_outputs(kind: type[Two]) -> None:
    net = kind(5, 8, 4, out=None)
    a, b = ("kind", "size") if net.as_dict else ("output_1", "output_2")
    pack = (lambda first, second: {a: first, b: second}) if net.as_dict else (lambda first, second: [first, second])
    net.compile(
        "adam",
        pack("sparse_categorical_crossentropy", "mse"),
        metrics=pack(["accuracy"], ["mae"]),
        loss_weights=pack(1.0, 0.5),
    )
    logs = net.evaluate(X, pack(Y, SIZE), verbose=0, return_dict=True)
    assert sorted(logs) == sorted(["loss", f"{a}_loss", f"{b}_loss", f"{a}_accuracy", f"{b}_mae"])
    assert logs["loss"] == pytest.approx(logs[f"{a}_loss"] + 0.5 * logs[f"{b}_loss"], rel=1e-6)
    history = net.fit(X, pack(Y, SIZE), epochs=20, verbose=0, validation_split=0.2).history
    assert history["loss"][-1] < history["loss"][0]
    out = net.predict(X, verbose=0)
    assert [v.shape for v in (out.values() if net.as_dict else out)] == [(100, 3), (100, 1)]


def test_one_loss_for_all_outputs_and_none_for_some() -> None:
    net = Two(5, 8, 4, out=None)
    net.compile("sgd", [None, "mse"])
    assert list(net.evaluate(X, [Y, SIZE], verbose=0, return_dict=True)) == ["loss", "output_2_loss"]


def test_unknown_output_name() -> None:
    net = TwoNamed(5, 8, 4, out=None)
    net.compile("sgd", {"kind": "mse", "sise": "mse"})
    with pytest.raises(UnknownNameError, match=r"Unknown output 'sise'\. Did you mean 'size'"):
        net.fit(X, {"kind": Y, "size": SIZE}, verbose=0)


def test_several_inputs() -> None:
    class Sum(Net):
        def __call__(self, x: object, training: bool = False) -> Tensor:
            return super().__call__(x["a"] + x["b"], training)

    net = Sum(5, 3)
    net.compile("sgd", "sparse_categorical_crossentropy")
    net.fit({"a": X, "b": X}, Y, validation_split=0.1, verbose=0)
    assert net.predict({"a": X, "b": X}, verbose=0).shape == (100, 3)


# -- batches from elsewhere --------------------------------------------------------------------------------------------


def batches(n: int, endless: bool = False) -> object:
    while True:
        for i in range(0, 100, 100 // n):
            yield X[i : i + 100 // n], Y[i : i + 100 // n]
        if not endless:
            return


def test_a_generator_trains_as_the_arrays_do() -> None:
    one, other = compiled(), compiled()
    one.fit(batches(4), verbose=0)
    other.fit(X, Y, batch_size=25, shuffle=False, verbose=0)
    np.testing.assert_array_equal(weights(one), weights(other))


def test_an_endless_generator_with_steps() -> None:
    net = compiled(metrics=["accuracy"])
    history = net.fit(
        batches(4, endless=True),
        epochs=3,
        steps_per_epoch=4,
        verbose=0,
        validation_data=batches(2, True),
        validation_steps=2,
    )
    assert len(history.history["val_accuracy"]) == 3
    assert net.evaluate(batches(4), verbose=0) == pytest.approx(net.evaluate(X, Y, verbose=0))
    np.testing.assert_allclose(net.predict(batches(4), verbose=0), net.predict(X, verbose=0), rtol=1e-5)


def test_unpack_is_public() -> None:
    assert tg.training.unpack is unpack
