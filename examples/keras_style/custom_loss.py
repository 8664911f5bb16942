"""A model of one's own: it predicts a number and how sure it is of it, by a loss over both.

python examples/keras_style/custom_loss.py
"""

import os

import numpy as np

if os.environ.get("TINYGRAD_EDU_BACKEND") == "keras":
    import keras
    from keras import layers, ops
else:
    from tinygrad_edu import keras
    from tinygrad_edu.keras import layers, ops


class Honest(keras.Model):
    """Mean and spread of a normal distribution for each input (Nix and Weigend, 1994)."""

    def __init__(self, units=32):
        super().__init__()
        self.hidden = layers.Dense(units, activation="tanh")
        self.mean = layers.Dense(1)
        self.log_variance = layers.Dense(1, kernel_initializer="zeros")

    def call(self, inputs):
        """(n, d) -> (n, 2): mean and logarithm of the variance."""
        hidden = self.hidden(inputs)
        return ops.concatenate([self.mean(hidden), self.log_variance(hidden)], axis=1)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """What the distribution says against the targets, -log p(y) up to a constant: an error costs less where it is expected."""
        mean, log_variance = y_pred[:, :1], y_pred[:, 1:]
        return ops.mean(0.5 * log_variance + 0.5 * (y - mean) ** 2 * ops.exp(-log_variance))


def error(y, y_pred):
    """The mean absolute error of the mean."""
    return ops.abs(y - y_pred[:, :1])


def data(n=2_000, n_test=500):
    """A wave with noise that grows from left to right."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 1, (n + n_test, 1))
    y = np.sin(6 * x) + 0.5 * x * rng.normal(size=x.shape)
    x, y = x.astype("float32"), y.astype("float32")
    return (x[:n], y[:n]), (x[n:], y[n:])


def build():
    """Compiled without a loss: the model brings its own."""
    model = Honest()
    model.compile(keras.optimizers.Adam(0.02), metrics=[error])
    return model


def main():
    """Train, then compare the spread it predicts with that of the data."""
    keras.utils.set_random_seed(0)
    (x, y), test = data()
    model = build()
    model.fit(x, y, batch_size=50, epochs=40, validation_data=test, verbose=2)
    model.summary()
    places = np.array([[0.1], [0.5], [0.9]], dtype="float32")
    for (place,), (mean, log_variance) in zip(places, model.predict(places, verbose=0)):
        print(
            f"at {place:.1f}: {mean:.2f} ± {np.exp(log_variance / 2):.2f}; in truth {np.sin(6 * place):.2f} ± {place / 2:.2f}"
        )


if __name__ == "__main__":
    main()
