"""The scripts of examples/keras_style under Keras itself: they run, and arrive where they arrive here.

Both run their ``main`` shortened, from the same weights, without shuffling and dropout; the losses and metrics of every fit
are compared. (Not the weights: where a gradient is near 0, Adam makes whole steps of rounding errors.)

Run: python -m pytest -m oracle tests/oracle/test_keras_examples.py
"""

from __future__ import annotations

import functools
import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygrad_edu.datasets import mnist

keras = pytest.importorskip("keras")
pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

SCRIPTS = sorted((Path(__file__).parents[2] / "examples" / "keras_style").glob("*.py"))
STEPS = 5


class Recorded:
    """A script's ``build``, whose models start from given weights, and the histories of their fits."""

    def __init__(self, script: Path, start: list[np.ndarray] | None) -> None:
        namespace = runpy.run_path(str(script))
        self.main, self.first_build = namespace["main"], namespace["build"]
        self.main.__globals__["build"] = self.build
        (self.x, _), _ = namespace["data"]()
        self.start, self.histories = start, []

    def build(self, *args: Any, **options: Any) -> Any:
        """The model with its weights; without dropout and the order of shuffling, which are drawn otherwise in each."""
        model = self.first_build(*args, **options)
        model(first(self.x))  # for those that are built by their first call
        for layer in model.layers:
            if type(layer).__name__ == "Dropout":
                layer.rate = 0.0
        self.start = self.start or model.get_weights()
        model.set_weights(self.start)
        model.fit = functools.partial(self.fit, model.fit)
        return model

    def fit(self, fit: Any, *args: Any, **options: Any) -> Any:
        """Fit in order, and keep the history."""
        history = fit(*args, **options, shuffle=False)
        self.histories.append(history.history)
        return history


def first(x: Any) -> Any:
    """Two samples of the data."""
    if isinstance(x, dict):
        return {key: value[:2] for key, value in x.items()}
    return [value[:2] for value in x] if isinstance(x, list) else x[:2]


def close(got: Any, expected: Any, what: str) -> None:
    """To 1e-4 of the largest entry."""
    got, expected = np.asarray(got), np.asarray(expected)
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-4 * max(np.abs(expected).max(), 1e-3), err_msg=what)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_script(script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(script)])
    monkeypatch.setattr(keras.datasets.mnist, "load_data", mnist.load_data)  # which Keras would fetch
    monkeypatch.setenv("KERAS_MAX_EPOCHS", "1")
    monkeypatch.setenv("KERAS_MAX_STEPS_PER_EPOCH", str(STEPS))
    ours = Recorded(script, None)
    ours.main()
    keras.config.set_max_epochs(1)
    keras.config.set_max_steps_per_epoch(STEPS)
    monkeypatch.setenv("TINYGRAD_EDU_BACKEND", "keras")
    try:
        theirs = Recorded(script, ours.start)
        theirs.main()
    finally:
        keras.config.set_max_epochs(None)
        keras.config.set_max_steps_per_epoch(None)

    assert len(ours.histories) == len(theirs.histories) > 0
    for mine, reference in zip(ours.histories, theirs.histories):
        assert set(mine) == set(reference)
        for name, values in reference.items():
            close(mine[name], values, name)
