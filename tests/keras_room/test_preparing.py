"""Normalization, Resizing and CenterCrop, and the group, RMS and unit norms: by hand. Beside Keras: tests/oracle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Tensor, keras
from tinygrad_edu.engine.errors import DataError, ShapeError
from tinygrad_edu.keras import layers
from tinygrad_edu.verify import gradcheck

RNG = np.random.default_rng(2)
TABLE = RNG.normal(3, 2, (50, 4)).astype("float32")
IMAGES = RNG.uniform(0, 255, (2, 6, 8, 3)).astype("float32")


def test_normalization_learns_mean_and_variance() -> None:
    layer = layers.Normalization()
    layer.adapt(TABLE)
    out = layer(TABLE).numpy()
    np.testing.assert_allclose(out.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(out.std(axis=0), 1, rtol=1e-5)
    np.testing.assert_allclose(layer.mean.numpy()[0], TABLE.mean(axis=0), rtol=1e-5)


@pytest.mark.parametrize("parts", [[TABLE[:7], TABLE[7:]], [(TABLE[:49], 0), (TABLE[49:], 0)]])
def test_data_in_batches_is_the_same(parts: list[Any]) -> None:
    whole, batched = layers.Normalization(), layers.Normalization()
    whole.adapt(TABLE)
    batched.adapt(iter(parts))
    for mine, expected in zip(batched.get_weights(), whole.get_weights()):
        np.testing.assert_allclose(mine, expected, rtol=1e-6)


def test_a_dataset_is_adapted_to() -> None:
    class Data(keras.utils.PyDataset):
        def __len__(self) -> int:
            return 5

        def __getitem__(self, i: int) -> Any:
            return TABLE[10 * i : 10 * i + 10], np.zeros(10)

    layer = layers.Normalization()
    layer.adapt(Data())
    np.testing.assert_allclose(layer(TABLE).numpy().std(axis=0), 1, rtol=1e-5)


def test_a_constant_column_stays_finite_and_large_numbers_keep_their_digits() -> None:
    layer = layers.Normalization()
    layer.adapt(np.stack([np.full(50, 7.0), 1e6 + TABLE[:, 0].astype(float)], axis=1))
    out = layer(np.array([[7.0, 1e6]])).numpy()
    assert out[0, 0] == 0
    np.testing.assert_allclose(layer.adapt_variance.numpy(), [0, TABLE[:, 0].var()], rtol=1e-4)


def test_given_numbers_there_and_back() -> None:
    there, back = (layers.Normalization(mean=[1.0, 2.0], variance=[4.0, 9.0], invert=i) for i in (False, True))
    x = np.array([[3.0, 5.0]], "float32")
    np.testing.assert_allclose(there(x).numpy(), [[1, 1]])
    np.testing.assert_allclose(back(there(x)).numpy(), x)
    assert not there.weights


@pytest.mark.parametrize("given", [{}, {"mean": [0.0] * 4, "variance": [2.0] * 4}])
def test_normalization_is_trained_with_and_saved(given: dict[str, Any], tmp_path: Path) -> None:
    layer = layers.Normalization(**given)
    if not given:
        layer.adapt(TABLE)
    model = keras.Sequential([keras.Input((4,)), layer, layers.Dense(1)])
    model.compile("sgd", "mse")
    before = layer.get_weights()
    model.fit(TABLE, TABLE[:, 0], verbose=0)
    for value, expected in zip(layer.get_weights(), before):
        np.testing.assert_array_equal(value, expected)
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(again.predict(TABLE, verbose=0), model.predict(TABLE, verbose=0))


def test_what_normalization_cannot_do_is_said() -> None:
    with pytest.raises(ValueError, match="both mean and variance"):
        layers.Normalization(mean=1.0)
    with pytest.raises(ValueError, match="nothing to adapt"):
        layers.Normalization(mean=1.0, variance=1.0).adapt(TABLE)
    with pytest.raises(DataError, match="no sample"):
        layers.Normalization().adapt([])
    with pytest.raises(ShapeError, match="axis"):
        layers.Normalization(axis=3)(TABLE)


def test_resizing_by_hand() -> None:
    row = np.array([0.0, 10.0], "float32").reshape(1, 1, 2, 1)
    np.testing.assert_allclose(layers.Resizing(1, 4)(row).numpy().ravel(), [0, 2.5, 7.5, 10])
    np.testing.assert_array_equal(layers.Resizing(1, 4, "nearest")(row).numpy().ravel(), [0, 0, 10, 10])
    whole = layers.Resizing(1, 4)(row.astype("uint8")).numpy()
    assert whole.dtype == "uint8"
    np.testing.assert_array_equal(whole.ravel(), [0, 2, 8, 10])


def test_sizes_in_a_model_and_of_one_image() -> None:
    model = keras.Sequential([keras.Input((None, None, 3)), layers.Resizing(4, 5), layers.CenterCrop(2, 3)])
    assert model.output_shape == (None, 2, 3, 3)
    np.testing.assert_array_equal(layers.CenterCrop(2, 2)(IMAGES[0]).numpy(), IMAGES[0, 2:4, 3:5])
    assert layers.CenterCrop(9, 9)(IMAGES).shape == (2, 9, 9, 3)
    turned = layers.Resizing(4, 5, data_format="channels_first")(IMAGES.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(turned.numpy().transpose(0, 2, 3, 1), layers.Resizing(4, 5)(IMAGES).numpy())


def test_what_resizing_cannot_do_is_said() -> None:
    with pytest.raises(ValueError, match="'bilinear' or 'nearest', not 'bicubic'"):
        layers.Resizing(3, 3, interpolation="bicubic")
    with pytest.raises(ValueError, match="whole numbers > 0"):
        layers.CenterCrop(0, 3)
    with pytest.raises(TypeError, match="antialias=True is not supported"):
        layers.Resizing(3, 3, antialias=True)


LAYERS: list[Any] = [
    lambda: layers.Resizing(3, 5),
    lambda: layers.Resizing(3, 3, crop_to_aspect_ratio=True),
    lambda: layers.CenterCrop(7, 3),
    lambda: layers.Normalization(mean=1.0, variance=2.0),
    lambda: layers.GroupNormalization(2),
    lambda: layers.GroupNormalization(-1),
    lambda: layers.RMSNormalization(),
    lambda: layers.UnitNormalization(axis=[1, 2]),
]


@pytest.mark.parametrize("make", LAYERS)
def test_gradients(make: Any) -> None:
    layer, x = make(), RNG.normal(size=(2, 4, 3, 4))
    layer(x.astype("float32"))
    layer.astype("float64")
    layer.dtype = "float64"
    assert gradcheck(layer, x)


def test_unit_norm_of_nothing() -> None:
    x = Tensor(np.zeros((1, 3), "float32"), requires_grad=True)
    layers.UnitNormalization()(x).sum().backward()
    assert np.isfinite(x.grad.numpy()).all()


def test_groups_that_do_not_fit() -> None:
    with pytest.raises(ShapeError, match="5 channels do not fall into 2"):
        layers.GroupNormalization(2)(np.ones((1, 2, 5), "float32"))
