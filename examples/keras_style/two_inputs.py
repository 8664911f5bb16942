"""Two inputs, two outputs: whether the digit in a picture is larger than the number beside it, and which digit it is.

python examples/keras_style/two_inputs.py
"""

import os

import numpy as np

if os.environ.get("TINYGRAD_EDU_BACKEND") == "keras":
    import keras
    from keras import layers
else:
    from tinygrad_edu import keras
    from tinygrad_edu.keras import layers


def data(n=10_000, n_test=2_000):
    """Images of digits beside random numbers from 0 to 9; whether the digit is larger, and the digit."""
    rng = np.random.default_rng(0)
    parts = []
    for (images, digits), size in zip(keras.datasets.mnist.load_data(), (n, n_test)):
        images, digits = images[:size].astype("float32") / 255, digits[:size].astype("int32")
        numbers = rng.integers(0, 10, size)
        x = {"image": images, "number": (numbers[:, None] / 9).astype("float32")}
        parts.append((x, {"larger": (digits > numbers).astype("float32"), "digit": digits}))
    return parts


def build():
    """The image is read first; what was read and the number are then compared."""
    image = keras.Input((28, 28), name="image")
    number = keras.Input((1,), name="number")
    read = layers.Dense(128, activation="relu")(layers.Flatten()(image))
    digit = layers.Dense(10, activation="softmax", name="digit")(read)
    both = layers.concatenate([read, digit, number])
    compared = layers.Dense(32, activation="relu")(both)
    larger = layers.Dense(1, activation="sigmoid", name="larger")(compared)

    model = keras.Model({"image": image, "number": number}, {"larger": larger, "digit": digit})
    model.compile(
        optimizer=keras.optimizers.Adam(0.002),
        loss={"larger": "binary_crossentropy", "digit": "sparse_categorical_crossentropy"},
        loss_weights={"larger": 1.0, "digit": 0.5},
        metrics={"larger": ["accuracy"], "digit": ["accuracy"]},
    )
    return model


def main():
    """Train, then ask about one image and every number."""
    keras.utils.set_random_seed(0)
    (x, y), (x_test, y_test) = data()
    model = build()
    model.summary()
    model.fit(x, y, batch_size=64, epochs=6, validation_split=0.1)
    results = model.evaluate(x_test, y_test, verbose=0, return_dict=True)
    print(f"test accuracy: larger {results['larger_accuracy']:.3f}, digit {results['digit_accuracy']:.3f}")

    numbers = np.arange(10, dtype="float32")[:, None] / 9
    chances = model.predict({"image": np.repeat(x_test["image"][:1], 10, axis=0), "number": numbers}, verbose=0)
    print(f"The digit is {y_test['digit'][0]}. Larger than 0 to 9?", np.round(chances["larger"][:, 0], 2))


if __name__ == "__main__":
    main()
