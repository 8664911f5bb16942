"""A recurrent network reads Shakespeare letter by letter, and then writes.

    python examples/recurrent.py [--quick] [--picture FILE]

At each letter a GRU updates what it remembers and guesses the next. To write, draw a letter from its guess and feed it back. Eight
sonnets (1609) are little to read: with the full training it knows them by heart.
"""

from pathlib import Path

import numpy as np
from options import parsed

import tinygrad_edu as tg
from tinygrad_edu import nn

TEXT = (Path(__file__).parent / "sonnets.txt").read_text()
LETTERS = sorted(set(TEXT))


def codes(text):
    """A text as numbers: (1, length)."""
    return np.array([[LETTERS.index(c) for c in text]])


def study(model, steps, length, rng):
    """Train on pieces of the text, drawn at random: the target is the same piece one letter later."""
    text, places = codes(TEXT)[0], np.arange(length + 1)
    for step in range(steps):
        pieces = text[rng.integers(0, len(text) - length, (32, 1)) + places]  # (32, length + 1)
        loss = model.train_on_batch(pieces[:, :-1], pieces[:, 1:])
        if step % 100 == 0 or step == steps - 1:
            print(f"step {step:3d}: loss {loss:.3f}")


def write(model, text, n, rng, temperature=0.5):
    """Continue a text by n letters; the lower the temperature, the surer."""
    for _ in range(n):
        scores = model.predict(codes(text[-60:]), verbose=0)[0, -1].astype(np.float64)
        text += rng.choice(LETTERS, p=tg.ops.softmax(scores / temperature))
    return text


def draw(path, model, line):
    """The four letters that it thought likeliest after each letter of a line."""
    from matplotlib.figure import Figure

    chances = tg.ops.softmax(model.predict(codes(line), verbose=0)[0])
    best = np.argsort(-chances, axis=1)[:, :4]
    axes = (figure := Figure(figsize=(9, 2.2), layout="constrained")).subplots()
    axes.imshow(np.take_along_axis(chances, best, 1).T, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (i, j), code in np.ndenumerate(best):
        letter, colour = (
            LETTERS[code].replace("\n", "↵").replace(" ", "␣"),
            "white" if chances[i, code] > 0.5 else "black",
        )
        axes.text(i, j, letter, ha="center", va="center", fontsize=9, color=colour)
    axes.set(xticks=range(len(line)), xticklabels=line, yticks=[], ylabel="expected next", xlabel="read so far")
    figure.savefig(path, dpi=90)


def main():
    """Read, then write."""
    options = parsed(__doc__)
    tg.set_random_seed(0)
    rng, n = np.random.default_rng(0), len(LETTERS)
    model = tg.Sequential([nn.Embedding(n, 32), nn.GRU(32, 128, return_sequences=True), nn.Linear(128, n)])
    model.compile(tg.optim.Adam(0.005), loss=nn.CrossEntropyLoss())
    study(model, 40 if options.quick else 601, 48, rng)
    print(write(model, "\nShall I ", 40 if options.quick else 400, rng))
    if options.picture:
        draw(options.picture, model, "And summer's lease hath all")


if __name__ == "__main__":
    main()
