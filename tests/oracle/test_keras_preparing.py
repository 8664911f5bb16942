"""Normalization, sizes of images, and the group, RMS and unit norms beside Keras's own.

Run: KERAS_BACKEND=jax python -m pytest -m oracle tests/oracle/test_keras_preparing.py
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tinygrad_edu import keras as ours

theirs = pytest.importorskip("keras")
pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

RNG = np.random.default_rng(6)
IMAGES = RNG.uniform(0, 255, (2, 7, 9, 3)).astype("float32")
DATA = RNG.normal(3, 2, (50, 4, 3)).astype("float32")
FEATURES = RNG.normal(size=(2, 5, 6, 8)).astype("float32")


def both(name: str, options: dict[str, Any]) -> list[Any]:
    return [getattr(k.layers, name)(**options) for k in (ours, theirs)]


def same(mine: Any, reference: Any, x: Any) -> None:
    a, b = np.asarray(mine(x).data), np.asarray(reference(x))
    assert (a.shape, a.dtype) == (b.shape, b.dtype)
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5 * max(1.0, abs(b).max()))


SIZED: list[tuple[str, dict[str, Any]]] = [
    *(("Resizing", {"height": h, "width": w}) for h, w in ((4, 5), (14, 12), (3, 20))),
    *(("Resizing", {"height": h, "width": w, "interpolation": "nearest"}) for h, w in ((4, 5), (14, 20))),
    ("Resizing", {"height": 5, "width": 4, "crop_to_aspect_ratio": True}),
    *(("CenterCrop", {"height": h, "width": w}) for h, w in ((3, 3), (4, 6), (7, 9), (9, 5), (10, 12), (5, 20))),
]


@pytest.mark.parametrize(("name", "options"), SIZED)
def test_sizes(name: str, options: dict[str, Any]) -> None:
    mine, reference = both(name, options)
    same(mine, reference, IMAGES)
    same(mine, reference, IMAGES[0])


def test_bytes() -> None:
    pixels = IMAGES.astype("uint8")
    mine, reference = both("Resizing", {"height": 4, "width": 5})
    a, b = mine(pixels).numpy(), np.asarray(reference(pixels))
    assert a.dtype == b.dtype == "uint8"
    assert abs(a.astype(int) - b.astype(int)).max() <= 1  # what lies at one half may be rounded either way
    same(*both("CenterCrop", {"height": 3, "width": 3}), pixels)


@pytest.mark.parametrize("axis", [-1, 1, None, (1, 2), (-1, 1)])
def test_adapted(axis: Any) -> None:
    mine, reference = both("Normalization", {"axis": axis})
    mine.adapt(DATA)
    reference.adapt(DATA)
    same(mine, reference, DATA[:5])
    assert [w.shape for w in mine.get_weights()] == [w.shape for w in reference.get_weights()]
    assert mine.mean.shape == tuple(reference.mean.shape)


@pytest.mark.parametrize(
    "options",
    [
        {"mean": 2.0, "variance": 4.0},
        {"mean": [1.0, 2.0, 3.0], "variance": [1.0, 4.0, 9.0]},
        {"mean": [1.0, 2.0, 3.0], "variance": [1.0, 4.0, 9.0], "invert": True},
        {"mean": [1.0, 2.0, 3.0], "variance": [1.0, 4.0, 9.0], "axis": (1, 2)},
        {"mean": 1.0, "variance": 2.0, "axis": None},
    ],
)
def test_given(options: dict[str, Any]) -> None:
    same(*both("Normalization", options), DATA)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("GroupNormalization", {"groups": 4}),
        ("GroupNormalization", {"groups": -1, "scale": False}),
        ("GroupNormalization", {"groups": 5, "axis": 1, "epsilon": 0.1}),
        ("RMSNormalization", {"epsilon": 0.1}),
        ("UnitNormalization", {"axis": [1, 2]}),
    ],
)
def test_norms(name: str, options: dict[str, Any]) -> None:
    mine, reference = both(name, options)
    reference.build(FEATURES.shape)
    mine.build(FEATURES.shape)
    weights = [RNG.normal(size=w.shape).astype("float32") for w in reference.get_weights()]
    reference.set_weights(weights)
    mine.set_weights(weights)
    same(mine, reference, FEATURES)
