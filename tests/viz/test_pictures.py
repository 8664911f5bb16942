"""Pictures with matplotlib: what is on them, that they come back as figures, and what is said without matplotlib."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

import tinygrad_edu as tg
from tinygrad_edu import nn, viz
from tinygrad_edu.engine.errors import DataError, ShapeError
from tinygrad_edu.viz._findings import classes_of, confusion, gradient_of_input, predicted, worst
from tinygrad_edu.viz._pixels import as_images, diverging, mosaic, png, weight_images

rng = np.random.default_rng(0)
HISTORY = {"accuracy": [0.5, 0.6], "loss": [2.0, 1.0], "val_loss": [2.5, 1.5], "val_accuracy": [0.4, 0.5]}
X, Y = rng.random((30, 64)).astype(np.float32), np.arange(30) % 5


def model(logits: bool = False) -> nn.Sequential:
    tg.set_random_seed(0)
    return nn.Sequential(nn.Linear(64, 5), *([] if logits else [nn.Softmax()]))


def drawings() -> dict[str, Any]:
    rows = predicted(model(), X)
    return {
        "curves": lambda ax: viz.curves(HISTORY, ax=ax),
        "weights": lambda ax: viz.weights(model(), ax=ax),
        "confusion_matrix": lambda ax: viz.confusion_matrix(Y, rows, ax=ax),
        "mistakes": lambda ax: viz.mistakes(X, Y, rows, ax=ax),
        "saliency": lambda ax: viz.saliency(model(), X[:3], Y[:3], ax=ax),
    }


@pytest.mark.parametrize("name", drawings())
def test_each_returns_its_figure_and_draws_into_given_axes(name: str) -> None:
    draw = drawings()[name]
    own = draw(None)
    assert isinstance(own, Figure)
    own.draw_without_rendering()
    given = Figure().subplots()
    assert draw(given) is given.figure
    assert given.lines or given.images


@pytest.mark.parametrize("name", drawings())
def test_without_matplotlib_the_extra_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"pip install 'tinygrad-edu\[viz\]'"):
        drawings()[name](None)


def test_curves_have_loss_first_and_validation_beside_it() -> None:
    first, second = viz.curves(HISTORY).axes
    assert [line.get_label() for line in first.lines] == ["loss", "val_loss"]
    assert first.lines[0].get_ydata().tolist() == [2, 1]
    assert first.lines[0].get_xdata().tolist() == [1, 2]
    assert second.lines[0].get_label() == "accuracy"
    assert len(viz.curves(HISTORY, ["accuracy"]).axes) == 1


def test_curves_take_what_fit_returns() -> None:
    net = model()
    net.compile("sgd", loss="sparse_categorical_crossentropy")
    history = net.fit(X, Y, epochs=2, verbose=0)
    assert viz.curves(history).axes[0].lines[0].get_ydata().tolist() == history.history["loss"]


def test_a_wrong_history_is_named() -> None:
    with pytest.raises(ValueError, match="'lost' is not in the history, which has accuracy, loss"):
        viz.curves(HISTORY, ["lost"])
    with pytest.raises(TypeError, match="not ndarray"):
        viz.curves(np.zeros(3))


def test_the_confusion_matrix_says_how_many() -> None:
    axes = viz.confusion_matrix([0, 0, 1, 1], [0, 1, 1, 1], labels=["cat", "dog"]).axes[0]
    assert {t.get_position(): t.get_text() for t in axes.texts} == {(0, 0): "1", (1, 0): "1", (1, 1): "2"}
    assert axes.get_title() == "75.00% right"
    assert [t.get_text() for t in axes.get_yticklabels()] == ["cat", "dog"]


def test_mistakes_say_what_it_is_and_what_it_was_read_as() -> None:
    rows = np.eye(3)[[0, 2, 1]] * 0.9 + 0.033
    axes = viz.mistakes(np.zeros((3, 16)), [0, 1, 1], rows).axes[0]
    assert [t.get_text() for t in axes.texts] == ["1 read as 2"]
    assert axes.get_title() == "1 of 3 misread, the surest first"
    assert viz.mistakes(np.zeros((1, 16)), [0], rows[:1]).axes[0].get_title() == "0 of 1 misread"


# -- what the pictures are made of -------------------------------------------------------------------------------------


def test_confusion_counts() -> None:
    t, r = rng.integers(0, 4, 50), rng.integers(0, 4, 50)
    counts = confusion(t, r, 5)
    assert all(counts[i, j] == sum((t == i) & (r == j)) for i in range(5) for j in range(5))
    assert confusion([1], np.array([[0.1, 0.2, 0.7]])).shape == (3, 3)


def test_classes_in_every_form() -> None:
    assert classes_of(np.eye(3)[[2, 0]]).tolist() == [2, 0]
    assert classes_of(np.array([[1.0], [2.0]])).tolist() == [1, 2]
    with pytest.raises(DataError, match=r"such as 0\.5"):
        classes_of([0.5])


@pytest.mark.parametrize("logits", [False, True])
def test_the_worst_mistakes_come_first(logits: bool) -> None:
    chances = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.3, 0.7]])
    rows = np.log(chances) + 3 if logits else chances
    assert worst([0, 0, 0, 1], rows, 5).tolist() == [2, 1]


@pytest.mark.parametrize("logits", [False, True])
def test_the_saliency_is_the_derivative_of_the_loss(logits: bool) -> None:
    net = model(logits).astype(np.float64)
    x = X[:2].astype(np.float64)

    def loss(x: np.ndarray) -> float:
        rows = net(tg.Tensor(x)).data
        rows = np.exp(rows) / np.exp(rows).sum(axis=1, keepdims=True) if logits else rows
        return float(-np.log(rows[[0, 1], Y[:2]]).sum())

    found = gradient_of_input(net, x, Y[:2])
    assert found.dtype == np.float64
    for i, j in ((0, 3), (1, 40)):
        step = np.zeros_like(x)
        step[i, j] = 1e-5
        assert found[i, j] == pytest.approx((loss(x + step) - loss(x - step)) / 2e-5, rel=1e-6)
    assert all(p.grad is None for p in net.parameters())


def test_images_out_of_every_layout() -> None:
    images = rng.random((4, 6, 6))
    for x in (images, images.reshape(4, 36), images[:, None], images[..., None]):
        assert np.array_equal(as_images(x), images)
    colour = rng.random((4, 6, 6, 3))
    assert np.allclose(as_images(colour), colour.mean(axis=-1))
    assert np.allclose(as_images(colour.transpose(0, 3, 1, 2)), colour.mean(axis=-1))
    with pytest.raises(ShapeError, match=r"\(4, 35\) are not images"):
        as_images(np.zeros((4, 35)))


def test_weights_as_images() -> None:
    dense, kernels = rng.random((36, 5)), rng.random((4, 2, 3, 3))
    assert np.array_equal(weight_images(dense)[2], dense[:, 2].reshape(6, 6))
    assert np.array_equal(weight_images(kernels)[3], kernels[1, 1])
    assert np.array_equal(weight_images(kernels.transpose(2, 3, 1, 0))[3], kernels[1, 1])
    assert weight_images(nn.Sequential(nn.ReLU(), nn.Conv2d(1, 7, 3))).shape == (7, 3, 3)
    with pytest.raises(ShapeError, match="none of Sequential gives images"):
        weight_images(nn.Sequential(nn.Linear(5, 2)))


def test_a_mosaic_has_a_gap_and_fills_up() -> None:
    out = mosaic(np.ones((3, 2, 2)), columns=2)
    assert out.shape == (5, 5)
    assert np.isnan(out[2]).all()
    assert np.isnan(out[3:, 3:]).all()
    assert np.nansum(out) == 12


def test_colours_tell_the_sign() -> None:
    blue, red, clear = diverging(np.array([[1.0, -2.0, np.nan]]))[0]
    assert blue[2] > blue[0]
    assert red[0] > red[2]
    assert (blue[3], red[3], clear[3]) == (128, 255, 0)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 4)])
def test_png_files_are_read_back_the_same(shape: tuple[int, ...], tmp_path: Any) -> None:
    from matplotlib.image import imread

    pixels = rng.integers(0, 256, shape, dtype=np.uint8)
    (tmp_path / "p.png").write_bytes(png(pixels))
    assert np.array_equal((imread(tmp_path / "p.png") * 255).round(), pixels)
