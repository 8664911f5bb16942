"""Scripts as Keras's users write them."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_edu import keras
from tinygrad_edu.keras import layers

RNG = np.random.default_rng(0)
X = RNG.standard_normal((64, 8)).astype("float32")
Y = (X[:, :3].argmax(axis=1)).astype("int64")


def trained(model: keras.Model, x=X, y=Y, loss="sparse_categorical_crossentropy", **options) -> list[float]:
    """The losses of a few epochs."""
    model.compile(keras.optimizers.Adam(learning_rate=0.02), loss, **options)
    return model.fit(x, y, epochs=12, batch_size=16, verbose=0).history["loss"]


@pytest.fixture(autouse=True)
def seed() -> None:
    keras.utils.set_random_seed(7)


def test_sequential_deferred() -> None:
    model = keras.Sequential([layers.Dense(16, activation="relu"), layers.Dense(3, activation="softmax")])
    history = trained(model, metrics=["accuracy"])
    assert history[-1] < history[0] / 1.5
    assert model.predict(X, verbose=0).shape == (64, 3)


def test_functional_with_shared_layers_and_operators() -> None:
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    tower = keras.Sequential([layers.Dense(8, activation="relu"), layers.Dense(8)])
    distance = keras.ops.sqrt(keras.ops.sum((tower(a) - tower(b)) ** 2, axis=-1, keepdims=True) + 1e-6)
    model = keras.Model([a, b], layers.Dense(3, activation="softmax")(layers.concatenate([distance, a, b])))
    history = trained(model, x={"a": X[:, :4], "b": X[:, 4:]})
    assert history[-1] < history[0] / 1.2


def test_a_subclass_with_a_custom_loss() -> None:
    class Net(keras.Model):
        def __init__(self):
            super().__init__(name="net")
            self.hidden = layers.Dense(16, activation="relu")
            self.drop = layers.Dropout(0.1)
            self.out = layers.Dense(1)

        def call(self, inputs, training=False):
            return self.out(self.drop(self.hidden(inputs), training=training))

    def squares(y_true, y_pred):
        return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)

    model = Net()
    history = trained(model, y=X[:, :1] * 2, loss=squares)
    assert history[-1] < history[0] / 2
    assert model.layers == [model.hidden, model.drop, model.out]


def test_a_functional_model_with_a_train_step_of_its_own() -> None:
    class Doubled(keras.Model):
        def train_step(self, data):
            x, y = data
            loss = self.compute_loss(y=y, y_pred=self(x, training=True)) * 2
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            return {"loss": loss.item()}

    x = keras.Input((8,))
    history = trained(Doubled(x, layers.Dense(3, activation="softmax")(x)))
    assert history[-1] < history[0]


def test_a_custom_layer_with_weights_and_a_loss_of_its_own() -> None:
    class Scale(layers.Layer):
        def build(self, input_shape):
            self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")

        def call(self, inputs):
            self.add_loss(0.1 * keras.ops.sum(keras.ops.square(self.factor)))
            return inputs * self.factor

    x = keras.Input((8,))
    scale = Scale()
    model = keras.Model(x, layers.Dense(3, activation="softmax")(scale(x)))
    trained(model)
    model(X)
    assert [float(loss) for loss in model.losses] == pytest.approx([0.1 * float((scale.factor.data**2).sum())])


def test_regularised_weights_add_to_the_loss() -> None:
    model = keras.Sequential([keras.Input((8,)), layers.Dense(1, kernel_regularizer=keras.regularizers.L2(0.5))])
    model.compile("sgd", "mse")
    kernel = model.layers[0].get_weights()[0]
    plain = float(((model.predict(X, verbose=0) - 1) ** 2).mean())
    assert model.evaluate(X, np.ones((64, 1)), verbose=0) == pytest.approx(
        plain + 0.5 * float((kernel**2).sum()), rel=1e-5
    )


def test_frozen_layers_do_not_move() -> None:
    x = keras.Input((8,))
    base = keras.Model(x, layers.Dense(6, activation="relu")(x))
    base.trainable = False
    model = keras.Sequential([base, layers.Dense(3, activation="softmax")])
    before = base.get_weights()
    trained(model)
    for old, new in zip(before, base.get_weights()):
        np.testing.assert_array_equal(old, new)
    assert len(model.trainable_weights) == 2


def test_weights_of_a_model_go_into_another() -> None:
    def make() -> keras.Model:
        x = keras.Input((8,))
        return keras.Model(x, layers.Dense(2)(layers.BatchNormalization()(layers.Dense(5)(x))))

    one, two = make(), make()
    two.set_weights(one.get_weights())
    np.testing.assert_array_equal(one.predict(X, verbose=0), two.predict(X, verbose=0))


def test_an_image_model_and_its_features() -> None:
    model = keras.Sequential(name="convnet")
    model.add(layers.Input((12, 12, 1)))
    model.add(layers.Conv2D(4, 3, activation="relu", padding="same"))
    model.add(layers.MaxPooling2D())
    model.add(layers.Flatten())
    model.add(layers.Dense(2))
    assert model.output_shape == (None, 2)
    features = keras.Model(model.inputs, [layer.output for layer in model.layers])
    shapes = [out.shape for out in features(np.zeros((2, 12, 12, 1), "float32"))]
    assert shapes == [(2, 12, 12, 4), (2, 6, 6, 4), (2, 144), (2, 2)]


def test_symbolic_ops_are_part_of_the_model() -> None:
    x = keras.Input((8,))
    y = keras.ops.softmax(keras.ops.reshape(keras.ops.concatenate([x, x * 0.0], axis=1), (-1, 4, 4)), axis=-1)
    assert y.shape == (None, 4, 4)
    model = keras.Model(x, keras.ops.max(y, axis=-1) + keras.ops.ones_like(x)[:, :4])
    joined = np.concatenate([X, X * 0], axis=1).reshape(-1, 4, 4)
    e = np.exp(joined - joined.max(axis=-1, keepdims=True))
    np.testing.assert_allclose(model(X).data, (e / e.sum(axis=-1, keepdims=True)).max(axis=-1) + 1, rtol=1e-5)


def test_a_penalty_of_the_activity_counts_per_sample() -> None:
    x = keras.Input((8,))
    model = keras.Model(x, layers.Dense(2, activity_regularizer=keras.regularizers.L1(0.3))(x))
    out = model(X).data
    assert float(model.losses[0]) == pytest.approx(0.3 * float(np.abs(out).sum()) / 64, rel=1e-5)


def test_summary_of_models_within_models() -> None:
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="a"), layers.Dense(2, name="b")], name="inner")
    inner.layers[0].trainable = False
    x = keras.Input((4,), name="x")
    model = keras.Model(x, layers.Concatenate(name="join")([inner(x), layers.Dense(4, name="c")(x)]))
    lines: list[str] = []
    model.summary(print_fn=lines.append, expand_nested=True, show_trainable=True)
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines[0].splitlines() if line.startswith("│")]
    assert [row[0] for row in rows] == [
        "x (InputLayer)", "inner (Sequential)", "└ a (Dense)", "└ b (Dense)", "c (Dense)", "join (Concatenate)",
    ]  # fmt: skip
    assert [row[3] for row in rows] == ["-", "x[0][0]", "-", "-", "x[0][0]", "inner[0][0], c[0][0]"]
    assert [row[4] for row in rows] == ["Y", "Y", "N", "Y", "Y", "Y"]
