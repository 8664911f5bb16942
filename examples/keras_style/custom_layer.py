"""A layer of one's own: bumps around centres that training moves, which tell two spirals apart.

python examples/keras_style/custom_layer.py
"""

import os

import numpy as np

if os.environ.get("TINYGRAD_EDU_BACKEND") == "keras":
    import keras
    from keras import layers, ops
else:
    from tinygrad_edu import keras
    from tinygrad_edu.keras import layers, ops


class Bumps(layers.Layer):
    """exp(-width_k |x - centre_k|^2) for each of ``units`` centres: a radial basis."""

    def __init__(self, units, width=4.0, **kwargs):
        super().__init__(**kwargs)
        self.units, self.width = units, width

    def build(self, input_shape):
        """Centres anywhere in the square, and a width for each."""
        self.centres = self.add_weight(
            shape=(self.units, input_shape[-1]), initializer=keras.initializers.RandomUniform(-1, 1), name="centres"
        )
        self.widths = self.add_weight(
            shape=(self.units,),
            initializer=keras.initializers.Constant(self.width),
            constraint="non_neg",
            name="widths",
        )

    def call(self, inputs):
        """(n, d) -> (n, units)."""
        difference = ops.expand_dims(inputs, 1) - self.centres  # (n, units, d)
        return ops.exp(-self.widths * ops.sum(difference**2, axis=-1))

    def compute_output_shape(self, input_shape):
        """(n, d) -> (n, units)."""
        return (*input_shape[:-1], self.units)

    def get_config(self):
        """What it takes to make the layer again."""
        return {**super().get_config(), "units": self.units, "width": self.width}


def data(n=2_000, n_test=500):
    """Two spirals, one of each class, one turned by half a turn."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, n + n_test)
    way = np.sqrt(rng.random(n + n_test))
    angle = 3 * np.pi * way + np.pi * y
    x = way[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x = (x + 0.02 * rng.normal(size=x.shape)).astype("float32")
    y = y.astype("float32")[:, None]
    return (x[:n], y[:n]), (x[n:], y[n:])


def build():
    """Bumps, and a weight for each."""
    model = keras.Sequential([keras.Input((2,)), Bumps(48, name="bumps"), layers.Dense(1, activation="sigmoid")])
    model.compile(keras.optimizers.Adam(0.02), loss="binary_crossentropy", metrics=["accuracy"])
    return model


def main():
    """Train; then make the layer again from its configuration."""
    keras.utils.set_random_seed(0)
    (x, y), test = data()
    model = build()
    model.fit(x, y, batch_size=50, epochs=30, verbose=2)
    print(f"test accuracy: {model.evaluate(*test, verbose=0)[1]:.3f}")
    print("configuration:", Bumps.from_config(model.get_layer("bumps").get_config()).get_config())


if __name__ == "__main__":
    main()
