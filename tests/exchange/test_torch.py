"""Weights in PyTorch's layout, where PyTorch itself is not needed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from helpers import zoo

from tinygrad_edu import Tensor, io, keras, nn
from tinygrad_edu.engine.errors import CheckpointError, ExchangeError, MissingExtraError


def test_names_and_shapes_are_pytorch_s() -> None:
    shapes = {n: a.shape for n, a in io.torch_state(zoo.convnet()).items()}
    assert shapes == {
        "0.weight": (4, 2, 3, 3), "0.bias": (4,),
        "1.weight": (4,), "1.bias": (4,), "1.running_mean": (4,), "1.running_var": (4,), "1.num_batches_tracked": (),
        "4.weight": (6, 4, 3, 3), "4.bias": (6,), "8.weight": (5, 24), "8.bias": (5,),
    }  # fmt: skip


def test_gates_in_pytorch_s_order() -> None:
    layer = nn.GRU(1, 1)
    layer.weight.data[...] = [[1, 2, 3]]  # z, r, n
    layer.bias.data[...] = [[1, 2, 3], [4, 5, 6]]
    state = io.torch_state(layer)
    assert state["weight_ih_l0"].ravel().tolist() == [2, 1, 3]  # r, z, n
    assert state["bias_ih_l0"].tolist() == [2, 1, 3]
    assert state["bias_hh_l0"].tolist() == [5, 4, 6]


@pytest.mark.parametrize("network", zoo.NETWORKS)
def test_arrays_go_there_and_back(network: type) -> None:
    model = zoo.subject(network).model
    other = io.from_torch(io.torch_state(model), zoo.subject(network, start=1).model)
    before = model.state_dict()
    assert all(np.array_equal(a, before[n]) for n, a in other.state_dict().items())


def test_parameters_of_modules_of_one_s_own_go_as_they_are() -> None:
    class Scale(nn.Module):
        def __init__(self) -> None:
            self.factor = nn.Parameter(np.arange(6.0).reshape(2, 3))

        def forward(self, x: Tensor) -> Tensor:
            return x * self.factor

    assert io.torch_state(Scale())["factor"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_tied_weights_have_both_names_there_and_stay_tied_here() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            self.first, self.second = nn.Linear(3, 3), nn.Linear(3, 3)
            self.second.weight = self.first.weight

    model, other = Tied(), Tied()
    state = io.torch_state(model)
    assert np.array_equal(state["first.weight"], state["second.weight"])
    io.from_torch(state, other)
    assert other.second.weight is other.first.weight
    assert np.array_equal(other.first.weight.data, model.first.weight.data)


def test_a_state_that_does_not_fit_changes_nothing() -> None:
    model = zoo.seed()
    before = model.state_dict()
    state = io.torch_state(model)
    with pytest.raises(CheckpointError, match=r"0.weight is \(784, 10\) float32 in Sequential, \(784, 11\)"):
        io.from_torch(state | {"0.weight": np.zeros((11, 784), np.float32)}, model)
    with pytest.raises(CheckpointError, match=r"only in the state: 0\.scale"):
        io.from_torch(state | {"0.scale": np.zeros(3)}, model)
    assert all(np.array_equal(a, before[n]) for n, a in model.state_dict().items())


def test_layers_in_keras_s_words_have_pytorch_s_layouts() -> None:
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((6, 6, 2)), layers.Conv2D(3, (2, 1)), layers.BatchNormalization(scale=False), layers.DepthwiseConv2D(2),
         layers.Reshape((4, 15)), layers.Bidirectional(layers.GRU(2)), layers.Dense(5)]
    )  # fmt: skip
    state = io.torch_state(model)
    shapes = [a.shape for a in state.values()]
    assert shapes[:9] == [(3, 2, 2, 1), (3,), (3,), (3,), (3,), (3,), (), (3, 1, 2, 2), (3,)]
    assert shapes[9:] == [(6, 15), (6, 2), (6,), (6,)] * 2 + [(5, 4), (5,)]
    before = [p.data.copy() for p in model.weights]
    other = keras.models.clone_model(model)
    io.from_torch({n: a + 0 for n, a in state.items()}, other)
    assert all(np.array_equal(a, p.data) for a, p in zip(before, other.weights))


def test_a_scale_that_a_norm_does_not_have_is_no_loss() -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.LayerNormalization(scale=False)])
    state = io.torch_state(model)
    assert state["0.weight"].tolist() == [1, 1, 1]
    io.from_torch(state, model)
    with pytest.raises(CheckpointError, match=r"only in the state: 0\.gamma"):
        io.from_torch(state | {"0.weight": np.full(3, 2, np.float32)}, model)


def test_layers_in_keras_s_words_that_pytorch_does_not_have() -> None:
    x = keras.Input((3, 4))
    model = keras.Model(x, keras.layers.MultiHeadAttention(2, 2)(x, x))
    for attempt in (lambda: io.torch_state(model), lambda: io.from_torch({"weight": np.zeros((2, 3))}, model)):
        with pytest.raises(ExchangeError, match="to_keras takes it to Keras, export_onnx"):
            attempt()


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: io.from_torch("net.pt"),
        lambda: io.from_keras("net.keras", zoo.seed()),
    ],
)
def test_files_are_not_read(attempt: Callable[[], object]) -> None:
    with pytest.raises(TypeError, match="A file is"):
        attempt()


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"to_torch needs torch.*tinygrad-edu\[torch\]"):
        io.to_torch(zoo.seed())


def test_dlpack_between_arrays_is_free() -> None:
    t = Tensor(np.arange(3.0))
    array = np.from_dlpack(t)
    assert np.shares_memory(array, t.data)
    assert t.__dlpack_device__() == (1, 0)
    assert np.shares_memory(Tensor(array).data, t.data)


def test_exchange_loads_no_other_framework() -> None:
    code = """
import sys, tinygrad_edu
loaded = 'tinygrad_edu.exchange' in sys.modules
tinygrad_edu.io.to_torch, tinygrad_edu.io.export_onnx
print(loaded, sorted({'torch', 'keras', 'onnx', 'mpi4py', 'jax'} & set(sys.modules)))
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False []"
