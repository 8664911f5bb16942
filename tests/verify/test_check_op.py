"""check_op: each property catches the mistake that it is there for, and an op that makes none passes."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor
from tinygrad_edu.engine.domain import at, call, pairs, reals
from tinygrad_edu.engine.errors import GradientMismatch, NotVerifiableError, UnknownNameError
from tinygrad_edu.verify import check_op
from tinygrad_edu.verify.one_op import op_of
from tinygrad_edu.verify.properties import PROPERTIES

NEAR = reals(-3, 3, special=(0.0, 1.0))


def planted(**about):
    about.setdefault("samples", NEAR)
    return lambda rule: tg.op(name=f"tests.check_op.{rule.__name__}", **about)(rule)


@planted(analytic=True, reference=lambda x: x * x * x)
def right(x):
    return x**3, lambda g: 3 * g * x**2


@planted(reference=np.sin)
def wrong_value(x):
    return np.sin(x) + 1e-10, lambda g: g * np.cos(x)


@planted()
def wrong_gradient(x):
    return np.sin(x), lambda g: g * np.cos(x) * 1.001


@planted(samples=lambda draw: call(draw.array((6, 8))))
def wrong_in_one_of_many(x):
    return np.sin(x), lambda g: g * np.cos(x) * (1 + 0.01 * np.eye(6, 8))


@planted()
def wrong_second(x):
    y = tg.raw(x)
    return x * (y * y), lambda g: 3 * g * (y * y)


@planted(analytic=True)
def not_analytic(x):
    return x * np.abs(x), lambda g: 2 * g * np.abs(x)


@planted(analytic=True)
def not_analytic_and_tiny(x):
    return 1e-20 * x * np.abs(x), lambda g: 2e-20 * g * np.abs(x)


@planted(samples=reals(90, 300, special=(100.0,)))
def overflows_in_float32(x):
    e = np.exp(x)
    return e / (1 + e), lambda g: g * e / (1 + e) ** 2


@planted(samples=reals(1e3, 1e4, special=()))
def overflows_in_float32_on_the_second_way_back(x):
    return np.where(x < 9, x**13 / 13, 0), lambda g: g * np.where(x < 9, x**12, 0)


@planted()
def narrow_inside(x):
    return np.sin(x), lambda g: (g * np.cos(x)).astype(np.float32)


@planted(samples=lambda draw: call(draw.array(draw.shape(ndim=(2, 2), side=(2, 3)))))
def layout_dependent(x):
    weights = np.arange(x.size, dtype=float)
    return (tg.raw(x).ravel(order="K") * weights).sum(), lambda g: g * weights.reshape(x.shape)


@planted(samples=pairs(-3, 3, special=()))
def not_unbroadcast(x, y):
    """Its own, wrong way to the input's shape: a mean where the engine would have summed."""
    shape = tg.raw(x).shape
    extra = lambda g: tuple(range(g.ndim - len(shape)))
    kept = lambda g: tuple(i for i, n in enumerate(shape) if n == 1)
    return x + y, lambda g: g.mean(axis=extra(g)).mean(axis=kept(g), keepdims=True), lambda g: g


@planted()
def mutates_its_input(x):
    out = np.exp(x)
    if isinstance(x, np.ndarray) and x.flags.writeable:
        x += 1.0
    return out, lambda g: g * out


@planted()
def mutates_g(x):
    def backward(g):
        if isinstance(g, np.ndarray) and g.flags.writeable:
            g *= 2
            return g.copy()
        return 2 * g

    return 2 * x, backward


draws = iter(range(10**9))


@planted()
def non_deterministic(x):
    return x * float(next(draws)), lambda g: g


@planted()
def looks_at_the_gradient(x):
    return 3 * x, lambda g: np.where(g < -0.5, 2.5 * g, 3 * g)


@planted(kinks=(at(1.0, gives=1.0), at([0.0, 2.0], gives=[0.0, 1.0])))
def against_its_policy(x):
    return np.maximum(x, 0), lambda g: g * (x >= 0)


@planted(samples=NEAR)
def raises(x):
    raise ZeroDivisionError("a bug in the rule")


def test_the_right_op_passes_every_property():
    report = check_op(right)
    assert report
    assert set(report.held) == set(PROPERTIES)
    assert report.worst[2] < 1e-6
    assert report.judged > 0.9
    assert "gradient      ok" in str(report)


@pytest.mark.parametrize(
    ("op", "prop", "words"),
    [
        (wrong_value, "value", "the value is"),
        (wrong_gradient, "gradient", "constant factor: every entry is 1.001 times"),
        (wrong_in_one_of_many, "gradient", "derivative of order 1"),
        (wrong_second, "second", "derivative of order 2"),
        (not_analytic, "holomorphic", "declared analytic, but the complex step"),
        (not_analytic_and_tiny, "holomorphic", "declared analytic, but the complex step"),
        (overflows_in_float32, "dtypes", "NaN in float32"),
        (narrow_inside, "dtypes", "the gradient of x has float32's digits"),
        (overflows_in_float32_on_the_second_way_back, "dtypes", "NaN in float32"),
        (layout_dependent, "layouts", "another value for fortran input"),
        (not_unbroadcast, "broadcasting", "not summed over the broadcast axes"),
        (mutates_its_input, "purity", "x was changed"),
        (mutates_g, "purity", "writes to g"),
        (non_deterministic, "purity", "two runs gave different values"),
        (looks_at_the_gradient, "purity", "not linear in g"),
        (against_its_policy, "policy", "the gradient is [[1., 1.]], by policy [[0.0, 1.0]]"),
        (raises, "gradient", "raised ZeroDivisionError: a bug in the rule\n  in tests.check_op.raises("),
        (raises, "second", "where the rule runs on Tensors"),
    ],
)
def test_a_property_catches_its_mistake(op, prop, words):
    report = check_op(op, raise_on_fail=False)
    assert words in report.failures.get(prop, ""), report
    with pytest.raises(GradientMismatch) as caught:
        check_op(op)
    assert caught.value.report.failures.keys() == report.failures.keys()


def test_what_raises_in_every_property_is_said_once():
    report = check_op(raises, order=1, raise_on_fail=False)
    assert len(report.failures) > 5
    assert str(report).count("a bug in the rule") == 1


@pytest.mark.parametrize(
    ("method", "words"),
    [
        (lambda self: self * self, "the method cubed gives another value"),
        (lambda self: self.data**3, "the method cubed left the graph"),
        (lambda self: self.detach() ** 3, "the method cubed is not recorded"),
    ],
)
def test_a_method_that_does_something_else_is_found(monkeypatch, method, words):
    monkeypatch.setattr(right.op, "method", "cubed")
    monkeypatch.setattr(Tensor, "cubed", method, raising=False)
    assert words in check_op(right, raise_on_fail=False).failures["protocol"]


def test_gradients_that_share_memory_are_found(monkeypatch):
    def careless(self, seed=None, retain_graph=False):
        shared = np.zeros(self.shape)
        for x, _ in self.node[4]:
            x.grad = Tensor(shared)

    monkeypatch.setattr(Tensor, "backward", careless)
    assert "shares memory" in check_op("add", raise_on_fail=False).failures["purity"]


def test_one_call_can_be_checked_without_samples():
    @tg.op(name="tests.check_op.bare")
    def bare(x, power=2):
        return x**power, lambda g: power * g * x ** (power - 1)

    assert check_op(bare, np.array([1.0, 2.0]), power=3)
    with pytest.raises(NotVerifiableError, match=r"has no samples.*check_op\(tests.check_op.bare, x, ...\)"):
        check_op(bare)


def test_higher_orders():
    assert 4 in check_op("tanh", order=4).worst
    assert "second" not in check_op("tanh", order=1).held


@planted(samples=lambda draw: call(np.round(draw.array((3,)))))
def only_steps(x):
    return np.floor(x), lambda g: 0 * g


def test_samples_at_which_nothing_can_be_judged_are_not_a_pass():
    assert "by only 0% of the sampled numbers" in check_op(only_steps, raise_on_fail=False).failures["samples"]


def test_a_call_without_a_float_array_proves_nothing():
    with pytest.raises(NotVerifiableError, match="tanh was given no float array that its gradient reaches"):
        check_op("tanh", np.array([1, 2]))


def test_samples_that_are_no_calls_are_refused():
    @planted(samples=lambda draw: draw.array((2,)))
    def array_for_call(x):
        return x, lambda g: g

    with pytest.raises(
        NotVerifiableError, match=r"samples returned ndarray. Return one call of the op: call\(x, ...\)"
    ):
        check_op(array_for_call)


def test_what_is_not_an_op_is_refused():
    with pytest.raises(NotVerifiableError, match="sin is not an op"):
        check_op(np.sin)
    with pytest.raises(UnknownNameError, match="Did you mean 'tanh'"):
        check_op("tanhh")
    assert op_of("tanh") is op_of(tg.ops.tanh)


def test_the_same_seed_draws_the_same_samples():
    assert check_op("matmul", seed=3).worst == check_op("matmul", seed=3).worst
    assert check_op("matmul", seed=3).worst != check_op("matmul", seed=4).worst
