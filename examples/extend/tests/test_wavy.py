"""The tests of a package that extends tinygrad_edu: what built-in ops must do, these ops must do."""

import numpy as np
import pytest
import wavy
from hypothesis import given

from tinygrad_edu import Tensor, nn, optim
from tinygrad_edu.engine.errors import GradientMismatch
from tinygrad_edu.verify import check_op, gradcheck_model, pytest_suite
from tinygrad_edu.verify.strategies import tensors

TestOps = pytest_suite(wavy.snake, wavy.shrink)  # ten properties each, on inputs that hypothesis draws


@pytest.mark.parametrize("op", [wavy.snake, wavy.shrink])
def test_every_order(op):
    assert check_op(op, order=4, examples=20)


def test_a_layer():
    model = nn.Sequential([nn.Linear(1, 4), wavy.Snake(4), nn.Linear(4, 1)])
    assert gradcheck_model(model, np.linspace(-1, 1, 5).reshape(-1, 1))


@given(tensors(low=-3, high=3))
def test_snake_never_falls(x):
    wavy.snake(x, 2.0).sum().backward()
    assert (x.grad.data >= -1e-12).all()


def test_a_frequency_is_learned():
    x = np.linspace(-2, 2, 64, dtype=np.float32).reshape(-1, 1)
    target = Tensor(wavy.snake(x, np.float32(1.5)))
    layer = wavy.Snake(1, frequency=1.2)
    optimizer = optim.Adam(layer.parameters(), lr=0.02)
    for _ in range(150):
        loss = nn.MSELoss()(layer(Tensor(x)), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert abs(layer.frequency.data[0] - 1.5) < 0.01


def wrong(x, by=0.5):
    return np.sign(x) * np.maximum(abs(x) - by, 0), lambda g: g


def test_a_mistake_would_be_found(monkeypatch):
    monkeypatch.setattr(wavy.shrink.op.rule, "__code__", wrong.__code__)
    with pytest.raises(GradientMismatch, match="derivative of the wrong branch"):
        check_op(wavy.shrink)
