"""examples/from_scratch.py: the derivation by hand is right, and both ways of learning arrive at the same place."""

import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from tinygrad_edu.verify import check_gradient

SCRIPT = Path(__file__).parents[2] / "examples" / "from_scratch.py"


@pytest.fixture(scope="module")
def script() -> dict:
    return runpy.run_path(str(SCRIPT))


def test_both_reach_the_same_accuracy(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), "--images", "1000", "--iterations", "100"])
    runpy.run_path(str(SCRIPT), run_name="__main__")
    output = capsys.readouterr().out
    hand, engine = map(float, re.findall(r"test accuracy by .*: (0\.\d{4})", output))
    assert hand == pytest.approx(engine, abs=2e-4)
    assert hand > 0.75
    assert float(re.search(r"two gradients: (\S+)", output)[1]) < 1e-6


def test_gradients_agree_from_any_start(script: dict) -> None:
    rng = np.random.default_rng(0)
    X, digits = rng.random((784, 30), dtype=np.float32), rng.integers(0, 10, 30)
    parameters = script["start"](rng)
    pairs = zip(
        script["gradients_by_hand"](parameters, X, digits), script["gradients_by_engine"](parameters, X, digits)
    )
    for hand, engine in pairs:
        assert hand.shape == engine.shape
        assert abs(hand - engine).max() < 1e-6


@pytest.mark.parametrize("which", range(4))
def test_gradients_agree_with_differences(which: int, script: dict) -> None:
    rng = np.random.default_rng(1)
    X, digits = rng.random((784, 5)), rng.integers(0, 10, 5)
    parameters = [p.astype(np.float64) for p in script["start"](rng)]
    parameters[0], X = parameters[0][:, :6], X[:6]  # fewer pixels: all entries are compared

    def replaced(p: np.ndarray) -> list[np.ndarray]:
        return [p if i == which else q for i, q in enumerate(parameters)]

    check_gradient(
        lambda p: script["loss"](script["forward"](replaced(p), X)[-1], digits),
        lambda p: script["gradients_by_hand"](replaced(p), X, digits)[which],
        parameters[which],
    )
