"""A small transformer reads Shakespeare letter by letter, and then writes.

    python examples/transformer.py [--quick] [--picture FILE]

No memory that is carried along as in recurrent.py: each letter looks back at all letters before it, and attention decides at which
(Vaswani et al., 2017). Two blocks, four heads, normalisation in front of each part.
"""

import numpy as np
from options import parsed
from recurrent import LETTERS, codes, study, write

import tinygrad_edu as tg
from tinygrad_edu import nn

LENGTH, WIDTH, HEADS = 60, 64, 4


class Block(nn.Module):
    """Look around, then think: x + attention(x), x + mlp(x)."""

    def __init__(self):
        self.before, self.attention = nn.LayerNorm(WIDTH), nn.MultiheadAttention(WIDTH, HEADS)
        mlp = [nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH)]
        self.think = tg.Sequential([nn.LayerNorm(WIDTH), *mlp])

    def forward(self, x):
        x = x + self.attention(self.before(x), causal=True)
        return x + self.think(x)


class Writer(tg.Model):
    """A score for each next letter: (N, T) codes -> (N, T, letters)."""

    def __init__(self, depth=2):
        super().__init__()
        self.letters, self.places = nn.Embedding(len(LETTERS), WIDTH), nn.Embedding(LENGTH, WIDTH)
        self.blocks = [Block() for _ in range(depth)]
        self.guess = tg.Sequential([nn.LayerNorm(WIDTH), nn.Linear(WIDTH, len(LETTERS))])

    def forward(self, x):
        x = self.letters(x) + self.places(np.arange(x.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.guess(x)


def draw(path, model, line):
    """At which letters each letter looks, in the four heads of the first block."""
    from matplotlib.figure import Figure

    block, x = model.blocks[0], codes(line)
    x = block.before(model.letters(x) + model.places(np.arange(len(line))))
    q, k = (
        block.attention.project(n, x).numpy().reshape(len(line), HEADS, -1).swapaxes(0, 1) for n in ("query", "key")
    )
    scores = np.where(np.tri(len(line)) > 0, q @ k.swapaxes(1, 2) / np.sqrt(WIDTH / HEADS), -np.inf)
    figure = Figure(figsize=(10, 3), layout="constrained")
    for axes, chances in zip(figure.subplots(1, HEADS), tg.ops.softmax(scores)):
        axes.imshow(chances, cmap="Blues", vmin=0, vmax=1)
        axes.set_xticks(range(len(line)), line, fontsize=7)
        axes.set_yticks(range(len(line)), line, fontsize=7)
    figure.savefig(path, dpi=80)


def main():
    """Read, then write."""
    options = parsed(__doc__)
    tg.set_random_seed(0)
    rng, model = np.random.default_rng(0), Writer()
    model.compile(tg.optim.Adam(0.003), loss=nn.CrossEntropyLoss())
    study(model, 40 if options.quick else 801, LENGTH, rng)
    print(write(model, "\nShall I ", 40 if options.quick else 400, rng))
    if options.picture:
        draw(options.picture, model, "And summer's lease hath all")


if __name__ == "__main__":
    main()
