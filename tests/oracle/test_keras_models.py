"""Models beside Keras's own: from the same weights, the same losses, metrics and weights after 20 steps.

Run: KERAS_BACKEND=jax python -m pytest -m oracle tests/oracle/test_keras_models.py
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_edu.keras as ours
from tinygrad_edu.optim.optimizer import Optimizer, Options

theirs = pytest.importorskip("keras")
pytestmark = [
    pytest.mark.oracle,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]  # Keras's own
N = 40


def close(mine: Any, reference: Any) -> None:
    """Within 1e-4 of the largest entry."""
    mine, reference = np.asarray(mine), np.asarray(reference)
    assert mine.shape == reference.shape
    np.testing.assert_allclose(mine, reference, rtol=0, atol=1e-4 * max(1e-3, np.abs(reference).max(initial=0)))


def data(seed: int = 0) -> tuple[dict[str, Any], dict[str, Any]]:
    rng = np.random.default_rng(seed)
    x = {"left": rng.standard_normal((N, 6)), "right": rng.standard_normal((N, 6))}
    y = {"value": rng.standard_normal((N, 1)), "kind": rng.integers(0, 3, (N, 1))}
    return {k: v.astype("float32") for k, v in x.items()}, y


def two_towers(k: Any) -> Any:
    """Two inputs, a shared layer, operators, a nested model, two outputs."""
    left, right = k.Input(shape=(6,), name="left"), k.Input(shape=(6,), name="right")
    shared = k.layers.Dense(8, activation="tanh", name="shared")
    a, b = shared(left), shared(right)
    inner = k.Sequential([k.Input(shape=(8,)), k.layers.Dense(8, activation="relu"), k.layers.Dense(4)], name="inner")
    joined = k.layers.Concatenate()([inner(a) - b[:, :4], a * 2.0 + b, k.ops.exp(-(a**2))])
    value = k.layers.Dense(1, name="value")(joined)
    kind = k.layers.Dense(3, activation="softmax", name="kind")(joined)
    return k.Model([left, right], [value, kind], name="towers")


def by_dict(k: Any) -> Any:
    """Inputs and outputs as dicts."""
    inputs = {name: k.Input(shape=(6,), name=name) for name in ("left", "right")}
    hidden = k.layers.Dense(5, activation="relu", kernel_regularizer="l2")(k.layers.Add()(list(inputs.values())))
    outputs = {"value": k.layers.Dense(1)(hidden), "kind": k.layers.Dense(3, activation="softmax")(hidden)}
    return k.Model(inputs=inputs, outputs=outputs)


def subclass(k: Any) -> Any:
    """A model written as a class."""

    class Net(k.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.first = k.layers.Dense(7, activation="relu")
            self.value = k.layers.Dense(1)
            self.kind = k.layers.Dense(3, activation="softmax")

        def call(self, inputs: Any, training: bool = False) -> Any:
            h = self.first(inputs["left"]) + self.first(inputs["right"])
            return {"value": self.value(h), "kind": self.kind(h)}

    net = Net()
    net({name: np.zeros((1, 6), "float32") for name in ("left", "right")})
    return net


@pytest.mark.parametrize("build", [two_towers, by_dict, subclass])
def test_twenty_steps(build: Callable[[Any], Any]) -> None:
    x, y = data()
    mine, reference = build(ours), build(theirs)
    mine.set_weights(reference.get_weights())
    logs = []
    for k, model in ((ours, mine), (theirs, reference)):
        model.compile(
            optimizer=k.optimizers.Adam(learning_rate=0.01),
            loss={"value": "mse", "kind": "sparse_categorical_crossentropy"},
            loss_weights={"value": 0.5, "kind": 2.0},
            metrics={"value": ["mae"], "kind": ["accuracy"]},
        )
        logs.append(model.fit(x, y, batch_size=10, epochs=5, shuffle=False, verbose=0).history)
    assert set(logs[0]) == set(logs[1])
    for key in logs[0]:
        close(logs[0][key], logs[1][key])
    for w, v in zip(mine.get_weights(), reference.get_weights()):
        close(w, v)
    results = [m.evaluate(x, y, verbose=0, return_dict=True) for m in (mine, reference)]
    assert set(results[0]) == set(results[1])
    for key in results[0]:
        close(results[0][key], results[1][key])
    predictions = [m.predict(x, verbose=0) for m in (mine, reference)]
    names = list(predictions[0]) if isinstance(predictions[0], dict) else range(2)
    for name in names:
        close(predictions[0][name], predictions[1][name])


def test_what_a_model_knows_of_itself() -> None:
    def facts(model: Any) -> tuple[Any, ...]:
        return (
            [layer.name for layer in model.layers if not layer.name.startswith("concatenate")],
            model.name,
            [tuple(x.shape) for x in model.inputs],
            [tuple(x.shape) for x in model.outputs],
            model.output_names,
            model.count_params(),
            [w.shape for w in model.get_weights()],
            model.get_layer("shared").units,
        )

    assert facts(two_towers(ours)) == facts(two_towers(theirs))


def test_sequential_knows_the_same_shapes() -> None:
    facts = []
    for k in (ours, theirs):
        model = k.Sequential(name="net")
        model.add(k.Input(shape=(28, 28, 1)))
        model.add(k.layers.Conv2D(4, 3, activation="relu"))
        model.add(k.layers.MaxPooling2D())
        model.add(k.layers.Flatten())
        model.add(k.layers.Dense(10))
        model.add(k.layers.Dense(3))
        model.pop()
        features = k.Model(model.inputs, [layer.output for layer in model.layers[:2]])
        facts.append(
            (len(model.layers), model.output_shape, model.input_shape, features.output_shape, model.count_params())
        )
    assert facts[0] == facts[1]


def test_summary_is_keras_s_word_for_word() -> None:
    texts = []
    for k in (ours, theirs):
        model = k.Sequential(
            [k.Input((28, 28, 1)), k.layers.Conv2D(32, 3, name="conv"), k.layers.Flatten(name="flat")], name="net"
        )
        lines: list[str] = []
        model.summary(print_fn=lambda text, *_, lines=lines, **__: lines.append(text))
        text = "\n".join(lines).replace("│", " ").replace("┃", " ")
        texts.append([line.split() for line in text.splitlines() if any(map(str.isalpha, line))])
    assert texts[0] == texts[1]


WORDS = (
    "activations", "callbacks", "constraints", "initializers", "layers", "losses", "metrics", "ops", "optimizers",
    "optimizers.schedules", "random", "regularizers", "utils",
)  # fmt: skip


def public(room: str) -> list[tuple[str, Any, Any]]:
    """Everything that both have under one name, ours and theirs."""
    mine, reference = ours, theirs
    for part in room.split("."):
        mine, reference = getattr(mine, part), getattr(reference, part)
    names = [n for n in mine.__all__ if callable(getattr(mine, n)) and callable(getattr(reference, n, None))]
    return [(name, getattr(mine, name), getattr(reference, name)) for name in names]


@pytest.mark.parametrize("room", WORDS)
def test_every_argument_works_or_is_refused_by_name(room: str) -> None:
    """None is swallowed: what a signature does not have must not go into an open ``**kwargs`` unseen."""
    swallowed = []
    for name, mine, reference in public(room):
        if room == "layers" and not isinstance(mine, type):
            continue  # add(inputs, **kwargs) and its like hand on to their classes, which are walked
        own = dict(inspect.signature(mine).parameters)
        if isinstance(mine, type) and issubclass(mine, Optimizer) and mine is not Optimizer:
            own |= dict.fromkeys(Options.__annotations__, own["options"])
        if not any(p.kind is p.VAR_KEYWORD for p in own.values()):
            continue  # Python refuses by name
        for argument, p in inspect.signature(reference).parameters.items():
            if argument in own or p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL):
                continue
            required = {n: 2 for n, q in own.items() if q.default is q.empty and q.kind is q.POSITIONAL_OR_KEYWORD}
            marker = object()
            try:
                made = mine(**required | {argument: marker})
            except Exception as error:
                if argument in str(error) or repr(marker) in str(error):
                    continue
            else:
                if any(v is marker or (argument == "name" and v == str(marker)) for v in vars(made).values()):
                    continue
            swallowed.append(f"{name}({argument}=)")
    assert not swallowed


def test_the_walk_over_signatures_sees_much() -> None:
    assert sum(len(public(room)) for room in WORDS) > 200


SAME_MEANING = [  # written otherwise: 2 for (2, 2), no value for False or None, a name for an object
    ("pool_size", 2), ("strides", 1), ("dilation_rate", 1), ("padding", 1), ("alpha_initializer", "zeros"), ("axis", -1),
    ("dtype", np.float32), ("constant_values", 0), ("keepdims", np._NoValue), ("learning_rate", None),
]  # fmt: skip


@pytest.mark.parametrize("room", WORDS)
def test_defaults_are_keras_s(room: str) -> None:
    other = []
    for name, mine, reference in public(room):
        own, known = inspect.signature(mine).parameters, inspect.signature(reference).parameters
        for argument in own.keys() & known.keys():
            default, expected = own[argument].default, known[argument].default
            written_otherwise = (argument, default) in SAME_MEANING
            if default is not expected and default != expected and not written_otherwise:
                other.append(f"{name}({argument}={default!r}), Keras: {expected!r}")
    assert not other
