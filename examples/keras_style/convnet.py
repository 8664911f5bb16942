"""A convnet reads handwritten digits: convolutions find strokes, pooling forgets where exactly they were.

python examples/keras_style/convnet.py              99.1 % of the test images, in about four minutes
python examples/keras_style/convnet.py --augment    99.4 %: a deeper net that never sees the same image twice, in seven
"""

import argparse
import os
import time

if os.environ.get("TINYGRAD_EDU_BACKEND") == "keras":
    import keras
    from keras import layers
else:
    from tinygrad_edu import keras
    from tinygrad_edu.keras import layers


def plain():
    """Two convolutions, each followed by pooling."""
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    ])  # fmt: skip


def convolution(filters):
    """A convolution whose outputs have mean 0 and variance 1 over the batch before they are cut off at 0."""
    return [layers.Conv2D(filters, 3, use_bias=False), layers.BatchNormalization(), layers.ReLU()]


def tuned():
    """Three convolutions, of images that are moved by up to 2 pixels and turned by up to 11 degrees in training."""
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.RandomTranslation(0.08, 0.08, fill_mode="constant"),
        layers.RandomRotation(0.03, fill_mode="constant"),
        *convolution(32), layers.MaxPooling2D(),
        *convolution(64), layers.MaxPooling2D(),
        *convolution(128),
        layers.Flatten(),
        layers.Dropout(0.3),
        layers.Dense(10, activation="softmax"),
    ])  # fmt: skip


def build(augment=False, epochs=9, batches=469):
    """The network, compiled; its learning rate falls to 0 along half a cosine."""
    model = tuned() if augment else plain()
    rate = keras.optimizers.schedules.CosineDecay(0.002, decay_steps=epochs * batches)
    model.compile(keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def data():
    """MNIST as images (n, 28, 28, 1) with pixels from 0 to 1, and digits."""
    (x, y), (x_test, y_test) = keras.datasets.mnist.load_data()
    return (x[..., None].astype("float32") / 255, y), (x_test[..., None].astype("float32") / 255, y_test)


def main():
    """Train, then count what it gets right."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--augment", action="store_true", help="the deeper network, on images moved at random")
    parser.add_argument("--epochs", type=int, help="9, or 10 with --augment")
    options = parser.parse_args()
    epochs = options.epochs or (10 if options.augment else 9)

    keras.utils.set_random_seed(0)
    (x, y), test = data()
    model = build(options.augment, epochs)
    model.summary()
    began = time.perf_counter()
    model.fit(x, y, batch_size=128, epochs=epochs)
    print(f"trained in {time.perf_counter() - began:.0f} s")
    loss, accuracy = model.evaluate(*test, batch_size=1000, verbose=0)
    print(f"test accuracy: {accuracy:.4f}, loss: {loss:.4f}")


if __name__ == "__main__":
    main()
