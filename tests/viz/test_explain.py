"""The backward walk told step by step: what it says is what the engine does, and looking changes nothing."""

from __future__ import annotations

import re

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, ops, viz
from tinygrad_edu.engine.errors import GraphError, InPlaceError
from tinygrad_edu.engine.walk import walk
from tinygrad_edu.viz._backward import kept, steps, total_gradients
from tinygrad_edu.viz._rules import RULES

rng = np.random.default_rng(0)


def seed_network() -> tuple[nn.Sequential, tg.Tensor]:
    """784-10-10 on 32 images, with its loss."""
    tg.set_random_seed(0)
    model = nn.Sequential(nn.Linear(784, 10), nn.ReLU(), nn.Linear(10, 10))
    images = tg.Tensor(rng.normal(size=(32, 784)).astype(np.float32))
    return model, ops.cross_entropy(model(images), rng.integers(0, 10, 32))


def test_the_seed_network_reads_like_the_lesson_on_backpropagation() -> None:
    told = seed_network()[1].explain()
    assert [step.forward for step in told] == [
        "L = cross_entropy(Z2, Y)", "Z2 = linear(A1, W2, b2)", "A1 = relu(Z1)", "Z1 = linear(X, W1, b1)",
    ]  # fmt: skip
    assert [sent[:3] for step in told for sent in step.sends] == [
        ("dZ2", "dL / m * (softmax(Z2) - Y)", "(32, 10)"),
        ("dA1", "dZ2 @ W2^T", "(32, 10)"),
        ("dW2", "A1^T @ dZ2", "(10, 10)"),
        ("db2", "dZ2, summed over the rows", "(10,)"),
        ("dZ1", "dA1 * (Z1 > 0)", "(32, 10)"),
        ("dW1", "X^T @ dZ1", "(784, 10)"),
        ("db1", "dZ1, summed over the rows", "(10,)"),
    ]
    assert told.end.startswith("All leaves have their gradients: dW1 (784, 10), db1 (10,), dW2 (10, 10), db2 (10,).")


def test_by_hand_in_numpy_words_it_reads_the_same() -> None:
    W1, b1 = (tg.tensor(a, requires_grad=True) for a in (rng.normal(size=(5, 4)), np.zeros(4)))
    Z1 = tg.tensor(rng.normal(size=(3, 5))) @ W1 + b1
    told = ops.tanh(Z1).sum().explain()
    assert told[1].forward == "A1 = tanh(Z1)"
    assert told[2].sends[1] == (
        "db1",
        "dZ1",
        "(4,)",
        told[2].sends[1][3],
        "then summed over axis 0: b1 (4,) was repeated to (3, 4)",
    )
    assert told[3].forward == "P1 = matmul(X, W1)"


def test_the_gradients_are_those_of_the_engine() -> None:
    model, loss = seed_network()
    total = total_gradients(loss)
    loss.backward()
    for p in model.parameters():
        assert np.array_equal(total[p], p.grad.data)


def test_what_is_used_twice_on_the_way_collects_before_it_goes_on() -> None:
    a = tg.tensor([1.0, 2.0], requires_grad=True)
    b = a * 3
    y = (b * b + b).sum()
    total = total_gradients(y)
    assert total[b].tolist() == [7, 13]
    assert total[a].tolist() == [21, 39]


def test_nothing_is_changed_by_looking() -> None:
    model, loss = seed_network()
    heard = []
    loss.register_hook(heard.append)
    first, second = str(loss.explain()), str(loss.explain())
    assert first == second
    assert all(p.grad is None for p in model.parameters())
    assert not heard
    loss.backward()
    assert all(p.grad is not None for p in model.parameters())


def test_a_value_that_is_used_twice_collects() -> None:
    a = tg.tensor([1.0, 2.0], requires_grad=True)
    told = (a * a).sum().explain()
    assert [sent[4] for sent in told[1].sends] == ["one of 2 gradients that a collects"] * 2


def test_a_seed_begins_the_walk() -> None:
    a = tg.tensor([1.0, 2.0], requires_grad=True)
    y = a * 3
    assert y.explain(seed=[1, 10])[0].arrives == "dy comes in: (2,), [1, 10]"
    with pytest.raises(GraphError, match="needs a seed"):
        y.explain()


def test_what_was_changed_since_is_refused_as_backward_refuses_it() -> None:
    a = tg.tensor([1.0, 2.0], requires_grad=True)
    y = (a * a).sum()
    with tg.no_grad():
        a[0] = 5.0
    with pytest.raises(InPlaceError, match="changed in place"):
        y.explain()


def test_what_an_op_keeps_is_named() -> None:
    _, loss = seed_network()
    told = loss.explain()
    assert told[3].keeps == "kept for this step: X"
    walked = list(steps(loss))
    assert sum(n for _, n in kept(walked[3]).values()) == 32 * 784 * 4


def test_an_op_of_the_users_is_explained_by_its_documentation_or_as_described() -> None:
    @tg.op
    def thrice(x):
        """3 x.

        Gradient: 3 g, whatever
        x is.
        Errors: none.
        """
        return 3 * x, lambda g: 3 * g

    x = tg.tensor(1.0, requires_grad=True)
    assert thrice(x).explain()[0].why == "Gradient: 3 g, whatever x is."
    viz.describe("thrice", "3 * {g}", why="Three times as steep.")
    try:
        step = thrice(x).explain(names={"y": x})[0]
    finally:
        del RULES["thrice"]
    assert (step.sends[0][1], step.why) == (f"3 * d{step.forward.split()[0]}", "Three times as steep.")


def test_several_results_of_an_op() -> None:
    x = tg.tensor(np.arange(4.0), requires_grad=True)
    a, b = ops.split(x, 2)
    text = str((a * b).sum().explain())
    assert "a = pick(split1, 0)" in text
    assert "dx" in text


EXPRESSIONS = [name for name, rule in RULES.items() if rule.formulas and "," not in rule.formulas[0] and name != "pick"]


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_the_formulas_are_right(name: str) -> None:
    """Each that is an expression, computed in numpy, is the gradient that the engine finds."""
    x, y = rng.uniform(0.5, 2, (3, 4)), rng.uniform(0.5, 2, (3, 4))
    given = {
        "matmul": (x, y.T),
        "linear": (x, y.T, y[:, 0]),
        "cross_entropy": (x, np.array([0, 3, 1])),
        "power": (x, 3.0),
    }
    binary = name in ("add", "subtract", "multiply", "divide")
    arrays = given.get(name, (x, y) if binary else (x,))
    tensors = [
        tg.Tensor(a, requires_grad=np.asarray(a).dtype.kind == "f" and np.ndim(a) > 0) if np.ndim(a) else a
        for a in arrays
    ]
    out = getattr(ops, name)(*tensors)
    g = rng.normal(size=out.shape)
    words = {"g": g, "out": out.data, **{f"x{i}": a for i, a in enumerate(arrays)}, "m": 3, "Y": np.eye(4)[[0, 3, 1]]}
    wrt = [t for t in tensors if isinstance(t, tg.Tensor) and t.requires_grad]
    places = [i for i, t in enumerate(tensors) if isinstance(t, tg.Tensor) and t.requires_grad]
    found = dict(walk(out, g, inputs=wrt))
    for i, t in zip(places, wrt, strict=True):
        formula = RULES[name].formulas[i]
        if "," in formula:
            continue
        code = re.sub(r"(\w+)\^T", r"\1.T", formula.format("x0", "x1", "x2", g="g", out="out"))
        helpers = {"sum": lambda v: v.sum(axis=-1, keepdims=True), "softmax": lambda v: ops.softmax(v)}
        assert np.allclose(eval(code, helpers | words), found[t]), formula


def test_html_escapes_and_holds_every_step() -> None:
    x = tg.tensor(1.0, requires_grad=True)
    html = ops.relu(x).explain(names={"<b>": x})._repr_html_()
    assert "&lt;b&gt;" in html
    assert "d<b>" not in html
    assert html.count("<li>") == 1
