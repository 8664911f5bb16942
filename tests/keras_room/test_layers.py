"""Keras's layers: names, configurations, weights, masks, penalties, errors. Their arithmetic is compared in tests/oracle."""

import copy
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu
from tinygrad_edu import Sequential, Tensor, keras, no_grad, set_random_seed
from tinygrad_edu.engine.errors import DTypeError, NotReadyError, ShapeError, UnknownNameError
from tinygrad_edu.keras import layers
from tinygrad_edu.training.masks import mask_of

VOLUME, IMAGE, SEQUENCE, FLAT = (2, 4, 4, 5, 2), (2, 6, 6, 4), (2, 6, 4), (2, 6)
MAKE = {
    "Activation": (lambda: layers.Activation("relu"), FLAT),
    "ActivityRegularization": (lambda: layers.ActivityRegularization(0.1, 0.2), FLAT),
    "AlphaDropout": (lambda: layers.AlphaDropout(0.5), FLAT),
    "AveragePooling1D": (layers.AveragePooling1D, SEQUENCE),
    "AveragePooling2D": (layers.AveragePooling2D, IMAGE),
    "AveragePooling3D": (layers.AveragePooling3D, VOLUME),
    "BatchNormalization": (layers.BatchNormalization, IMAGE),
    "Bidirectional": (lambda: layers.Bidirectional(layers.LSTM(3)), SEQUENCE),
    "CenterCrop": (lambda: layers.CenterCrop(3, 2), IMAGE),
    "Conv1D": (lambda: layers.Conv1D(3, 2), SEQUENCE),
    "Conv1DTranspose": (lambda: layers.Conv1DTranspose(3, 2), SEQUENCE),
    "Conv2D": (lambda: layers.Conv2D(3, 2), IMAGE),
    "Conv2DTranspose": (lambda: layers.Conv2DTranspose(3, 2), IMAGE),
    "Conv3D": (lambda: layers.Conv3D(3, 2), VOLUME),
    "Conv3DTranspose": (lambda: layers.Conv3DTranspose(3, 2), VOLUME),
    "Cropping1D": (layers.Cropping1D, SEQUENCE),
    "Cropping2D": (lambda: layers.Cropping2D(1), IMAGE),
    "Cropping3D": (layers.Cropping3D, VOLUME),
    "Dense": (lambda: layers.Dense(3, kernel_regularizer="l2", kernel_constraint="max_norm"), FLAT),
    "DepthwiseConv1D": (lambda: layers.DepthwiseConv1D(2), SEQUENCE),
    "DepthwiseConv2D": (lambda: layers.DepthwiseConv2D(2), IMAGE),
    "Dropout": (lambda: layers.Dropout(0.5), FLAT),
    "ELU": (layers.ELU, FLAT),
    "EinsumDense": (lambda: layers.EinsumDense("abc,cde->adbe", (3, None, 2), bias_axes="de"), SEQUENCE),
    "Embedding": (lambda: layers.Embedding(10, 3), FLAT),
    "Flatten": (layers.Flatten, IMAGE),
    "GroupNormalization": (lambda: layers.GroupNormalization(-1), IMAGE),
    "GRU": (lambda: layers.GRU(3), SEQUENCE),
    "GaussianDropout": (lambda: layers.GaussianDropout(0.5), FLAT),
    "GaussianNoise": (lambda: layers.GaussianNoise(0.5), FLAT),
    "GlobalAveragePooling1D": (layers.GlobalAveragePooling1D, SEQUENCE),
    "GlobalAveragePooling2D": (layers.GlobalAveragePooling2D, IMAGE),
    "GlobalAveragePooling3D": (layers.GlobalAveragePooling3D, VOLUME),
    "GlobalMaxPooling1D": (layers.GlobalMaxPooling1D, SEQUENCE),
    "GlobalMaxPooling2D": (layers.GlobalMaxPooling2D, IMAGE),
    "GlobalMaxPooling3D": (layers.GlobalMaxPooling3D, VOLUME),
    "Identity": (layers.Identity, FLAT),
    "LSTM": (lambda: layers.LSTM(3), SEQUENCE),
    "LayerNormalization": (layers.LayerNormalization, FLAT),
    "LeakyReLU": (layers.LeakyReLU, FLAT),
    "Masking": (layers.Masking, SEQUENCE),
    "MaxPooling1D": (layers.MaxPooling1D, SEQUENCE),
    "MaxPooling2D": (layers.MaxPooling2D, IMAGE),
    "MaxPooling3D": (layers.MaxPooling3D, VOLUME),
    "Normalization": (lambda: layers.Normalization(mean=1.0, variance=2.0), SEQUENCE),
    "PReLU": (layers.PReLU, FLAT),
    "Permute": (lambda: layers.Permute((2, 1)), SEQUENCE),
    "RNN": (lambda: layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)], return_sequences=True), SEQUENCE),
    "RandomBrightness": (lambda: layers.RandomBrightness(0.2), IMAGE),
    "RandomContrast": (lambda: layers.RandomContrast((0.1, 0.2), (0, 9)), IMAGE),
    "RandomCrop": (lambda: layers.RandomCrop(4, 3), IMAGE),
    "RandomFlip": (layers.RandomFlip, IMAGE),
    "RandomRotation": (lambda: layers.RandomRotation(0.1), IMAGE),
    "RandomTranslation": (lambda: layers.RandomTranslation(0.1, 0.2), IMAGE),
    "RandomZoom": (lambda: layers.RandomZoom(0.1), IMAGE),
    "ReLU": (layers.ReLU, FLAT),
    "RepeatVector": (lambda: layers.RepeatVector(3), FLAT),
    "Rescaling": (lambda: layers.Rescaling(0.5), FLAT),
    "Reshape": (lambda: layers.Reshape((3, 2)), FLAT),
    "Resizing": (lambda: layers.Resizing(3, 5), IMAGE),
    "RMSNormalization": (layers.RMSNormalization, SEQUENCE),
    "SeparableConv1D": (lambda: layers.SeparableConv1D(3, 2), SEQUENCE),
    "SeparableConv2D": (lambda: layers.SeparableConv2D(3, 2), IMAGE),
    "SimpleRNN": (lambda: layers.SimpleRNN(3), SEQUENCE),
    "Softmax": (layers.Softmax, FLAT),
    "SpectralNormalization": (lambda: layers.SpectralNormalization(layers.Conv2D(3, 2), 2), IMAGE),
    "SpatialDropout1D": (lambda: layers.SpatialDropout1D(0.5), SEQUENCE),
    "SpatialDropout2D": (lambda: layers.SpatialDropout2D(0.5), IMAGE),
    "SpatialDropout3D": (lambda: layers.SpatialDropout3D(0.5), VOLUME),
    "TimeDistributed": (lambda: layers.TimeDistributed(layers.Dense(2)), SEQUENCE),
    "UnitNormalization": (layers.UnitNormalization, SEQUENCE),
    "UpSampling1D": (layers.UpSampling1D, SEQUENCE),
    "UpSampling2D": (layers.UpSampling2D, IMAGE),
    "UpSampling3D": (lambda: layers.UpSampling3D(3), VOLUME),
    "ZeroPadding1D": (layers.ZeroPadding1D, SEQUENCE),
    "ZeroPadding2D": (layers.ZeroPadding2D, IMAGE),
    "ZeroPadding3D": (layers.ZeroPadding3D, VOLUME),
}
MERGES = ["Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract"]
ATTENTION = {  # of queries (2, 3, 4) and values (2, 5, 4)
    "AdditiveAttention": layers.AdditiveAttention,
    "Attention": lambda: layers.Attention(use_scale=True, score_mode="concat", dropout=0.2),
}
CELLS = {"GRUCell", "LSTMCell", "SimpleRNNCell", "StackedRNNCells"}
ELSEWHERE = {*MERGES, *ATTENTION, *CELLS, "Dot", "Lambda", "Layer", "MultiHeadAttention"}  # have tests of their own


def values(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(1, 9, shape).astype(np.float32)


def test_no_layer_is_forgotten() -> None:
    assert {cls.__name__ for cls in layers.KNOWN.values()} == set(MAKE) | ELSEWHERE


@pytest.mark.parametrize("name", MAKE)
def test_a_layer_is_made_again_from_its_configuration(name: str) -> None:
    make, shape = MAKE[name]
    layer = make()
    x = values(*shape)
    out = layer(x, training=False)
    again = layers.deserialize(layers.serialize(layer))
    again(x, training=False)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(x, training=False).numpy(), out.numpy())
    assert again.get_config() == layer.get_config()


@pytest.mark.parametrize("name", MAKE)
def test_a_layer_comes_back_from_a_file(name: str, tmp_path: Path) -> None:
    make, shape = MAKE[name]
    model, x = Sequential(make()), values(*shape)
    out = model(x, training=False).numpy()
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(x, training=False).numpy(), out)


@pytest.mark.parametrize("name", MAKE)
def test_the_shape_is_known_beforehand(name: str) -> None:
    make, shape = MAKE[name]
    layer = make()
    out = layer(values(*shape), training=False)
    assert layer.compute_output_shape((None, *shape[1:])) == (None, *out.shape[1:])


@pytest.mark.parametrize("name", MAKE)
def test_copies_and_pickles_compute_the_same(name: str) -> None:
    make, shape = MAKE[name]
    layer, x = make(), values(*shape)
    out = layer(x, training=False).numpy()
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        np.testing.assert_array_equal(other(x, training=False).numpy(), out)
        assert other.name == layer.name


@pytest.mark.parametrize("name", [n for n in MAKE if n not in ("Dropout", "Embedding")])
def test_an_unknown_argument_is_refused_by_name(name: str) -> None:
    config = MAKE[name][0]().get_config()
    with pytest.raises(TypeError, match="frobnicate"):
        getattr(layers, name).from_config(config | {"frobnicate": 1})


@pytest.mark.parametrize("name", [n for n, (_, shape) in MAKE.items() if shape != FLAT and n.endswith("D")])
def test_wrong_ranks_are_refused(name: str) -> None:
    with pytest.raises(ShapeError, match="needed"):
        MAKE[name][0]()(values(*MAKE[name][1], 2), training=True)


@pytest.mark.parametrize(
    "name",
    [
        "Conv2D", "Conv2DTranspose", "Conv3D", "Conv3DTranspose", "Cropping3D", "DepthwiseConv1D", "GlobalAveragePooling2D",
        "GlobalMaxPooling3D", "MaxPooling2D", "SeparableConv1D", "UpSampling3D", "ZeroPadding2D", "ZeroPadding3D",
    ],
)  # fmt: skip
def test_channels_first(name: str) -> None:
    make, shape = MAKE[name]
    last = make()
    first = type(last).from_config(last.get_config() | {"data_format": "channels_first"})
    x = values(*shape)
    out = last(x).numpy()
    turned = np.moveaxis(x, -1, 1)
    first(turned)
    first.set_weights(last.get_weights())
    expected = np.moveaxis(out, -1, 1)
    np.testing.assert_allclose(first(turned).numpy(), expected, rtol=1e-6)


# -- names and weights -------------------------------------------------------------------------------------------------


def test_names_are_numbered() -> None:
    made = [
        layers.Dense(1),
        layers.Dense(1),
        layers.Dense(1, name="mine"),
        layers.Dense(1),
        layers.MaxPooling2D(),
        layers.ReLU(),
    ]
    assert [layer.name for layer in made] == ["dense", "dense_1", "mine", "dense_2", "max_pooling2d", "re_lu"]


def test_inputs_and_models_are_numbered() -> None:
    class Net(keras.Model):
        pass

    inputs = [keras.Input((1,)), keras.Input((1,), name="mine"), keras.Input((1,))]
    models = [keras.Model(i, i + 1) for i in inputs] + [keras.Sequential(), Net(), keras.Sequential(), Net()]
    assert [i.name for i in inputs] == ["input_layer", "mine", "input_layer_1"]
    names = ["functional", "functional_1", "functional_2", "sequential", "net", "sequential_1", "net_1"]
    assert [m.name for m in models] == names
    both = keras.Sequential([models[5], models[3]])  # the second one made stands first
    assert both.get_layer("sequential") is models[3]


def test_a_name_of_ones_own_stays() -> None:
    class Named(keras.Model):
        name = "by class"

    class Before(keras.Model):
        def __init__(self) -> None:
            self.name = "before"
            super().__init__()

    made = [Named(), Named(), Before(), Before(), Named(name="given")]
    assert [model.name for model in made] == ["by class", "by class", "before", "before", "given"]


def test_a_layer_inside_is_found_once_under_its_attribute() -> None:
    layer = layers.TimeDistributed(layers.Dense(2))
    layer(values(*SEQUENCE))
    assert [name for name, _ in layer.named_variables()] == ["layer.kernel", "layer.bias"]
    both = layers.Bidirectional(layers.LSTM(2))
    both(values(*SEQUENCE))
    assert both.count_params() == 2 * 4 * (4 + 2 + 1) * 2


def test_copies_do_not_use_up_numbers() -> None:
    pickle.loads(pickle.dumps(copy.deepcopy(layers.Dense(1))))
    assert layers.Dense(1).name == "dense_1"


def test_a_forgotten_constructor_is_named() -> None:
    class Forgetful(layers.Layer):
        def __init__(self) -> None:
            self.size = 3

        def call(self, inputs: Tensor) -> Tensor:
            return inputs

    with pytest.raises(NotReadyError, match="super"):
        Forgetful()(values(2, 3))


def test_weights_in_the_order_of_keras() -> None:
    layer = layers.BatchNormalization()
    layer(values(*FLAT))
    assert [w.name for w in layer.weights] == ["gamma", "beta", "moving_mean", "moving_variance"]
    assert [w.name for w in layer.trainable_weights] == ["gamma", "beta"]
    assert layer.count_params() == 24
    with pytest.raises(ShapeError, match=r"\(6,\)"):
        layer.set_weights(layer.get_weights()[:2])


def test_count_params_needs_weights() -> None:
    with pytest.raises(NotReadyError, match="no weights yet"):
        layers.Dense(3).count_params()


def test_a_frozen_layer_has_no_trainable_weights_also_if_it_is_built_later() -> None:
    layer = layers.Dense(3, trainable=False)
    layer(values(*FLAT))
    assert layer.trainable_weights == []
    assert len(layer.non_trainable_weights) == 2
    layer.trainable = True
    assert len(layer.trainable_weights) == 2


def test_a_frozen_batch_normalization_uses_and_keeps_its_statistics() -> None:
    layer, x = layers.BatchNormalization(), values(8, 3)
    layer(x)
    layer.trainable = False
    before = layer.get_weights()
    out = layer(x, training=True).numpy()
    np.testing.assert_allclose(out, layer(x, training=False).numpy())
    assert all((a == b).all() for a, b in zip(before, layer.get_weights()))


def test_float64_and_no_other_dtype() -> None:
    layer = layers.Dense(2, dtype="float64")
    assert layer(values(2, 3)).dtype == np.float64
    assert layers.Dense(2)(values(2, 3).astype(np.float64)).dtype == np.float32
    with pytest.raises(DTypeError, match="float16"):
        layers.Dense(2, dtype="float16")


# -- subclasses --------------------------------------------------------------------------------------------------------


class Scale(layers.Layer):
    """The example of the documentation, with a constructor."""

    def __init__(self, start: str = "ones", **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.start = start

    def build(self, input_shape: tuple) -> None:
        self.factor = self.add_weight(shape=input_shape[-1:], initializer=self.start, regularizer="l2", name="factor")
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, inputs: Tensor) -> Tensor:
        self.calls.assign_add(2.0).assign_sub(Tensor(1.0))
        self.add_loss(0.5 * inputs.sum())
        return inputs * self.factor


def test_a_layer_of_ones_own() -> None:
    layer = Scale(name="mine")
    x = np.ones((2, 3), np.float32)
    assert layer(x).numpy().tolist() == x.tolist()
    assert layer.get_config() == {"name": "mine", "trainable": True, "dtype": "float32", "start": "ones"}
    assert [w.shape for w in layer.weights] == [(3,), ()]
    assert layer.weights[1].item() == 1
    assert Scale.from_config(layer.get_config()).start == "ones"


def test_penalties_are_those_of_the_last_call() -> None:
    layer = Scale()
    model = Sequential(layer, layer)
    x = np.ones((2, 3), np.float32)
    for _ in range(3):
        model(x)
        assert [float(v) for v in model.losses] == pytest.approx([3.0, 3.0, 0.03])


def test_penalties_are_part_of_the_loss() -> None:
    model = Sequential(layers.Dense(2, kernel_regularizer="l1", activity_regularizer="l2"))
    x, y = values(4, 3), values(4, 2)
    model.compile("sgd", "mse")
    out = model(x).numpy()
    expected = ((out - y) ** 2).mean() + 0.01 * abs(model.get_weights()[0]).sum() + 0.01 * (out**2).sum() / 4
    assert model.evaluate(x, y, verbose=0) == pytest.approx(expected, rel=1e-5)


def test_constraints_hold_after_every_step() -> None:
    set_random_seed(0)
    model = Sequential(layers.Dense(2, kernel_constraint="non_neg"))
    model.compile("sgd", "mse")
    model.fit(values(8, 3), -values(8, 2), epochs=2, verbose=0)
    assert model.get_weights()[0].min() == 0


# -- masks -------------------------------------------------------------------------------------------------------------

IDS = np.array([[1, 2, 0], [3, 0, 0]])


def test_padding_is_skipped() -> None:
    model = Sequential(layers.Embedding(5, 4, mask_zero=True), layers.Dropout(0.1), layers.Dense(3), layers.LSTM(2))
    out = model(IDS, training=False).numpy()
    np.testing.assert_allclose(model(IDS[1:, :1], training=False).numpy()[0], out[1], rtol=1e-4)


def test_masks_go_when_their_tensor_goes() -> None:
    from tinygrad_edu.training import masks

    before = len(masks._masks)
    out = layers.Embedding(5, 4, mask_zero=True)(IDS)
    assert mask_of(out).tolist() == (IDS != 0).tolist()
    del out
    assert len(masks._masks) == before


def test_a_layer_that_loses_the_mask_warns() -> None:
    model = Sequential(layers.Embedding(5, 4, mask_zero=True), layers.Conv1D(2, 2))
    with pytest.warns(layers.LostMaskWarning, match="padding counts as data"):
        model(IDS)


def test_the_loss_leaves_masked_steps_out() -> None:
    model = Sequential(layers.Embedding(5, 4, mask_zero=True), layers.Dense(1))
    model.compile("sgd", "mse")
    y = np.ones((2, 3, 1), np.float32)
    wrong_on_padding = np.where(IDS[..., None] == 0, 100, y).astype(np.float32)
    assert model.evaluate(IDS, y, verbose=0) == model.evaluate(IDS, wrong_on_padding, verbose=0)


def test_masks_are_merged() -> None:
    one = layers.Embedding(5, 4, mask_zero=True)(IDS)
    other = layers.Embedding(5, 4, mask_zero=True)(IDS[::-1].copy())
    assert mask_of(layers.Add()([one, other])).tolist() == [[True, False, False], [True, False, False]]
    both = layers.Concatenate(axis=1)([one, Tensor(values(2, 2, 4))])
    assert mask_of(both).tolist() == [[True, True, False, True, True], [True, False, False, True, True]]


# -- several inputs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MERGES)
def test_merging_is_also_a_function(name: str) -> None:
    x, y = values(2, 3), values(2, 3) + 1
    layer = layers.deserialize(layers.serialize(getattr(layers, name)()))
    np.testing.assert_array_equal(layer([x, y]).numpy(), getattr(layers, name.lower())([x, y]).numpy())


@pytest.mark.parametrize(
    ("layer", "inputs"),
    [
        (layers.Add(), values(2, 3)),
        (layers.Subtract(), [values(2, 3)] * 3),
        (layers.Add(), [values(2, 3), values(2, 4)]),
        (layers.Concatenate(), [values(2, 3), values(3, 3)]),
        (layers.Dot(1), [values(2, 3), values(2, 4)]),
        (layers.Reshape((5,)), values(2, 3)),
        (layers.Permute((2, 1)), values(2, 3)),
        (layers.RepeatVector(2), values(2, 3, 4)),
        (layers.EinsumDense("abc,cd->abd", (5, 7)), values(2, 3, 4)),
        (layers.EinsumDense("ab,bc->ac", 3), values(2, 3, 4)),
        (layers.Attention(), values(2, 3, 4)),
        (layers.TimeDistributed(layers.Dense(2)), values(2, 3)),
        (layers.LSTM(2), values(2, 3)),
        (layers.Dense(2), values(3)),
        (layers.Cropping1D(3), values(2, 6, 1)),
        (layers.BatchNormalization(axis=3), values(2, 3)),
        (layers.LayerNormalization(axis=(1, 2)), values(2, 3)),
        (layers.GroupNormalization(3, axis=-3), values(2, 3)),
        (layers.GroupNormalization(2), values(2, 3)),
        (layers.RMSNormalization(axis=2), values(2, 3)),
        (layers.UnitNormalization(axis=[0, 2]), values(2, 3)),
    ],
)
def test_shapes_that_do_not_fit(layer: layers.Layer, inputs: object) -> None:
    with pytest.raises(ShapeError, match=layer.name):
        layer(inputs)


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.Dense(0),
        lambda: layers.Dropout(1.5),
        lambda: layers.GaussianNoise(-1),
        lambda: layers.LSTM(2, dropout=1),
        lambda: layers.Conv2D(2, 3, padding="some"),
        lambda: layers.Conv2D(2, 3, data_format="last"),
        lambda: layers.Conv3D(2, (3, 3)),
        lambda: layers.ZeroPadding3D((1, 1)),
        lambda: layers.MaxPooling2D((1, 2, 3)),
        lambda: layers.DepthwiseConv1D((1, 2))(values(2, 6, 4)),
        lambda: layers.Permute((1, 3)),
        lambda: layers.EinsumDense("ab,bc", 3),
        lambda: layers.EinsumDense("...ab,bc->ac", 3),
        lambda: layers.EinsumDense("ab,bc->ad", 3),
        lambda: layers.EinsumDense("ab,bcd->ac", 3),
        lambda: layers.EinsumDense("ab,bc->ac", 3, bias_axes="b"),
        lambda: layers.Attention(score_mode="sum"),
        lambda: layers.SpectralNormalization(layers.Dense(2), 0),
        lambda: layers.AlphaDropout(1.0)(values(2, 3), training=True),
        lambda: layers.Dot(0),
        lambda: layers.RandomFlip("sideways"),
        lambda: layers.RandomRotation(2),
        lambda: layers.RandomBrightness(0.1, (1, 0)),
        lambda: layers.RandomContrast((0.1, 2)),
        lambda: layers.RandomCrop(0, 3),
        lambda: layers.UpSampling2D(interpolation="cubic"),
        lambda: layers.Bidirectional(layers.LSTM(2), merge_mode="max"),
        lambda: layers.Bidirectional(layers.LSTM(2), backward_layer=layers.LSTM(2)),
        lambda: layers.ReLU(-1.0),
    ],
)
def test_values_that_make_no_sense(make: object) -> None:
    with pytest.raises(ValueError, match=r"not|needs|is a"):
        make()


@pytest.mark.parametrize("argument", ["activation", "kernel_initializer", "kernel_regularizer", "kernel_constraint"])
def test_unknown_names_get_a_suggestion(argument: str) -> None:
    with pytest.raises(UnknownNameError, match="Known"):
        layers.Dense(2, **{argument: "sotfmax"})


def test_what_is_not_supported_is_refused_unless_it_is_the_default() -> None:
    layers.Dense(2, lora_rank=None)
    with pytest.raises(TypeError, match="lora_rank=4 is not supported"):
        layers.Dense(2, lora_rank=4)


def test_lambda() -> None:
    layer = layers.Lambda(lambda x, power: x**power, arguments={"power": 2})
    assert layer(np.float32([[3]])).item() == 9
    assert layers.Lambda(lambda x: x, output_shape=(7,)).compute_output_shape((None, 3)) == (None, 7)


def test_attention_takes_masks_from_its_inputs() -> None:
    set_random_seed(0)
    table, attention = layers.Embedding(5, 4, mask_zero=True), layers.MultiHeadAttention(2, 3, dropout=0.5)
    keys = table(IDS)
    query = Tensor(values(2, 2, 4))
    out, scores = attention(query, keys, return_attention_scores=True, training=False)
    assert (scores.numpy()[1, :, :, 1:] == 0).all()
    assert (attention(query, keys, training=True).numpy() != out.numpy()).any()


@pytest.mark.parametrize("name", ATTENTION)
def test_attention_is_made_again_from_its_configuration_and_a_file(name: str, tmp_path: Path) -> None:
    inputs = [keras.Input((3, 4)), keras.Input((5, 4))]
    model = keras.Model(inputs, ATTENTION[name]()(inputs))
    x = [values(2, 3, 4) / 9, values(2, 5, 4) / 9]
    out = model(x, training=False).numpy()
    assert model.output_shape == (None, 3, 4)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(x, training=False).numpy(), out)
    assert again.get_config() == model.get_config()


def test_attention_keeps_the_mask_of_its_queries() -> None:
    words = layers.Embedding(5, 4, mask_zero=True)(IDS)
    assert mask_of(layers.Attention()([words, words])).tolist() == (IDS != 0).tolist()


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    x = np.random.default_rng(0).standard_normal((500, 200)).astype(np.float32)
    out = layers.AlphaDropout(0.3, seed=1)(x, training=True).numpy()
    assert abs(out.mean()) < 0.01
    assert abs(out.std() - 1) < 0.01
    found, counts = np.unique(out, return_counts=True)
    lowest = found[counts.argmax()]
    assert 0.29 < (out == lowest).mean() < 0.31
    shared = layers.AlphaDropout(0.3, noise_shape=(None, 1), seed=1)(x, training=True).numpy()
    assert ((shared == lowest).all(axis=1) | (shared != lowest).all(axis=1)).all()


def test_spectral_normalization_finds_the_largest_singular_value() -> None:
    inner = layers.Dense(3)
    layer, x = layers.SpectralNormalization(inner, power_iterations=100), values(2, 5)
    layer(x, training=False)
    before = inner.kernel.numpy().copy()
    layer(x, training=True)
    np.testing.assert_allclose(inner.kernel.numpy() * np.linalg.norm(before, 2), before, rtol=1e-4)
    inner.kernel.assign(0 * before)
    layer(x, training=True)
    assert (inner.kernel.numpy() == 0).all()
    with pytest.raises(TypeError, match="no kernel"):
        layers.SpectralNormalization(layers.Flatten())(x)


def test_seeds_repeat_draws() -> None:
    x = values(4, 50)
    for make in (lambda: layers.Dropout(0.5, seed=3), lambda: layers.GaussianNoise(1.0, seed=3)):
        np.testing.assert_array_equal(make()(x, training=True).numpy(), make()(x, training=True).numpy())


def test_flips_and_moves_show_the_same_pixels() -> None:
    set_random_seed(0)
    x = values(16, 4, 4, 1)
    flipped = layers.RandomFlip("horizontal")(x, training=True).numpy()
    turned = (flipped == x[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (turned | (flipped == x).all(axis=(1, 2, 3))).all()
    assert 0 < turned.sum() < 16
    moved = layers.RandomTranslation((0.25, 0.25), 0.0, "wrap")(x, training=True).numpy()
    np.testing.assert_allclose(moved, np.roll(x, 1, axis=1), rtol=1e-6)
    half = layers.RandomRotation((0.5, 0.5))(x, training=True).numpy()
    np.testing.assert_allclose(half, x[:, ::-1, ::-1], rtol=1e-4)
    assert layers.RandomRotation(0.2)(x, training=False).numpy() is not None


def test_crops_show_what_is_there() -> None:
    x = np.arange(48, dtype=np.float32).reshape(1, 6, 8, 1)
    layer, found = layers.RandomCrop(4, 5, seed=0), set()
    for _ in range(100):
        crop = layer(x, training=True).numpy()[0, :, :, 0]
        top, left = divmod(int(crop[0, 0]), 8)
        found.add((top, left))
        np.testing.assert_array_equal(crop, x[0, top : top + 4, left : left + 5, 0])
    assert found == {(i, j) for i in range(3) for j in range(4)}
    middle = layers.RandomCrop(3, 4)(x, training=False).numpy()[0, :, :, 0]  # two pixels become one
    np.testing.assert_allclose(middle, x[0, :, :, 0].reshape(3, 2, 4, 2).mean(axis=(1, 3)))
    assert layers.RandomCrop(12, 3)(x[0], training=True).shape == (12, 3, 1)


def test_brightness_and_contrast_stay_in_range() -> None:
    x = np.full((50, 2, 2, 1), 0.5, np.float32)
    x[:, 0] = 0.25
    brighter = layers.RandomBrightness(1.0, (0, 1), seed=0)(x, training=True).numpy()
    assert brighter.min() == 0
    assert brighter.max() == 1
    moved = layers.RandomBrightness(0.2, (0, 1), seed=0)(x, training=True).numpy() - x
    np.testing.assert_allclose(moved, np.broadcast_to(moved[:, :1, :1], moved.shape), atol=1e-6)
    assert -0.2 <= moved.min() < -0.15 < 0.15 < moved.max() <= 0.2
    spread = layers.RandomContrast(0.5, (0, 1), seed=0)(x, training=True).numpy()
    np.testing.assert_allclose(spread.mean(axis=(1, 2, 3)), 0.375, rtol=1e-5)
    times = (spread[:, 1, 0, 0] - spread[:, 0, 0, 0]) / 0.25
    assert 0.5 <= times.min() < 0.6 < 1.4 < times.max() <= 1.5


def test_a_convnet_in_keras_words_learns() -> None:
    set_random_seed(1)
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 96)
    stripes = (np.arange(8)[None] + rng.integers(0, 4, (96, 1))) % 4 < 2
    x = np.where(y[:, None, None], stripes[:, None, :], stripes[:, :, None])[..., None].astype(np.float32)
    model = Sequential(
        layers.Conv2D(4, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(2, activation="softmax"),
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.optimizer.lr = 0.02
    model.fit(x, y, epochs=12, batch_size=16, verbose=0)
    with no_grad():
        assert (model(x).numpy().argmax(axis=1) == y).mean() > 0.97


# -- the room ----------------------------------------------------------------------------------------------------------


def test_keras_is_words_only() -> None:
    """Outside utils no file of keras imports numpy: what computes lives in the rooms below."""
    room = Path(tinygrad_edu.__file__).parent / "keras"
    words = [f for f in room.rglob("*.py") if f.relative_to(room).parts[0] not in ("utils", "utils.py")]
    assert [f.name for f in words if "import numpy" in f.read_text() or "from numpy" in f.read_text()] == []


def test_layers_import_without_keras() -> None:
    code = "import sys, tinygrad_edu.keras.layers; print('keras' in sys.modules, 'jax' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["False", "False"]
