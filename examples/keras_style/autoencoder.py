"""An autoencoder: 784 pixels squeezed into 32 numbers, and drawn again by transposed convolutions.

python examples/keras_style/autoencoder.py
"""

import os

if os.environ.get("TINYGRAD_EDU_BACKEND") == "keras":
    import keras
    from keras import layers
else:
    from tinygrad_edu import keras
    from tinygrad_edu.keras import layers


def data(n=10_000, n_test=1_000):
    """Images (n, 28, 28, 1), which are their own targets."""
    (x, _), (x_test, _) = keras.datasets.mnist.load_data()
    x, x_test = (a[..., None].astype("float32") / 255 for a in (x[:n], x_test[:n_test]))
    return (x, x), (x_test, x_test)


def build(code_size=32):
    """Encoder and decoder are models of their own; the autoencoder is one after the other."""
    image = keras.Input((28, 28, 1))
    x = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(image)  # (14, 14, 16)
    x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(x)  # (7, 7, 32)
    encoder = keras.Model(image, layers.Dense(code_size)(layers.Flatten()(x)), name="encoder")

    code = keras.Input((code_size,))
    x = layers.Reshape((7, 7, 32))(layers.Dense(7 * 7 * 32, activation="relu")(code))
    x = layers.Conv2DTranspose(16, 3, strides=2, padding="same", activation="relu")(x)  # (14, 14, 16)
    x = layers.Conv2DTranspose(1, 3, strides=2, padding="same", activation="sigmoid")(x)  # (28, 28, 1)
    decoder = keras.Model(code, x, name="decoder")

    model = keras.Model(image, decoder(encoder(image)), name="autoencoder")
    model.compile(keras.optimizers.Adam(0.002), loss="binary_crossentropy", metrics=["mae"])
    return model


def drawn(image):
    """An image as text, two columns a pixel."""
    return "\n".join("".join(" .:oO@"[int(p * 5.99)] * 2 for p in row) for row in image[4:24:1, 4:24, 0])


def main():
    """Train; then show an image and what its 32 numbers remember of it."""
    keras.utils.set_random_seed(0)
    (x, _), (x_test, _) = data()
    model = build()
    model.summary()
    model.fit(x, x, batch_size=64, epochs=4, validation_data=(x_test, x_test))

    encoder, decoder = model.get_layer("encoder"), model.get_layer("decoder")
    code = encoder.predict(x_test[:1], verbose=0)
    print(f"the image\n{drawn(x_test[0])}\nfrom {code.size} numbers\n{drawn(decoder.predict(code, verbose=0)[0])}")


if __name__ == "__main__":
    main()
