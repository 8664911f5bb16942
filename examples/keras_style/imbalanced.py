"""Rare events: of a hundred samples two are positive. A network that always says no is right 98 times, and useless.

python examples/keras_style/imbalanced.py
"""

import os

import numpy as np

if os.environ.get("TINYGRAD_EDU_BACKEND") == "keras":
    import keras
    from keras import layers
else:
    from tinygrad_edu import keras
    from tinygrad_edu.keras import layers


def data(n=10_000, n_test=5_000):
    """Eight measurements a sample; what is rare lies in a corner where the common samples are thin."""
    rng = np.random.default_rng(0)
    parts = []
    for size in (n, n_test):
        y = (rng.random(size) < 0.02).astype("float32")
        x = rng.normal(size=(size, 8)) + y[:, None] * np.array([1.5, -1.5, 1, 1, 0, 0, 0, 0])
        parts.append((x.astype("float32"), y[:, None]))
    return parts


def build():
    """Two layers; precision and recall tell what accuracy hides."""
    model = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(32, activation="relu", kernel_regularizer=keras.regularizers.L2(1e-4)),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(0.003),
        loss="binary_crossentropy",
        metrics=["accuracy", keras.metrics.Precision(name="precision"), keras.metrics.Recall(name="recall")],
    )
    return model


def class_weight(y):
    """Weights with which both classes count the same."""
    positive = float(y.mean())
    return {0: 0.5 / (1 - positive), 1: 0.5 / positive}


def main():
    """Train without and with weights, from the same start."""
    (x, y), test = data()
    for weights in (None, class_weight(y)):
        keras.utils.set_random_seed(0)
        model = build()
        model.fit(x, y, batch_size=128, epochs=8, class_weight=weights, verbose=2)
        results = model.evaluate(*test, batch_size=1000, verbose=0, return_dict=True)
        shown = ", ".join(f"{name} {results[name]:.3f}" for name in ("accuracy", "precision", "recall"))
        print(f"class_weight={weights}: {shown}")


if __name__ == "__main__":
    main()
