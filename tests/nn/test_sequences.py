"""Layers over sequences: recurrent layers against a walk written out, embedding, attention."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn, set_random_seed
from tinygrad_edu.engine.errors import DataError, ShapeError
from tinygrad_edu.verify import gradcheck

RNG = np.random.default_rng(5)
X = RNG.normal(size=(3, 4, 2)).astype(np.float32)
LAYERS = [nn.RNN, nn.LSTM, nn.GRU]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def by_hand(layer: nn.Module, x: np.ndarray) -> np.ndarray:
    """All outputs of a recurrent layer, from its definition."""
    w, u, b = layer.weight.numpy(), layer.recurrent_weight.numpy(), layer.bias.numpy()
    h = c = np.zeros((len(x), layer.hidden_size), np.float32)
    out = []
    for t in range(x.shape[1]):
        if isinstance(layer, nn.RNN):
            h = np.tanh(x[:, t] @ w + h @ u + b)
        elif isinstance(layer, nn.LSTM):
            i, f, candidate, o = np.split(x[:, t] @ w + h @ u + b, 4, axis=-1)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(candidate)
            h = sigmoid(o) * np.tanh(c)
        else:
            (xz, xr, xn), (hz, hr, hn) = np.split(x[:, t] @ w + b[0], 3, -1), np.split(h @ u + b[1], 3, -1)
            z = sigmoid(xz + hz)
            h = z * h + (1 - z) * np.tanh(xn + sigmoid(xr + hr) * hn)
        out.append(h)
    return np.stack(out, axis=1)


def made(kind: type, **options: object) -> nn.Module:
    set_random_seed(2)
    layer = kind(2, 5, **options)
    layer.bias.data[...] = np.random.default_rng(3).normal(size=layer.bias.shape)
    return layer


@pytest.mark.parametrize("kind", LAYERS)
def test_the_walk_is_the_definition(kind: type) -> None:
    layer = made(kind, return_sequences=True)
    np.testing.assert_allclose(layer(Tensor(X)).numpy(), by_hand(layer, X), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(made(kind)(Tensor(X)).numpy(), by_hand(layer, X)[:, -1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", LAYERS)
def test_backwards_is_the_walk_over_the_reversed_sequence(kind: type) -> None:
    backwards = made(kind, return_sequences=True, go_backwards=True)(Tensor(X)).numpy()
    np.testing.assert_array_equal(backwards, made(kind, return_sequences=True)(Tensor(X[:, ::-1].copy())).numpy())


@pytest.mark.parametrize("kind", LAYERS)
def test_two_halves_with_the_state_between_them_are_the_whole(kind: type) -> None:
    whole = made(kind)(Tensor(X)).numpy()
    layer = made(kind, return_state=True)
    _, *states = layer(Tensor(X[:, :2]))
    np.testing.assert_allclose(layer(Tensor(X[:, 2:]), initial_state=states)[0].numpy(), whole, rtol=1e-5)
    stateful = made(kind, stateful=True)
    stateful(Tensor(X[:, :2]))
    np.testing.assert_allclose(stateful(Tensor(X[:, 2:])).numpy(), whole, rtol=1e-5)
    stateful.reset_state()
    np.testing.assert_allclose(stateful(Tensor(X)).numpy(), whole, rtol=1e-5)


@pytest.mark.parametrize("kind", LAYERS)
def test_masked_steps_are_as_if_they_were_not_there(kind: type) -> None:
    mask = np.array([[True, True, False, False], [False, True, True, False], [True, False, True, True]])
    layer = made(kind)
    masked = layer(Tensor(X), mask=mask).numpy()
    for row, keep in enumerate(mask):
        alone = layer(Tensor(X[row : row + 1, keep])).numpy()[0]
        np.testing.assert_allclose(masked[row], alone, rtol=1e-5)


@pytest.mark.parametrize("kind", LAYERS)
def test_gradients_through_time(kind: type) -> None:
    gradcheck(kind(2, 2, return_sequences=True), X[:2, :3])


def test_the_forget_gate_starts_open() -> None:
    assert nn.LSTM(2, 3).bias.numpy().tolist() == [0] * 3 + [1] * 3 + [0] * 6
    assert nn.GRU(2, 3).bias.shape == (2, 9)
    assert nn.RNN(3, bias=False).bias is None


def test_sequences_have_three_axes() -> None:
    with pytest.raises(ShapeError, match="features"):
        nn.LSTM(3)(Tensor(X[0]))
    with pytest.raises(ShapeError, match="time"):
        nn.LSTM(2, 3)(Tensor(X[:, :0]))


def test_an_lstm_learns_what_came_first() -> None:
    """The first of ten signs decides: the memory has to carry it."""
    set_random_seed(4)
    signs = np.random.default_rng(4).choice([-1.0, 1.0], size=(64, 10, 1)).astype(np.float32)
    y = (signs[:, 0, 0] > 0).astype(np.float32)[:, None]
    model = nn.Sequential(nn.LSTM(8), nn.Linear(1), nn.Sigmoid())
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.optimizer.lr = 0.05
    model.fit(signs, y, epochs=20, verbose=0)
    assert model.evaluate(signs, y, verbose=0)[1] == 1


def test_embedding() -> None:
    table = nn.Embedding(5, 2)
    rows = table(np.array([[0, 4]]))
    np.testing.assert_array_equal(rows.numpy()[0], table.weight.numpy()[[0, 4]])
    np.testing.assert_array_equal(table(Tensor(np.float32([[0, 4]]))).numpy(), rows.numpy())
    for wrong in ([5], [-1], [0.5]):
        with pytest.raises(DataError):
            table(np.array(wrong))


def attention(**options: object) -> nn.MultiheadAttention:
    set_random_seed(6)
    return nn.MultiheadAttention(4, 2, **options)


def test_attention_does_not_depend_on_the_order_of_the_keys() -> None:
    layer, x = attention(), RNG.normal(size=(2, 5, 4)).astype(np.float32)
    order = [3, 1, 4, 0, 2]
    one = layer(Tensor(x), Tensor(x)).numpy()
    np.testing.assert_allclose(one, layer(Tensor(x), Tensor(x[:, order])).numpy(), rtol=1e-4, atol=1e-6)


def test_a_causal_query_does_not_see_what_follows() -> None:
    layer, x = attention(), RNG.normal(size=(2, 5, 4)).astype(np.float32)
    changed = x.copy()
    changed[:, 3:] += 1
    one, other = (layer(Tensor(v), causal=True).numpy() for v in (x, changed))
    np.testing.assert_array_equal(one[:, :3], other[:, :3])
    assert (one[:, 3:] != other[:, 3:]).any()


def test_dropped_attention_weights_keep_their_mean() -> None:
    x = Tensor(RNG.normal(size=(1, 6, 4)).astype(np.float32))
    expected = attention()(x).numpy()
    layer = attention(dropout=0.3)
    np.testing.assert_allclose(layer.eval()(x).numpy(), expected, rtol=1e-6)
    layer.train()
    mean = np.mean([layer(x).numpy() for _ in range(2000)], axis=0)
    np.testing.assert_allclose(mean, expected, atol=0.05)


def test_heads_divide_the_width() -> None:
    with pytest.raises(ShapeError, match="heads"):
        nn.MultiheadAttention(5, 2)
