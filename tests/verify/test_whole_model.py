"""gradcheck_model: a right model passes, a wrong layer is named, and the model is as it was."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.engine.errors import GradientMismatch, NotVerifiableError
from tinygrad_edu.verify import gradcheck_model

X = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
LABELS = np.array([0, 1, 1, 0])


@tg.op(name="tests.model.wrong_tanh")
def wrong_tanh(x):
    return np.tanh(x), lambda g: g * (1 - np.tanh(x))


class Wrong(nn.Module):
    def forward(self, x):
        return wrong_tanh(x)


@pytest.fixture
def model():
    tg.set_random_seed(0)
    return nn.Sequential([nn.Linear(3, 4), nn.Tanh(), nn.Dropout(0.5), nn.Linear(4, 2)])


@pytest.mark.parametrize(
    ("y", "loss"), [(None, None), (LABELS, None), (np.ones((4, 2)), None), (LABELS, lambda p, y: (p * p).sum())]
)
def test_a_right_model_passes(model, y, loss):
    report = gradcheck_model(model, X, y, loss)
    assert report.passed
    names = [row.input for row in report.rows]
    assert names[:3] == ["x", "0.weight", "0.bias"]
    assert "3 (Linear): weight" in names
    assert {row.method for row in report.rows if row.input.startswith("0 (")} == {"complex step"}


def test_a_wrong_layer_is_named(model):
    broken = nn.Sequential([nn.Linear(3, 4), Wrong(), nn.Linear(4, 2)])
    with pytest.raises(GradientMismatch) as caught:
        gradcheck_model(broken, X, LABELS)
    wrong = [row.input for row in caught.value.report.rows if not row.passed]
    assert wrong == ["x", "0.weight", "0.bias", "1 (Wrong): x"]


def test_the_model_is_as_it_was(model):
    before = {name: (p.data, p.dtype) for name, p in model.named_parameters()}
    gradcheck_model(model, X, LABELS)
    assert all(
        model_data is p.data and dtype == p.dtype
        for (model_data, dtype), p in zip(before.values(), model.parameters(), strict=True)
    )
    assert all(m.training for m in model.modules())
    assert not any("forward" in vars(m) for m in model.modules())
    assert all(p.grad is None for p in model.parameters())


def test_integer_inputs_are_constants():
    report = gradcheck_model(nn.Sequential([nn.Embedding(5, 3), nn.Linear(3, 2)]), np.array([[0, 1], [1, 4]]))
    assert report.passed
    assert "x" not in {row.input for row in report.rows}


def test_a_large_layer_is_checked_along_directions():
    report = gradcheck_model(nn.Sequential([nn.Linear(300, 300)]), np.ones((2, 300), np.float32))
    assert {row.method for row in report.rows} == {"5 directions"}


def test_too_few_directions_are_refused(model):
    report = gradcheck_model(model, X, LABELS, directions=5)
    assert report.passed
    with pytest.raises(NotVerifiableError, match="Give 5 or more"):
        gradcheck_model(model, X, LABELS, directions=4)


def test_a_function_is_no_model():
    with pytest.raises(NotVerifiableError, match=r"exp is no module. A function is checked by gradcheck\(f, x\)"):
        gradcheck_model(tg.ops.exp, np.ones(2))
