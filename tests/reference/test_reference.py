"""Random programs on the engine and on the naive one, compared after every step."""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from reference.naive import Naive, constant, reached

from tinygrad_edu import Tensor, no_grad
from tinygrad_edu.engine.errors import GraphError

NUMBERS = st.integers(-8, 8).map(lambda i: i / 4)
SHAPES = st.sampled_from([(), (1,), (2,), (3,), (2, 1), (1, 3), (2, 3), (2, 2), (0, 2)])
BINARY = {"add": lambda x, y: x + y, "multiply": lambda x, y: x * y, "subtract": lambda x, y: x - y}
UNARY = {
    "tanh": np.tanh,
    "exp of tanh": lambda x: np.exp(np.tanh(x)),
    "negative": lambda x: -x,
    "with a number": lambda x: 0.5 * x + 1.0,
    "with itself": lambda x: x * x - x,
    "transpose": lambda x: x.T,
    "flatten": lambda x: x.reshape(-1),
    "as a column": lambda x: x.reshape(-1, 1),
}
LARGEST = 1e3  # beyond it, rounding would tell the two apart


class Pair:
    """The same array in both engines."""

    def __init__(self, tensor: Tensor, naive: Naive) -> None:
        self.tensor, self.naive, self.compared = tensor, naive, False


class Programs(RuleBasedStateMachine):
    """Each rule is one statement of a program."""

    pairs = Bundle("pairs")

    def __init__(self) -> None:
        super().__init__()
        self.all: list[Pair] = []
        self.recording = True

    def add(self, tensor: Tensor, naive: Naive) -> Pair:
        self.all.append(Pair(tensor, naive))
        return self.all[-1]

    def run(self, f, *pairs: Pair) -> Pair:
        """One statement on both."""
        naive = pairs[0].naive.apply(f, *(p.naive for p in pairs[1:]), record=self.recording)
        if self.recording:
            tensor = f(*(p.tensor for p in pairs))
        else:
            with no_grad():
                tensor = f(*(p.tensor for p in pairs))
        if naive.values.size and np.abs(naive.values).max() > LARGEST:
            return pairs[0]
        return self.add(tensor, naive)

    @initialize(target=pairs)
    def first(self):
        return self.leaf(np.array([0.5, -1.0, 2.0]), True)

    def leaf(self, values, requires_grad):
        return self.add(Tensor(values.copy(), requires_grad=requires_grad), constant(values, requires_grad))

    @rule(target=pairs, shape=SHAPES, requires_grad=st.booleans(), data=st.data())
    def make_a_leaf(self, shape, requires_grad, data):
        size = int(np.prod(shape))
        return self.leaf(
            np.array(data.draw(st.lists(NUMBERS, min_size=size, max_size=size))).reshape(shape), requires_grad
        )

    @rule(target=pairs, x=pairs, y=pairs, name=st.sampled_from(sorted(BINARY)))
    def combine(self, x, y, name):
        try:
            np.broadcast_shapes(x.tensor.shape, y.tensor.shape)
        except ValueError:
            return x
        return self.run(BINARY[name], x, y)

    @rule(target=pairs, x=pairs, name=st.sampled_from(sorted(UNARY)))
    def transform(self, x, name):
        return self.run(UNARY[name], x)

    @rule(target=pairs, x=pairs, keepdims=st.booleans(), data=st.data())
    def reduce(self, x, keepdims, data):
        axis = data.draw(st.sampled_from([None, *range(-x.tensor.ndim, x.tensor.ndim)]))

        def total(v):
            out = v.sum(axis=axis, keepdims=keepdims)  # numpy's sum of no objects is the int 0
            return out if isinstance(v, Tensor) or np.size(v) else constant(out).entries

        return self.run(total, x)

    @rule(target=pairs, x=pairs, data=st.data())
    def view(self, x, data):
        if not x.tensor.ndim or not x.tensor.shape[0]:
            return x
        n = x.tensor.shape[0]
        index = data.draw(
            st.sampled_from([0, -1, slice(None, None, -1), slice(1, None), [0, 0], [0, -n, n - 1], None, ...])
        )
        return self.run(lambda v: v[index], x)

    @rule(target=pairs, x=pairs, n=st.integers(1, 2))
    def broadcast(self, x, n):
        shape = (n, *x.tensor.shape)
        return self.run(lambda v: np.broadcast_to(v, shape), x)

    @rule(target=pairs, x=pairs, y=pairs)
    def product(self, x, y):
        if x.tensor.ndim != 2 or y.tensor.ndim != 2 or x.tensor.shape[1] != y.tensor.shape[0] or not x.tensor.shape[1]:
            return x
        return self.run(lambda a, b: a @ b, x, y)

    @rule()
    def toggle_recording(self):
        """The statements until the next toggle stand in a no_grad block."""
        self.recording = not self.recording

    @rule(target=pairs, x=pairs)
    def detach(self, x):
        return self.add(x.tensor.detach(), constant(x.naive.values))

    @rule(x=pairs, retain_graph=st.booleans(), data=st.data())
    def backward(self, x, retain_graph, data):
        if not x.tensor.requires_grad:
            with pytest.raises(GraphError, match="nothing here requires a gradient"):
                x.tensor.backward(np.ones(x.tensor.shape))
            return
        size = x.tensor.size
        seed = np.array(data.draw(st.lists(NUMBERS, min_size=size, max_size=size))).reshape(x.tensor.shape)
        if x.naive.backward(seed, retain_graph):
            x.tensor.backward(seed, retain_graph=retain_graph)
            return
        with pytest.raises(GraphError, match="freed by an earlier backward"):
            x.tensor.backward(seed, retain_graph=retain_graph)
        for n in reached(x.naive, {}).values():  # a failed walk may have freed what it passed
            n.freed = bool(n.inputs)
        for pair in self.all:
            if pair.naive.freed and pair.tensor.node is not None:
                with pytest.raises(GraphError):  # so that both are now freed
                    pair.tensor.backward(np.zeros(pair.tensor.shape))

    @rule(x=pairs)
    def zero(self, x):
        x.tensor.grad, x.naive.grad = None, None

    @rule(x=consumes(pairs))
    def forget(self, x):
        """A variable goes out of scope."""
        self.all = [p for p in self.all if p is not x]

    @invariant()
    def agree(self):
        for p in self.all:
            if not p.compared:  # values never change
                np.testing.assert_allclose(p.tensor.data, p.naive.values, rtol=1e-12, atol=1e-12)
                assert p.tensor.requires_grad == p.naive.requires_grad
                p.compared = True
            assert (p.tensor.grad is None) == (p.naive.grad is None)
            if p.naive.grad is not None:
                np.testing.assert_allclose(p.tensor.grad.data, p.naive.grad, rtol=1e-9, atol=1e-9 * LARGEST)


def test_random_programs_agree():
    examples = max(1, settings.default.max_examples * 3 // 10)
    run_state_machine_as_test(
        Programs, settings=settings(max_examples=examples, stateful_step_count=30, suppress_health_check=HealthCheck)
    )


@pytest.mark.parametrize("mistake", ["no accumulation", "no sum over broadcast axes", "never freed"])
def test_the_machine_notices_a_broken_engine(monkeypatch, mistake):
    from tinygrad_edu.engine import walk

    if mistake == "no accumulation":
        monkeypatch.setattr(walk, "accumulate", lambda pairs: [setattr(t, "grad", Tensor(g.copy())) for t, g in pairs])
        monkeypatch.setattr("tinygrad_edu.engine.tensor.accumulate", walk.accumulate, raising=False)
    elif mistake == "never freed":
        original = Tensor.backward
        monkeypatch.setattr(Tensor, "backward", lambda self, seed=None, retain_graph=False: original(self, seed, True))
    else:
        right = walk.conform
        first = lambda gx, x: gx[(0,) * (gx.ndim - x.ndim)] if gx.ndim > x.ndim else gx
        monkeypatch.setattr(walk, "conform", lambda gx, x, op, create_graph: right(first(gx, x), x, op, create_graph))
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        run_state_machine_as_test(
            Programs,
            settings=settings(
                max_examples=1000,  # ends with the first program that differs
                stateful_step_count=30,
                suppress_health_check=HealthCheck,
                phases=[Phase.generate],
                report_multiple_bugs=False,
            ),
        )
