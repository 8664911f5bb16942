"""Stable ops at +-1e4: everything finite, first and second derivatives included, and no floating-point warning of numpy's.

Underflow is left out, as numpy does unless asked: exp(-1e4) is 0, and that is why these ops are stable.
"""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor, ops

ROW = [-1e4, -100.0, -1.0, -1e-4, 0.0, 1e-4, 1.0, 100.0, 1e4, 1e4]
VALUES = np.array([ROW, ROW[::-1]])
OTHER = np.array([ROW[::-1], ROW])
CLASSES = np.array([0, 9])
BITS = np.array([[0.0, 1.0] * 5, [1.0, 1.0, 0.0, 0.0, 0.5] * 2])

UNARY = [
    "abs", "arcsinh", "arctan", "celu", "elu", "erf", "erfc", "gelu", "glu", "hard_sigmoid", "hard_swish", "hard_tanh",
    "hardshrink", "leaky_relu", "log_sigmoid", "log_softmax", "logcumsumexp", "logsumexp", "max", "mean", "mish", "relu",
    "relu6", "rms_norm", "selu", "sigmoid", "silu", "sinc", "softmax", "softmin", "softplus", "softshrink", "softsign", "std",
    "swish", "tanh", "tanhshrink", "threshold", "var",
]  # fmt: skip
BINARY: dict[str, Callable[[Tensor], Tensor]] = {
    "binary_cross_entropy": lambda x: ops.binary_cross_entropy(x, Tensor(BITS, dtype=x.dtype)),
    "binary_cross_entropy of probabilities": lambda x: ops.binary_cross_entropy_from_probabilities(
        ops.sigmoid(x), Tensor(BITS, dtype=x.dtype)
    ),
    "cross_entropy": lambda x: ops.cross_entropy(x, CLASSES),
    "huber": lambda x: ops.huber(x, Tensor(OTHER, dtype=x.dtype)),
    "hypot": lambda x: ops.hypot(x, Tensor(np.ones(10), dtype=x.dtype)),
    "layer_norm": lambda x: ops.layer_norm(x, Tensor(np.ones(10), dtype=x.dtype), Tensor(np.zeros(10), dtype=x.dtype)),
    "log_cosh": lambda x: ops.log_cosh(x, Tensor(OTHER, dtype=x.dtype)),
    "logaddexp": lambda x: ops.logaddexp(x, Tensor(OTHER, dtype=x.dtype)),
    "logaddexp2": lambda x: ops.logaddexp2(x, Tensor(OTHER, dtype=x.dtype)),
    "mae": lambda x: ops.mae(x, Tensor(OTHER, dtype=x.dtype)),
    "mse": lambda x: ops.mse(x, Tensor(OTHER, dtype=x.dtype)),
    "smooth_l1": lambda x: ops.smooth_l1(x, Tensor(OTHER, dtype=x.dtype)),
    "squared_hinge": lambda x: ops.squared_hinge(x, Tensor(np.sign(OTHER + 0.5), dtype=x.dtype)),
    "attention": lambda x: ops.scaled_dot_product_attention(x, Tensor(OTHER, dtype=x.dtype), x),
}
FUNCTIONS = {name: getattr(ops, name) for name in UNARY} | BINARY


@pytest.fixture(autouse=True)
def warnings_raise() -> Iterator[None]:
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        yield


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_warning_and_all_finite(name: str, dtype: type) -> None:
    function = FUNCTIONS[name]
    x = Tensor(VALUES.astype(dtype))
    total = lambda t: function(t).sum()
    assert np.isfinite(function(x).data).all()
    assert np.isfinite(tg.grad(total)(x).data).all()
    assert np.isfinite(tg.grad(lambda t: tg.grad(total)(t).sum())(x).data).all()


def test_the_fixture_sees_a_warning() -> None:
    with pytest.raises(FloatingPointError, match="overflow"):
        ops.exp(Tensor(VALUES))
