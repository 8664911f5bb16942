"""Saving and loading: a trained model with a layer of one's own, in one file, and what one can do with it then.

python examples/keras_style/saving.py
"""

import os
import tempfile
from pathlib import Path

import numpy as np

if os.environ.get("TINYGRAD_EDU_BACKEND") == "keras":
    import keras
    from keras import layers, ops
else:
    from tinygrad_edu import keras
    from tinygrad_edu.keras import layers, ops


@keras.saving.register_keras_serializable(package="examples")
class Squash(layers.Layer):
    """x / (1 + |x| / limit): near 0 the input, and never beyond the limit."""

    def __init__(self, limit=3.0, **kwargs):
        super().__init__(**kwargs)
        self.limit = limit

    def call(self, inputs):
        """The same shape."""
        return inputs / (1 + ops.abs(inputs) / self.limit)

    def get_config(self):
        """Files keep this, and the name that the class was registered under."""
        return {**super().get_config(), "limit": self.limit}


def data(n=5_000, n_test=1_000):
    """Flat images of digits."""
    (x, y), (x_test, y_test) = keras.datasets.mnist.load_data()
    x, x_test = (a.reshape(len(a), 784).astype("float32") / 255 for a in (x[:n], x_test[:n_test]))
    return (x, y[:n]), (x_test, y_test[:n_test])


def build():
    """A small network with the layer in its middle."""
    image = keras.Input((784,))
    x = Squash(2.0)(layers.Dense(64)(image))
    x = layers.BatchNormalization()(x)
    model = keras.Model(image, layers.Dense(10, activation="softmax")(x), name="digits")
    model.compile(keras.optimizers.Adam(0.002), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main():
    """Train, save, load, go on; then only the plan of the model, and its weights."""
    keras.utils.set_random_seed(0)
    (x, y), test = data()
    model = build()
    model.fit(x, y, batch_size=64, epochs=2, verbose=2)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "digits.keras")
        model.save(path)
        print(f"{path.name}: {path.stat().st_size:,} bytes for {model.count_params():,} parameters")
        loaded = keras.models.load_model(path)
    same = np.array_equal(loaded.predict(test[0], verbose=0), model.predict(test[0], verbose=0))
    print(f"the same predictions: {same}")
    loaded.fit(x, y, batch_size=64, epochs=1, verbose=2)  # its optimiser has come along
    print(f"test accuracy: {loaded.evaluate(*test, verbose=0)[1]:.3f}")

    fresh = keras.models.model_from_json(model.to_json())  # the plan alone: new weights
    fresh.set_weights(loaded.get_weights())
    print("layers:", ", ".join(layer.name for layer in keras.models.clone_model(fresh).layers))


if __name__ == "__main__":
    main()
