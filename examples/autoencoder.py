"""An autoencoder: digits through a bottleneck of 16 numbers, and back.

    python examples/autoencoder.py [--quick] [--picture FILE]

The target is the input itself. What comes through 16 numbers instead of 784 is what digits have in common. Between the codes of two
digits lie the codes of digits that nobody wrote: walk from one to the other and look.
"""

import numpy as np
from options import parsed

import tinygrad_edu as tg
from tinygrad_edu import nn


def build():
    """784-128-16 and back; a chance of ink for each pixel."""
    encoder = tg.Sequential([nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 16)])
    decoder = tg.Sequential([nn.Linear(16, 128), nn.ReLU(), nn.Linear(128, 784), nn.Sigmoid()])
    model = tg.Sequential([encoder, decoder])
    model.compile(tg.optim.Adam(0.002), loss="binary_crossentropy")
    return encoder, decoder, model


def between(encoder, decoder, first, second, steps):
    """The images on the way from one digit's code to another's."""
    start, end = encoder.predict(np.stack([first, second]), verbose=0)
    share = np.linspace(0, 1, steps, dtype=np.float32)[:, None]
    return decoder.predict(start + share * (end - start), verbose=0)


def draw(path, model, encoder, decoder, images):
    """Digits, what comes back, and three walks between codes."""
    from matplotlib.figure import Figure

    rows = [images[:10], model.predict(images[:10], verbose=0)]
    rows += [between(encoder, decoder, images[i], images[j], 10) for i, j in ((3, 2), (1, 0), (4, 9))]
    figure = Figure(figsize=(7, 3.9), layout="constrained")
    for axes, image in zip(figure.subplots(5, 10).flat, np.concatenate(rows)):
        axes.imshow(image.reshape(28, 28), cmap="gray_r")
        axes.set(xticks=[], yticks=[])
    for axes, name in zip(figure.axes[::10], ["digits", "returned", "a walk", "a walk", "a walk"]):
        axes.set_ylabel(name, fontsize=8)
    figure.savefig(path, dpi=90)


def main():
    """Learn to copy, then compare with guessing the average image."""
    options = parsed(__doc__)

    tg.set_random_seed(0)
    (train, _), (test, _) = tg.datasets.mnist.load_data()
    x, x_test = (images.reshape(len(images), 784).astype(np.float32) / 255 for images in (train, test))
    x = x[:4000] if options.quick else x[:30_000]
    encoder, decoder, model = build()
    model.fit(x, x, batch_size=64, epochs=4 if options.quick else 12, verbose=0 if options.quick else 2)
    error = np.square(model.predict(x_test, verbose=0) - x_test).mean()
    average = np.square(x.mean(axis=0) - x_test).mean()
    print(f"squared error {error:.4f}; of the average image {average:.4f}")
    if options.picture:
        draw(options.picture, model, encoder, decoder, x_test)


if __name__ == "__main__":
    main()
