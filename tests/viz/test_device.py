"""Models on another device: looking at them copies to the host what is shown, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers.device import standing_in

import tinygrad_edu as tg
from tinygrad_edu import nn, viz


@pytest.fixture(autouse=True)
def elsewhere() -> Iterator[None]:
    with standing_in("elsewhere"):
        yield


X, Y = np.random.default_rng(0).random((20, 64)).astype(np.float32), np.arange(20) % 4


def network(where: str) -> nn.Sequential:
    tg.set_random_seed(0)
    return nn.Sequential(nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, 4), nn.Softmax(), name="net").to(where)


def loss(where: str) -> tg.Tensor:
    return (network(where)(tg.Tensor(X).to(where)) ** 2).mean()


def test_explanations_and_graphs_are_those_of_the_host() -> None:
    assert str(loss("elsewhere").explain()) == str(loss("cpu").explain())
    there, here = (viz.graph(loss(where), values=True, gradients=True).text() for where in ("elsewhere", "cpu"))
    assert there == here
    assert loss("elsewhere")._repr_html_() == loss("cpu")._repr_html_()


def test_the_report_is_that_of_the_host(tmp_path: Path) -> None:
    pages = [viz.report(None, network(where), (X, Y), tmp_path / where) for where in ("elsewhere", "cpu")]
    assert pages[0].read_text() == pages[1].read_text()
