"""Stateful recurrent layers: what they carry from call to call, what tries them out, and files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Tensor, keras, nn
from tinygrad_edu.engine.errors import ShapeError
from tinygrad_edu.keras import layers

X = np.random.default_rng(1).standard_normal((2, 3, 2)).astype("float32")
LONG = np.random.default_rng(2).standard_normal((8, 3, 2)).astype("float32")
Y = np.ones((8, 1), "float32")


def several(units: int, **options: Any) -> Any:
    return layers.RNN([layers.GRUCell(3), layers.LSTMCell(units)], **options)


KINDS = [layers.SimpleRNN, layers.LSTM, layers.GRU, several]


def stateful(kind: Any = layers.LSTM, **options: Any) -> Any:
    keras.utils.set_random_seed(3)
    return keras.Sequential([keras.Input(batch_shape=(2, 3, 2)), kind(4, stateful=True, **options), layers.Dense(1)])


@pytest.mark.parametrize("kind", KINDS)
def test_two_parts_are_the_whole(kind: Any) -> None:
    layer = stateful(kind).layers[0]
    whole = kind(4)
    whole.build(layer.input_shape)
    whole.set_weights(layer.get_weights())
    layer(X[:, :1])
    np.testing.assert_allclose(layer(X[:, 1:]).numpy(), whole(X).numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_making_a_model_carries_nothing_on(kind: Any) -> None:
    model = stateful(kind)
    assert all(not s.numpy().any() for s in model.layers[0].states)
    first = model.predict(X, verbose=0)
    model.layers[0].reset_state()
    np.testing.assert_array_equal(model.predict(X, verbose=0), first)


def test_looking_carries_nothing_on() -> None:
    model = stateful()
    model.predict(X, verbose=0)
    before = [s.numpy().copy() for s in model.layers[0].states]
    model.summary(print_fn=lambda text: None)
    model.layers[0].compute_output_shape((2, 3, 2))
    model.compile("sgd", "mse")
    model._prepare(model._source(LONG, Y))  # what fit tries before the first step
    for state, value in zip(model.layers[0].states, before):
        np.testing.assert_array_equal(state.numpy(), value)


def test_a_layer_that_counts_counts_calls_and_no_trials() -> None:
    class Count(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.n = self.add_weight(shape=(), initializer="zeros", trainable=False)

        def call(self, inputs: Any) -> Any:
            self.n.assign_add(1.0)
            return inputs

    model = keras.Sequential([keras.Input((2,)), Count(), layers.Dense(1)])
    assert model.layers[0].n.item() == 0
    model.compile("sgd", "mse")
    model.fit(X[:, 0], Y[:2], batch_size=1, verbose=0)
    assert model.layers[0].n.item() == 2


def test_states_can_be_assigned() -> None:
    layer = stateful().layers[0]
    h, c = np.full((2, 4), 0.5, "float32"), np.ones((2, 4), "float32")
    expected = layer(X, initial_state=[h, c]).numpy()
    layer.reset_state()
    for state, value in zip(layer.states, (h, c)):
        state.assign(value)
    np.testing.assert_array_equal(layer(X).numpy(), expected)


def test_another_number_of_samples_is_refused() -> None:
    model = keras.Sequential([layers.GRU(4, stateful=True)])
    assert model.layers[0].states is None
    with pytest.raises(ShapeError, match=r"gru.*last call had 2 samples, this one 1.*batch_size"):
        model.predict(LONG[:3], batch_size=2, verbose=0)


def test_states_are_no_weights() -> None:
    model = stateful()
    model.predict(X, verbose=0)
    assert len(model.get_weights()) == len(model.variables) == 5


def test_a_saved_model_goes_on_from_its_states(tmp_path: Path) -> None:
    model = stateful()
    model.predict(X, verbose=0)
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


@pytest.mark.parametrize("save_freq", [1, "epoch"])
def test_a_resumed_run_goes_on_from_its_states(tmp_path: Path, save_freq: Any) -> None:
    class Stop(keras.callbacks.Callback):
        order = 5

        def on_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.stop_training = batch == 1

    options: Any = {"batch_size": 2, "shuffle": False, "verbose": 0}
    whole, part, rest = stateful(), stateful(), stateful()
    for model in (whole, part, rest):
        model.compile("adam", "mse")
    saving = keras.callbacks.ModelCheckpoint(tmp_path / "run.npz", save_freq=save_freq)
    whole.fit(LONG, Y, epochs=3, **options)
    if save_freq == "epoch":
        part.fit(LONG, Y, epochs=2, callbacks=[saving], **options)
    else:
        part.fit(LONG, Y, epochs=1, callbacks=[saving, Stop()], **options)
    rest.fit(LONG, Y, epochs=3, resume=tmp_path / "run.npz", **options)
    for mine, expected in zip(rest.get_weights(), whole.get_weights()):
        np.testing.assert_array_equal(mine, expected)


def test_layers_of_nn_too(tmp_path: Path) -> None:
    model = nn.Sequential(nn.GRU(2, 4, stateful=True), nn.Linear(4, 1))
    model(Tensor(X))
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(again(Tensor(X)).numpy(), model(Tensor(X)).numpy())
