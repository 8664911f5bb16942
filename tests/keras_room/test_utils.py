"""utils, random, ops: the small words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Tensor, keras
from tinygrad_edu.engine.errors import DataError, ShapeError
from tinygrad_edu.keras import ops, random, utils


@given(st.lists(st.integers(0, 9), min_size=1), st.integers(10, 12))
def test_to_categorical_and_argmax_undo_each_other(labels: list[int], classes: int) -> None:
    rows = utils.to_categorical(labels, classes)
    assert rows.shape == (len(labels), classes)
    assert rows.argmax(axis=1).tolist() == labels
    assert (rows.sum(axis=1) == 1).all()


def test_to_categorical_takes_columns() -> None:
    np.testing.assert_array_equal(utils.to_categorical([[0], [2]]), [[1, 0, 0], [0, 0, 1]])


@pytest.mark.parametrize(("labels", "classes"), [([3], 3), ([-1], None), ([0.5], None)])
def test_what_is_no_class_is_refused(labels, classes) -> None:
    with pytest.raises(DataError, match="class numbers are whole"):
        utils.to_categorical(labels, classes)


def test_normalize() -> None:
    np.testing.assert_allclose(utils.normalize([[3.0, 4.0], [0.0, 0.0]]), [[0.6, 0.8], [0, 0]])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[0, 0, 1], [2, 3, 4]]),
        ({"padding": "post"}, [[1, 0, 0], [2, 3, 4]]),
        ({"maxlen": 2}, [[0, 1], [3, 4]]),
        ({"maxlen": 2, "truncating": "post", "value": 9}, [[9, 1], [2, 3]]),
        ({"maxlen": 0}, [[], []]),
    ],
)
def test_pad_sequences(options, expected) -> None:
    assert utils.pad_sequences([[1], [2, 3, 4]], **options).tolist() == expected


def test_pad_sequences_of_vectors() -> None:
    assert utils.pad_sequences([np.ones((1, 2)), np.ones((3, 2)), []]).shape == (3, 3, 2)


def test_pad_sequences_refuses_what_has_no_length() -> None:
    with pytest.raises(ShapeError, match="single number"):
        utils.pad_sequences([1, 2])
    with pytest.raises(ShapeError, match="one shape"):
        utils.pad_sequences([np.ones((1, 2)), np.ones((1, 3))])
    with pytest.raises(ValueError, match="padding is 'pre' or 'post'"):
        utils.pad_sequences([[1]], padding="left")


def test_split_dataset() -> None:
    x, y = np.arange(10), np.arange(10) * 2
    (a, b), (c, d) = utils.split_dataset((x, y), left_size=0.7)
    assert (a.tolist(), d.tolist()) == (list(range(7)), [14, 16, 18])
    left, right = utils.split_dataset(x, right_size=4, shuffle=True, seed=1)
    assert sorted([*left, *right]) == list(range(10))
    assert left.tolist() != list(range(6))
    assert (len(b), len(c)) == (7, 3)
    with pytest.raises(DataError, match="cannot be taken"):
        utils.split_dataset(x, 8, 3)
    with pytest.raises(DataError, match="as many samples"):
        utils.split_dataset((x, y[:3]), 2)


def test_time_series() -> None:
    series = np.arange(20.0)
    data = utils.timeseries_dataset_from_array(series, series[4:], sequence_length=4, batch_size=5)
    x, y = data[0]
    assert (len(data), x.shape) == (4, (5, 4))
    np.testing.assert_array_equal(y, x[:, -1] + 1)
    windows = utils.timeseries_dataset_from_array(series, None, 3, sequence_stride=5, sampling_rate=2)
    np.testing.assert_array_equal(windows[0], [[0, 2, 4], [5, 7, 9], [10, 12, 14], [15, 17, 19]])
    with pytest.raises(DataError, match="no window"):
        utils.timeseries_dataset_from_array(series, None, 30)


def test_fit_takes_a_dataset_of_batches() -> None:
    class Batches(utils.PyDataset):
        ended = 0

        def __len__(self):
            return 3

        def __getitem__(self, index):
            return np.full((4, 2), index, "float32"), np.zeros((4, 1), "float32")

        def on_epoch_end(self):
            self.ended += 1

    data = Batches()
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(data, epochs=2, verbose=0)
    assert data.ended == 2
    assert model.predict(data, verbose=0).shape == (12, 1)
    with pytest.raises(ValueError, match="Leave workers"):
        Batches(workers=4)


def test_images() -> None:
    assert utils.img_to_array(np.zeros((4, 5), "uint8")).shape == (4, 5, 1)
    with pytest.raises(ShapeError, match="2 or 3 axes"):
        utils.img_to_array(np.zeros(3))
    with pytest.raises(ValueError, match="channels_last"):
        utils.img_to_array(np.zeros((4, 5)), data_format="channels_first")


@pytest.mark.parametrize(
    "draw",
    [
        lambda seed: random.normal((3, 2), 1.0, 2.0, seed=seed),
        lambda seed: random.uniform((3, 2), -1, 1, seed=seed),
        lambda seed: random.truncated_normal((3, 2), seed=seed),
        lambda seed: random.randint((3, 2), 0, 1000, seed=seed),
        lambda seed: random.categorical(np.zeros((3, 50)), 2, seed=seed),
        lambda seed: random.shuffle(Tensor(np.arange(50.0)), seed=seed),
        lambda seed: random.dropout(Tensor(np.ones((9, 9))), 0.5, seed=seed),
    ],
)
def test_a_seed_repeats_and_a_seed_generator_goes_on(draw) -> None:
    np.testing.assert_array_equal(draw(3).data, draw(3).data)
    sequence = random.SeedGenerator(3)
    first, second = draw(sequence).data, draw(sequence).data
    assert (first != second).any()
    np.testing.assert_array_equal(first, draw(3).data)


def test_categorical_draws_with_the_probabilities_of_softmax() -> None:
    drawn = random.categorical(np.log([[0.2, 0.5, 0.3]]), 20_000, seed=0).data
    np.testing.assert_allclose(np.bincount(drawn[0]) / 20_000, [0.2, 0.5, 0.3], atol=0.015)


def test_ops_make_things() -> None:
    assert ops.arange(3).data.tolist() == [0, 1, 2]
    assert ops.arange(1, 2, 0.5).data.tolist() == [1, 1.5]
    assert ops.eye(2, 3).shape == (2, 3)
    assert ops.full_like(Tensor([1.0, 2.0]), 3).data.tolist() == [3, 3]
    assert (ops.zeros((2,)).dtype, ops.ones((2,), "int32").dtype) == ("float32", "int32")
    assert ops.linspace(0, 1, 3).data.tolist() == [0, 0.5, 1]


def test_ops_convert() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    assert ops.convert_to_tensor(x) is x
    assert ops.cast(x, "float64").dtype == "float64"
    assert ops.convert_to_numpy(x).tolist() == [1, 2]
    assert not (ops.stop_gradient(x) * 2).requires_grad
    assert (ops.shape(x), ops.ndim(x), ops.is_tensor(x), ops.is_tensor([1])) == ((2,), 1, True, False)
    mean, variance = ops.moments(Tensor([[1.0, 3.0]]), [1])
    assert (mean.data.tolist(), variance.data.tolist()) == ([2], [1])
    assert ops.rsqrt(Tensor([4.0])).data.tolist() == [0.5]


def test_gelu_is_approximate_among_ops_and_exact_among_activations() -> None:
    x = Tensor([1.0])
    assert float(ops.gelu(x)) == pytest.approx(0.841192, abs=1e-6)
    assert (
        float(ops.gelu(x, approximate=False)) == float(keras.activations.gelu(x)) == pytest.approx(0.841345, abs=1e-6)
    )


def test_images_to_files_and_back(tmp_path) -> None:
    pytest.importorskip("PIL")
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 3)).astype("uint8")
    image[0, 0], image[1, 1] = 0, 255
    utils.save_img(tmp_path / "i.png", image)
    assert np.array_equal(utils.img_to_array(utils.load_img(tmp_path / "i.png")), image)
    grey = utils.load_img(tmp_path / "i.png", "grayscale", target_size=(3, 4), interpolation="bilinear")
    assert utils.img_to_array(grey).shape == (3, 4, 1)
    with pytest.raises(ValueError, match="color_mode is one of rgb, rgba, grayscale"):
        utils.load_img(tmp_path / "i.png", "hsv")


@pytest.mark.parametrize(
    ("draw", "mean"),
    [
        (lambda seed: random.beta((4000,), 2.0, 6.0, seed=seed), 0.25),
        (lambda seed: random.gamma((4000,), 3.0, seed=seed), 3.0),
        (lambda seed: random.binomial((4000,), 10, 0.3, seed=seed), 3.0),
    ],
)
def test_more_distributions(draw, mean: float) -> None:
    first = draw(3)
    assert first.dtype == "float32"
    assert np.array_equal(first.data, draw(3).data)
    assert abs(first.data.mean() - mean) < 0.1


def test_variables_outside_of_layers() -> None:
    weight = keras.Variable([1.0, 2.0], name="w")
    assert weight.trainable
    assert weight.name == "w"
    assert weight.assign_add([1.0, 1.0]).tolist() == [2.0, 3.0]
    assert keras.Variable("ones", shape=(2, 3)).shape == (2, 3)
    assert not keras.Variable(np.arange(3)).trainable
    with pytest.raises(ValueError, match="an initializer needs the shape"):
        keras.Variable("ones")
