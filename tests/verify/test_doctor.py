"""The gradient doctor: every mistake that it knows is planted and must be named, and what is right gets no diagnosis."""

import re

import numpy as np
import pytest
from helpers.built_in import BUILT_IN

import tinygrad_edu as tg
from tinygrad_edu import Tensor, ops
from tinygrad_edu.engine.errors import NotVerifiableError
from tinygrad_edu.verify import check_gradient, gradcheck
from tinygrad_edu.verify.doctor import Case, diagnose
from tinygrad_edu.verify.draws import RandomDraw

RNG = np.random.default_rng(1)
X = np.array([-1.5, -0.4, 0.7, 1.3])
M = RNG.normal(size=(3, 3))


def planted(rule):
    """An op of a wrong rule."""
    return tg.op(name=f"tests.doctor.{rule.__name__}")(rule)


@planted
def flipped(x):
    return np.cos(x), lambda g: g * np.sin(x)


@planted
def doubled(x):
    return x * x, lambda g: g * x


@planted
def mean_for_sum(x):
    return x.sum(), lambda g: g / x.size + 0 * x


@planted
def swapped_axes(x, y):
    return x @ y, lambda g: g @ y, lambda g: x.T @ g


@planted
def transposed_result(x):
    return x * 2.0, lambda g: 2 * g.T


@planted
def wrong_operand_order(x, y):
    return x @ y, lambda g: g @ y.T, lambda g: x @ g


@planted
def unsummed(x, y):
    """x (3,) + y (2, 3): the first row's gradient in the place of their sum."""
    return x + y, lambda g: g[0], lambda g: g


@planted
def uncoupled(x):
    e = np.exp(x)
    out = e / e.sum()
    return out, lambda g: out * (g - g * out)


@planted
def overwriting(x):
    """x[[0, 0, 1]], backwards by assignment."""

    def backward(g):
        gx = np.zeros_like(x)
        gx[[0, 0, 1]] = g
        return gx

    return x[[0, 0, 1]], backward


@planted
def other_side(x):
    return np.maximum(x, 0), lambda g: g * (x < 0)


@planted
def everywhere(x):
    return np.maximum(x, 0), lambda g: g


@planted
def elu_swapped(x):
    return np.where(x > 0, x, np.expm1(x)), lambda g: g * np.where(x > 0, np.exp(x), 1)


@planted
def half_precision_inside(x):
    slope = np.cos(x.astype(np.float32)).astype(np.float64)
    return np.sin(x), lambda g: g * slope


@planted
def poisoned(x):
    with np.errstate(all="ignore"):
        slope = np.where(x > 0, 0.5 / np.sqrt(x), 0) * np.sqrt(x) / np.sqrt(x)
    return np.sqrt(np.maximum(x, 0)), lambda g: g * slope


@planted
def forgotten(x):
    return np.tanh(x), lambda g: g * 0


@planted
def nameless(x):
    return x**3, lambda g: g * (3 * x**2 + 1)


@pytest.mark.parametrize(
    ("f", "inputs", "diagnosis"),
    [
        (flipped, (X,), "sign flipped"),
        (doubled, (X,), r"constant factor: every entry is 0\.5 times.*the 2 of a square"),
        (mean_for_sum, (X,), r"constant factor: every entry is 0\.25 times.*1/4.*a mean where a sum"),
        (swapped_axes, (M, M.T + 1), "transposed"),
        (transposed_result, (M,), "transposed"),
        (wrong_operand_order, (M, M + 1), "transposed"),
        (unsummed, (X[:3], np.ones((2, 3))), "missing sum over a broadcast axis: only slice 0 along axis 0"),
        (uncoupled, (X,), "missing sum"),
        (overwriting, (X[:2],), r"`=` where `\+=` was needed"),
        (other_side, (X,), "derivative of the wrong branch"),
        (everywhere, (X,), "derivative of the wrong branch"),
        (elu_swapped, (X,), "derivative of the wrong branch"),
        (half_precision_inside, (X,), "wrong dtype"),
        (poisoned, (X,), "NaN"),
        (forgotten, (X,), "detached: the gradient is zero everywhere"),
        (nameless, (X,), "no known mistake explains it; wrong in 4 of 16 entries"),
    ],
)
def test_a_planted_mistake_is_named(f, inputs, diagnosis):
    report = gradcheck(f, *inputs, raise_on_fail=False)
    assert not report.passed
    assert re.search(diagnosis, " ".join(report.diagnoses)), report


def test_a_mistake_is_not_named_after_entries_that_nothing_is_known_of():
    unknown = Case(np.ones((2, 2)), np.zeros((2, 2)), np.ones((2, 2), bool), np.zeros((2, 2), bool), np.ones(2), (2,))
    assert diagnose(unknown).startswith("no known mistake")


calls = iter(range(10**6))


@pytest.mark.parametrize(
    ("f", "diagnosis"),
    [
        (lambda x: Tensor(x.data * 2), "detached: no path in the graph"),
        (lambda x: x * float(next(calls)), "non-deterministic"),
        (lambda x: (x.data.__setitem__(0, 9.0), x * x)[1], "input mutated: the function writes to x"),
        (lambda x: ops.astype(x, np.float32) * 2, "wrong dtype: float64 inputs, but a result is float32"),
    ],
)
def test_a_misbehaving_function_is_named(f, diagnosis):
    report = gradcheck(f, X, raise_on_fail=False)
    assert not report.passed
    assert diagnosis in str(report)


OURS = sorted(name for name, op in BUILT_IN.items() if op.samples and op.rule.__module__.startswith("tinygrad_edu."))


@pytest.mark.parametrize("name", OURS[::4])  # each is checked in full by tests/ops/test_generic.py
def test_a_correct_op_gets_no_diagnosis(name):
    op = BUILT_IN[name]
    sample = op.samples(RandomDraw(5))
    arrays = [i for i, v in enumerate(sample.args) if isinstance(v, np.ndarray) and v.dtype.kind == "f" and v.size]

    def f(*xs):
        args = list(sample.args)
        for i, x in zip(arrays, xs, strict=True):
            args[i] = x
        return op.call(*args, **sample.kwargs)

    inputs = [sample.args[i] for i in arrays]
    if inputs and all(np.isfinite(out).all() for out in np.atleast_1d(f(*inputs))):
        report = gradcheck(f, *inputs, raise_on_fail=False)
        assert report.passed
        assert not report.diagnoses


# -- gradients derived by hand -----------------------------------------------------------------------------------------

BATCH, TARGET = RNG.normal(size=(4, 3)), RNG.normal(size=(4, 2))
PARAMETERS = {"W": RNG.normal(size=(3, 2)), "b": RNG.normal(size=2)}


def loss(p):
    return ((BATCH @ p["W"] + p["b"] - TARGET) ** 2).mean()


def by_hand(p):
    d = 2 * (BATCH @ p["W"] + p["b"] - TARGET) / TARGET.size
    return {"W": BATCH.T @ d, "b": d.sum(axis=0)}


@pytest.mark.parametrize(
    ("change", "diagnosis"),
    [
        (lambda d: {**d, "W": -d["W"]}, r"x\['W'\]: sign flipped"),
        (lambda d: {**d, "W": d["W"].T}, "transposed: the gradient has shape"),
        (
            lambda d: {**d, "b": (2 * (BATCH @ PARAMETERS["W"] + PARAMETERS["b"] - TARGET) / 8)},
            "right when summed over axis 0",
        ),
        (
            lambda d: {**d, "b": (2 * (BATCH @ PARAMETERS["W"] + PARAMETERS["b"] - TARGET) / 8)[0]},
            "missing sum over a broadcast axis: only slice 0",
        ),
        (lambda d: {**d, "b": 4 * d["b"]}, "constant factor: every entry is 4 times"),
        (lambda d: {**d, "W": d["W"].astype(np.float32)}, "wrong dtype: df returned float32"),
        (lambda d: {**d, "W": np.zeros((3, 2), dtype=int)}, "wrong dtype: df returned int64"),
        (lambda d: {**d, "W": d["W"][0]}, "the gradient has shape"),
    ],
)
def test_a_mistake_in_a_gradient_derived_by_hand_is_named(change, diagnosis):
    assert check_gradient(loss, by_hand, PARAMETERS)
    report = check_gradient(loss, lambda p: change(by_hand(p)), PARAMETERS, raise_on_fail=False)
    assert not report.passed
    assert re.search(diagnosis, str(report)), report


def test_one_of_several_uses_is_named():
    report = check_gradient(lambda w: (w * np.sin(w)).sum(), np.sin, X, raise_on_fail=False)
    assert "x is used 2 times, and only use 2 counts" in str(report)


def test_an_entry_counted_once_is_named():
    report = check_gradient(lambda w: (w[[0, 0, 1]] ** 2).sum(), lambda w: 2 * w, X[:2], raise_on_fail=False)
    assert "`=` where `+=` was needed" in str(report)


def writes(w):
    w[0] = 7.0
    return 2 * w


@pytest.mark.parametrize(
    ("df", "diagnosis"),
    [(writes, "input mutated: df writes"), (lambda w: 2 * w * next(calls), "non-deterministic: df")],
)
def test_a_misbehaving_df_is_named(df, diagnosis):
    """One of f is as bad: differences of noise judge nothing, and would pass."""
    report = check_gradient(lambda w: (w**2).sum(), df, X, raise_on_fail=False)
    assert diagnosis in str(report)
    report = check_gradient(lambda w: df(w).sum(), lambda w: 0 * w + 2, X, raise_on_fail=False)
    assert diagnosis.replace("df", "f") in str(report)


def test_the_keys_of_a_gradient_need_no_order():
    assert check_gradient(lambda p: p["a"] ** 2 + p["b"], lambda p: {"b": 1.0, "a": 2 * p["a"]}, {"a": 3.0, "b": 1.0})


@pytest.mark.parametrize(
    ("f", "df", "x", "message"),
    [
        (np.sum, np.ones_like, np.array([1, 2]), "x has dtype int64"),
        (lambda x: np.log(x).sum(), lambda x: 1 / x, np.array([-1.0]), "NaN or infinite"),
        (lambda p: p[0] * p[1], lambda p: p[1], [1.0, 2.0], "for x return a list or tuple of 2 gradients.*not ndarray"),
        (lambda p: p[0] * p[1], lambda p: p[1:], [1.0, 2.0], "for x return a list or tuple of 2 gradients.*not of 1"),
        (
            lambda p: p["a"] ** 2,
            lambda p: {"b": 1},
            {"a": 1.0},
            r"return a dict with the keys \['a'\], not the keys \['b'\]",
        ),
        (lambda p: p["a"] ** 2, lambda p: 2 * p["a"], {"a": 1.0}, r"return a dict with the keys \['a'\], not float64"),
        (lambda x: None, lambda x: x, X, "f returned None. Does it end in `return`"),
        (lambda x: (x**2).sum(), lambda x: None, X, "df returned None for x. Does it end in `return`"),
        (3.0, lambda x: x, X, r"give functions.*not a result of one \(float\)"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_what_cannot_be_judged_is_refused(f, df, x, message):
    with pytest.raises(NotVerifiableError, match=message):
        check_gradient(f, df, x)


def test_a_jacobian_derived_by_hand():
    assert check_gradient(lambda x: M @ x, lambda x: M, np.ones(3))
    report = check_gradient(lambda x: M @ x, lambda x: M.T, np.ones(3), raise_on_fail=False)
    assert "transposed" in str(report)
