"""Bad input to training: refused before the first step, in words that name what came and what to do."""

import numpy as np
import pytest
from helpers.net import Net

from tinygrad_edu import Tensor
from tinygrad_edu.engine.errors import DataError, DTypeError, NotReadyError, ShapeError
from tinygrad_edu.training import checks

X = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
Y = np.arange(20) % 3


def net(loss: object = "sparse_categorical_crossentropy", out: str | None = "softmax", units: int = 3) -> Net:
    model = Net(4, units, out=out)
    model.compile("sgd", loss)
    return model


def with_value(value: float, where: tuple = (3, 1)) -> np.ndarray:
    x = X.copy()
    x[where] = value
    return x


REFUSED = {
    "different numbers of samples": (X, Y[:-1], DataError, r"x has 20, y has 19. Give as many of each"),
    "no samples": (X[:0], Y[:0], DataError, r"no samples: x and y is empty"),
    "NaN in the data": (with_value(np.nan), Y, DataError, r"x: nan at index \(3, 1\) \(1 such values\)"),
    "infinity in the data": (with_value(-np.inf), Y, DataError, r"x: -inf at index \(3, 1\)"),
    "text": (np.array([["a", "b"]] * 20), Y, DTypeError, r"x: numbers expected, got dtype <U1: text; encode it"),
    "objects": (np.array([[1, None]] * 20), Y, DTypeError, r"x: numbers expected, got dtype object: not numbers"),
    "dates": (
        np.array(["2026-01-01"] * 20, dtype="M8[D]"),
        Y,
        DTypeError,
        r"x: numbers expected, got dtype datetime64",
    ),
    "rows of different lengths": ([[1.0, 2], [3.0]], Y[:2], DTypeError, r"x: cannot make one array of this list"),
    "a single number": (3.0, Y, ShapeError, r"x: an array with samples along its first axis expected"),
    "a label too large": (X, np.where(Y == 1, 7, Y), DataError, r"classes from 0 to 7, but the network has 3 outputs"),
    "a negative label": (X, Y - 1, DataError, r"classes from -1 to 1"),
    "a fraction as a label": (X, Y + 0.5, DataError, r"whole numbers, got 0\.5"),
    "one-hot labels": (X, np.eye(3)[Y], ShapeError, r"look one-hot: use 'categorical_crossentropy'"),
    "no labels": (X, None, ShapeError, r"there are no targets. Give y"),
    "too many features": (
        np.ones((20, 5), np.float32),
        Y,
        ShapeError,
        r"linear: input \(2, 5\) against weight \(4, 3\)",
    ),
}


@pytest.mark.parametrize("method", ["fit", "evaluate"])
@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str, method: str) -> None:
    x, y, error, message = REFUSED[case]
    model = net()
    before = model.state_dict()
    with pytest.raises(error, match=message):
        getattr(model, method)(x, y, verbose=0)
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_nan_in_numbers_to_be_predicted() -> None:
    with pytest.raises(DataError, match=r"y: nan at index \(4,\)"):
        net("mse", None, 1).fit(X, with_value(np.nan, (4, 0))[:, 0], verbose=0)


def test_nan_in_sample_weights() -> None:
    with pytest.raises(DataError, match=r"sample_weight: nan at index \(0,\)"):
        net().fit(X, Y, sample_weight=np.full(20, np.nan), verbose=0)


def test_large_finite_numbers_are_finite() -> None:
    checks.finite(x=np.full((4, 4), np.finfo(np.float32).max))  # their sum is not


def test_one_of_several_inputs_is_named() -> None:
    with pytest.raises(DataError, match=r"x\['b'\] has 5"):
        net().fit({"a": X, "b": X[:5]}, Y, verbose=0)
    with pytest.raises(DTypeError, match=r"x\[1\]: numbers expected"):
        net().fit([X, np.array(["a"] * 20)], Y, verbose=0)


def test_predictions_of_the_wrong_shape() -> None:
    with pytest.raises(ShapeError, match=r"predictions \(2, 3\) against targets \(2, 2\)"):
        net("mse", None, 3).fit(X, np.ones((20, 2)), verbose=0)


def test_bad_label_late_in_the_data_is_found_before_the_first_step() -> None:
    model = net()
    with pytest.raises(DataError, match="classes from 0 to 9"):
        model.fit(np.tile(X, (50, 1)), np.append(np.tile(Y, 50)[:-1], 9), verbose=0)
    assert all(not training for _, training in model.calls)


def test_bad_validation_data_is_found_before_the_first_step() -> None:
    model = net()
    with pytest.raises(DataError, match="classes from 3 to 5"):
        model.fit(X, Y, validation_data=(X, Y + 3), verbose=0)
    assert all(not training for _, training in model.calls)


@pytest.mark.parametrize("method", ["fit", "evaluate", "train_on_batch", "test_on_batch"])
def test_before_compile(method: str) -> None:
    with pytest.raises(NotReadyError, match=rf"{method}\(\) before compile\(\)"):
        getattr(Net(4, 3), method)(X, Y)


def test_compiled_without_a_loss() -> None:
    model = Net(4, 3)
    model.compile("sgd")
    with pytest.raises(NotReadyError, match=r"no loss to minimise. Give compile\(loss=...\)"):
        model.fit(X, Y, verbose=0)


@pytest.mark.parametrize("share", [-0.1, 1, 1.5, True])
def test_validation_split_is_a_share(share: float) -> None:
    with pytest.raises(ValueError, match="validation_split: a share between 0 and 1"):
        net().fit(X, Y, validation_split=share, verbose=0)


@pytest.mark.parametrize(("share", "what"), [(0.99, "train on"), (1e-17, "validate with")])
def test_validation_split_leaves_samples_on_both_sides(share: float, what: str) -> None:
    with pytest.raises(DataError, match=f"20 samples leave none to {what}"):
        net().fit(X, Y, validation_split=share, verbose=0)


@pytest.mark.parametrize("size", [0, -1, 2.5, True, "32"])
def test_batch_size_is_a_whole_number(size: object) -> None:
    with pytest.raises(ValueError, match="batch_size: a whole number from 1 on"):
        net().fit(X, Y, batch_size=size, verbose=0)


@pytest.mark.parametrize("argument", ["epochs", "steps_per_epoch", "validation_freq"])
def test_counts_are_whole_numbers(argument: str) -> None:
    with pytest.raises(ValueError, match="a whole number from 1 on expected, got 0"):
        net().fit(X, Y, validation_data=(X, Y), verbose=0, **{argument: 0})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"verbose": 3}, "verbose is 0"),
        ({"shuffle": "batch"}, "shuffle: True or False"),
        ({"callbacks": [print]}, "is not a Callback"),
        ({"class_weight": [1, 2, 3]}, "a dict {class: weight} expected"),
        ({"class_weight": {0: 1.0}, "sample_weight": np.ones(20)}, "cannot be used together"),
    ],
)
def test_other_arguments(arguments: dict, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        net().fit(X, Y, **{"verbose": 0, **arguments})


def test_an_argument_that_does_not_exist() -> None:
    with pytest.raises(TypeError, match="workers"):
        net().fit(X, Y, workers=4)


def test_too_many_targets_for_one_output() -> None:
    with pytest.raises(ShapeError, match="The model has one output, but 2 were given"):
        net().fit(X, [Y, Y], verbose=0)


def test_a_tensor_is_data() -> None:
    net().fit(Tensor(X), Tensor(Y), verbose=0)
