"""Recurrent cells and RNN: what walks with them. Their arithmetic is compared in tests/oracle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Tensor, keras, set_random_seed
from tinygrad_edu.engine.errors import ShapeError
from tinygrad_edu.keras import layers

X = np.random.default_rng(0).standard_normal((2, 5, 3)).astype("float32")
PAIRS = [
    (layers.SimpleRNN, layers.SimpleRNNCell), (layers.LSTM, layers.LSTMCell), (layers.GRU, layers.GRUCell),
]  # fmt: skip


@keras.saving.register_keras_serializable(package="tests")
class Sum(layers.Layer):
    """A cell that adds up."""

    def __init__(self, state_size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.state_size = state_size
        self.calls = 0

    def call(self, inputs: Any, states: Any) -> Any:
        self.calls += 1
        total = inputs + states[0]
        return total, [total]


@pytest.mark.parametrize(("layer", "cell"), PAIRS)
@pytest.mark.parametrize("options", [{}, {"dropout": 0.3, "recurrent_dropout": 0.4, "seed": 5}])
def test_a_layer_is_the_walk_of_its_cell(layer: Any, cell: Any, options: dict[str, Any]) -> None:
    """Also with dropout, which is the same at all steps."""
    one, other = layer(4, **options), layers.RNN(cell(4, **options))
    one.build(X.shape), other.build(X.shape)
    other.set_weights(one.get_weights())
    np.testing.assert_array_equal(other(X, training=True).numpy(), one(X, training=True).numpy())


@pytest.mark.parametrize("which", ["dropout", "recurrent_dropout"])
def test_dropout_in_training_only(which: str) -> None:
    layer = layers.RNN(layers.LSTMCell(4, seed=5, **{which: 0.5}))
    out = layer(X, training=False).numpy()
    np.testing.assert_array_equal(layer(X, training=False).numpy(), out)
    assert (layer(X, training=True).numpy() != out).any()


@pytest.mark.parametrize(("layer", "cell"), PAIRS)
def test_a_walk_step_by_step(layer: Any, cell: Any) -> None:
    one = cell(4)
    walk = layers.RNN(one, return_sequences=True)
    outputs = walk(X).numpy()
    states = one.get_initial_state(batch_size=2)
    for t in range(5):
        out, states = one(Tensor(X[:, t]), states)
        np.testing.assert_allclose(out.numpy(), outputs[:, t], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("layer", "cell"), PAIRS)
def test_a_cell_is_made_again_from_its_configuration(layer: Any, cell: Any) -> None:
    one = cell(4, activation="relu", kernel_regularizer="l2")
    again = layers.deserialize(layers.serialize(one))
    assert again.get_config() == one.get_config()
    assert again.state_size == one.state_size == ([4, 4] if cell is layers.LSTMCell else 4)


def test_a_cell_of_ones_own_walks_and_is_saved(tmp_path: Path) -> None:
    cell = Sum(3)
    model = keras.Sequential([layers.RNN([cell, layers.GRUCell(2)], return_sequences=True), layers.RNN(Sum(2))])
    out = model(X).numpy()
    assert cell.calls == 5
    model.save(tmp_path / "m.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "m.keras")(X).numpy(), out)
    np.testing.assert_allclose(layers.RNN(Sum(3))(X).numpy(), X.sum(axis=1), rtol=1e-5, atol=1e-6)


def test_a_subclass_with_a_step_of_its_own_is_called() -> None:
    class Twice(layers.SimpleRNNCell):
        def call(self, inputs: Any, states: Any) -> Any:
            out, states = super().call(inputs, states)
            return 2 * out, states

    class Residual(layers.StackedRNNCells):
        def call(self, inputs: Any, states: Any) -> Any:
            out, states = super().call(inputs, states)
            return out + inputs, states

    twice = Twice(3)
    plain = layers.RNN(layers.SimpleRNNCell(3))
    once, double = plain(X), layers.RNN(twice)
    double(X)
    double.set_weights(plain.get_weights())
    np.testing.assert_allclose(double(X).numpy(), 2 * once.numpy(), rtol=1e-6)
    cells = Residual([layers.LSTMCell(2), layers.GRUCell(3)])
    out, *states = layers.RNN(cells, return_state=True)(X)
    below = layers.RNN(cells.cells)(X)
    np.testing.assert_allclose(out.numpy(), below.numpy() + X[:, -1], rtol=1e-5, atol=1e-6)
    assert [[s.shape for s in own] for own in states] == [[(2, 2), (2, 2)], [(2, 3)]]


def test_a_cell_says_how_it_begins() -> None:
    class Late(Sum):
        def build(self, input_shape: Any) -> None:
            self.start = self.add_weight((1, 3), "ones")

        def get_initial_state(self, batch_size: int) -> Any:
            return [self.start + np.zeros((batch_size, 3), "float32")]

    late = Late(3)
    layer = layers.RNN([late])
    np.testing.assert_allclose(layer(X).numpy(), 1 + X.sum(axis=1), rtol=1e-5, atol=1e-6)
    layer(X).sum().backward()
    assert late.start.grad.numpy().tolist() == [[2, 2, 2]]
    both = layers.StackedRNNCells([layers.LSTMCell(2), late]).get_initial_state(batch_size=2)
    assert [[s.numpy().max() for s in own] for own in both] == [[0, 0], [1]]
    again = layers.RNN(Late(3), stateful=True)
    np.testing.assert_allclose(again(X).numpy() + X.sum(axis=1), again(X).numpy(), rtol=1e-5, atol=1e-6)


def test_the_shapes_are_known_beforehand() -> None:
    layer = layers.RNN([layers.LSTMCell(2), layers.GRUCell(4)], return_sequences=True, return_state=True)
    inputs = keras.Input((None, 3))
    out, first, second = layer(inputs)
    assert out.shape == (None, None, 4)
    assert [s.shape for s in [*first, *second]] == [(None, 2), (None, 2), (None, 4)]
    encoder = keras.Model(inputs, [out, first, second])
    again = layers.RNN([layers.LSTMCell(2), layers.GRUCell(4)])(inputs, initial_state=[first, second])
    assert keras.Model(inputs, again)(X).shape == encoder(X)[0][:, -1].shape


def test_it_learns() -> None:
    set_random_seed(0)
    x = np.random.default_rng(0).integers(0, 2, (64, 6, 1)).astype("float32")
    model = keras.Sequential([layers.RNN([layers.GRUCell(8), layers.LSTMCell(8)]), layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.02), "mse")
    losses = model.fit(x, x.mean(axis=1), epochs=15, verbose=0).history["loss"]
    assert losses[-1] < 0.1 * losses[0]


@pytest.mark.parametrize("cell", [layers.Dense(3), [layers.GRUCell(2), layers.Dense(3)]])
def test_what_is_no_cell(cell: Any) -> None:
    with pytest.raises(TypeError, match="state_size"):
        layers.RNN(cell)


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(ShapeError, match="batch, time"):
        layers.RNN(layers.GRUCell(2))(X[0])
    with pytest.raises(ShapeError, match=r"2 initial state\(s\)"):
        layers.RNN(layers.LSTMCell(2))(X, initial_state=[np.zeros((2, 2), "float32")])
