"""Linear, Flatten, Dropout and the activations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Tensor, nn, ops, set_random_seed
from tinygrad_edu.engine.errors import ShapeError

X = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)


# -- Linear ------------------------------------------------------------------------------------------------------------


def test_linear_is_x_w_plus_b():
    layer = nn.Linear(3, 2)
    layer.bias.data[...] = [1, 2]
    np.testing.assert_allclose(layer(Tensor(X)).data, X @ layer.weight.data + [1, 2], rtol=1e-6)
    assert (layer.weight.shape, layer.bias.shape) == ((3, 2), (2,))


@pytest.mark.parametrize("layer", [nn.Linear(2), nn.Linear(None, 2)], ids=["out", "None, out"])
def test_linear_takes_its_size_from_the_first_call(layer):
    assert layer(Tensor(X)).shape == (4, 2)
    assert layer.weight.shape == (3, 2)
    assert repr(layer) == "Linear(3, 2)"


def test_linear_without_bias():
    assert [name for name, _ in nn.Linear(3, 2, bias=False).named_parameters()] == ["weight"]


def test_the_start_of_a_linear_can_be_chosen():
    assert (nn.Linear(3, 2, init="ones").weight.data == 1).all()
    assert (nn.Linear(3, 2, init=nn.init.constant(0.5)).weight.data == 0.5).all()


def test_the_same_seed_gives_the_same_start_also_when_built_later():
    def weights(lazy):
        set_random_seed(7)
        layers = [nn.Linear(None if lazy else 3, 2), nn.Linear(None if lazy else 3, 2)]
        for layer in reversed(layers):
            layer(Tensor(X))
        return [layer.weight.data for layer in layers]

    np.testing.assert_array_equal(weights(lazy=False), weights(lazy=True))
    assert (weights(False)[0] != weights(False)[1]).any()


@pytest.mark.parametrize("size", [0, -1, 2.0, True, "3"], ids=repr)
def test_an_impossible_size_is_refused(size):
    with pytest.raises(ValueError, match="whole numbers above 0"):
        nn.Linear(3, size)


def test_numpy_integers_are_sizes():
    assert nn.Linear(np.prod([2, 3]), np.int64(2)).weight.shape == (6, 2)


@pytest.mark.parametrize(
    ("shape", "remedy"),
    [((5, 4), r"Linear\(4, 2\) would fit; Linear\(2\) takes"), ((5, 2, 3, 2), "Put Flatten"), ((), "A batch axis")],
    ids=str,
)
def test_a_wrong_input_is_told_the_remedy(shape, remedy):
    with pytest.raises(ShapeError, match=remedy):
        nn.Linear(12, 2)(Tensor(np.ones(shape, np.float32)))


# -- Flatten -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "out"), [((2, 3, 4), (2, 12)), ((2,), (2, 1)), ((0, 3, 4), (0, 12)), ((2, 0), (2, 0))]
)
def test_flatten(shape, out):
    assert nn.Flatten()(Tensor(np.ones(shape))).shape == out


def test_flatten_needs_a_batch():
    with pytest.raises(ShapeError, match="batch axis"):
        nn.Flatten()(Tensor(1.0))


# -- Dropout -----------------------------------------------------------------------------------------------------------


@given(st.floats(0, 0.95), st.integers(0, 2**32))
def test_what_is_kept_is_scaled_and_the_gradient_has_the_same_mask(rate, seed):
    set_random_seed(seed)
    x = Tensor(np.ones((20, 20)), requires_grad=True)
    out = nn.Dropout(rate)(x)
    assert np.isin(out.data.round(9), np.round([0, 1 / (1 - rate)], 9)).all()
    out.sum().backward()
    np.testing.assert_array_equal(x.grad.data, out.data)


def test_the_mean_stays():
    set_random_seed(0)
    out = nn.Dropout(0.3)(Tensor(np.ones(100_000, np.float32)))
    assert out.dtype == np.float32
    assert abs(out.data.mean() - 1) < 0.01
    assert abs((out.data == 0).mean() - 0.3) < 0.01


def test_outside_training_dropout_passes_on():
    x = Tensor(X)
    layer = nn.Dropout(0.5)
    assert layer(x, training=False) is x
    assert layer.eval()(x) is x


def test_each_call_draws_anew_and_a_seed_repeats_it():
    def draws():
        set_random_seed(3)
        layer = nn.Dropout(0.5)
        return [layer(Tensor(np.ones(50))).data for _ in range(2)]

    first, second = draws()
    assert (first != second).any()
    np.testing.assert_array_equal([first, second], draws())


@pytest.mark.parametrize("rate", [-0.1, 1.0, 2, float("nan")])
def test_an_impossible_rate_is_refused(rate):
    with pytest.raises(ValueError, match="at least 0 and below 1"):
        nn.Dropout(rate)


# -- activations -------------------------------------------------------------------------------------------------------

ACTIVATIONS = {
    nn.ReLU: ops.relu, nn.LeakyReLU: ops.leaky_relu, nn.ReLU6: ops.relu6, nn.ELU: ops.elu, nn.CELU: ops.celu,
    nn.SELU: ops.selu, nn.GELU: ops.gelu, nn.SiLU: ops.silu, nn.Mish: ops.mish, nn.Sigmoid: ops.sigmoid,
    nn.LogSigmoid: ops.log_sigmoid, nn.Tanh: ops.tanh, nn.Softplus: ops.softplus, nn.Softsign: ops.softsign,
    nn.Hardsigmoid: ops.hard_sigmoid, nn.Hardswish: ops.hard_swish, nn.Hardtanh: ops.hard_tanh, nn.Softmax: ops.softmax,
    nn.LogSoftmax: ops.log_softmax,
}  # fmt: skip


@pytest.mark.parametrize("module", ACTIVATIONS, ids=lambda m: m.__name__)
def test_an_activation_is_its_op(module):
    x = Tensor(X)
    np.testing.assert_array_equal(module()(x).data, ACTIVATIONS[module](x).data)
    assert (module.__doc__ or "").strip()


def test_the_options_of_an_activation_are_those_of_its_op():
    x = Tensor(X)
    np.testing.assert_array_equal(nn.LeakyReLU(0.5)(x).data, ops.leaky_relu(x, slope=0.5).data)
    np.testing.assert_array_equal(nn.Softmax(axis=0)(x).data, ops.softmax(x, axis=0).data)
    assert repr(nn.LeakyReLU(0.5)) == "LeakyReLU(slope=0.5)"
    with pytest.raises(TypeError, match=r"no option 'alpha'\. It has: slope"):
        nn.LeakyReLU(alpha=0.5)
    with pytest.raises(TypeError, match="takes 0 option"):
        nn.ReLU(1)


def test_an_activation_of_your_own_is_one_line():
    class Cube(nn.Activation):
        op = lambda x: x * x * x

    assert Cube()(Tensor([2.0])).tolist() == [8]


def test_identity():
    x = Tensor(X)
    assert nn.Identity()(x) is x
