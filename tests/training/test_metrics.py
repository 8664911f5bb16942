"""Metrics: values from their definitions, streaming, weights, and which accuracy "accuracy" is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tinygrad_edu import Tensor, nn
from tinygrad_edu.engine.errors import ShapeError, UnknownNameError
from tinygrad_edu.training import losses, metrics
from tinygrad_edu.training.metrics import Mean, Metric, Sum

RNG = np.random.default_rng(1)
N, C = 20, 4
CLASSES = RNG.integers(0, C, N)
ONE_HOT = np.eye(C)[CLASSES]
SCORES = RNG.random((N, C))
RIGHT = SCORES.argmax(axis=1) == CLASSES
WEIGHTS = RNG.random(N)


def value(metric: Metric, *args: np.ndarray) -> float:
    metric.update_state(*args)
    return metric.result()


@pytest.mark.parametrize("name", sorted(metrics.NAMES))
def test_every_name_means_a_metric_of_that_name(name: str) -> None:
    metric = metrics.get(name)
    assert isinstance(metric, Metric)
    assert metric.name == name
    assert metric.better in ("max", "min")


def targets_of(name: str) -> np.ndarray:
    return CLASSES if "sparse" in name else ONE_HOT


@pytest.mark.parametrize("name", sorted({losses.snake_case(cls.__name__) for cls in metrics.CLASSES}))
def test_batches_give_what_the_whole_gives(name: str) -> None:
    y, whole, parts = targets_of(name), metrics.get(name), metrics.get(name)
    whole.update_state(y, SCORES, WEIGHTS)
    for part in (slice(0, 3), slice(3, 4), slice(4, None)):
        parts.update_state(y[part], SCORES[part], WEIGHTS[part])
    assert parts.result() == pytest.approx(whole.result(), rel=1e-12)


@pytest.mark.parametrize("name", sorted({losses.snake_case(cls.__name__) for cls in metrics.CLASSES}))
def test_reset_forgets(name: str) -> None:
    metric, fresh = metrics.get(name), metrics.get(name)
    metric.update_state(targets_of(name), SCORES)
    metric.reset_state()
    assert metric.result() == fresh.result()


def test_accuracies_are_shares() -> None:
    assert value(metrics.SparseCategoricalAccuracy(), CLASSES, SCORES) == RIGHT.mean()
    assert value(metrics.SparseCategoricalAccuracy(), CLASSES[:, None], SCORES) == RIGHT.mean()
    assert value(metrics.CategoricalAccuracy(), ONE_HOT, SCORES) == RIGHT.mean()
    assert value(metrics.Accuracy(), CLASSES, SCORES.argmax(axis=1)) == RIGHT.mean()


def test_accuracy_of_float_and_byte_labels() -> None:
    for dtype in (np.float32, np.uint8):
        assert value(metrics.SparseCategoricalAccuracy(), CLASSES.astype(dtype), SCORES) == RIGHT.mean()


def test_weights_count() -> None:
    expected = (RIGHT * WEIGHTS).sum() / WEIGHTS.sum()
    assert value(metrics.SparseCategoricalAccuracy(), CLASSES, SCORES, WEIGHTS) == pytest.approx(expected)
    assert value(metrics.SparseCategoricalAccuracy(), CLASSES, SCORES, WEIGHTS[:, None]) == pytest.approx(expected)


def test_binary_accuracy_counts_entries() -> None:
    y, p = RNG.integers(0, 2, (N, 3)), RNG.random((N, 3))
    assert value(metrics.BinaryAccuracy(), y, p) == pytest.approx((y == (p > 0.5)).mean())
    assert value(metrics.BinaryAccuracy(threshold=0.9), y, p) == pytest.approx((y == (p > 0.9)).mean())
    assert value(metrics.BinaryAccuracy(), y[:, 0], p[:, :1]) == pytest.approx((y[:, 0] == (p[:, 0] > 0.5)).mean())


@given(
    st.integers(1, 6),
    arrays(np.float64, (7, 5), elements=st.integers(0, 4)),
    arrays(np.int64, 7, elements=st.integers(0, 4)),
)
def test_top_k_by_counting(k: int, scores: np.ndarray, classes: np.ndarray) -> None:
    among = [sum(row > row[c]) < k for row, c in zip(scores, classes)]
    assert value(metrics.SparseTopKCategoricalAccuracy(k), classes, scores) == np.mean(among)
    assert value(metrics.TopKCategoricalAccuracy(k), np.eye(5)[classes], scores) == np.mean(among)


def test_nan_is_never_among_the_top() -> None:
    assert value(metrics.SparseTopKCategoricalAccuracy(2), np.array([0]), np.array([[np.nan, 1.0]])) == 0


def test_errors() -> None:
    d = SCORES - ONE_HOT
    assert value(metrics.get("mse"), ONE_HOT, SCORES) == pytest.approx((d**2).mean())
    assert value(metrics.get("mae"), ONE_HOT, SCORES) == pytest.approx(abs(d).mean())
    assert value(metrics.get("rmse"), ONE_HOT, SCORES) == pytest.approx(np.sqrt((d**2).mean()))


def test_root_is_taken_over_the_whole() -> None:
    rmse = metrics.RootMeanSquaredError()
    rmse.update_state(np.zeros((1, 1)), np.full((1, 1), 3.0))
    rmse.update_state(np.zeros((1, 1)), np.full((1, 1), 4.0))
    assert rmse.result() == pytest.approx(np.sqrt(12.5))


def test_cosine_has_the_sign_of_the_cosine() -> None:
    assert value(metrics.CosineSimilarity(), ONE_HOT, 3 * ONE_HOT) == pytest.approx(1)


@pytest.mark.parametrize(
    ("y", "p", "expected"),
    [
        (CLASSES, SCORES, RIGHT.mean()),
        (CLASSES[:, None], SCORES, RIGHT.mean()),
        (ONE_HOT, SCORES, RIGHT.mean()),
        (ONE_HOT[:, 0], SCORES[:, :1], (ONE_HOT[:, 0] == (SCORES[:, 0] > 0.5)).mean()),
        (ONE_HOT[:, :1], SCORES[:, :1], (ONE_HOT[:, 0] == (SCORES[:, 0] > 0.5)).mean()),
        (ONE_HOT[:, 0], SCORES[:, 0], (ONE_HOT[:, 0] == (SCORES[:, 0] > 0.5)).mean()),
    ],
)
@pytest.mark.parametrize("word", ["accuracy", "acc"])
def test_accuracy_goes_by_the_shapes(word: str, y: np.ndarray, p: np.ndarray, expected: float) -> None:
    metric = metrics.get(word)
    assert value(metric, Tensor(y), Tensor(p)) == pytest.approx(expected)
    assert metric.name == word


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(ShapeError, match="use 'sparse_categorical_accuracy' with integer classes"):
        value(metrics.CategoricalAccuracy(), CLASSES, SCORES)
    with pytest.raises(ShapeError, match=r"Give classes of shape \(20,\)"):
        value(metrics.SparseCategoricalAccuracy(), ONE_HOT, SCORES)


def test_mean_and_sum() -> None:
    mean, total = Mean(), Sum()
    for metric in (mean, total):
        metric.update_state([1.0, 3.0])
        metric.update_state(5.0, 2)
        metric.update_state(np.array([True, False]))
    assert mean.result() == (4 + 10 + 1) / 6
    assert total.result() == 15


def test_nothing_seen_is_zero() -> None:
    assert Mean().result() == Sum().result() == metrics.get("accuracy").result() == 0


def test_functions_and_classes_are_metrics() -> None:
    assert metrics.get(lambda y, p: abs(y - p).max(axis=-1)).name == "lambda"  # as Keras writes it
    assert metrics.get(metrics.MeanSquaredError).name == "mean_squared_error"
    assert value(metrics.get(lambda y, p: abs(y - p).max(axis=-1)), ONE_HOT, SCORES) == pytest.approx(
        abs(ONE_HOT - SCORES).max(axis=1).mean()
    )


def test_unknown_name_suggests() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown metric 'acuracy'\. Did you mean 'accuracy'"):
        metrics.get("acuracy")


def test_a_number_is_no_metric() -> None:
    with pytest.raises(TypeError, match=r"got float 0\.5\. Weights of losses go into loss_weights"):
        metrics.get(0.5)


def test_subclass() -> None:
    class Worst(Metric):
        worst = 0.0

        def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: object = None) -> None:
            self.worst = max(self.worst, float(abs(y_true - y_pred).max()))

        def result(self) -> float:
            return self.worst

        def reset_state(self) -> None:
            self.worst = 0.0

    metric = metrics.get(Worst)
    assert metric.name == "worst"
    assert metric(ONE_HOT, SCORES) == abs(ONE_HOT - SCORES).max()


# -- metrics of one's own, as Keras's users write them -------------------------------------------------------------------


class Counted(metrics.Metric):
    """Counts in variables, and has no reset_state."""

    def __init__(self, name: str = "counted") -> None:
        super().__init__(name=name)
        self.total = self.add_weight(name="total", initializer="zeros")
        self.rows = self.add_variable((2,), "ones", dtype="float64")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total.assign_add(len(y_true))
        self.rows.assign_sub([0.0, 1.0])

    def result(self):
        return self.total


def test_variables_start_from_zero_with_each_epoch() -> None:
    net = nn.Sequential(nn.Linear(2, 1))
    net.compile("sgd", "mse", metrics=[Counted()])
    history = net.fit(np.ones((6, 2), "float32"), np.ones((6, 1)), batch_size=2, epochs=2, verbose=0).history
    assert history["counted"] == [6.0, 6.0]
    assert type(history["counted"][0]) is float


def test_variables_are_part_of_the_state() -> None:
    first, second = Counted(), Counted()
    first.update_state([1, 2], [1, 2])
    second.load_state_dict(first.state_dict())
    assert second.total.item() == 2
    assert second.rows.tolist() == [1.0, 0.0]
    assert [v.shape for v in first.variables] == [(), (2,)]


def test_a_metric_must_know_how_to_start_anew() -> None:
    class Bare(metrics.Metric):
        def update_state(self, y_true, y_pred, sample_weight=None):
            self.seen = 1

        def result(self):
            return 0.0

    with pytest.raises(NotImplementedError, match=r"Bare: define reset_state\(\), or count in variables"):
        Bare().reset_state()
    with pytest.raises(UnknownNameError, match="zeros"):
        Bare().add_variable((), "zeroes")
