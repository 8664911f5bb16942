"""Metrics that a model or a layer keeps as an attribute, as Keras finds them: in logs, reset with each epoch, resumed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import keras
from tinygrad_edu.keras import layers

X = np.random.default_rng(0).standard_normal((10, 3)).astype("float32")
Y = X[:, :1] * 2


class Counting(layers.Layer):
    """Counts the samples that pass."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.count = keras.metrics.Sum(name="count")

    def call(self, inputs: Any) -> Any:
        self.count.update_state(float(len(inputs)))
        return inputs


def counting() -> Any:
    model = keras.Sequential([keras.Input((3,)), Counting(), layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    return model


def test_a_metric_of_a_layer_stands_in_the_logs_of_each_epoch() -> None:
    model = counting()
    assert model.fit(X, Y, epochs=2, batch_size=4, verbose=0).history["count"] == [10.0, 10.0]
    assert model.metrics_names == ["loss", "mae", "count"]
    assert model.evaluate(X, Y, verbose=0)[2] == 10.0


def test_a_metric_of_the_model() -> None:
    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense, self.worst = layers.Dense(1), keras.metrics.Mean(name="worst")

        def call(self, inputs: Any) -> Any:
            return self.dense(inputs)

        def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, **options: Any) -> Any:
            errors = abs(y - y_pred)
            self.worst.update_state(float(errors.max()))
            return (errors**2).mean()

    model = Own()
    model.compile("sgd")
    history = model.fit(X, Y, verbose=0).history
    assert history["worst"][0] ** 2 > history["loss"][0]


def test_a_list_of_ones_own_says_what_logs_show() -> None:
    class Chosen(keras.Sequential):
        @property
        def metrics(self) -> list[Any]:
            return self.chosen

    model = Chosen([layers.Dense(1)])
    model.chosen = [keras.metrics.Mean(name="loss")]
    model.compile("sgd", "mse", metrics=["mae"])
    model.chosen[0].update_state(3.0)
    assert list(model.fit(X, Y, verbose=0).history) == ["loss"]
    assert model.evaluate(X, Y, verbose=0) == 0.0  # the metric of that name, to which nobody gave anything


def test_a_result_of_several_numbers() -> None:
    class Both(keras.metrics.Mean):
        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            super().update_state(y_pred - y_true)

        def result(self) -> Any:
            return {"bias": super().result(), "twice": 2 * super().result()}

    model = keras.Sequential([layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[Both()])
    history = model.fit(X, Y, verbose=0).history
    assert list(history) == ["bias", "loss", "twice"]
    assert history["twice"][0] == pytest.approx(2 * history["bias"][0])


def test_models_within_keep_theirs_to_themselves() -> None:
    inner = keras.Sequential([layers.Dense(3)])
    inner.seen = keras.metrics.Mean(name="seen")
    outer = keras.Sequential([inner, layers.Dense(1)])
    outer.compile("sgd", "mse")
    assert list(outer.fit(X, Y, verbose=0).history) == ["loss"]


def test_a_resumed_epoch_goes_on_counting(tmp_path: Path) -> None:
    class Stop(keras.callbacks.Callback):
        order = 5

        def on_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.stop_training = batch == 1

    saving = keras.callbacks.ModelCheckpoint(tmp_path / "run.npz", save_freq=1)
    keras.utils.set_random_seed(1)
    counting().fit(X, Y, batch_size=2, verbose=0, callbacks=[Stop(), saving])
    keras.utils.set_random_seed(1)
    resumed = counting().fit(X, Y, batch_size=2, epochs=2, verbose=0, resume=tmp_path / "run.npz")
    assert resumed.history["count"][-1] == 10.0
