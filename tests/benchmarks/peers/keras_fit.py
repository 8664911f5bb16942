"""Keras on JAX, inside `fit`: the way in which Keras trains; an epoch's cost, shared out over its steps."""

from __future__ import annotations

import os
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"

import keras
from keras import layers

from ..common import EPOCHS, GOAL, RATE, Work, batch, cnn_start, mlp_start, mnist


def fitting(model: Any, weights: Any, samples: int, size: int, *image: int) -> Work:
    """One epoch over `samples` images in batches of `size`."""
    model.set_weights(weights)
    model.compile(keras.optimizers.SGD(RATE), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x, y = batch(samples, *image)
    fit = lambda: model.fit(x, y, batch_size=size, verbose=0).history["loss"][0]
    return Work(fit, samples // size)


def mlp(size: int, hidden: int = 128, samples: int = 16384) -> Work:
    model = keras.Sequential([keras.Input((784,)), layers.Dense(hidden, activation="relu"), layers.Dense(10)])
    return fitting(model, mlp_start(hidden), samples, size)


def cnn(size: int, dropout: float = 0.5, samples: int = 1024) -> Work:
    k1, b1, k2, b2, w, b = cnn_start()
    w = w.reshape(64, 5, 5, 10).transpose(1, 2, 0, 3).reshape(1600, 10)
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(dropout),
            layers.Dense(10),
        ]
    )
    weights = [k1.transpose(2, 3, 1, 0), b1, k2.transpose(2, 3, 1, 0), b2, w, b]
    return fitting(model, weights, samples, size, 28, 28, 1)


class Reached(keras.callbacks.Callback):
    """Stops training at the goal."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.model.stop_training = logs["val_accuracy"] >= GOAL


def learn(seed: int) -> int:
    """Train on MNIST until the goal is reached; the number of epochs."""
    keras.utils.set_random_seed(seed)
    x, y, x_test, y_test = mnist()
    model = keras.Sequential([keras.Input((784,)), layers.Dense(128, activation="relu"), layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    options: Any = {"batch_size": 128, "epochs": EPOCHS, "verbose": 0, "callbacks": [Reached()]}
    return len(model.fit(x, y, validation_data=(x_test, y_test), **options).epoch)
