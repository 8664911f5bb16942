"""Callbacks: what may happen between epochs and batches without a loop of one's own.

python examples/keras_style/callbacks_tour.py
"""

import os
import tempfile
from pathlib import Path

import numpy as np

if os.environ.get("TINYGRAD_EDU_BACKEND") == "keras":
    import keras
    from keras import callbacks, layers
else:
    from tinygrad_edu import keras
    from tinygrad_edu.keras import callbacks, layers


class Extremes(callbacks.Callback):
    """Notes the best and the worst batch of each epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        """Start anew."""
        self.losses = []

    def on_train_batch_end(self, batch, logs=None):
        """Note the mean loss so far."""
        self.losses.append(logs["loss"])

    def on_epoch_end(self, epoch, logs=None):
        """Tell, and let later callbacks know."""
        logs["spread"] = max(self.losses) - min(self.losses)


def data(n=2_000, n_test=500):
    """A wave with noise, to be learned from samples."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-3, 3, (n + n_test, 1))
    y = np.sin(2 * x) + 0.1 * rng.normal(size=x.shape)
    x, y = x.astype("float32"), y.astype("float32")
    return (x[:n], y[:n]), (x[n:], y[n:])


def build():
    """Two hidden layers."""
    model = keras.Sequential(
        [
            keras.Input((1,)),
            layers.Dense(32, activation="tanh"),
            layers.Dense(32, activation="tanh"),
            layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), loss="mse", metrics=["mae"])
    return model


def main():
    """Train until it no longer helps; keep the best weights, a log, and notes."""
    keras.utils.set_random_seed(0)
    (x, y), test = data()
    model = build()
    with tempfile.TemporaryDirectory() as folder:
        best, log = Path(folder, "best.keras"), Path(folder, "log.csv")
        model.fit(
            x, y, batch_size=50, epochs=40, validation_data=test, verbose=0,
            callbacks=[
                Extremes(),
                callbacks.LearningRateScheduler(lambda epoch, rate: rate if epoch else 0.005),
                callbacks.ReduceLROnPlateau(factor=0.3, patience=3, verbose=1),
                callbacks.EarlyStopping(patience=8, restore_best_weights=True, verbose=1),
                callbacks.ModelCheckpoint(str(best), save_best_only=True),
                callbacks.CSVLogger(str(log)),
                callbacks.TerminateOnNaN(),
                callbacks.LambdaCallback(on_train_end=lambda logs: print("trained")),
            ],
        )  # fmt: skip
        print("\n".join(log.read_text().splitlines()[:4]))
        restored = model.evaluate(*test, verbose=0)[0]
        loaded = keras.models.load_model(str(best)).evaluate(*test, verbose=0)[0]
        print(f"validation loss: restored {restored:.4f}, loaded {loaded:.4f}")
    print(f"learning rate at the end: {float(model.optimizer.learning_rate):.5f}")


if __name__ == "__main__":
    main()
