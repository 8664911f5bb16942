"""Text: is the sentence kind? Words as vectors, an LSTM that reads them in order, and attention over what it read.

python examples/keras_style/text.py
"""

import os

import numpy as np

if os.environ.get("TINYGRAD_EDU_BACKEND") == "keras":
    import keras
    from keras import layers
else:
    from tinygrad_edu import keras
    from tinygrad_edu.keras import layers

WORDS = [
    "",
    "the",
    "film",
    "was",
    "and",
    "plot",
    "acting",
    "not",
    "never",
    "good",
    "great",
    "fun",
    "bad",
    "dull",
    "poor",
]
KIND, UNKIND, NEGATION = {"good", "great", "fun"}, {"bad", "dull", "poor"}, {"not", "never"}
LENGTH = 10


def sentence(rng):
    """A sentence with one judgement, perhaps negated; and whether it is kind."""
    kind, negated = rng.random(2) < 0.5
    judgement = rng.choice(sorted(KIND if kind else UNKIND))
    middle = [rng.choice(sorted(NEGATION))] if negated else []
    words = ["the", rng.choice(["film", "plot", "acting"]), "was", *middle, judgement]
    more = ["and", "the", rng.choice(["film", "plot", "acting"]), "was", "the", "film"]
    return words + more[: 2 * rng.integers(0, 3)], kind != negated


def encoded(sentences):
    """Sentences as numbers of words, filled up with 0 to one length."""
    numbers = [[WORDS.index(w) for w in words] for words in sentences]
    return keras.utils.pad_sequences(numbers, maxlen=LENGTH, padding="post")


def data(n=2_000, n_test=500):
    """Sentences, and 1 for the kind ones."""
    rng = np.random.default_rng(0)
    sentences, kind = zip(*(sentence(rng) for _ in range(n + n_test)))
    x, y = encoded(sentences), np.array(kind, dtype="float32")[:, None]
    return (x[:n], y[:n]), (x[n:], y[n:])


def build():
    """The padding is masked: neither the LSTM nor attention nor the mean sees it."""
    words = keras.Input((LENGTH,), dtype="int32")
    x = layers.Embedding(len(WORDS), 8, mask_zero=True)(words)
    x = layers.LSTM(16, return_sequences=True)(x)
    x = layers.Add()([x, layers.MultiHeadAttention(2, 8)(x, x)])
    x = layers.LayerNormalization()(x)
    x = layers.GlobalAveragePooling1D()(x)
    model = keras.Model(words, layers.Dense(1, activation="sigmoid")(x))
    model.compile(keras.optimizers.Adam(0.005), loss="binary_crossentropy", metrics=["accuracy"])
    return model


def main():
    """Train, then judge two sentences."""
    keras.utils.set_random_seed(0)
    (x, y), test = data()
    model = build()
    model.summary()
    model.fit(x, y, batch_size=50, epochs=6, verbose=2)
    print(f"test accuracy: {model.evaluate(*test, verbose=0)[1]:.3f}")
    for text in ("the acting was great", "the acting was not great", "the plot was never dull and the film"):
        print(f"{model.predict(encoded([text.split()]), verbose=0)[0, 0]:.3f}  {text}")


if __name__ == "__main__":
    main()
