"""Siamese networks: the same weights look at two images, and learn a distance that is small for the same digit.

python examples/keras_style/siamese.py
"""

import os

import numpy as np

if os.environ.get("TINYGRAD_EDU_BACKEND") == "keras":
    import keras
    from keras import layers, ops
else:
    from tinygrad_edu import keras
    from tinygrad_edu.keras import layers, ops


def pairs(images, digits, n, rng):
    """n pairs of images, half of them of the same digit, and 1 for these."""
    by_digit = [np.flatnonzero(digits == d) for d in range(10)]
    first = rng.integers(0, len(images), n)
    same = np.arange(n) % 2
    other = (digits[first] + np.where(same, 0, rng.integers(1, 10, n))) % 10
    second = np.array([rng.choice(by_digit[d]) for d in other])
    return [images[first], images[second]], same.astype("float32")[:, None]


def data(n=10_000, n_test=2_000):
    """Pairs for training, and pairs of images never seen in training."""
    rng = np.random.default_rng(0)
    parts = ((x.astype("float32") / 255, y) for x, y in keras.datasets.mnist.load_data())
    return [pairs(*part, size, rng) for part, size in zip(parts, (n, n_test))]


def contrastive(margin=1.0):
    """A loss that pulls images of the same digit together, and pushes others apart up to a margin (Hadsell, 2006)."""

    def contrastive_loss(same, distance):
        return same * distance**2 + (1 - same) * ops.maximum(margin - distance, 0.0) ** 2

    return contrastive_loss


def recognised(same, distance):
    """Whether pairs nearer than half the margin are those of the same digit."""
    return ops.cast(ops.equal(same, ops.cast(distance < 0.5, "float32")), "float32")


def build():
    """One network, used twice."""
    tower = keras.Sequential(
        [
            keras.Input((28, 28)),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(128, activation="relu"),
            layers.Dense(16),
        ],
        name="tower",
    )
    left, right = keras.Input((28, 28), name="left"), keras.Input((28, 28), name="right")
    difference = layers.subtract([tower(left), tower(right)])
    distance = ops.sqrt(ops.sum(difference**2, axis=1, keepdims=True) + 1e-6)

    model = keras.Model([left, right], distance)
    model.compile(keras.optimizers.Adam(0.001), loss=contrastive(), metrics=[recognised])
    return model


def main():
    """Train, then compare images that were never seen."""
    keras.utils.set_random_seed(0)
    (x, same), (x_test, same_test) = data()
    model = build()
    model.summary()
    model.fit(x, same, batch_size=64, epochs=6)
    print(f"pairs recognised: {model.evaluate(x_test, same_test, verbose=0)[1]:.3f}")


if __name__ == "__main__":
    main()
