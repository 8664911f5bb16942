"""Words of keras.ops beside Keras's own, with arguments by place: the same results.

Run: KERAS_BACKEND=jax python -m pytest -m oracle tests/oracle/test_keras_ops.py
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_edu.engine import Tensor
from tinygrad_edu.keras import ops as ours

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")
pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

RNG = np.random.default_rng(4)
A, B = (RNG.standard_normal((3, 4)).astype("float32") for _ in range(2))
SQUARE = (A @ A.T + np.eye(3)).astype("float32")
V = RNG.standard_normal(6).astype("float32")
HOLES = np.where(RNG.random((3, 4)) < 0.3, np.nan, A).astype("float32")
IDS = np.array([0, 2, 2, 1, 0, 2])
IMAGE = RNG.standard_normal((2, 6, 8, 4)).astype("float32")
STEPS = RNG.standard_normal((2, 7, 4)).astype("float32")
HEADS = [RNG.standard_normal((2, 5, 2, 3)).astype("float32") for _ in range(3)]
KERNEL = RNG.standard_normal((3, 2, 4, 5)).astype("float32")
SHARE = np.clip(RNG.random((3, 4)), 0.05, 0.95).astype("float32")
ROWS = RNG.dirichlet(np.ones(4), 3).astype("float32")
MASK = RNG.random((2, 1, 5, 5)) < 0.7
MASK[..., 0] = True

CALLS: dict[str, Callable[[Any], Any]] = {
    **{
        f"{n} by place": (lambda o, n=n: getattr(o, n)(A, 1, True))
        for n in ["all", "any", "max", "mean", "min", "std", "sum", "var", "median", "prod", "logsumexp"]
    },
    **{f"{n} over a list": (lambda o, n=n: getattr(o, n)(A, [0, 1])) for n in ["mean", "sum", "max", "std", "var"]},
    **{
        n: (lambda o, n=n: getattr(o, n)(A, 0))
        for n in ["argmax", "argmin", "argsort", "count_nonzero", "cumsum", "cumprod", "flip", "ptp"]
    },
    **{
        n: (lambda o, n=n: getattr(o, n)(A, B))
        for n in ["add", "subtract", "multiply", "divide", "maximum", "minimum", "hypot", "less", "equal"]
    },
    **{
        n: (lambda o, n=n: getattr(o, n)(HOLES, 0))
        for n in ["nanmax", "nanmin", "nanmean", "nanprod", "nanstd", "nansum", "nanvar"]
    },
    "keywords": lambda o: o.where(condition=A > 0, x1=A, x2=B) + o.clip(x=A, x_min=-0.5, x_max=0.5),
    "average": lambda o: o.average(A, 1, np.arange(4.0, dtype="float32")),
    "append": lambda o: o.append(A, B, 1),
    "append flat": lambda o: o.append(A, B),
    "bincount": lambda o: o.bincount(IDS, minlength=5),
    "corrcoef": lambda o: o.corrcoef(A),
    "diagflat": lambda o: o.diagflat(V, 1),
    "digitize": lambda o: o.digitize(V, np.array([-1.0, 0.0, 1.0])),
    "divide_no_nan": lambda o: o.divide_no_nan(A, np.where(B > 0, B, 0)),
    "geomspace": lambda o: o.geomspace(1.0, 8.0, 4),
    "in_top_k": lambda o: o.in_top_k(np.array([0, 3, 1]), ROWS, 2),
    "isin": lambda o: o.isin(IDS, np.array([1, 2])),
    "linspace": lambda o: o.linspace(0.0, 1.0, 5, False),
    "logdet": lambda o: o.logdet(SQUARE),
    "logspace": lambda o: o.logspace(0.0, 2.0, 5, True, 2),
    "meshgrid": lambda o: o.meshgrid(V[:2], V[:3])[1],
    "multi_hot": lambda o: o.multi_hot(np.array([[0, 2], [1, 1]]), 4),
    "normalize": lambda o: o.normalize(A, 1),
    "normalize by cubes": lambda o: o.normalize(A, 0, 3),
    "one_hot": lambda o: o.one_hot(np.array([[0, 3], [2, -1]]), 4),
    "one_hot along": lambda o: o.one_hot(np.array([[0, 3], [2, 1]]), 4, 1, "int32"),
    "reshape": lambda o: o.reshape(A, newshape=(2, -1)),
    "searchsorted": lambda o: o.searchsorted(np.array([0.0, 1.0]), V, "right"),
    **{
        n: (lambda o, n=n: getattr(o, n)(V.reshape(6, 1) * np.ones((1, 2), "float32"), IDS, 3))
        for n in ("segment_sum", "segment_max", "segment_min", "segment_prod")
    },
    "select": lambda o: o.select([A > 1, A > 0], [A, B], 5.0),
    "slice": lambda o: o.slice(A, (1, 0), (2, 3)),
    "slice_update": lambda o: o.slice_update(A, (1, 1), B[:2, :2]),
    "scatter": lambda o: o.scatter(np.array([[0, 1], [2, 2], [0, 1]]), V[:3], (3, 4)),
    "scatter_update": lambda o: o.scatter_update(A, np.array([[0, 1], [2, 2]]), V[:2]),
    "size": lambda o: o.size(A),
    "top_k": lambda o: o.top_k(A, 2)[0],
    "trapezoid": lambda o: o.trapezoid(A, None, 0.5),
    "trapezoid over x": lambda o: o.trapezoid(A, np.cumsum(abs(B), 1), 1.0, 1),
    "tri": lambda o: o.tri(3, 4, 1),
    "tile": lambda o: o.tile(A, repeats=(2, 1)),
    "unique": lambda o: o.unique(IDS),
    "unstack": lambda o: o.unstack(A, 4, 1)[2],
    "vander": lambda o: o.vander(V, 3),
    "conv1d": lambda o: o.conv(STEPS, KERNEL[0], 2, "same"),
    "conv2d": lambda o: o.conv(IMAGE, KERNEL, (2, 1), "same"),
    "conv2d grouped": lambda o: o.conv(IMAGE, KERNEL[:, :, :2, :4], 1, "valid"),
    "conv2d dilated": lambda o: o.conv(IMAGE, KERNEL, 1, "valid", None, 2),
    "conv2d channels first": lambda o: o.conv_transpose(IMAGE, np.swapaxes(KERNEL, 2, 3), 2, "same"),
    "conv_transpose": lambda o: o.conv_transpose(IMAGE, np.swapaxes(KERNEL, 2, 3), 2, "valid"),
    "depthwise_conv": lambda o: o.depthwise_conv(IMAGE, KERNEL[..., :2], 1, "same"),
    "separable_conv": lambda o: o.separable_conv(IMAGE, KERNEL[..., :1], KERNEL[:1, :1], 1, "valid"),
    "max_pool": lambda o: o.max_pool(IMAGE, (2, 3), (2, 3), "same"),
    "average_pool": lambda o: o.average_pool(IMAGE, 3, 2, "same"),
    "max_pool of steps": lambda o: o.max_pool(STEPS, (2,), (2,)),
    "depth_to_space": lambda o: o.depth_to_space(IMAGE, 2),
    "space_to_depth": lambda o: o.space_to_depth(IMAGE, 2),
    "batch_normalization": lambda o: o.batch_normalization(A, V[:4], abs(B[0]), 1, B[1], B[2]),
    "layer_normalization": lambda o: o.layer_normalization(A, B[0], B[1]),
    "rms_normalization": lambda o: o.rms_normalization(A, B[0]),
    "binary_crossentropy": lambda o: o.binary_crossentropy(np.round(SHARE), SHARE),
    "binary_crossentropy of logits": lambda o: o.binary_crossentropy(np.round(SHARE), A, True),
    "categorical_crossentropy": lambda o: o.categorical_crossentropy(np.eye(4, dtype="float32")[[0, 3, 1]], ROWS),
    "categorical_crossentropy of logits": lambda o: o.categorical_crossentropy(
        np.eye(4, dtype="float32")[[0, 3, 1]], A, True
    ),
    "sparse_categorical_crossentropy": lambda o: o.sparse_categorical_crossentropy(np.array([0, 3, 1]), ROWS),
    "dot_product_attention": lambda o: o.dot_product_attention(*HEADS),
    "dot_product_attention causal": lambda o: o.dot_product_attention(*HEADS, is_causal=True),
    "dot_product_attention masked": lambda o: o.dot_product_attention(*HEADS, mask=MASK, scale=0.3),
    "dot_product_attention biased": lambda o: o.dot_product_attention(
        *HEADS, np.ones((2, 2, 5, 5), "float32") * V[:5], is_causal=True
    ),
    "cond": lambda o: o.cond(A[0, 0] > 100, lambda: A, lambda: B),
    "switch": lambda o: o.switch(1, [lambda x: x, lambda x: x * 2], A),
    "fori_loop": lambda o: o.fori_loop(0, 4, lambda i, v: v + i, 1.0),
    "while_loop": lambda o: o.while_loop(lambda i, v: i < 4, lambda i, v: (i + 1, v * 2), (0, 1.0))[1],
    "scan": lambda o: o.scan(
        lambda c, x: (c + x, c * x), o.convert_to_tensor(np.zeros(4, "float32")), o.convert_to_tensor(A)
    )[1],
    "map": lambda o: o.map(lambda row: o.sum(row * row), o.convert_to_tensor(A)),
    "moments": lambda o: o.moments(A, [0])[1],
    "saturate_cast": lambda o: o.saturate_cast(A * 300, "uint8"),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_same_result(name: str) -> None:
    expected, out = CALLS[name](keras.ops), CALLS[name](ours)
    array = np.asarray(out.data if isinstance(out, Tensor) else out)
    np.testing.assert_allclose(array, np.asarray(expected), rtol=2e-5, atol=2e-5)
