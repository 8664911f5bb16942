"""PyTorch itself takes our weights and gives its own: six networks predict the same on both sides.

Run: python -m pytest -m oracle tests/oracle/test_exchange_torch.py
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import zoo

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.engine.errors import CheckpointError, ExchangeError
from tinygrad_edu.io import ExchangeWarning, from_torch, to_torch, torch_state

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle


class Block(torch.nn.Module):  # type: ignore[misc]
    """``zoo.Block`` in PyTorch."""

    def __init__(self, words: int = 20, width: int = 8, heads: int = 2) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(words, width)
        self.attention = torch.nn.MultiheadAttention(width, heads, batch_first=True)
        self.first_norm = torch.nn.LayerNorm(width)
        self.up = torch.nn.Linear(width, 16)
        self.down = torch.nn.Linear(16, width)
        self.second_norm = torch.nn.LayerNorm(width)
        self.head = torch.nn.Linear(width, 2)

    def forward(self, ids: Any) -> Any:
        x = self.embedding(ids)
        x = self.first_norm(x + self.attention(x, x, x, need_weights=False)[0])
        x = self.second_norm(x + self.down(torch.nn.functional.gelu(self.up(x))))
        return self.head(x.mean(dim=1))


def theirs(net: Any, x: Any) -> Any:
    with torch.no_grad():
        return net(torch.from_numpy(x)).numpy()


@pytest.mark.parametrize("network", zoo.NETWORKS)
def test_there_and_back(network: Callable[[], Any]) -> None:
    model, x = zoo.subject(network)
    net = to_torch(model, Block().eval()) if network is zoo.Block else to_torch(model)
    expected = zoo.predictions(model, x)
    np.testing.assert_allclose(theirs(net, x), expected, rtol=0, atol=1e-6)

    for p in net.parameters():  # other weights, so that coming back is seen
        p.data += 0.01
    back = from_torch(net, network()) if network is zoo.Block else from_torch(net)
    np.testing.assert_allclose(zoo.predictions(back, x), theirs(net, x), rtol=0, atol=1e-6)
    assert not np.allclose(zoo.predictions(back, x), expected, atol=1e-6)


@pytest.mark.parametrize("network", zoo.NETWORKS)
def test_a_state_dict_is_enough(network: Callable[[], Any]) -> None:
    model, x = zoo.subject(network)
    state = to_torch(model, Block()).state_dict() if network is zoo.Block else to_torch(model).state_dict()
    other = zoo.subject(network, start=1).model
    np.testing.assert_array_equal(zoo.predictions(from_torch(state, other), x), zoo.predictions(model, x))


def test_a_safetensors_file_in_pytorch_s_names(tmp_path: Path) -> None:
    load_file = pytest.importorskip("safetensors.torch").load_file
    model, x = zoo.subject(zoo.convnet)
    tg.save(torch_state(model), tmp_path / "net.safetensors")
    net = to_torch(zoo.convnet())
    net.load_state_dict(load_file(tmp_path / "net.safetensors"))
    np.testing.assert_allclose(theirs(net, x), zoo.predictions(model, x), rtol=0, atol=1e-6)


@pytest.mark.parametrize(("make", "shape"), zoo.LAYERS, ids=zoo.title)
def test_every_layer(make: Callable[[], nn.Module], shape: tuple[int, ...]) -> None:
    model, x = zoo.around(make, shape)
    net = to_torch(model)
    expected = zoo.predictions(model, x)
    np.testing.assert_allclose(theirs(net, x), expected, rtol=0, atol=2e-6)
    back = from_torch(net)
    np.testing.assert_array_equal(zoo.predictions(back, x), expected)
    assert type(back[0]) is type(model[0])


def test_layers_are_matched_in_order_where_names_differ() -> None:
    class Net(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = torch.nn.Linear(784, 10), torch.nn.Linear(10, 10)

        def forward(self, x: Any) -> Any:
            return torch.softmax(self.second(torch.relu(self.first(x))), -1)

    model, x = zoo.subject(zoo.seed)
    np.testing.assert_allclose(theirs(to_torch(model, Net()), x), zoo.predictions(model, x), rtol=0, atol=1e-6)


def test_a_model_in_float64_stays_so() -> None:
    model, x = zoo.subject(zoo.deep, dtype=np.float64)
    net = to_torch(model)
    np.testing.assert_allclose(theirs(net, x), zoo.predictions(model, x), rtol=0, atol=1e-12)
    np.testing.assert_array_equal(zoo.predictions(from_torch(net), x), zoo.predictions(model, x))


def test_a_file_in_bfloat16(tmp_path: Path) -> None:
    net = torch.nn.Sequential(torch.nn.Linear(3, 2)).bfloat16()
    pytest.importorskip("safetensors.torch").save_file(net.state_dict(), tmp_path / "net.safetensors")
    model = from_torch(tg.load(tmp_path / "net.safetensors"), nn.Sequential(nn.Linear(3, 2)))
    np.testing.assert_array_equal(model[0].weight.data.T, net[0].weight.detach().float().numpy())


def test_a_network_in_bfloat16_comes_and_goes() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(3, 2)).bfloat16()
    model = from_torch(net)
    assert model[0].weight.dtype == np.float32
    np.testing.assert_array_equal(model[0].weight.data.T, net[0].weight.detach().float().numpy())
    model[0].weight.data[...] = 1.5
    assert to_torch(model, net)[0].weight.dtype == torch.bfloat16
    assert (net[0].weight == 1.5).all()


def test_tied_weights_stay_tied() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            self.first, self.second = nn.Linear(3, 3), nn.Linear(3, 3)
            self.second.weight = self.first.weight

    class TheirTied(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = torch.nn.Linear(3, 3), torch.nn.Linear(3, 3)
            self.second.weight = self.first.weight

    model, net = Tied(), TheirTied()
    to_torch(model, net)
    assert net.second.weight is net.first.weight
    np.testing.assert_array_equal(net.first.weight.detach().numpy(), model.first.weight.data.T)
    other = from_torch(net, Tied())
    assert other.second.weight is other.first.weight
    np.testing.assert_array_equal(other.first.weight.data, model.first.weight.data)


def unchanged(net: Any, action: Callable[[], Any], error: type[Exception], match: str) -> None:
    before = {n: t.clone() for n, t in net.state_dict().items()}
    with pytest.raises(error, match=match):
        action()
    assert all(torch.equal(t, before[n]) for n, t in net.state_dict().items())


def test_other_sizes_change_nothing() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(784, 10), torch.nn.ReLU(), torch.nn.Linear(10, 9))
    unchanged(net, lambda: to_torch(zoo.seed(), net), CheckpointError, r"2.weight is \(9, 10\) .* \(10, 10\)")


def test_another_number_of_layers_lists_both() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(784, 10))
    unchanged(
        net, lambda: to_torch(zoo.seed(), net), CheckpointError, "2 layers with weights.*has 1; number 2 has no partner"
    )


def test_two_layers_of_a_recurrent_one_are_not_lost() -> None:
    net = torch.nn.LSTM(3, 4, num_layers=2, batch_first=True)
    with pytest.raises(CheckpointError, match="weight_ih_l1"):
        from_torch(net, nn.LSTM(3, 4))
    with pytest.raises(ExchangeError, match="num_layers=2; 1 is needed"):
        from_torch(torch.nn.Sequential(net))


def test_what_pytorch_does_not_have() -> None:
    with pytest.raises(ExchangeError, match=r"GaussianNoise.*at '1' has no counterpart"):
        to_torch(nn.Sequential(nn.Linear(2, 2), nn.GaussianNoise(0.1)))
    with pytest.raises(ExchangeError, match="pads"):
        to_torch(nn.Sequential(nn.Conv1d(1, 1, 2, padding=((1, 0),))))


def test_what_we_do_not_have() -> None:
    with pytest.raises(ExchangeError, match="Bilinear at '0' cannot be made"):
        from_torch(torch.nn.Sequential(torch.nn.Bilinear(2, 2, 2)))
    with pytest.raises(TypeError, match="state_dict alone"):
        from_torch({"weight": np.zeros(2)})


LOST: list[tuple[Callable[[], Any], str]] = [  # what a layer of ours of the same name would not do
    (lambda: torch.nn.AvgPool2d(2, divisor_override=3), "AvgPool2d at '0' has divisor_override=3; None is needed"),
    (lambda: torch.nn.MaxPool2d(2, return_indices=True), "return_indices=True; False is needed"),
    (lambda: torch.nn.Upsample(scale_factor=1.5), r"scale_factor=1\.5, which is no whole number"),
    (lambda: torch.nn.Upsample(scale_factor=(2.0, 2.5)), r"scale_factor=\(2\.0, 2\.5\), which is no whole number"),
    (lambda: torch.nn.BatchNorm1d(3, momentum=None), "momentum=None, which averages all batches"),
    (lambda: torch.nn.Softmax(), "dim=None, which guesses the axis"),
    (lambda: type("Linear", (torch.nn.Linear,), {"forward": lambda self, x: x})(3, 2), r"\.Linear at '0' cannot"),
    (lambda: torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(2, 2)), "ParametrizedLinear at '0' cannot"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "message"), LOST)
def test_nothing_is_lost_without_a_word(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ExchangeError, match=message):
        from_torch(torch.nn.Sequential(make()))


def test_layers_that_have_no_weights_to_read_sizes_from() -> None:
    model, x = zoo.around(lambda: nn.GroupNorm(2, 4, affine=False), (2, 4, 3))
    net = to_torch(model)
    assert net[0].num_channels == 4
    np.testing.assert_allclose(theirs(net, x), zoo.predictions(model, x), rtol=0, atol=1e-6)
    np.testing.assert_array_equal(zoo.predictions(from_torch(net), x), zoo.predictions(model, x))


def test_the_epsilon_that_pytorch_leaves_open() -> None:
    x = np.float32([[1e-3, -2e-3, 3e-3]])
    net = torch.nn.RMSNorm(3)
    np.testing.assert_allclose(zoo.predictions(from_torch(net), x), theirs(net, x), rtol=0, atol=1e-6)


def test_recurrent_layers_that_go_backwards() -> None:
    model, x = zoo.around(lambda: nn.GRU(3, 4, return_sequences=True, go_backwards=True), (2, 5, 3))
    net = to_torch(model)
    np.testing.assert_allclose(theirs(net, x), zoo.predictions(model, x), rtol=0, atol=1e-6)
    np.testing.assert_array_equal(zoo.predictions(from_torch(net), x), zoo.predictions(model, x))


def test_a_layer_that_is_there_twice() -> None:
    linear, act = torch.nn.Linear(4, 4), torch.nn.ReLU()
    net = torch.nn.Sequential(linear, act, torch.nn.Sequential(linear, act))
    x = np.random.default_rng(0).standard_normal((5, 4)).astype(np.float32)
    model = from_torch(net)
    assert model[2][0] is model[0]
    assert len(model[2]) == 2
    np.testing.assert_allclose(zoo.predictions(model, x), theirs(net, x), rtol=0, atol=1e-6)
    model[0].weight.data += 0.1
    back = to_torch(model)
    assert back[2][0] is back[0]
    np.testing.assert_allclose(theirs(back, x), zoo.predictions(model, x), rtol=0, atol=1e-6)
    np.testing.assert_allclose(theirs(to_torch(model, net), x), zoo.predictions(model, x), rtol=0, atol=1e-6)


def test_other_things_than_models() -> None:
    for attempt in (
        lambda: to_torch(3),
        lambda: to_torch(zoo.seed(), "net"),
        lambda: from_torch(torch.nn.ReLU(), "net"),
    ):
        with pytest.raises(TypeError, match="a model of ours"):
            attempt()


def test_another_epsilon_is_said() -> None:
    net = torch.nn.Sequential(torch.nn.LayerNorm(3, eps=0.1))
    with pytest.warns(ExchangeWarning, match="epsilon=1e-05 here and 0.1 there"):
        to_torch(nn.Sequential(nn.LayerNorm(3)), net)


def test_dlpack_shares_memory_both_ways() -> None:
    t = tg.Tensor(np.arange(6, dtype=np.float32).reshape(2, 3))
    there = torch.from_dlpack(t)
    there[0, 0] = 9
    assert t.numpy()[0, 0] == 9
    source = torch.arange(4, dtype=torch.float64)
    here = tg.Tensor(np.from_dlpack(source))
    source[1] = -1
    assert here.numpy()[1] == -1
    assert here.dtype == np.float64
