"""Against Keras itself: the same gradients in, the same parameters after 20 steps."""

import os

import numpy as np
import pytest
from helpers.optimizers import MEASURED, NAMES, parameter, step

from tinygrad_edu import optim
from tinygrad_edu.optim import schedules

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")
pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

SHAPES = [(7, 5), (5,), (5, 3), ()]
COMMON = [{"weight_decay": 0.01}, {"clipnorm": 0.5}, {"global_clipnorm": 0.5}, {"clipvalue": 0.1}]
RULES = [(name, options) for name, options, _ in MEASURED]
EVERY = [*RULES, *((name, options) for name in NAMES for options in COMMON)]


@pytest.mark.parametrize(("name", "options"), EVERY, ids=str)
def test_twenty_steps(name, options):
    rng = np.random.default_rng(1)
    start = [rng.normal(size=s).astype(np.float32) for s in SHAPES]
    gradients = [[rng.normal(size=s).astype(np.float32) for s in SHAPES] for _ in range(20)]
    theirs = [keras.Variable(v) for v in start]
    peer = getattr(keras.optimizers, name)(learning_rate=0.01, **options)
    ours = [parameter(v) for v in start]
    optimizer = getattr(optim, name)(ours, lr=0.01, **options)
    for g in gradients:
        peer.apply(g, theirs)
        step(optimizer, ours, g)
    for p, v in zip(ours, theirs):
        np.testing.assert_allclose(p.data, np.asarray(v), rtol=0, atol=1e-6 * max(1, abs(p.data).max()))


@pytest.mark.parametrize("name", NAMES)
def test_default_options(name):
    theirs, ours = keras.Variable(np.ones(3, np.float32)), parameter(np.ones(3))
    peer, optimizer = getattr(keras.optimizers, name)(), optim.get(name)
    optimizer.bind([ours])
    assert optimizer.lr == pytest.approx(float(peer.learning_rate))
    for s in range(1, 6):
        g = np.array([0.1, -0.2, 0.3], np.float32) * s
        peer.apply([g], [theirs])
        step(optimizer, [ours], [g])
    np.testing.assert_allclose(ours.data, np.asarray(theirs), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("ExponentialDecay", (0.1, 10, 0.5)),
        ("ExponentialDecay", (0.1, 10, 0.5, True)),
        ("InverseTimeDecay", (0.1, 10, 0.7)),
        ("InverseTimeDecay", (0.1, 10, 0.7, True)),
        ("PolynomialDecay", (0.1, 10, 0.01, 2.0)),
        ("PolynomialDecay", (0.1, 10, 0.01, 1.0, True)),
        ("PiecewiseConstantDecay", ([5, 20], [0.3, 0.2, 0.1])),
        ("CosineDecay", (0.1, 20, 0.1)),
        ("CosineDecayRestarts", (0.1, 7)),
        ("CosineDecayRestarts", (0.1, 7, 1.0, 0.5, 0.1)),
    ],
    ids=str,
)
def test_schedules(name, arguments):
    ours, theirs = getattr(schedules, name)(*arguments), getattr(keras.optimizers.schedules, name)(*arguments)
    for n in range(40):
        assert ours(n) == pytest.approx(float(theirs(n)), abs=2e-7), n


def test_cosine_with_warmup():
    options = {"warmup_target": 0.1, "warmup_steps": 5}
    ours = schedules.CosineDecay(0.01, 20, **options)
    theirs = keras.optimizers.schedules.CosineDecay(0.01, 20, **options)
    for n in range(30):
        assert ours(n) == pytest.approx(float(theirs(n)), abs=2e-7), n
