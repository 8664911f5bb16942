"""What Tensors, modules and reports show in a notebook."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, viz
from tinygrad_edu.keras import Input, layers


def cells(html: str) -> list[list[str]]:
    root = ElementTree.fromstring(html)
    return [[cell.text or "" for cell in row] for row in root.iter("tr")]


def text(html: str) -> str:
    return " ".join(ElementTree.fromstring(html).itertext())


def test_a_matrix_is_a_table() -> None:
    assert cells(tg.tensor([[1.5, -2.0], [0.25, 3.0]])._repr_html_()) == [["1.5", "-2"], ["0.25", "3"]]


def test_a_large_matrix_is_cut() -> None:
    rows = cells(viz.html(tg.Tensor(np.arange(400).reshape(20, 20))))
    assert len(rows) == 8
    assert rows[0] == ["0", "1", "2", "3", "4", "5", "…", "19"]
    assert rows[-1][-1] == "399"


def test_of_many_axes_the_last_two_are_shown() -> None:
    html = viz.html(tg.Tensor(np.arange(24.0).reshape(2, 3, 4)))
    assert "[0, :, :] of (2, 3, 4)" in html
    assert cells(html)[0] == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    "array",
    [np.float32(3), np.zeros((0, 3)), np.array([np.nan, np.inf]), np.array([True]), np.array([1 + 2j]), np.zeros(3)],
)
def test_every_array_has_a_look(array: np.ndarray) -> None:
    assert "Tensor" in text(viz.html(tg.Tensor(array)))


def test_what_a_tensor_is_stands_above_it() -> None:
    w = tg.tensor([1.0], requires_grad=True)
    y = w * 2
    y.backward()
    assert "(1,) · float32 · requires grad" in text(w._repr_html_())
    assert text(w._repr_html_()).endswith("grad 2")
    assert "made by" in text((w * 2)._repr_html_())


def test_a_model_is_the_table_of_its_layers() -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
    assert cells(model._repr_html_())[:2] == [["layer", "output", "parameters"], ["linear (Linear)", "(None, 3)", "15"]]
    assert "Total params: 15" in text(model._repr_html_())


def test_a_functional_model_shows_its_connections() -> None:
    x = Input((4,))
    y = layers.Add()([layers.Dense(4)(x), x])
    assert cells(viz.html(tg.Model(x, y)))[0] == ["layer", "output", "parameters", "connected to"]


def test_looking_builds_nothing() -> None:
    """The first numbers of a layer would otherwise be drawn when somebody looks."""
    model = nn.Sequential(nn.Linear(3), nn.Linear(5, 2))
    assert "not built" in text(viz.html(model))
    assert model[0].weight is None


def test_a_module_without_parts_shows_what_it_prints() -> None:
    assert text(viz.html(nn.Linear(2, 3))) == "Linear(2, 3)"


def test_gradcheck_reports_have_a_look_too() -> None:
    report = tg.gradcheck(lambda x: x * x, tg.tensor([2.0], dtype=np.float64))
    assert "<table>" in report._repr_html_()
