"""Small things that Keras's users write without thinking of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tinygrad_edu import keras
from tinygrad_edu.engine.errors import ShapeError
from tinygrad_edu.keras import layers

LISTS = [[0.0, 1.0], [1.0, 0.0]], [[0.2, 0.7], [0.6, 0.4]]
LOSSES = [
    name for name in keras.metrics.__all__ if name in keras.losses.__all__ and name[0].islower() and name != "get"
]


@pytest.mark.parametrize("name", [n for n in LOSSES if n not in ("deserialize", "serialize")])
def test_loss_functions_take_lists_and_are_metrics_too(name: str) -> None:
    function = getattr(keras.metrics, name)
    y_true, y_pred = LISTS if not name.startswith("sparse") else ([1, 0], LISTS[1])
    assert function is getattr(keras.losses, name)
    arrays = np.float32(y_true) if not name.startswith("sparse") else np.array(y_true), np.float32(y_pred)
    np.testing.assert_allclose(np.asarray(function(y_true, y_pred)), np.asarray(function(*arrays)), rtol=1e-6)


def test_names_of_functions_in_logs() -> None:
    def myError(y_true: Any, y_pred: Any) -> Any:  # noqa: N802 - as people write it
        return abs(y_true - y_pred)

    model = keras.Sequential([layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[myError, lambda y_true, y_pred: y_pred, keras.metrics.mean_squared_error])
    history = model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0).history
    assert list(history) == ["lambda", "loss", "mean_squared_error", "my_error"]


def test_a_metric_that_casts_to_its_dtype() -> None:
    class Hits(keras.metrics.Metric):
        def __init__(self, name: str = "hits", **kwargs: Any) -> None:
            super().__init__(name=name, **kwargs)
            self.hits = self.add_weight(name="hits", initializer="zeros")

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            self.hits.assign_add(keras.ops.sum(keras.ops.cast(y_pred > 0.5, self.dtype)))

        def result(self) -> Any:
            return self.hits.value

    hits = Hits()
    hits.update_state(np.ones(3), np.array([0.2, 0.7, 0.9]))
    assert float(hits.result()) == 2


def test_updates_as_lists() -> None:
    x = np.zeros((2, 3), "float32")
    out = keras.ops.scatter_update(x, [[0, 1], [1, 2]], [5.0, 6.0])
    np.testing.assert_array_equal(np.asarray(out), [[0, 5, 0], [0, 0, 6]])


def test_an_embedding_of_an_old_script() -> None:
    layer = layers.Embedding(5, 2, input_length=3)
    assert layer(np.zeros((4, 7), int)).shape == (4, 7, 2)


def test_a_list_of_one_input() -> None:
    x, y = np.ones((4, 2), "float32"), np.ones((4, 1))
    sequential = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    inputs = keras.Input((2,))
    functional = keras.Model(inputs, layers.Dense(1)(inputs))
    for model in (sequential, functional):
        model.compile("sgd", "mse")
        model.fit([x], y, verbose=0)
        np.testing.assert_array_equal(model.predict([x], verbose=0), model.predict(x, verbose=0))
    with pytest.raises(ShapeError, match="takes one input, and 2 came"):
        sequential.predict((x, y), verbose=0)


def test_output_shapes_of_models() -> None:
    inputs = [keras.Input((4,)), keras.Input((4,))]
    several = keras.Model(inputs, [inputs[0] + inputs[1], layers.Dense(2)(inputs[1])])
    assert several.compute_output_shape([(None, 4), (None, 4)]) == [(None, 4), (None, 2)]
    images = keras.Sequential([layers.Conv2D(5, 3, padding="same", strides=2)])
    assert images.compute_output_shape((None, None, 8, 3)) == (None, None, 4, 5)


def test_a_dict_of_one_output_has_the_keys_of_one() -> None:
    inputs = keras.Input((2,))
    model = keras.Model(inputs, {"y": layers.Dense(1)(inputs)})
    model.compile("sgd", {"y": "mse"}, metrics={"y": ["mae"]})
    history = model.fit(np.ones((4, 2)), {"y": np.ones((4, 1))}, validation_split=0.25, verbose=0).history
    assert list(history) == ["loss", "mae", "val_loss", "val_mae"]
    assert list(model.predict(np.ones((4, 2)), verbose=0)) == ["y"]
