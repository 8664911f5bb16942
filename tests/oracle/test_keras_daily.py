"""Whole scripts of daily life beside Keras's own: what logs say, what things are called, what is carried on.

Run: KERAS_BACKEND=jax python -m pytest -m oracle tests/oracle/test_keras_daily.py
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import keras as ours

theirs = pytest.importorskip("keras")
pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

RNG = np.random.default_rng(9)
X = RNG.standard_normal((10, 3)).astype("float32")
Y = RNG.standard_normal((10, 1)).astype("float32")
Logs = dict[str, list[float]]


def started(model: Any) -> Any:
    """The model with weights that do not depend on who made them."""
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(0, 0.3, w.shape).astype("float32") for w in model.get_weights()])
    return model


def kept_by_the_model(k: Any) -> Logs:
    """A loss of one's own, and a mean of it among the attributes."""

    class Own(k.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.dense = k.layers.Dense(1)
            self.tracker = k.metrics.Mean(name="squares")

        def call(self, x: Any) -> Any:
            return self.dense(x)

        def compute_loss(
            self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
        ) -> Any:
            loss = k.ops.mean(k.ops.square(y - y_pred))
            self.tracker.update_state(loss)
            return loss

    model = Own()
    model(X[:2])
    started(model).compile("sgd")
    history = model.fit(X, Y, batch_size=4, epochs=2, shuffle=False, verbose=0, validation_data=(X, Y)).history
    return history | {"evaluate": list(model.evaluate(X, Y, verbose=0, return_dict=True).values())}


def a_list_of_ones_own(k: Any) -> Logs:
    """A property ``metrics``: these alone are shown and reset."""

    class Own(k.Sequential):  # type: ignore[misc]
        @property
        def metrics(self) -> list[Any]:
            return [self.mean, self.mae]

        def compute_loss(
            self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
        ) -> Any:
            loss = k.ops.mean(k.ops.square(y - y_pred))
            self.mean.update_state(loss)
            self.mae.update_state(y, y_pred)
            return loss

    model = Own([k.Input((3,)), k.layers.Dense(1)])
    model.mean, model.mae = k.metrics.Mean(name="loss"), k.metrics.MeanAbsoluteError(name="mae")
    started(model).compile("adam")
    return model.fit(X, Y, batch_size=4, epochs=2, shuffle=False, verbose=0).history  # type: ignore[no-any-return]


def kept_by_a_layer(k: Any) -> Logs:
    """A layer with targets as its second input, its own loss and its own metric."""

    class Endpoint(k.layers.Layer):  # type: ignore[misc]
        def __init__(self, name: str | None = None) -> None:
            super().__init__(name=name)
            self.loss, self.error = k.losses.MeanSquaredError(), k.metrics.MeanAbsoluteError(name="error")

        def call(self, outputs: Any, targets: Any = None) -> Any:
            if targets is not None:
                self.add_loss(self.loss(targets, outputs))
                self.error.update_state(targets, outputs)
            return outputs

    if k is theirs:  # whose metrics refuse the symbolic call of this backend; their numbers are those of compile
        inputs = k.Input((3,))
        model = k.Model(inputs, k.layers.Dense(1)(inputs))
        started(model).compile("sgd", "mse", metrics=[k.metrics.MeanAbsoluteError(name="error")])
        return model.fit(X, Y, epochs=2, batch_size=4, shuffle=False, verbose=0).history  # type: ignore[no-any-return]
    inputs, targets = k.Input((3,), name="inputs"), k.Input((1,), name="targets")
    model = k.Model([inputs, targets], Endpoint()(k.layers.Dense(1)(inputs), targets))
    started(model).compile("sgd")
    both = {"inputs": X, "targets": Y}
    return model.fit(both, epochs=2, batch_size=4, shuffle=False, verbose=0).history  # type: ignore[no-any-return]


def functions_as_metrics(k: Any) -> Logs:
    """Their names in logs."""

    def myError(y_true: Any, y_pred: Any) -> Any:  # noqa: N802 - as people write it
        return k.ops.mean(k.ops.abs(y_true - y_pred), axis=-1)

    model = k.Sequential([k.Input((3,)), k.layers.Dense(1)])
    metrics = [myError, lambda y_true, y_pred: y_pred, k.metrics.mean_absolute_error, "r2_score"]
    started(model).compile("sgd", "mse", metrics=metrics)
    return model.fit(X, Y, epochs=2, shuffle=False, verbose=0).history  # type: ignore[no-any-return]


@pytest.mark.parametrize("script", [kept_by_the_model, a_list_of_ones_own, kept_by_a_layer, functions_as_metrics])
def test_logs(script: Callable[[Any], Logs]) -> None:
    mine, reference = script(ours), script(theirs)
    assert list(mine) == list(reference)
    for key in reference:
        np.testing.assert_allclose(mine[key], reference[key], rtol=1e-4, atol=1e-6)


def test_names() -> None:
    def names(k: Any) -> list[str]:
        k.backend.clear_session()

        class Net(k.Model):  # type: ignore[misc]
            def call(self, x: Any) -> Any:
                return x

        a, b, c = k.Input((2,)), k.Input((2,), name="mine"), k.Input((2,))
        models = [k.Model([a, b, c], a + b + c), k.Sequential(), Net(), k.Model(a, a * 2), k.Sequential(), Net()]
        return [layer.name for layer in models[0].layers if "input" in layer.name or layer.name == "mine"] + [
            m.name for m in models
        ]

    assert names(ours) == names(theirs)


def array(value: Any) -> Any:
    """A Tensor of either as an array."""
    return np.array(value.numpy() if hasattr(value, "numpy") else value)


@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
def test_states(kind: str) -> None:
    x = RNG.standard_normal((2, 3, 2)).astype("float32")

    def outputs(k: Any) -> list[Any]:
        layer = getattr(k.layers, kind)(4, stateful=True)
        k.Sequential([k.Input(batch_shape=(2, 3, 2)), layer])
        started(layer)
        values = [array(state) for state in layer.states]
        values += [array(layer(x)) for _ in range(2)]
        values += [array(state) for state in layer.states]
        layer.reset_state()
        return [*values, array(layer(x)), len(layer.get_weights())]

    for mine, reference in zip(outputs(ours), outputs(theirs), strict=True):
        np.testing.assert_allclose(mine, reference, rtol=1e-4, atol=1e-5)
