"""Mistakes in Keras's words, as a newcomer makes them: what came, what was expected, and what to type instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Tensor, keras
from tinygrad_edu.engine.errors import (
    DataError,
    GraphError,
    LabelFormError,
    NotReadyError,
    ShapeError,
    UnknownNameError,
)
from tinygrad_edu.keras import layers

X = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
Y = np.arange(20) % 3
IMAGES = np.random.default_rng(0).random((8, 28, 28), dtype=np.float32)


def chain(*parts: layers.Layer, shape: tuple[int, ...] = (4,)) -> keras.Sequential:
    return keras.Sequential([keras.Input(shape), *parts])


def classifier(*parts: layers.Layer, shape: tuple[int, ...] = (4,)) -> keras.Sequential:
    model = chain(*parts, layers.Dense(3, activation="softmax"), shape=shape)
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def two(**options: Any) -> keras.Model:
    """Inputs and outputs by name."""
    age, income = (keras.Input((4,), name=name) for name in ("age", "income"))
    kind = layers.Dense(3, activation="softmax", name="kind")(layers.concatenate([age, income]))
    model = keras.Model({"age": age, "income": income}, {"kind": kind, "value": layers.Dense(1, name="value")(age)})
    losses = {"kind": "sparse_categorical_crossentropy", "value": "mse"}
    model.compile("sgd", **{"loss": losses, **options})
    return model


def fit_two(x: Any = None, y: Any = None, **options: Any) -> None:
    two(**options).fit(x or {"age": X, "income": X}, y or {"kind": Y, "value": X[:, :1]}, verbose=0)


def batches(n: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for _ in range(n):
        yield X[:4], Y[:4]


class Broken(layers.Layer):
    def call(self, inputs: Tensor) -> Tensor:
        return inputs @ np.ones((3, 2), np.float32)


class Empty(keras.Model):
    pass


CASES: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    # names
    "optimizer": (lambda: chain().compile("adma"), UnknownNameError, "Did you mean 'adam'"),
    "loss": (lambda: chain().compile("adam", "mse_loss"), UnknownNameError, r"mean 'mse'\? .* and \d+ more\."),
    "metric": (lambda: chain().compile(metrics=["acuracy"]), UnknownNameError, "Did you mean 'accuracy'"),
    "activation": (lambda: layers.Dense(3, "rellu"), UnknownNameError, "Did you mean 'relu'"),
    "layer": (lambda: classifier().get_layer("dens"), UnknownNameError, "Did you mean 'dense"),
    "argument": (lambda: layers.Dense(3, activaton="relu"), TypeError, "activaton='relu' is not an argument.*activation"),
    "input": (lambda: fit_two({"age": X, "incme": X}), DataError, "'income' is missing. Is it 'incme'"),
    "input left out": (lambda: fit_two({"age": X}), DataError, "has the inputs age, income, and the data age:"),
    "targets": (lambda: fit_two(y={"kind": Y, "vlaue": Y}), UnknownNameError, "output 'vlaue'. Did you mean 'value'"),
    "losses": (lambda: fit_two(loss={"knid": "mse"}), UnknownNameError, "output 'knid'. Did you mean 'kind'"),
    "metrics": (lambda: fit_two(metrics={"knd": ["mae"]}), UnknownNameError, "output 'knd'. Did you mean 'kind'"),
    "weights": (lambda: fit_two(loss_weights={"kin": 2.0}), UnknownNameError, "output 'kin'. Did you mean 'kind'"),
    # shapes and ranks
    "no channels": (lambda: chain(layers.Conv2D(8, 3), shape=(28, 28)), ShapeError, r"channels\) are needed, not"),
    "no time": (lambda: chain(layers.LSTM(3)), ShapeError, r"For one feature give x\[\.\.\., None\]"),
    "features": (lambda: classifier().fit(X[:, :3], Y), ShapeError, r"\(None, 4\) expected.*Input\(shape=\(3,\)\)"),
    "one sample": (lambda: classifier().predict(X[0]), ShapeError, r"For a single sample give x\[None\]"),
    "no Flatten": (lambda: classifier(shape=(28, 28)).fit(IMAGES, Y[:8]), LabelFormError, "put a Flatten or a pooling"),
    "inputs": (lambda: fit_two([X]), ShapeError, r"2 input\(s\), age \(None, 4\), income \(None, 4\); 1 came"),
    "merge": (lambda: layers.add([keras.Input((4,)), keras.Input((5,))]), ShapeError, r"take \(None, 4\), \(None, 5\)"),
    "ids": (lambda: classifier(layers.Embedding(9, 4), layers.Flatten()).fit(X, Y), DataError, "ids are integers"),
    "weights of a list": (lambda: classifier().set_weights([X]), ShapeError, r"shapes \[\(4, 3\), \(3,\)\], not \[\(20, 4\)"),
    "a class": (lambda: keras.Sequential([layers.Dense]), TypeError, "did you forget the brackets"),
    "inputs not connected": (
        lambda: keras.Model(keras.Input((4,), name="a"), layers.Dense(3)(keras.Input((4,), name="b"))),
        GraphError,
        r"also need the input 'b' .* they are: a\.",
    ),
    "numpy": (lambda: np.exp(keras.Input((4,))), TypeError, r"numpy\.exp: .*Compute with keras\.ops\.exp"),
    # data
    "cardinality": (lambda: classifier().fit(X, Y[:5]), DataError, "x has 20, y has 5. Give as many"),
    "validation": (lambda: classifier().fit(X, Y, validation_data=X), ValueError, r"a tuple \(x, y\) expected"),
    "a generator that ends": (
        lambda: classifier().fit(batches(3), steps_per_epoch=5, verbose=0),
        DataError,
        "ended after 3 of 5 batches of this epoch. Give an object that can be iterated anew",
    ),
    "a second pass": (lambda: classifier().fit(batches(3), epochs=2, verbose=0), DataError, "ended after 0 of at least 1"),
    "no targets": (lambda: classifier().fit((X for _ in range(2)), verbose=0), ShapeError, "yields .x, y."),
    # order
    "not compiled": (lambda: chain(layers.Dense(3)).fit(X, Y), NotReadyError, r"before compile\(\)"),
    "no call": (lambda: Empty().predict(X), NotReadyError, r"must define call\(inputs\)"),
    "save before build": (lambda: keras.Sequential([layers.Dense(3)]).save("x.keras"), NotReadyError, "is not built"),
    "count before build": (lambda: keras.Sequential([layers.Dense(3)]).count_params(), NotReadyError, "no weights yet"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_refused(case: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    mistake, error, message = CASES[case]
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        mistake()
    assert not list(tmp_path.iterdir())


def test_a_layer_that_does_not_fit_is_shown_behind_those_before_it() -> None:
    with pytest.raises(ShapeError) as raised:
        chain(
            layers.Conv2D(4, 3, name="first"),
            layers.MaxPooling2D(name="pool"),
            layers.Conv2D(4, 3, name="second"),
            shape=(4, 4, 1),
        )
    assert str(raised.value).splitlines()[1:] == [
        "  input_layer (None, 4, 4, 1)",
        "    Conv2D(name='first') -> (None, 2, 2, 4)",
        "    MaxPooling2D(name='pool') -> (None, 1, 1, 4)",
        "  > Conv2D(name='second') cannot take (None, 1, 1, 4); it was tried with a batch of 2",
    ]


def test_a_layer_of_ones_own_that_does_not_fit_is_shown_too() -> None:
    x = layers.Dense(5, name="hidden")(keras.Input((4,), name="x"))
    with pytest.raises(
        ShapeError, match=r"(?s)\(2, 5\) @ \(3, 2\).*x \(None, 4\)\n.*hidden.*-> \(None, 5\)\n  > Broken"
    ):
        Broken()(x)


def test_the_batch_of_two_in_messages_is_explained() -> None:
    model = chain(layers.Dense(3))
    model.compile("sgd", "mse")
    with pytest.raises(ShapeError, match=r"predictions \(2, 3\) against targets \(2, 4\)") as raised:
        model.fit(X, X, verbose=0)
    assert raised.value.__notes__ == ["This was tried with the first 2 samples, before training."]


def test_a_summary_before_the_build_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    keras.Sequential([layers.Dense(3)]).summary()
    assert "(unbuilt)" in capsys.readouterr().out


def test_arrays_on_the_left_of_symbols() -> None:
    x = keras.Input((4,))
    a = np.float32([1, 2, 3, 4])
    model = keras.Model(x, [a + x, a - x, a * x, a / x, a**x])
    value = np.full((1, 4), 2, np.float32)
    for got, wanted in zip(model.predict(value, verbose=0), (a + value, a - value, a * value, a / value, a**value)):
        np.testing.assert_allclose(got, wanted)


def test_a_loss_that_is_no_number_ends_the_run() -> None:
    model = chain(layers.Dense(1))
    model.compile(keras.optimizers.SGD(1e30), "mse")
    with np.errstate(all="ignore"):
        history = model.fit(
            X, X[:, :1], epochs=9, batch_size=4, verbose=0, callbacks=[keras.callbacks.TerminateOnNaN()]
        )
    assert len(history.epoch) == 1
