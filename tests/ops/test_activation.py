"""Activations at extremes, what they are for, and what they refuse. Their derivatives and kinks are the generic tests'."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, ops

ELEMENTWISE = [
    "celu", "elu", "gelu", "hard_sigmoid", "hard_swish", "hard_tanh", "hardshrink", "leaky_relu", "log_sigmoid", "mish", "relu",
    "relu6", "selu", "sigmoid", "silu", "softplus", "softshrink", "softsign", "swish", "tanhshrink", "threshold",
]  # fmt: skip
EXTREME = [-1e4, -1000.0, -100.0, -1e-30, -0.0, 0.0, 1e-30, 100.0, 1000.0, 1e4]


def slope(name, at, **options):
    x = Tensor(np.array([at]), requires_grad=True)
    getattr(ops, name)(x, **options).sum().backward()
    return x.grad.tolist()[0]


def test_relu_at_zero_has_slope_zero_although_maximum_has_a_half():
    """JAX and HIPS autograd give 1/2 for their relu, maximum(x, 0.): here relu is its own op (run, 2026)."""
    assert slope("relu", 0.0) == 0
    x = Tensor(np.zeros(1), requires_grad=True)
    np.maximum(x, 0.0).sum().backward()
    assert x.grad.tolist() == [0.5]


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_no_warning_and_nothing_infinite_at_the_extremes_of_float32(name):
    """Warnings are errors here. sigmoid(+-1000) and softplus(100) overflow when written as in the textbook."""
    x = Tensor(np.array(EXTREME, dtype=np.float32), requires_grad=True)
    out = getattr(ops, name)(x)
    out.sum().backward()
    assert out.dtype == x.grad.dtype == np.float32
    assert np.isfinite(out.data).all()
    assert np.isfinite(x.grad.data).all()


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_nan_stays_nan(name):
    assert np.isnan(getattr(ops, name)(np.array([np.nan]))).all()


def test_saturated_slopes_are_0_and_1():
    assert [slope("sigmoid", at) for at in (-1000.0, 1000.0)] == [0, 0]
    assert [slope("softplus", at) for at in (-1000.0, 100.0)] == [0, 1]


def test_sigmoid_keeps_its_digits_far_below_zero():
    x = np.array([-20, -50, -80], dtype=np.float32)
    np.testing.assert_allclose(ops.sigmoid(x), np.exp(x.astype(np.float64)), rtol=1e-5)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_numbers_and_arrays_without_a_graph(name):
    f = getattr(ops, name)
    assert float(f(-1.5)) == pytest.approx(float(f(np.array([-1.5]))[0]), rel=1e-15)


def test_relu_keeps_the_order_of_memory():
    """Convolutions lay the batch innermost; a relu that went back to C order would cost a copy in the next layer."""
    x = Tensor(np.ones((2, 3, 4)).transpose(2, 0, 1), requires_grad=True)
    y = x.relu()
    assert y.data.strides == x.data.strides
    y.sum().backward()
    assert x.grad.tolist() == np.ones((4, 2, 3)).tolist()


def test_selu_keeps_mean_0_and_variance_1():
    """The reason for its two constants: with standard normal input the output has mean 0 and mean square 1."""
    z, w = np.polynomial.hermite_e.hermegauss(180)
    out, w = ops.selu(z), w / w.sum()
    assert (w * out).sum() == pytest.approx(0, abs=2e-3)
    assert (w * out * out).sum() == pytest.approx(1, abs=2e-3)


def test_gelu_is_x_times_the_normal_distribution():
    from statistics import NormalDist

    x = np.linspace(-6, 6, 25)
    chance = np.array([NormalDist().cdf(v) for v in x])
    np.testing.assert_allclose(ops.gelu(x), x * chance, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(ops.gelu(x, "tanh"), x * chance, atol=5e-4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.leaky_relu(np.ones(2), 1.5), "from 0 to 1"),
        (lambda: ops.gelu(np.ones(2), "exact"), "'none' or 'tanh'"),
        (lambda: ops.glu(np.ones((2, 3))), "cannot be halved"),
        (lambda: ops.glu(np.ones(())), "cannot be halved"),
    ],
)
def test_bad_input_is_refused_in_words(call, message):
    with pytest.raises(ValueError, match=message):
        call()
