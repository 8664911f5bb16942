"""Words of keras.ops: arguments in Keras's places, gradients, symbolic tensors. tests/oracle/test_keras_ops.py compares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import keras
from tinygrad_edu.engine import Tensor
from tinygrad_edu.engine.errors import ShapeError
from tinygrad_edu.keras import ops
from tinygrad_edu.verify import gradcheck

RNG = np.random.default_rng(0)
A = RNG.standard_normal((3, 4))
IMAGE = RNG.standard_normal((2, 5, 6, 2))
KERNEL = RNG.standard_normal((3, 2, 2, 3))


def test_the_third_argument_of_a_reduction_is_keepdims() -> None:
    x = ops.convert_to_tensor(A)
    for name in ("all", "any", "max", "mean", "min", "std", "sum", "var"):
        assert getattr(ops, name)(x, 1, True).shape == (3, 1), name
    assert np.allclose(ops.std(x, 1, True).data, A.std(axis=1, keepdims=True))


def test_an_axis_may_be_a_list() -> None:
    assert float(ops.mean(ops.convert_to_tensor(A), [0, 1])) == pytest.approx(A.mean())


def test_wrong_arguments_are_refused_as_python_does() -> None:
    with pytest.raises(TypeError, match="too many positional arguments"):
        ops.mean(A, 0, True, 3)
    with pytest.raises(TypeError, match="ddof"):
        ops.std(A, ddof=1)


DIFFERENTIABLE: dict[str, Callable[..., Any]] = {
    "append": lambda x: ops.append(x, x * 2, 1),
    "corrcoef": ops.corrcoef,
    "divide_no_nan": lambda x: ops.divide_no_nan(x, np.eye(3, 4)),
    "logdet": lambda x: ops.logdet(x @ x.T + np.eye(3)),
    "nanstd": lambda x: ops.nanstd(x, 0),
    "normalize": lambda x: ops.normalize(x, 1),
    "normalize by cubes": lambda x: ops.normalize(x, 1, 3),
    "segment_sum": lambda x: ops.segment_sum(x, np.array([1, 0, 1]), 2),
    "segment_max": lambda x: ops.segment_max(x, np.array([1, 0, 1]), 2),
    "segment_prod": lambda x: ops.segment_prod(x, np.array([1, 0, 1])),
    "scatter": lambda x: ops.scatter(np.array([[0], [2], [0]]), x, (4, 4)),
    "scatter_update": lambda x: ops.scatter_update(x * 2, np.array([[0, 1], [2, 2]]), x[0, :2]),
    "slice_update": lambda x: ops.slice_update(x * 2, (1, 1), x[:2, :2]),
    "trapezoid": ops.trapezoid,
    "vander": lambda x: ops.vander(x[0], 3),
    "rms_normalization": ops.rms_normalization,
    "layer_normalization": lambda x: ops.layer_normalization(x, x[0], x[1]),
    "scan": lambda x: ops.scan(lambda c, row: (c * row, c + row), x[0], x)[1],
    "map": lambda x: ops.map(ops.exp, x),
}


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_gradients(name: str) -> None:
    gradcheck(DIFFERENTIABLE[name], Tensor(A, requires_grad=True))


@pytest.mark.parametrize(
    "function",
    [
        lambda x, k: ops.conv(x, k, 1, "same"),
        lambda x, k: ops.conv_transpose(x, ops.swapaxes(k, 2, 3), 2, "same"),
        lambda x, k: ops.depthwise_conv(x, k, 2),
        lambda x, k: ops.separable_conv(x, k[..., :1], k[:1, :1]),
        lambda x, k: ops.average_pool(x, 2, 2, "same") * ops.sum(k),
    ],
)
def test_gradients_of_windows(function: Callable[..., Any]) -> None:
    gradcheck(function, Tensor(IMAGE, requires_grad=True), Tensor(KERNEL, requires_grad=True))


def test_words_are_steps_of_functional_models() -> None:
    x = keras.Input((4, 6, 2))
    out = ops.max_pool(ops.conv(x, KERNEL.astype("float32"), padding="same"), 2)
    out = ops.mean(ops.normalize(out, -1), axis=[1, 2])
    model = keras.Model(x, ops.one_hot(ops.argmax(out, 1), 3) * out)
    assert model.output_shape == (None, 3)
    data = RNG.standard_normal((2, 4, 6, 2)).astype("float32")
    again = keras.models.model_from_json(model.to_json())
    assert np.array_equal(again.predict(data, verbose=0), model.predict(data, verbose=0))


def test_tests_and_counts_are_steps_too() -> None:
    """They give plain arrays, which a functional model once took for constants."""
    x = keras.Input((3,))
    positive = ops.greater(x, 0.0)
    flipped = ops.where(positive, x, -x)
    order = ops.take_along_axis(x, ops.argsort(x, 1), 1)
    model = keras.Model(x, [flipped, order, ops.cast(ops.equal(x, 0.0), "float32"), ops.count_nonzero(x, 1)])
    data = np.array([[1, -2, 0], [0, 0, -3]], "float32")
    outputs = model.predict(data, verbose=0)
    assert np.array_equal(outputs[0], abs(data))
    assert np.array_equal(outputs[1], np.sort(data, 1))
    assert np.array_equal(outputs[2], data == 0)
    assert outputs[3].tolist() == [2, 1]


def test_control() -> None:
    assert ops.cond(True, lambda: 1, lambda: 2) == 1
    assert [ops.switch(i, [lambda: "a", lambda: "b"]) for i in (-3, 0, 1, 9)] == ["a", "a", "b", "b"]
    assert ops.fori_loop(2, 5, lambda i, v: v + i, 0) == 9
    assert ops.while_loop(lambda i: i < 100, lambda i: i * 2, 1) == 128
    assert ops.while_loop(lambda i, v: True, lambda i, v: (i + 1, v * 2), (0, 1), maximum_iterations=3) == (3, 8)


def test_counts_and_sets_are_tensors_without_a_graph() -> None:
    x = Tensor([1.0, 0.0, 1.0], requires_grad=True)
    assert ops.unique(x).tolist() == [0, 1]
    assert ops.nonzero(x)[0].tolist() == [0, 2]
    assert ops.bitwise_and(np.array([6]), np.array([3])).tolist() == [2]
    assert ops.isin(np.array([1, 2]), np.array([2])).tolist() == [False, True]
    assert not ops.unique(x).requires_grad


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ops.conv(np.ones((2, 3)), np.ones((1, 1, 1))), ShapeError, r"conv: \(batch, \*size, channels\)"),
        (lambda: ops.segment_sum(Tensor(A), np.array([0, 1])), ShapeError, "one number for each of 3 slices"),
        (lambda: ops.unstack(Tensor(A), 2), ShapeError, "num=2, and axis 0"),
        (lambda: ops.scatter_update(A, [[0, 0]], [1.0], "max"), ValueError, "reduction is None or 'add'"),
        (lambda: ops.one_hot([1], 2, sparse=True), ValueError, "sparse=True is not supported"),
    ],
)
def test_what_cannot_be_meant_is_refused(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
