"""What an export refuses, and what it records: all that is seen without the package onnx."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import zoo

from tinygrad_edu import Tensor, io, nn, ops
from tinygrad_edu.engine.errors import ExchangeError, MissingExtraError
from tinygrad_edu.exchange._recording import Repeated, Times, Value, program

X = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)


def test_the_batch_is_known_by_its_growth() -> None:
    steps = program(lambda x: x.reshape(3 * x.shape[0], 1) + 1, X).steps
    assert steps[0].args[1] == (Times(3), 1)
    assert [s.output.shape for s in steps] == [(Times(3), 1), (Times(3), 1)]


def test_a_length_that_happens_to_be_the_batch_s_stays_a_length() -> None:
    (value,) = program(lambda x: x.reshape(x.shape[0], 3, 1), X[:3]).outputs.values()
    assert value.shape == (Times(1), 3, 1)


def test_states_of_zeros_are_one_row_for_each_sample() -> None:
    (step,) = program(lambda x: x + np.zeros((x.shape[0], 3), np.float32), X).steps
    assert isinstance(step.args[0], Value)
    assert isinstance(step.args[1], Repeated)
    assert step.args[1].array.shape == (1, 3)


def test_what_leads_to_no_input_is_a_constant() -> None:
    weight = Tensor(np.ones((2, 3), np.float32), requires_grad=True)
    (step,) = program(lambda x: x @ weight.T, X).steps
    assert step.op.name == "matmul"
    assert step.args[1].shape == (3, 2)


def test_ids_are_known_after_they_were_made_whole() -> None:
    model, ids = zoo.subject(zoo.gru)
    (name,) = {v.name for v in program(model, ids.astype(np.float32)).steps[0].args if isinstance(v, Value)}
    assert name == "input"


def masked(x: Any) -> Any:
    return ops.where(x.data > 0, x, 0.0)


def by_size(x: Any) -> Any:
    return x * 2 if x.shape[0] > 2 else x + x + x


def cut(x: Any) -> Any:
    return x[1:]


REFUSED: list[tuple[Callable[[Any], Any], str]] = [
    (masked, "the op 'where' has an argument that was computed from the input outside the graph, an array .* bool"),
    (
        lambda x: x - x.data.mean(axis=0),
        r"the op 'subtract' has an argument that .* outside the graph, an array \(3,\)",
    ),
    (by_size, "other steps for other samples: step 1 is 'add' for some and 'multiply' for others"),
    (cut, "the op 'getitem' has .* the number 1, which became 2 with 3 samples"),
    (lambda x: Tensor(x.data * 2), "the model has a result that was computed from the input outside"),
    (lambda x: Tensor(3.0) * 2, "'output' does not depend on the input"),
    (lambda x: 3, "returned int; Tensors"),
]


@pytest.mark.parametrize(("f", "message"), REFUSED)
def test_what_no_list_of_ops_can_say(f: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(ExchangeError, match=message):
        program(f, X)


@pytest.mark.parametrize("example", [np.zeros((1, 3)), np.ones((1, 3)), X])
def test_a_mask_is_seen_whatever_the_example(example: Any) -> None:
    with pytest.raises(ExchangeError, match="outside the graph"):
        program(masked, example)


def test_ids_must_differ() -> None:
    model, ids = zoo.subject(zoo.gru)
    with pytest.raises(ExchangeError, match=r"all alike \(0\)"):
        program(model, np.zeros_like(ids))


def test_an_example_without_samples() -> None:
    with pytest.raises(ExchangeError, match=r"the example 'input' has shape \(0, 3\)"):
        program(lambda x: x, X[:0])


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r"export_onnx needs onnx.*tinygrad-edu\[onnx\]"):
        io.export_onnx(zoo.seed(), tmp_path / "net.onnx", np.zeros((1, 784)))
    assert not list(tmp_path.iterdir())


def test_a_model_is_as_it_was() -> None:
    model, x = zoo.subject(zoo.deep)
    model.train()
    model.freeze()
    before = model.state_dict()
    program(model, x)
    assert model.training
    assert not any(p.requires_grad for p in model.parameters())
    assert all(p.grad is None for p in model.parameters())
    assert all(np.array_equal(a, before[n]) for n, a in model.state_dict().items())


def test_a_model_that_was_never_called() -> None:
    """Its parameters come with the first run, and with them their names and its dtype."""
    model = nn.Sequential(nn.Conv2d(None, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(2))
    found = program(model, np.random.default_rng(0).random((1, 1, 8, 8)))
    assert [s.op.name for s in found.steps] == ["conv2d", "relu", "max_pool2d", "reshape", "linear"]
    assert set(found.names.values()) == set(model.state_dict())
    assert {v.dtype for v in found.inputs} == {np.dtype(np.float32)}
