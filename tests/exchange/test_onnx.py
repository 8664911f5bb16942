"""What an export refuses, and what it records: all that is seen without the package onnx."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import zoo

from tinygrad_edu import Tensor, io, keras, nn, ops
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
    for zeros in (lambda x: np.zeros((x.shape[0], 3), np.float32), lambda x: np.zeros_like(x.data)):
        (step,) = program(lambda x, zeros=zeros: x + zeros(x), X).steps
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


def by_size(x: Any) -> Any:
    return x * 2 if x.shape[0] > 2 else x + x + x


def cut(x: Any) -> Any:
    return x[1:]


def written(x: Any) -> Any:
    mask = x.data > 0
    mask[:, :2] = True
    return ops.where(mask, x, 0.0)


OUTSIDE = "has an argument that was computed from the input outside the graph"
REFUSED: list[tuple[Callable[[Any], Any], str]] = [
    (written, rf"the op 'where' {OUTSIDE}, an array .* bool"),
    (lambda x: x - x.data.view(np.ndarray)[:, ::-1], rf"the op 'subtract' {OUTSIDE}, an array \(2, 3\)"),
    (lambda x: ops.where(x.data.view("int32") > 0, x, 0.0), rf"the op 'where' {OUTSIDE}"),
    (lambda x: x - np.array(x.data.tolist()).mean(), rf"the op 'subtract' {OUTSIDE}, an array \(\)"),
    (lambda x: x * float(x.data.mean()), rf"the op 'multiply' {OUTSIDE}: 0\.\d+ for some samples and"),
    (lambda x: ops.concatenate([x] * x.shape[0], axis=1), "a list of 2, and of 3 for 3 samples in place of 2"),
    (by_size, "other steps for other samples: step 1 is 'add' for some and 'multiply' for others"),
    (cut, "the op 'getitem' has .* the number 1, which became 2 with 3 samples"),
    (lambda x: Tensor(x.data * 2), "the model has a result that was computed from the input outside"),
    (lambda x: Tensor(3.0) * 2, "'output' does not depend on the input"),
    (lambda x: {"input": x * 2}, "'input' is an input and an output"),
    (lambda x: 3, "returned int; Tensors"),
]


@pytest.mark.parametrize(("f", "message"), REFUSED)
def test_what_no_list_of_ops_can_say(f: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(ExchangeError, match=message):
        program(f, X)


@pytest.mark.parametrize("example", [np.zeros((1, 3)), np.ones((1, 3)), X])
def test_a_mask_becomes_steps_whatever_the_example(example: Any) -> None:
    """Also where it happens to be the same in both runs, so that nobody could tell it from a constant by its values."""
    steps = program(
        lambda x: ops.where((x.data > -1e9) & ~(x.data == 7)[..., None].any(axis=-1), x, 0.0), example
    ).steps
    assert [s.op.name for s in steps] == ["greater", "equal", "getitem", "any", "invert", "bitwise_and", "where"]
    assert steps[-1].args[0] == steps[-2].output


def test_numpy_s_functions_and_methods_are_known_alike() -> None:
    def f(x: Any) -> Any:
        mask = x.data > 0
        kept = np.concatenate([mask, mask.reshape(-1, 3)], axis=1).astype("float32").sum(axis=1, keepdims=True)
        return x * kept.T.T

    names = ["greater", "reshape", "concatenate", "astype", "sum", "transpose", "transpose", "multiply"]
    assert [s.op.name for s in program(f, X).steps] == names


@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN"])
def test_masks_of_recurrent_layers_are_the_same_steps_for_every_example(name: str) -> None:
    layers = keras.layers
    x = np.random.default_rng(0).standard_normal((2, 3, 2)).astype(np.float32)
    model = keras.Sequential([keras.Input((3, 2)), layers.Masking(), layers.Bidirectional(getattr(layers, name)(2))])
    padded = x.copy()
    padded[:, 2:] = 0
    found = [[step.op.name for step in program(model, v).steps] for v in (x, padded)]
    assert found[0] == found[1]
    assert found[0].count("not_equal") == 2  # for what Masking sets to 0, and for what it passes on
    assert found[0].count("where") == (11 if name == "LSTM" else 7)  # the last memory of an LSTM leads to nothing


@pytest.mark.parametrize(
    "model",
    [
        nn.Sequential(nn.GRU(3, 2, stateful=True)),
        keras.Sequential([keras.layers.Bidirectional(keras.layers.LSTM(2, stateful=True))]),
    ],
)
def test_a_file_has_no_memory(model: Any) -> None:
    x = np.ones((4, 5, 3), np.float32)
    model(x)
    with pytest.raises(ExchangeError, match=r"is stateful, .* a file has no memory"):
        program(model, x[:1])
    model(x)  # which would refuse another batch than the last call's


def test_ids_that_are_all_alike() -> None:
    model, ids = zoo.subject(zoo.gru)
    for x in (np.zeros_like(ids), np.zeros_like(ids[:1, :1]), np.zeros_like(ids, dtype=np.float32)):
        assert any(isinstance(v, Value) for v in program(model, x).steps[-4].args)


def test_results_in_lists_of_lists() -> None:
    outputs = program(lambda x: [x * 2, {"a": x + 1, "b": [x * 3]}], X).outputs
    assert list(outputs) == ["output_0", "a", "b_0"]


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
