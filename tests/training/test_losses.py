"""Losses: their values from the formulas, their gradients from differences, and what they refuse."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Tensor, ops
from tinygrad_edu.engine.errors import DataError, ShapeError, UnknownNameError
from tinygrad_edu.training import losses
from tinygrad_edu.training.losses import BroadcastWarning

RNG = np.random.default_rng(0)
N, C = 6, 4
CLASSES = RNG.integers(0, C, N)
ONE_HOT = np.eye(C)[CLASSES]
LOGITS = RNG.normal(size=(N, C))
CHANCES = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
REALS = RNG.normal(size=(N, C))


def targets_of(name: str) -> np.ndarray:
    if name.startswith("sparse"):
        return CLASSES
    return abs(REALS) if "log" in name or name in ("poisson", "mean_absolute_percentage_error") else ONE_HOT


FUNCTIONS = sorted({losses.snake_case(cls.__name__) for cls in losses.CLASSES})
FORMULAS = {
    "mean_squared_error": ((CHANCES - ONE_HOT) ** 2).mean(axis=1),
    "mean_absolute_error": abs(CHANCES - ONE_HOT).mean(axis=1),
    "mean_squared_logarithmic_error": ((np.log1p(CHANCES) - np.log1p(abs(REALS))) ** 2).mean(axis=1),
    "huber": (0.5 * (CHANCES - ONE_HOT) ** 2).mean(axis=1),
    "log_cosh": np.log(np.cosh(CHANCES - abs(REALS))).mean(axis=1),
    "poisson": (CHANCES - abs(REALS) * np.log(CHANCES + 1e-7)).mean(axis=1),
    "cosine_similarity": -CHANCES[range(N), CLASSES] / np.sqrt((CHANCES**2).sum(axis=1)),
    "categorical_crossentropy": -np.log(CHANCES[range(N), CLASSES]),
    "sparse_categorical_crossentropy": -np.log(CHANCES[range(N), CLASSES]),
    "binary_crossentropy": -np.where(ONE_HOT == 1, np.log(CHANCES), np.log(1 - CHANCES)).mean(axis=1),
    "hinge": np.maximum(1 - (2 * ONE_HOT - 1) * CHANCES, 0).mean(axis=1),
    "squared_hinge": (np.maximum(1 - (2 * ONE_HOT - 1) * CHANCES, 0) ** 2).mean(axis=1),
    "categorical_hinge": np.maximum(1 + np.where(ONE_HOT == 1, 0, CHANCES).max(axis=1) - CHANCES[range(N), CLASSES], 0),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_value_is_the_formula(name: str) -> None:
    function = getattr(losses, name)
    np.testing.assert_allclose(function(targets_of(name), CHANCES), FORMULAS[name], rtol=1e-6)
    np.testing.assert_allclose(losses.get(name)(targets_of(name), CHANCES).item(), FORMULAS[name].mean(), rtol=1e-6)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradient_is_the_slope(name: str) -> None:
    y, loss, step = targets_of(name), losses.get(name), 1e-6
    p = Tensor(CHANCES.copy(), requires_grad=True)
    loss(y, p).backward()
    slopes = np.zeros_like(CHANCES)
    for i in np.ndindex(*CHANCES.shape):
        there, back = CHANCES.copy(), CHANCES.copy()
        there[i] += step
        back[i] -= step
        slopes[i] = (loss(y, there).item() - loss(y, back).item()) / (2 * step)
    np.testing.assert_allclose(p.grad.numpy(), slopes, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_float32_stays_float32(name: str) -> None:
    p = Tensor(CHANCES.astype(np.float32), requires_grad=True)
    loss = losses.get(name)(targets_of(name), p)
    loss.backward()
    assert loss.dtype == p.grad.dtype == np.float32


@pytest.mark.parametrize("name", sorted(losses.NAMES))
def test_every_name_means_a_loss(name: str) -> None:
    assert isinstance(losses.get(name), losses.Loss)


@pytest.mark.parametrize("name", ["categorical_crossentropy", "sparse_categorical_crossentropy", "binary_crossentropy"])
def test_recorded_activation_gives_the_loss_of_its_logits(name: str) -> None:
    y, activation = targets_of(name), ops.sigmoid if name.startswith("binary") else ops.softmax
    one, other = (Tensor(30 * LOGITS, requires_grad=True) for _ in range(2))
    fused = losses.get(name)(y, activation(one))
    from_logits = type(losses.get(name))(from_logits=True)(y, other)
    fused.backward()
    from_logits.backward()
    assert fused.item() == from_logits.item()
    np.testing.assert_array_equal(one.grad.numpy(), other.grad.numpy())


def test_saturated_softmax_still_learns() -> None:
    logits = Tensor(np.array([[1e4, 0.0]], dtype=np.float32), requires_grad=True)
    loss = losses.SparseCategoricalCrossentropy()([1], ops.softmax(logits))
    loss.backward()
    assert loss.item() == pytest.approx(1e4)
    np.testing.assert_array_equal(logits.grad.numpy(), [[1, -1]])


def test_saturated_sigmoid_still_learns() -> None:
    logits = Tensor(np.array([[1e4], [-1e4]], dtype=np.float32), requires_grad=True)
    losses.BinaryCrossentropy()([[0.0], [1.0]], ops.sigmoid(logits)).backward()
    np.testing.assert_array_equal(logits.grad.numpy(), [[0.5], [-0.5]])


@pytest.mark.parametrize("name", ["categorical_crossentropy", "sparse_categorical_crossentropy", "binary_crossentropy"])
def test_plain_probabilities_are_clipped(name: str) -> None:
    wrong = 1 - ONE_HOT if name.startswith("binary") else np.roll(ONE_HOT, 1, axis=1)
    loss = losses.get(name)(targets_of(name), wrong).item()
    assert loss == pytest.approx(-np.log(1e-7), rel=1e-3)


def test_softmax_along_another_axis_is_not_taken_for_probabilities() -> None:
    logits = Tensor(LOGITS, requires_grad=True)
    along_samples = ops.softmax(logits, axis=0)
    expected = losses.categorical_crossentropy(ONE_HOT, along_samples.numpy())
    np.testing.assert_allclose(losses.categorical_crossentropy(ONE_HOT, along_samples).numpy(), expected)


def test_classes_along_another_axis() -> None:
    p = RNG.random((2, C, 3))
    y = RNG.integers(0, C, (2, 3))
    expected = losses.sparse_categorical_crossentropy(y, np.moveaxis(p, 1, -1))
    np.testing.assert_allclose(losses.sparse_categorical_crossentropy(y, p, axis=1), expected)
    assert expected.shape == (2, 3)


def test_label_smoothing_spreads_a_share() -> None:
    smoothed = losses.CategoricalCrossentropy(label_smoothing=0.2)(ONE_HOT, CHANCES).item()
    assert smoothed == pytest.approx(losses.CategoricalCrossentropy()(0.8 * ONE_HOT + 0.05, CHANCES).item())


@pytest.mark.parametrize("ignored", [0, -1])
def test_ignored_class_counts_neither_way(ignored: int) -> None:
    classes = CLASSES.copy()
    classes[:2] = ignored
    kept = classes != ignored
    loss = losses.SparseCategoricalCrossentropy(ignore_class=ignored)(classes, CHANCES).item()
    assert loss == pytest.approx(losses.SparseCategoricalCrossentropy()(classes[kept], CHANCES[kept]).item())


def test_ignored_class_gets_no_gradient() -> None:
    logits = Tensor(LOGITS, requires_grad=True)
    losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)(
        np.where(CLASSES == 1, -1, 1), logits
    ).backward()
    assert not logits.grad.numpy()[CLASSES == 1].any()


# -- weights and reductions --------------------------------------------------------------------------------------------

WEIGHTS = np.array([1.0, 0, 2, 0.5, 1, 3])
PER_SAMPLE = ((REALS - ONE_HOT) ** 2).mean(axis=1)


@pytest.mark.parametrize(
    ("reduction", "expected"),
    [
        ("sum_over_batch_size", (PER_SAMPLE * WEIGHTS).sum() / N),
        ("mean", (PER_SAMPLE * WEIGHTS).sum() / N),
        ("sum", (PER_SAMPLE * WEIGHTS).sum()),
        ("mean_with_sample_weight", (PER_SAMPLE * WEIGHTS).sum() / WEIGHTS.sum()),
        ("none", PER_SAMPLE * WEIGHTS),
        (None, PER_SAMPLE * WEIGHTS),
    ],
)
@pytest.mark.parametrize("column", [False, True])
def test_reductions_with_weights(reduction: str | None, expected: np.ndarray, column: bool) -> None:
    weights = WEIGHTS[:, None] if column else WEIGHTS
    got = losses.MeanSquaredError(reduction=reduction)(ONE_HOT, REALS, sample_weight=weights)
    np.testing.assert_allclose(got.numpy(), expected)


@pytest.mark.parametrize("rank", [1, 2])
def test_weights_of_one_column_of_targets(rank: int) -> None:
    y, p = (a if rank == 1 else a[:, None] for a in (ONE_HOT[:, 0], REALS[:, 0]))
    expected = ((REALS[:, 0] - ONE_HOT[:, 0]) ** 2 * WEIGHTS).mean()
    assert losses.MeanSquaredError()(y, p, WEIGHTS).item() == pytest.approx(expected)


def test_weights_of_the_wrong_number() -> None:
    with pytest.raises(ShapeError, match=r"sample_weight \(5,\) does not fit \(6,\) losses"):
        losses.MeanSquaredError()(ONE_HOT, REALS, np.ones(5))


def test_weights_need_a_loss_a_sample() -> None:
    with pytest.raises(ShapeError, match="one value a sample"):
        losses.get(lambda y, p: ((y - p) ** 2).mean())(ONE_HOT, REALS, WEIGHTS)


def test_unknown_reduction() -> None:
    with pytest.raises(ValueError, match=r"reduction='average' is not one of 'sum_over_batch_size'"):
        losses.MeanSquaredError(reduction="average")


# -- shapes ------------------------------------------------------------------------------------------------------------

ELEMENTWISE = [n for n in FUNCTIONS if "categorical" not in n]


@pytest.mark.parametrize("name", ["mean_squared_error", "mean_absolute_error", "binary_crossentropy"])
@pytest.mark.parametrize(("y_shape", "p_shape"), [((5,), (5, 1)), ((5, 1), (5,)), ((5, 2), (5, 2, 1))])
def test_a_last_axis_of_one_may_be_missing(name: str, y_shape: tuple, p_shape: tuple) -> None:
    y, p = RNG.random(y_shape), RNG.random(p_shape)
    same = losses.get(name)(y.reshape(p_shape), p).item()
    assert losses.get(name)(y, p).item() == pytest.approx(same)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_shapes_that_cannot_be_meant(name: str) -> None:
    with pytest.raises(ShapeError, match=r"predictions \(6, 4\) against targets \(6, 3\)"):
        losses.get(name)(np.ones((6, 3)), CHANCES)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_one_column_against_several_warns(name: str) -> None:
    with pytest.warns(BroadcastWarning, match=r"each row is compared with one number"):
        losses.get(name)(np.ones((6, 1)), CHANCES)


def test_one_hot_targets_for_the_sparse_loss() -> None:
    with pytest.raises(ShapeError, match="look one-hot: use 'categorical_crossentropy'"):
        losses.get("sparse_categorical_crossentropy")(ONE_HOT, CHANCES)


def test_integer_targets_for_the_one_hot_loss() -> None:
    with pytest.raises(ShapeError, match="Integer classes belong to 'sparse_categorical_crossentropy'"):
        losses.get("categorical_crossentropy")(CLASSES, CHANCES)


@pytest.mark.parametrize("wrong", [-1, C])
@pytest.mark.parametrize("recorded", [False, True])
def test_class_out_of_range(wrong: int, recorded: bool) -> None:
    y = CLASSES.copy()
    y[2] = wrong
    p = ops.softmax(Tensor(LOGITS, requires_grad=True)) if recorded else CHANCES
    with pytest.raises(DataError, match="0 to 3"):
        losses.get("sparse_categorical_crossentropy")(y, p)


def test_whole_numbers_in_floats_are_classes() -> None:
    loss = losses.get("sparse_categorical_crossentropy")
    assert loss(CLASSES.astype(np.float32), CHANCES).item() == loss(CLASSES, CHANCES).item()


def test_fractions_are_no_classes() -> None:
    with pytest.raises(DataError, match=r"whole numbers, got \d\.5"):
        losses.get("sparse_categorical_crossentropy")(CLASSES + 0.5, CHANCES)


# -- names, functions, classes -----------------------------------------------------------------------------------------


def test_unknown_name_suggests() -> None:
    with pytest.raises(
        UnknownNameError, match=r"Unknown loss 'sparse_categorical_crossentrpy'\. Did you mean 'sparse_cat"
    ):
        losses.get("sparse_categorical_crossentrpy")


def test_what_cannot_be_a_loss() -> None:
    with pytest.raises(TypeError, match=r"expected a name, a function .* got int 3"):
        losses.get(3)


def test_a_function_is_a_loss() -> None:
    loss = losses.get(lambda y, p: abs(y - p).sum(axis=-1))
    assert loss(ONE_HOT, REALS).item() == pytest.approx(abs(ONE_HOT - REALS).sum(axis=1).mean())


def test_a_module_compares_in_the_other_order() -> None:
    class Criterion:
        def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
            return (prediction * 2 - target).sum()

        __call__ = forward

    assert losses.get(Criterion())([1.0], [3.0]).item() == 5
    assert losses.get(Criterion()).name == "criterion"


def test_a_subclass_is_a_loss() -> None:
    class HalfSquare(losses.Loss):
        def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
            return 0.5 * ((y_pred - y_true) ** 2).sum(axis=-1)

    loss = losses.get(HalfSquare)
    assert loss.name == "half_square"
    assert loss(ONE_HOT, REALS, WEIGHTS).item() == pytest.approx((2 * PER_SAMPLE * WEIGHTS).mean())


@pytest.mark.parametrize(
    ("y", "p", "same_as"),
    [
        (CLASSES, CHANCES, "sparse_categorical_crossentropy"),
        (CLASSES[:, None], CHANCES, "sparse_categorical_crossentropy"),
        (ONE_HOT, CHANCES, "categorical_crossentropy"),
        (ONE_HOT[:, 0], CHANCES[:, :1], "binary_crossentropy"),
    ],
)
def test_crossentropy_by_shape(y: np.ndarray, p: np.ndarray, same_as: str) -> None:
    assert losses.get("crossentropy")(y, p).item() == losses.get(same_as)(y, p).item()


@pytest.mark.parametrize(
    ("name", "snake"),
    [
        ("KLDivergence", "kl_divergence"),
        ("MeanSquaredError", "mean_squared_error"),
        ("AUC", "auc"),
        ("MyLoss2", "my_loss2"),
    ],
)
def test_snake_case(name: str, snake: str) -> None:
    assert losses.snake_case(name) == snake


@given(st.integers(1, 5), st.integers(1, 4), st.booleans())
def test_targets_of_any_number_dtype(n: int, k: int, integer: bool) -> None:
    y = np.arange(n * k).reshape(n, k) % 2
    p = np.full((n, k), 0.25, dtype=np.float32)
    loss = losses.MeanSquaredError()(y if integer else y.astype(bool), p)
    assert loss.dtype == np.float32
    assert loss.item() == pytest.approx(((y - p) ** 2).mean())


def test_no_warning_at_extremes() -> None:
    huge = np.array([[1e4, -1e4]], dtype=np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("log_cosh", "huber", "mean_absolute_error", "hinge"):
            assert np.isfinite(losses.get(name)(np.zeros((1, 2)), huge).item())
