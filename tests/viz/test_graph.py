"""The computation graph as a picture."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, ops, viz
from tinygrad_edu.engine.errors import GraphError, NotReadyError
from tinygrad_edu.keras import Input, layers


def titles(diagram: viz.Diagram) -> list[str]:
    return [box.title for box in diagram.boxes.values()]


def rows(diagram: viz.Diagram) -> list[str]:
    return [" ".join(line.split()) for line in diagram.text().splitlines()]


def mlp() -> nn.Sequential:
    tg.set_random_seed(0)
    return nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 3))


class Block(nn.Module):
    def __init__(self) -> None:
        self.inner = nn.Sequential(nn.Linear(4, 4), nn.Tanh())

    def forward(self, x: tg.Tensor) -> tg.Tensor:
        return x + self.inner(x)


def test_a_tensor_shows_what_it_was_computed_from() -> None:
    x, w = tg.tensor(np.ones((2, 3))), tg.tensor(np.ones((3, 1)), requires_grad=True)
    y = ((x @ w) ** 2).sum()
    assert rows(viz.graph(y)) == [
        "[0] x (2, 3) float64",
        "[1] w (3, 1) float64",
        "[2] matmul (2, 1) float64 <- [0], [1]",
        "[3] power (2, 1) float64 <- [2]",
        "[4] sum y () float64 <- [3]",
    ]


def test_given_names_win_over_those_of_variables() -> None:
    w = tg.tensor([1.0], requires_grad=True)
    assert titles(viz.graph(w * 2, names={"slope": w})) == ["slope", "multiply"]


def test_values_and_gradients_are_shown_where_asked() -> None:
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    y = (w * w).sum()
    boxes = list(viz.graph(y, values=True, gradients=True).boxes.values())
    assert boxes[0].lines == ("(2,) float32", "value [1 2]", "grad [2 4]")
    assert boxes[-1].lines == ("y", "() float32", "value 5", "grad 1")
    assert not any("value" in line for box in viz.graph(y).boxes.values() for line in box.lines)


def test_drawing_changes_nothing() -> None:
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    seen = []
    y = (w * w).sum()
    y.register_hook(seen.append)
    viz.graph(y, gradients=True)
    assert w.grad is None
    assert not seen
    y.backward()
    assert w.grad.tolist() == [2, 4]


def test_a_model_is_folded_by_module() -> None:
    assert rows(viz.graph(mlp(), np.zeros((5, 6)))) == [
        "[0] input (5, 6) float64",
        "[1] Linear 0 (5, 4) float64 28 parameters <- [0]",
        "[2] ReLU 1 (5, 4) float64 <- [1]",
        "[3] Linear 2 (5, 3) float64 15 parameters <- [2]",
    ]


def test_depth_opens_the_modules() -> None:
    model = nn.Sequential(nn.Linear(4, 4), Block())
    assert titles(viz.graph(model, depth=1)) == ["input", "Linear", "Block"]
    assert titles(viz.graph(model, depth=2)) == ["input", "0.weight", "0.bias", "linear", "Sequential", "add"]
    ops_alone = ["input", "0.weight", "0.bias", "linear", "1.inner.0.weight", "1.inner.0.bias", "linear", "tanh", "add"]
    assert titles(viz.graph(model, depth=99)) == ops_alone


def test_a_large_model_is_folded_further() -> None:
    """Its innermost modules would be 81 boxes, so it is drawn one level up."""
    model = nn.Sequential(
        *(nn.Sequential(nn.Linear(2, 2), nn.Tanh()) for _ in range(20)), nn.Sequential(*[nn.Tanh()] * 41)
    )
    assert titles(viz.graph(model)) == ["input"] + ["Sequential"] * 21


def test_a_module_that_is_called_twice_is_two_boxes() -> None:
    x = Input((4,))
    dense = layers.Dense(4, name="both")
    model = tg.Model(x, dense(dense(x)))
    shared = ["both.kernel", "both.bias"]  # which belong to neither of the two alone
    assert titles(viz.graph(model)) == ["input", *shared, "Dense", "Dense"]


def test_layers_stand_in_the_order_in_which_they_were_written() -> None:
    """In training, a ReLU is computed after the pooling that follows it; a picture shows the model as it predicts."""
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2))
    model(np.zeros((1, 1, 6, 6)))
    assert titles(viz.graph(model)) == ["input", "Conv2d", "ReLU", "MaxPool2d"]


def test_boxes_are_listed_in_the_order_of_computation() -> None:
    """Also where a parameter is used before the input is: the text reads from top to bottom."""
    x = Input((3, 4))
    text = rows(viz.graph(tg.Model(x, layers.MultiHeadAttention(2, 2)(x, x))))
    assert text[0].startswith("[0] input")
    assert text[1].endswith("<- [0]")


def test_more_than_a_model() -> None:
    model, y = mlp(), np.array([0, 2])
    diagram = viz.graph(lambda x: ops.cross_entropy(model(x), y), np.zeros((2, 6), np.float32), model=model)
    assert titles(diagram) == ["input", "Linear", "ReLU", "Linear", "y", "cross_entropy"]


def test_the_modules_are_left_as_they_were() -> None:
    model = mlp()
    viz.graph(model)
    with pytest.raises(ZeroDivisionError):
        viz.graph(lambda x: model(x) / (1 // 0), np.zeros((1, 6)), model=model)
    assert not any("forward" in vars(module) for module in model.modules())


def test_an_op_with_several_results() -> None:
    x = tg.tensor(np.ones((4, 2)), requires_grad=True)
    a, b = ops.split(x, 2)
    assert titles(viz.graph((a * b).sum())) == ["x", "split", "pick", "pick", "multiply", "sum"]


def test_a_very_long_graph_is_cut() -> None:
    w = tg.tensor(1.0, requires_grad=True)
    y = w
    for _ in range(2000):
        y = y * 1.0
    diagram = viz.graph(y)
    assert titles(diagram)[0] == "… 1,601 earlier values"
    assert len(diagram.boxes) == 401


def test_ops_tell_what_they_do_on_hovering() -> None:
    w = tg.tensor(-1.0, requires_grad=True)
    assert "<title>Rectified linear unit: out_i = max(x_i, 0).</title>" in viz.graph(ops.relu(w)).svg()


def test_a_notebook_shows_the_picture() -> None:
    w = tg.tensor(-1.0, requires_grad=True)
    assert "<svg" in viz.graph(ops.relu(w))._repr_html_()


def test_without_a_graph_there_is_an_error() -> None:
    w = tg.tensor([1.0], requires_grad=True)
    with pytest.raises(GraphError, match="is a leaf: no op was recorded"):
        viz.graph(w)
    y = (w * w).sum()
    y.backward()
    with pytest.raises(GraphError, match="was freed by backward"):
        viz.graph(y)
    with pytest.raises(NotReadyError, match=r"Give an input: viz.graph\(model, x\)"):
        viz.graph(nn.Sequential(nn.Linear(3)))
