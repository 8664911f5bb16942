"""The complex step against a reference of 50 digits, on every analytic op of numbers."""

import mpmath as mp
import numpy as np
import pytest
from helpers.built_in import BUILT_IN

import tinygrad_edu  # noqa: F401 - registers the ops
from tinygrad_edu.verify.draws import RandomDraw
from tinygrad_edu.verify.numeric import complex_step

REFERENCE = {
    "add": lambda x, y: x + y,
    "arccos": mp.acos,
    "arccosh": mp.acosh,
    "arcsin": mp.asin,
    "arcsinh": mp.asinh,
    "arctan": mp.atan,
    "arctanh": mp.atanh,
    "cos": mp.cos,
    "cosh": mp.cosh,
    "dot": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "exp": mp.exp,
    "exp2": lambda x: mp.power(2, x),
    "expm1": mp.expm1,
    "float_power": mp.power,
    "inner": lambda x, y: x * y,
    "kron": lambda x, y: x * y,
    "log": mp.log,
    "log10": mp.log10,
    "log1p": mp.log1p,
    "log2": lambda x: mp.log(x, 2),
    "mse": lambda x, y: (x - y) ** 2,
    "multiply": lambda x, y: x * y,
    "negative": lambda x: -x,
    "positive": lambda x: x,
    "power": mp.power,
    "reciprocal": lambda x: 1 / x,
    "sin": mp.sin,
    "sinh": mp.sinh,
    "sqrt": mp.sqrt,
    "square": lambda x: x * x,
    "subtract": lambda x, y: x - y,
    "tan": mp.tan,
    "tanh": mp.tanh,
    "xlogy": lambda x, y: x * mp.log(y),
}
# Of a number these give the number back, or a constant multiple.
ARRANGING = {
    "average", "copy", "dropout", "flip", "mean", "prod", "squeeze", "sum", "take", "transpose", "where",
}  # fmt: skip


def numbers(name, count):
    """Arguments of an op as single numbers, from its samples."""
    draw, op = RandomDraw(0), BUILT_IN[name]
    while count:
        args = op.samples(draw).args
        if all(isinstance(a, np.ndarray) and a.size for a in args):
            count -= 1
            yield np.array([a.reshape(-1)[0] for a in args])


def exact(f, x, k):
    """The derivative of f by its k-th argument, to 50 digits."""
    with mp.workdps(50):
        return mp.diff(lambda t: f(*[t if i == k else mp.mpf(float(v)) for i, v in enumerate(x)]), mp.mpf(float(x[k])))


@pytest.mark.parametrize("name", sorted(REFERENCE))
def test_the_complex_step_agrees_to_1e_14(name):
    for x in numbers(name, 20):
        found = complex_step(lambda v: np.atleast_1d(BUILT_IN[name].call(*v)), x)[0]
        for k in range(len(x)):
            right = exact(REFERENCE[name], x, k)
            assert abs(mp.mpf(float(found[k])) - right) <= 1e-14 * abs(right), x


def test_no_analytic_op_of_numbers_is_left_out():
    """Options, if it has any, left at their defaults."""

    def of_numbers(op):
        try:
            with np.errstate(invalid="ignore"):  # arccosh(0.5)
                given = op.samples(RandomDraw(0)).args[: op.required]
                takes_numbers = op.analytic and all(isinstance(a, np.ndarray) for a in given)
                return takes_numbers and np.shape(op.call(*[np.float64(0.5)] * op.required)) == ()
        except Exception:
            return False

    assert {name for name, op in BUILT_IN.items() if of_numbers(op) and "." not in name} == REFERENCE.keys() | ARRANGING
