"""What there is to know of a trained classifier: what it takes for what, where it is wrong, and what it looked at."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Tensor, enable_grad, no_grad
from ..engine.device import host
from ..engine.errors import DataError
from ..engine.walk import walk
from ..training.losses import sparse_categorical_crossentropy
from ._pixels import bare
from ._record import beside

__all__ = ["classes_of", "confusion", "gradient_of_input", "predicted", "worst"]


def classes_of(y: Any) -> Any:
    """Classes as integers, (N,): given so, as (N, 1), or as rows of probabilities or ones and zeros."""
    data = bare(y)
    if data.ndim == 2 and data.shape[1] > 1:
        return data.argmax(axis=1)
    data = data.reshape(len(data))
    if data.dtype.kind not in "iub" and not np.array_equal(data, np.round(data)):
        raise DataError(f"Classes are whole numbers, or rows of probabilities; here are numbers such as {data[0]}.")
    return data.astype(np.int64)


def predicted(model: Any, x: Any, size: int = 1000) -> Any:
    """The rows that a model returns for samples, (N, classes), out of training and without a graph."""
    predict = getattr(model, "predict", None)
    if predict is not None:
        return np.asarray(predict(bare(x), batch_size=size, verbose=0))
    data = bare(x)
    with no_grad():
        batches = [Tensor(beside(model, data[i : i + size])) for i in range(0, len(data), size)]
        return np.concatenate([bare(model(batch, training=False)) for batch in batches])


def confusion(true: Any, read: Any, classes: int | None = None) -> Any:
    """How often each class (row) was taken for each class (column): counts, (classes, classes).

    true, read : classes, or rows of probabilities.
    """
    t, r = classes_of(true), classes_of(read)
    wide = bare(read).shape[1] if bare(read).ndim == 2 else 0
    n = classes or max(int(t.max(initial=0)), int(r.max(initial=0)), wide - 1) + 1
    return np.bincount(n * t + r, minlength=n * n).reshape(n, n)


def are_probabilities(rows: Any) -> bool:
    """Whether each row sums to 1, without negative entries."""
    return bool(rows.min(initial=0) >= 0 and np.allclose(rows.sum(axis=-1), 1, atol=1e-3))


def probabilities(rows: Any) -> Any:
    """Rows as probabilities: those that are none, of a model without softmax, through softmax."""
    data = bare(rows)
    if are_probabilities(data):
        return data
    exp = np.exp(data - data.max(axis=1, keepdims=True))
    return exp / exp.sum(axis=1, keepdims=True)


def worst(true: Any, rows: Any, most: int) -> Any:
    """The places of the mistakes that the model was surest of, the worst first.

    rows : (N, classes), probabilities or logits.
    """
    chances, t = probabilities(rows), classes_of(true)
    wrong = np.flatnonzero(chances.argmax(axis=1) != t)
    return wrong[np.argsort(-chances[wrong].max(axis=1), kind="stable")][:most]


def gradient_of_input(model: Any, x: Any, y: Any) -> Any:
    """The gradient of the loss with respect to the samples: which pixels, a little brighter, would make the answer worse.

    x : samples, floating          y : classes, or rows of probabilities          out : the shape of x
    The loss is each sample's cross-entropy, so samples do not disturb one another. The model computes as it predicts, and no
    ``.grad`` is touched.
    """
    data = bare(x)
    given = Tensor(beside(model, data.astype(np.result_type(data.dtype, np.float32))), requires_grad=True)
    with enable_grad():
        rows = model(given, training=False)
        logits = not are_probabilities(bare(rows))
        loss = sparse_categorical_crossentropy(Tensor(beside(model, classes_of(y))), rows, from_logits=logits).sum()
    return host(dict(walk(loss, inputs=[given]))[given])
