"""Beside a singular matrix, where rounding changes the derivatives themselves: what is right passes, what is wrong is found."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import ops
from tinygrad_edu.engine import OPS
from tinygrad_edu.engine.domain import Sample
from tinygrad_edu.engine.errors import GradientMismatch
from tinygrad_edu.verify import check_op, gradcheck
from tinygrad_edu.verify.derivatives import holomorphic


def nearly_singular(n: int, *small: float, seed: int = 0) -> np.ndarray:
    """A matrix with these smallest singular values; the others go from 2 to 1."""
    rng = np.random.default_rng(seed)
    u, v = (np.linalg.qr(rng.normal(size=(n, n)))[0] for _ in range(2))
    s = np.linspace(2, 1, n)
    s[n - len(small) :] = small
    return (u * s) @ v


MATRICES = {
    "2 x 2, 1e-9": nearly_singular(2, 1e-9),
    "3 x 3, 1e-12": nearly_singular(3, 1e-12),
    "3 x 3, rank 1": nearly_singular(3, 1e-9, 1e-12),
    "4 x 4, rank 2": nearly_singular(4, 1e-9, 1e-9, seed=1),
    "4 x 4, 1e-15": nearly_singular(4, 1e-15),
    "5 x 5 times 1e4, rank 3": 1e4 * nearly_singular(5, 1e-9, 1e-12),
}
FUNCTIONS = {
    "det": ops.det,
    "inv": ops.inv,
    "solve": lambda a: ops.solve(a, np.ones(len(a))),
    "slogdet": lambda a: ops.slogdet(a)[1],
    "singular values": ops.svdvals,
}


@pytest.mark.parametrize("x", MATRICES.values(), ids=MATRICES)
@pytest.mark.parametrize("order", [1, 2])
def test_a_right_determinant_raises_no_alarm(x, order):
    assert gradcheck(ops.det, x, order=order)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("x", [MATRICES["2 x 2, 1e-9"], MATRICES["3 x 3, 1e-12"]], ids=["2 x 2", "3 x 3"])
def test_neither_does_another_right_function(name, x):
    assert gradcheck(FUNCTIONS[name], x)


def test_check_op_knows_it_too():
    assert check_op("det", MATRICES["3 x 3, rank 1"])


@pytest.mark.parametrize(
    ("name", "further"), [("det", ()), ("inv", ()), ("solve", (np.ones(4),)), ("matrix_power", (-2,))]
)
def test_neither_does_the_complex_step_of_check_op(name, further):
    holomorphic(OPS[name], Sample((MATRICES["4 x 4, rank 2"], *further), {}))


@pytest.mark.parametrize("x", [[2.0, 2.0, 1.0], [0.0, 0.0, 0.0], [1e9, 1e9, 1.0]])
def test_at_a_tie_no_neighbour_excuses_a_wrong_share(x):
    @tg.op(name="planted_max")
    def planted_max(x):
        x = tg.raw(x)
        return x.max(), lambda g: 1.5 * g * (x == x.max())

    with pytest.raises(GradientMismatch):
        gradcheck(planted_max, np.array(x))


def cofactors(x):
    return np.linalg.det(x) * np.swapaxes(np.linalg.inv(x), -1, -2)


MISTAKES = {
    "transposed": lambda x: np.swapaxes(cofactors(x), -1, -2),
    "sign": lambda x: -cofactors(x),
    "factor": lambda x: 1.001 * cofactors(x),
    "one row": lambda x: cofactors(x) * (1 + 0.01 * (np.arange(len(x)) == 0)[:, None]),
    "one entry": lambda x: cofactors(x) * (1 + 0.1 * np.eye(len(x))[::-1] * np.eye(len(x))[0]),
    "no sign pattern": lambda x: np.abs(cofactors(x)),
    "the inverse alone": lambda x: np.swapaxes(np.linalg.inv(x), -1, -2),
    "nothing": np.zeros_like,
}


@pytest.mark.parametrize("x", list(MATRICES.values())[:3], ids=list(MATRICES)[:3])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_determinant_is_still_found(mistake, x):
    wrong = MISTAKES[mistake]

    @tg.op(name="planted_det", analytic=True)
    def planted_det(x):
        return np.linalg.det(x), lambda g: g * wrong(x)

    with pytest.raises(GradientMismatch):
        gradcheck(planted_det, x)


def test_beside_a_pole_nearer_than_the_steps_nothing_is_judged():
    """The differences of log|det| grow a hundredfold with each step, to nothing that could be compared."""
    report = gradcheck(lambda a: ops.slogdet(a)[1], nearly_singular(2, 1e-10))
    assert "not judged" in str(report)


def test_a_step_out_of_the_domain_takes_the_other_side():
    """A positive matrix with an eigenvalue of 1e-6: most steps leave the positive ones, where cholesky is not defined."""
    q = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    x = (q * [1e-6, 1.0, 2.0]) @ q.T
    assert gradcheck(ops.cholesky, (x + x.T) / 2)
