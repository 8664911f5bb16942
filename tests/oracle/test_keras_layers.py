"""Against Keras itself: the same layer with the same weights gives the same outputs, and the same weights after training."""

import inspect

import numpy as np
import pytest

from tinygrad_edu import Sequential, Tensor, no_grad
from tinygrad_edu import keras as ours
from tinygrad_edu.optim import SGD

keras = pytest.importorskip("keras")
pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

RNG = np.random.default_rng(11)
IDS = np.array([[1, 2, 0, 0], [3, 1, 2, 0], [4, 4, 1, 2]])
SEQUENCE, IMAGE, VOLUME, FLAT = (3, 6, 4), (3, 7, 8, 4), (3, 4, 5, 6, 2), (5, 6)

LAYERS = {
    # dense and elementwise
    "dense": (lambda m: m.Dense(3, activation="tanh", kernel_regularizer="l2", bias_regularizer="l1"), FLAT),
    "dense_on_sequences": (lambda m: m.Dense(3, use_bias=False, kernel_constraint="unit_norm"), SEQUENCE),
    "activity_regularizer": (lambda m: m.Dense(3, activity_regularizer="l2"), FLAT),
    "max_norm": (lambda m: m.Dense(3, kernel_constraint="max_norm"), FLAT),
    "min_max_norm": (lambda m: m.Dense(3, kernel_constraint="min_max_norm"), FLAT),
    "non_neg": (lambda m: m.Dense(3, kernel_constraint="non_neg"), FLAT),
    "einsum_dense": (lambda m: m.EinsumDense("abc,cde->adbe", (3, None, 2), "tanh", "de"), SEQUENCE),
    "einsum_dense_left": (lambda m: m.EinsumDense("...a,ab->...b", 3, kernel_regularizer="l2"), SEQUENCE),
    "einsum_dense_right": (
        lambda m: m.EinsumDense("ab...,bc->ac...", 3, bias_axes="c", bias_constraint="non_neg"),
        IMAGE,
    ),
    "activity_regularization": (lambda m: m.ActivityRegularization(0.1, 0.2), FLAT),
    "relu": (lambda m: m.ReLU(1.0, 0.1, 0.2), FLAT),
    "relu_6": (lambda m: m.ReLU(6), FLAT),
    "leaky_relu": (lambda m: m.LeakyReLU(), FLAT),
    "prelu": (lambda m: m.PReLU("ones", shared_axes=[1]), SEQUENCE),
    "elu": (lambda m: m.ELU(0.5), FLAT),
    "softmax": (lambda m: m.Softmax(), FLAT),
    "softmax_over_two": (lambda m: m.Softmax(axis=(1, 2)), SEQUENCE),
    "activation": (lambda m: m.Activation("silu"), FLAT),
    "identity": (lambda m: m.Identity(), FLAT),
    "lambda": (lambda m: m.Lambda(lambda x: x * x, output_shape=lambda shape: shape), FLAT),
    # convolution and pooling
    "conv1d": (lambda m: m.Conv1D(3, 3, strides=2, padding="same", activation="relu"), SEQUENCE),
    "conv1d_causal": (lambda m: m.Conv1D(3, 2, dilation_rate=2, padding="causal"), SEQUENCE),
    "conv2d": (lambda m: m.Conv2D(5, (3, 2), strides=(2, 1), padding="same", activation="relu"), IMAGE),
    "conv2d_groups": (lambda m: m.Conv2D(4, 3, groups=2, dilation_rate=2), IMAGE),
    "conv1d_transpose": (lambda m: m.Conv1DTranspose(3, 4, strides=2, padding="same"), SEQUENCE),
    "conv2d_transpose": (lambda m: m.Conv2DTranspose(3, 3, strides=2, padding="same", activation="sigmoid"), IMAGE),
    "conv2d_transpose_valid": (lambda m: m.Conv2DTranspose(2, 2, strides=3), IMAGE),
    "conv2d_transpose_output_padding": (
        lambda m: m.Conv2DTranspose(2, 3, strides=2, padding="same", output_padding=1),
        IMAGE,
    ),
    "conv3d": (lambda m: m.Conv3D(3, (2, 3, 2), strides=(1, 2, 1), padding="same", activation="tanh"), VOLUME),
    "conv3d_dilated": (lambda m: m.Conv3D(4, 2, groups=2, dilation_rate=(1, 2, 3), use_bias=False), VOLUME),
    "conv3d_transpose": (lambda m: m.Conv3DTranspose(2, 3, 2, "same", "channels_last", (1, 1, 1)), VOLUME),
    "conv3d_transpose_valid": (lambda m: m.Conv3DTranspose(2, 2, strides=(1, 2, 3), activation="relu"), VOLUME),
    "depthwise1d": (lambda m: m.DepthwiseConv1D(3, 1, "same", 2, dilation_rate=2, activation="tanh"), SEQUENCE),
    "depthwise2d": (lambda m: m.DepthwiseConv2D(3, depth_multiplier=2, padding="same"), IMAGE),
    "separable1d": (lambda m: m.SeparableConv1D(3, 3, 2, "same", depth_multiplier=2), SEQUENCE),
    "separable2d": (lambda m: m.SeparableConv2D(3, 3, depth_multiplier=2), IMAGE),
    "max_pooling1d": (lambda m: m.MaxPooling1D(3, 2, padding="same"), SEQUENCE),
    "max_pooling2d": (lambda m: m.MaxPooling2D(), IMAGE),
    "max_pooling3d": (lambda m: m.MaxPooling3D((1, 2, 3), padding="same"), VOLUME),
    "average_pooling1d": (lambda m: m.AveragePooling1D(2), SEQUENCE),
    "average_pooling2d": (lambda m: m.AveragePooling2D(3, 2, padding="same"), IMAGE),
    "average_pooling3d": (lambda m: m.AveragePooling3D(2, (1, 2, 2), "same"), VOLUME),
    "global_average1d": (lambda m: m.GlobalAveragePooling1D(), SEQUENCE),
    "global_average2d": (lambda m: m.GlobalAveragePooling2D(keepdims=True), IMAGE),
    "global_average3d": (lambda m: m.GlobalAveragePooling3D(), VOLUME),
    "global_max1d": (lambda m: m.GlobalMaxPooling1D(), SEQUENCE),
    "global_max2d": (lambda m: m.GlobalMaxPooling2D(), IMAGE),
    "global_max3d": (lambda m: m.GlobalMaxPooling3D(keepdims=True), VOLUME),
    # shapes
    "flatten": (lambda m: m.Flatten(), IMAGE),
    "reshape": (lambda m: m.Reshape((-1, 8)), IMAGE),
    "permute": (lambda m: m.Permute((2, 1)), SEQUENCE),
    "repeat_vector": (lambda m: m.RepeatVector(3), FLAT),
    "up_sampling1d": (lambda m: m.UpSampling1D(3), SEQUENCE),
    "up_sampling2d": (lambda m: m.UpSampling2D((2, 3)), IMAGE),
    "up_sampling2d_bilinear": (lambda m: m.UpSampling2D(2, interpolation="bilinear"), IMAGE),
    "up_sampling3d": (lambda m: m.UpSampling3D((1, 2, 3)), VOLUME),
    "zero_padding1d": (lambda m: m.ZeroPadding1D((1, 2)), SEQUENCE),
    "zero_padding2d": (lambda m: m.ZeroPadding2D(((1, 0), (2, 3))), IMAGE),
    "zero_padding3d": (lambda m: m.ZeroPadding3D((1, 0, 2)), VOLUME),
    "cropping1d": (lambda m: m.Cropping1D((1, 2)), SEQUENCE),
    "cropping2d": (lambda m: m.Cropping2D(((1, 0), (2, 3))), IMAGE),
    "cropping3d": (lambda m: m.Cropping3D(((1, 0), (2, 1), (0, 3))), VOLUME),
    "rescaling": (lambda m: m.Rescaling(0.5, -1), IMAGE),
    # norms
    "batch_normalization": (lambda m: m.BatchNormalization(), IMAGE),
    "batch_normalization_axis": (lambda m: m.BatchNormalization(axis=1, scale=False, momentum=0.5), SEQUENCE),
    "layer_normalization": (lambda m: m.LayerNormalization(), SEQUENCE),
    "layer_normalization_over_two": (lambda m: m.LayerNormalization(axis=[1, 2], center=False), SEQUENCE),
    "group_normalization": (lambda m: m.GroupNormalization(2), IMAGE),
    "group_normalization_axis": (lambda m: m.GroupNormalization(-1, axis=1, center=False), SEQUENCE),
    "rms_normalization": (lambda m: m.RMSNormalization(), SEQUENCE),
    "rms_normalization_over_two": (lambda m: m.RMSNormalization(axis=[1, 2]), SEQUENCE),
    "unit_normalization": (lambda m: m.UnitNormalization(), SEQUENCE),
    "unit_normalization_over_two": (lambda m: m.UnitNormalization(axis=[1, 2]), SEQUENCE),
    # recurrent
    "simple_rnn": (lambda m: m.SimpleRNN(3), SEQUENCE),
    "lstm": (lambda m: m.LSTM(3), SEQUENCE),
    "lstm_sequences": (lambda m: m.LSTM(3, return_sequences=True, go_backwards=True), SEQUENCE),
    "lstm_relu": (
        lambda m: m.LSTM(3, activation="relu", recurrent_activation="hard_sigmoid", use_bias=False),
        SEQUENCE,
    ),
    "gru": (lambda m: m.GRU(3), SEQUENCE),
    "gru_reset_before": (lambda m: m.GRU(3, reset_after=False, return_sequences=True), SEQUENCE),
    "gru_elu": (lambda m: m.GRU(3, activation="elu"), SEQUENCE),
    "bidirectional": (lambda m: m.Bidirectional(m.LSTM(3, return_sequences=True)), SEQUENCE),
    "bidirectional_sum": (lambda m: m.Bidirectional(m.GRU(3), merge_mode="sum"), SEQUENCE),
    "rnn_simple": (lambda m: m.RNN(m.SimpleRNNCell(3), return_sequences=True), SEQUENCE),
    "rnn_lstm": (lambda m: m.RNN(m.LSTMCell(3, "relu", use_bias=False), go_backwards=True), SEQUENCE),
    "rnn_gru": (lambda m: m.Bidirectional(m.RNN(m.GRUCell(3, reset_after=False))), SEQUENCE),
    "rnn_stack": (lambda m: m.RNN([m.GRUCell(3), m.LSTMCell(2)], return_sequences=True, go_backwards=True), SEQUENCE),
    "time_distributed": (lambda m: m.TimeDistributed(m.Conv1D(2, 2)), (2, 3, 5, 4)),
}

DRAWN = {
    "alpha_dropout": (
        lambda m: m.AlphaDropout(0.5),
        FLAT,
    ),  # what they do in training is drawn, and so not the same in both: only evaluation is compared
    "dropout": (lambda m: m.Dropout(0.5), FLAT),
    "gaussian_dropout": (lambda m: m.GaussianDropout(0.5), FLAT),
    "gaussian_noise": (lambda m: m.GaussianNoise(0.5), FLAT),
    "spatial_dropout1d": (lambda m: m.SpatialDropout1D(0.5), SEQUENCE),
    "spatial_dropout2d": (lambda m: m.SpatialDropout2D(0.5), IMAGE),
    "spatial_dropout3d": (lambda m: m.SpatialDropout3D(0.5), VOLUME),
    "random_brightness": (lambda m: m.RandomBrightness(0.1), IMAGE),
    "random_contrast": (lambda m: m.RandomContrast(0.1), IMAGE),
    "random_zoom": (lambda m: m.RandomZoom(0.1), IMAGE),
    "random_flip": (lambda m: m.RandomFlip(), IMAGE),
    "random_rotation": (lambda m: m.RandomRotation(0.1), IMAGE),
    "random_translation": (lambda m: m.RandomTranslation(0.1, 0.1), IMAGE),
}

MASKED = {
    "simple_rnn": lambda m: m.SimpleRNN(3),
    "lstm": lambda m: m.LSTM(3, return_sequences=True),
    "gru": lambda m: m.GRU(3, go_backwards=True),
    "bidirectional": lambda m: m.Bidirectional(m.LSTM(3, return_sequences=True)),
    "bidirectional_last": lambda m: m.Bidirectional(m.GRU(3)),
    "rnn": lambda m: m.RNN(m.LSTMCell(3), return_sequences=True, zero_output_for_mask=True),
    "rnn_stack": lambda m: m.RNN([m.GRUCell(3), m.LSTMCell(2)], go_backwards=True, return_sequences=True),
    "pooling": lambda m: m.GlobalAveragePooling1D(),
    "batch_normalization": lambda m: m.BatchNormalization(),
    "dense": lambda m: m.Dense(2),
}


def values(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def close(got: object, expected: object) -> None:
    """To 1e-4 of the largest entry."""
    got, expected = (np.asarray(v.data if isinstance(v, Tensor) else v) for v in (got, expected))
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-4 * max(np.abs(expected).max(initial=0), 1e-3))


def pair(make: object, x: np.ndarray, *before: object) -> tuple[object, Sequential]:
    """Two models with the same weights, drawn anew so that no bias is 0."""
    theirs = keras.Sequential(
        [keras.Input(x.shape[1:], dtype=x.dtype), *(f(keras.layers) for f in before), make(keras.layers)]
    )
    mine = Sequential([*(f(ours.layers) for f in before), make(ours.layers)])
    mine(x)
    weights = [0.3 * values(w.shape, i) for i, w in enumerate(theirs.get_weights())]
    for w, variable in zip(weights, theirs.weights):
        if "variance" in variable.path:
            w[...] = 1 + abs(w)
    theirs.set_weights(weights)
    mine.set_weights(weights)
    return theirs, mine


def compare(theirs: object, mine: Sequential, x: np.ndarray) -> None:
    """Outputs, and losses and weights of 20 steps of training."""
    expected = np.asarray(theirs(x))
    with no_grad():
        close(mine(x, training=False), expected)
    y = values(expected.shape, 7)
    histories = []
    for model, optimizer in ((theirs, keras.optimizers.SGD(0.1, momentum=0.5)), (mine, SGD(lr=0.1, momentum=0.5))):
        model.compile(optimizer, "mse")
        histories.append(model.fit(x, y, batch_size=len(x), epochs=20, shuffle=False, verbose=0).history["loss"])
    close(histories[1], histories[0])
    for got, wanted in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        close(got, wanted)


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name: str) -> None:
    """Behind a Dense, so that its own gradient is compared too."""
    make, shape = LAYERS[name]
    x = values(shape, 3)
    compare(*pair(make, x, lambda m: m.Dense(shape[-1])), x)


@pytest.mark.parametrize("name", DRAWN)
def test_what_draws_in_training_does_nothing_outside(name: str) -> None:
    make, shape = DRAWN[name]
    x = values(shape, 3)
    close(make(ours.layers)(x, training=False), make(keras.layers)(x, training=False))


@pytest.mark.parametrize("name", MASKED)
def test_masks(name: str) -> None:
    x = IDS.astype(np.int32)
    compare(*pair(MASKED[name], x, lambda m: m.Embedding(5, 4, mask_zero=True)), x)


def test_masking() -> None:
    x = values(SEQUENCE, 3)
    x[0, 4:] = x[1, :2] = 0
    compare(*pair(lambda m: m.LSTM(3), x, lambda m: m.Masking()), x)


@pytest.mark.parametrize("causal", [False, True])
def test_multi_head_attention(causal: bool) -> None:
    q, v, k = values((2, 3, 4)), values((2, 5, 6), 1), values((2, 5, 3), 2)
    theirs, mine = (m.layers.MultiHeadAttention(2, 3, output_shape=5) for m in (keras, ours))
    allowed = RNG.random((2, 3, 5)) < 0.7
    mine(q, v, k)
    theirs(q, v, k)
    weights = [0.5 * values(w.shape, i) for i, w in enumerate(theirs.get_weights())]
    theirs.set_weights(weights)
    mine.set_weights(weights)
    options = {"attention_mask": allowed, "use_causal_mask": causal, "return_attention_scores": True}
    for got, expected in zip(mine(q, v, k, **options), theirs(q, v, k, **options)):
        close(got, expected)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("make", [lambda m: m.Attention(True), lambda m: m.AdditiveAttention()])
def test_attention_with_masks_and_keys(make: object, causal: bool) -> None:
    inputs = [values((2, 3, 4)), values((2, 5, 6), 1), values((2, 5, 4), 2)]
    mask = [np.array([[1, 1, 0], [1, 0, 1]], bool), np.array([[1, 0, 1, 0, 1], [0, 0, 0, 0, 0]], bool)]
    theirs, mine = (make(m.layers) for m in (keras, ours))
    theirs(inputs), mine(inputs)
    mine.set_weights(theirs.get_weights())
    options = {"mask": mask, "use_causal_mask": causal, "return_attention_scores": True}
    for got, expected in zip(mine(inputs, **options), theirs(inputs, **options), strict=True):
        close(got, expected)


@pytest.mark.parametrize("make", [lambda m: m.Conv2D(3, 2), lambda m: m.Dense(3)])
@pytest.mark.parametrize("iterations", [1, 3])
def test_spectral_normalization(make: object, iterations: int) -> None:
    """Call by call: in ``fit``, Keras on JAX forgets what a layer writes into its trained weights."""
    x = values(IMAGE)
    theirs, mine = (m.layers.SpectralNormalization(make(m.layers), iterations) for m in (keras, ours))
    theirs(x), mine(x)
    mine.set_weights(theirs.get_weights())
    for training in (True, True, False):
        close(mine(x, training=training), theirs(x, training=training))
    for got, wanted in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        close(got, wanted)


@pytest.mark.parametrize("equation", ["abc,cde->adbe", "abc,cde->abde"])
def test_einsum_dense_starts_with_the_same_spread(equation: str) -> None:
    shape = (40, None, 60) if "adb" in equation else (None, 40, 60)
    found = []
    for m in (keras, ours):
        layer = m.layers.EinsumDense(equation, shape)
        layer(values((2, 3, 50)))
        found.append(np.asarray(layer.get_weights()[0]).std())
    np.testing.assert_allclose(found[1], found[0], rtol=0.01)


MERGES = ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"]


JOINED = {
    **{name.lower(): (lambda m, name=name: getattr(m, name)(), ((3, 4), (3, 4))) for name in MERGES},
    "dot": (lambda m: m.Dot(2), ((3, 4), (5, 4))),
    "dot_normalized": (lambda m: m.Dot((1, 2), normalize=True), ((3, 4), (5, 3))),
    "attention": (lambda m: m.Attention(), ((3, 4), (5, 4))),
    "attention_concat": (lambda m: m.Attention(True, "concat"), ((3, 4), (5, 4))),
    "additive_attention": (lambda m: m.AdditiveAttention(), ((3, 4), (5, 4))),
    "additive_attention_plain": (lambda m: m.AdditiveAttention(False), ((3, 4), (5, 4))),
    "multi_head_attention": (lambda m: Spread(m.MultiHeadAttention(2, 3)), ((3, 4), (5, 6))),
}


class Spread:
    """A layer of several arguments, called with a list."""

    def __init__(self, layer: object) -> None:
        self.layer = layer

    def __call__(self, tensors: list) -> object:
        return self.layer(*tensors)


@pytest.mark.parametrize("name", JOINED)
def test_layers_of_two_inputs_train_alike(name: str) -> None:
    make, shapes = JOINED[name]
    x = [values((6, *shape), i) for i, shape in enumerate(shapes)]
    models = []
    for k in (keras, ours):
        inputs = [k.Input(shape) for shape in shapes]
        out = make(k.layers)([k.layers.Dense(shape[-1])(i) for i, shape in zip(inputs, shapes)])
        models.append(k.Model(inputs, out))
    theirs, mine = models
    weights = [0.5 * values(w.shape, i) for i, w in enumerate(theirs.get_weights())]
    theirs.set_weights(weights), mine.set_weights(weights)
    y = values(tuple(np.asarray(theirs(x)).shape), 7)
    for model, optimizer in ((theirs, keras.optimizers.SGD(0.1)), (mine, SGD(lr=0.1))):
        model.compile(optimizer, "mse")
        model.fit(x, y, batch_size=6, epochs=20, verbose=0)
    for got, wanted in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        close(got, wanted)


def test_no_layer_is_forgotten() -> None:
    """Every layer that keras.layers has is trained beside Keras's own, or stands here with a reason."""
    made = [make(ours.layers) for make, _ in (*LAYERS.values(), *DRAWN.values(), *JOINED.values())]
    trained = {type(layer.layer if isinstance(layer, Spread) else layer) for layer in made}
    cells = [layer.cell for layer in made if isinstance(layer, ours.layers.RNN)]
    trained |= {type(part) for cell in cells for part in cell.modules()}
    elsewhere = {ours.layers.Embedding, ours.layers.Masking}  # test_masks, test_masking
    elsewhere |= {ours.layers.SpectralNormalization}  # test_spectral_normalization
    elsewhere |= {ours.layers.RandomCrop}  # in tests/keras_room: outside training Keras does not what it says
    elsewhere |= {
        getattr(ours.layers, name) for name in ("CenterCrop", "Normalization", "Resizing")
    }  # test_keras_preparing
    base = {ours.layers.Layer}  # for subclasses
    assert trained | elsewhere | base == set(ours.layers.KNOWN.values())


@pytest.mark.parametrize("name", MERGES)
def test_merges(name: str) -> None:
    x, y = values((2, 3, 4)), values((2, 3, 4), 1)
    close(getattr(ours.layers, name)()([x, y]), getattr(keras.layers, name)()([x, y]))


def test_merges_of_different_ranks() -> None:
    x, y = values((2, 3, 4)), values((2, 4), 1)
    close(ours.layers.Add()([x, y]), keras.layers.Add()([x, y]))


@pytest.mark.parametrize(
    ("axes", "shapes"),
    [
        (1, ((2, 3), (2, 3))),
        ((1, 2), ((2, 3, 5), (2, 4, 3))),
        (-1, ((2, 3, 4), (2, 5, 4))),
        ((2, 1), ((2, 3, 4), (2, 4))),
    ],
)
@pytest.mark.parametrize("normalize", [False, True])
def test_dot(axes: object, shapes: tuple, normalize: bool) -> None:
    x, y = (values(s, i) for i, s in enumerate(shapes))
    close(ours.layers.Dot(axes, normalize)([x, y]), keras.layers.Dot(axes, normalize)([x, y]))


@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
def test_states_go_in_and_come_out(kind: str) -> None:
    x = values(SEQUENCE)
    states = [values((3, 2), i) for i in range(2 if kind == "LSTM" else 1)]
    theirs, mine = (getattr(m.layers, kind)(2, return_state=True) for m in (keras, ours))
    theirs(x), mine(x)
    mine.set_weights(theirs.get_weights())
    for got, expected in zip(mine(x, initial_state=states), theirs(x, initial_state=states), strict=True):
        close(got, expected)


def test_states_of_several_cells() -> None:
    x, states = values(SEQUENCE), [[values((3, 2), 1), values((3, 2), 2)], [values((3, 4), 3)]]
    theirs, mine = (m.layers.RNN([m.layers.LSTMCell(2), m.layers.GRUCell(4)], return_state=True) for m in (keras, ours))
    theirs(x), mine(x)
    mine.set_weights(theirs.get_weights())
    got, expected = mine(x, initial_state=states), theirs(x, initial_state=states)
    for a, b in zip([got[0], *got[1], *got[2]], [expected[0], *expected[1], *expected[2]], strict=True):
        close(a, b)


def minimal(m: object, multiply: object) -> type:
    """A cell of one's own, whose output is not its state."""

    class Cell(m.layers.Layer):
        state_size, output_size = [2, 4], 3

        def build(self, input_shape: tuple) -> None:
            self.first = self.add_weight(shape=(input_shape[-1], 2), name="first")
            self.second = self.add_weight(shape=(2, 4), name="second")
            self.third = self.add_weight(shape=(4, 3), name="third")

        def call(self, inputs: object, states: list) -> tuple:
            h = multiply(inputs, self.first) + states[0]
            c = multiply(h, self.second) - states[1]
            return multiply(c, self.third), [h, c]

    return Cell


@pytest.mark.parametrize("masked", [False, True])
def test_a_cell_of_ones_own(masked: bool) -> None:
    x, mask = values(SEQUENCE), np.array([[0, 1, 1, 0, 1, 1], [1] * 6, [1, 0, 1, 0, 0, 0]], bool)
    theirs = keras.layers.RNN([minimal(keras, keras.ops.matmul)(), keras.layers.GRUCell(2)], return_sequences=True)
    mine = ours.layers.RNN([minimal(ours, ours.ops.matmul)(), ours.layers.GRUCell(2)], return_sequences=True)
    theirs(x), mine(x)
    mine.set_weights(theirs.get_weights())
    options = {"mask": mask} if masked else {}
    close(mine(x, **options), theirs(x, **options))


@pytest.mark.parametrize("kind", ["SimpleRNNCell", "LSTMCell", "GRUCell", "StackedRNNCells"])
def test_a_step_of_a_cell(kind: str) -> None:
    x, found = values((3, 4)), []
    for m in (keras, ours):
        make = getattr(m.layers, kind)
        cell = make([m.layers.LSTMCell(2), m.layers.GRUCell(2)]) if kind == "StackedRNNCells" else make(2)
        cell(x, cell.get_initial_state(batch_size=3))
        cell.set_weights([0.5 * values(w.shape, i) for i, w in enumerate(cell.get_weights())])
        out, states = cell(x, cell.get_initial_state(batch_size=3))
        found.append([out, *states[0], *states[1]] if kind == "StackedRNNCells" else [out, *states])
    for got, expected in zip(*reversed(found), strict=True):
        close(got, expected)


@pytest.mark.parametrize("fill_mode", ["reflect", "wrap", "nearest", "constant"])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_a_rotation_by_a_given_angle(fill_mode: str, interpolation: str) -> None:
    x = values((2, 6, 5, 3))
    options = {"fill_mode": fill_mode, "interpolation": interpolation, "fill_value": 0.5}
    theirs, mine = (m.layers.RandomRotation((0.1, 0.1), **options) for m in (keras, ours))
    close(mine(x, training=True), theirs(x, training=True))


@pytest.mark.parametrize("fill_mode", ["reflect", "wrap", "nearest", "constant"])
def test_a_translation_by_a_given_way(fill_mode: str) -> None:
    x = values((2, 6, 5, 3))
    theirs, mine = (m.layers.RandomTranslation((0.25, 0.25), (-0.3, -0.3), fill_mode) for m in (keras, ours))
    close(mine(x, training=True), theirs(x, training=True))


@pytest.mark.parametrize("factors", [(0.3, None), (-0.4, None), (0.15, -0.3)])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_a_zoom_by_a_given_factor(factors: tuple, interpolation: str) -> None:
    x = values((2, 6, 5, 3))
    given = [None if f is None else (f, f) for f in factors]
    theirs, mine = (m.layers.RandomZoom(*given, "wrap", interpolation) for m in (keras, ours))
    close(mine(x, training=True), theirs(x, training=True))


@pytest.mark.parametrize(("name", "factor"), [("Brightness", 0.3), ("Brightness", -0.2), ("Contrast", 0.3)])
def test_a_given_change_of_brightness_and_contrast(name: str, factor: float) -> None:
    x = values((2, 6, 5, 3))
    bounds = (factor if name == "Brightness" else -factor, factor)
    theirs, mine = (getattr(m.layers, f"Random{name}")(bounds, (-1, 1.5)) for m in (keras, ours))
    close(mine(x, training=True), theirs(x, training=True))
    close(mine(x[0], training=True), theirs(x[0], training=True))


SPREADS = [
    "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal", "random_normal",
    "random_uniform", "truncated_normal",
]  # fmt: skip


@pytest.mark.parametrize("name", SPREADS)
@pytest.mark.parametrize("shape", [(50, 200), (5, 4, 20, 30)])
def test_initializers_have_the_same_spread(name: str, shape: tuple[int, ...]) -> None:
    theirs = np.asarray(keras.initializers.get(name)(shape))
    mine = ours.initializers.get(name)(shape)
    np.testing.assert_allclose(mine.std(), theirs.std(), rtol=0.05)
    np.testing.assert_allclose(abs(mine).max(), abs(theirs).max(), rtol=0.25)


ACTIVATIONS = [name for name in ours.activations.KNOWN if name not in ("threshold", "glu")]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name: str) -> None:
    x = 3 * values((4, 6))
    close(getattr(ours.activations, name)(Tensor(x)), getattr(keras.activations, name)(x))


@pytest.mark.parametrize("kind", ["L1", "L2", "L1L2", "OrthogonalRegularizer"])
def test_regularizers(kind: str) -> None:
    w = values((4, 6))
    close(getattr(ours.regularizers, kind)(0.3)(Tensor(w)), getattr(keras.regularizers, kind)(0.3)(w))


SHARED = sorted(
    name for name, layer in ours.layers.KNOWN.items() if hasattr(keras.layers, name) and layer is not ours.layers.Layer
)


@pytest.mark.parametrize("name", SHARED)
def test_every_argument_works_or_is_refused_by_name(name: str) -> None:
    theirs = inspect.signature(getattr(keras.layers, name)).parameters
    layer = ours.layers.KNOWN[name]
    known = {*inspect.signature(layer.__init__).parameters, *layer.refused, "name", "dtype", "kwargs"}
    assert not set(theirs) - known


@pytest.mark.parametrize("name", SHARED)
def test_defaults_are_the_same(name: str) -> None:
    layer = ours.layers.KNOWN[name]
    mine = {n: p.default for n, p in inspect.signature(layer.__init__).parameters.items()} | dict(layer.refused)
    for word, parameter in inspect.signature(getattr(keras.layers, name)).parameters.items():
        if word in mine and parameter.default is not inspect.Parameter.empty:
            wanted = "zeros" if str(parameter.default) == "Zeros" else parameter.default
            assert mine[word] == wanted or wanted in ((mine[word],) * 2, (mine[word],) * 3), word
