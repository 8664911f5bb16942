"""Models on another device: their weights go out by the host, and an export asks for the host."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from helpers import zoo
from helpers.device import standing_in
from helpers.threads import Room, ThreadWorld

from tinygrad_edu import io
from tinygrad_edu.engine.errors import DeviceError, ExchangeError
from tinygrad_edu.exchange._recording import program
from tinygrad_edu.optim import SGD
from tinygrad_edu.parallel._sums import Gradients


@pytest.fixture(autouse=True)
def elsewhere() -> Iterator[None]:
    with standing_in("elsewhere"):
        yield


def test_weights_go_out_and_come_in() -> None:
    model = zoo.subject(zoo.convnet).model
    states, lists = io.torch_state(model), io.to_keras(model)
    model.to("elsewhere")
    assert all(np.array_equal(a, states[n]) for n, a in io.torch_state(model).items())
    assert all(np.array_equal(a, b) for a, b in zip(io.to_keras(model), lists))
    io.from_torch({n: a + 1 for n, a in states.items()}, model)
    assert {p.device for p in model.parameters()} == {"elsewhere"}
    assert all(np.array_equal(a, states[n] + 1) for n, a in io.torch_state(model).items() if "num" not in n)


def test_what_needs_the_host_says_so() -> None:
    model, x = zoo.subject(zoo.seed)
    model.to("elsewhere")
    with pytest.raises(ExchangeError, match=r"Move it to the host first: model\.to\('cpu'\)"):
        program(model, x)
    optimizer = SGD(model.parameters())
    with pytest.raises(DeviceError, match="adds up gradients in the host's memory"):
        Gradients(optimizer.groups[0].flats[0], ThreadWorld(Room(1), 0))
