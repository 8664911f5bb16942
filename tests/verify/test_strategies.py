"""The public strategies draw what they say, and the pytest helper fails where it must."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import assume, find, given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu.engine import OPS, Tensor
from tinygrad_edu.engine.domain import Domain, reals
from tinygrad_edu.engine.errors import GradientMismatch, NotVerifiableError
from tinygrad_edu.verify import pytest_suite, strategies
from tinygrad_edu.verify.draws import RandomDraw
from tinygrad_edu.verify.properties import PROPERTIES


@given(strategies.arrays(low=-2, high=5))
def test_arrays_lie_between(x):
    assert x.dtype == np.float64
    assert ((x >= -2) & (x <= 5)).all()
    assert (x == 0).all() or np.abs(x[x != 0]).min() >= 1e-30


@given(strategies.arrays((2, 3), apart=0.25, low=-1, high=2))
def test_entries_lie_apart(x):
    assert np.diff(np.sort(x.reshape(-1))).min() >= 0.25 - 1e-12
    assert ((x >= -1) & (x <= 2)).all()


def test_what_cannot_lie_apart_is_refused():
    for draw in (RandomDraw(0), strategies.HypothesisDraw(lambda s: find(s, lambda _: True))):
        with pytest.raises(ValueError, match=r"6 numbers between 0.0 and 1.0 cannot be 0.5 apart. Widen"):
            draw.reals((6,), Domain(0.0, 1.0, (), 0.5))


@given(strategies.broadcastable(3))
def test_shapes_broadcast(shapes):
    assert len(shapes) == 3
    np.broadcast_shapes(*shapes)


@given(st.data())
def test_axes_fit(data):
    x = data.draw(strategies.arrays(strategies.shapes(ndim=(1, 3))))
    np.sum(x, axis=data.draw(strategies.axes(x.ndim)))
    assert isinstance(data.draw(strategies.axes(x.ndim, several=False, none=False)), int)


@given(strategies.tensors((2, 2), dtype=np.float32))
def test_tensors(t):
    assert isinstance(t, Tensor)
    assert t.requires_grad
    assert (t.shape, t.dtype) == ((2, 2), np.float32)


@pytest.mark.parametrize(
    "wanted",
    [lambda x: x.size == 0, lambda x: x.ndim == 0, lambda x: (np.abs(x) > 3).any(), lambda x: np.signbit(x[x == 0]).any(),
     lambda x: x.size > 1 and len(np.unique(x)) < x.size],
)  # fmt: skip
def test_special_inputs_are_drawn(wanted):
    """Empty, 0-d, large, minus zero, ties."""
    find(strategies.arrays(), wanted, settings=settings(max_examples=2000))
    rng = np.random.default_rng(0)
    assert any(wanted(RandomDraw(rng).reals(shape, Domain())) for shape in [(), (0, 2), (3,), (2, 3)] * 50)


@given(strategies.samples("matmul"))
def test_samples_are_calls(sample):
    assume(len(sample.args) == 2)
    OPS["matmul"].call(*sample.args, **sample.kwargs)


def test_an_op_without_samples_says_so():
    with pytest.raises(NotVerifiableError, match="has no samples to draw from"):
        strategies.samples("alias")


@tg.op(name="tests.strategies.wrong", samples=reals(-3, 3))
def wrong(x):
    return x * x, lambda g: g * x


def test_the_suite_has_a_test_for_each_property_and_fails_for_the_wrong_one():
    suite = pytest_suite("tanh", wrong)
    assert [name for name in vars(suite) if name.startswith("test_")] == [f"test_{name}" for name in PROPERTIES]
    suite().test_gradient(op=OPS["tanh"])
    suite().test_purity(op=OPS["tests.strategies.wrong"])
    with pytest.raises(GradientMismatch, match="constant factor"):
        suite().test_gradient(op=OPS["tests.strategies.wrong"])


@pytest.mark.parametrize(
    ("missing", "code"),
    [
        ("hypothesis", "import tinygrad_edu.verify.strategies"),
        ("pytest", "import tinygrad_edu.verify; tinygrad_edu.verify.pytest_suite('tanh')"),
    ],
)
def test_a_missing_extra_names_itself(missing, code):
    program = f"import sys; sys.modules[{missing!r}] = None; {code}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert f"needs {missing}. Install it with: pip install 'tinygrad-edu[test]'" in done.stderr


def test_verify_needs_neither_hypothesis_nor_pytest():
    program = (
        "import sys; sys.modules['hypothesis'] = sys.modules['pytest'] = None\n"
        "from tinygrad_edu import verify; assert verify.check_op('tanh', examples=10)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
