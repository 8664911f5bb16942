"""What is checked, in one form: a function from float64 arrays to arrays, whose gradient is again such a function.

That the gradient of a problem is a problem gives every order of derivative from one comparison: order 2 differentiates
``Gradient(problem)`` by differences of first-order gradients, and by walking the recorded walk.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine import Tensor, enable_grad, no_grad
from ..engine.tensor import OP
from ..engine.walk import reachable, walk

__all__ = ["Combined", "Function", "Gradient", "Problem", "jacobian", "split"]

Arrays = list[Any]


class Problem(ABC):
    """A differentiable function, and the point at which it is checked.

    point : the inputs, float64 arrays.  names : what to call each of them in a report.
    """

    point: Arrays
    names: list[str]

    @abstractmethod
    def record(self, arrays: Arrays) -> tuple[list[Tensor], list[Tensor]]:
        """Run on these inputs and record: the variables, and the results."""

    @abstractmethod
    def values(self, arrays: Arrays) -> Arrays:
        """Run on these inputs without recording: the results as arrays."""

    def ops(self) -> set[Any]:
        """Every op that the function records."""
        graphs = [reachable(r)[0] for r in self.record(self.point)[1]]
        return {t.node[OP] for graph in graphs for t in graph.values() if t.node is not None}

    @property
    def flat_point(self) -> Any:
        """All inputs as one vector."""
        return joined(self.point)

    def vector(self, x: Any) -> Any:
        """The results as one vector, as a function of the inputs as one vector."""
        return joined(self.values(split(x, self.point)))


class Function(Problem):
    """A function of a list of Tensors that returns a list of Tensors."""

    def __init__(
        self, fn: Callable[[list[Tensor]], list[Tensor]], point: Arrays, names: Sequence[str] | None = None
    ) -> None:
        self.fn, self.point = fn, point
        self.names = list(names) if names else [f"input {i}" for i in range(len(point))]

    def record(self, arrays: Arrays) -> tuple[list[Tensor], list[Tensor]]:
        """Run on these inputs and record."""
        variables = [Tensor(a, requires_grad=True) for a in arrays]
        with enable_grad():
            return variables, self.fn(variables)

    def values(self, arrays: Arrays) -> Arrays:
        """Run on these inputs without recording."""
        with no_grad():
            return [t.data for t in self.fn([Tensor(a) for a in arrays])]


class Gradient(Problem):
    """The gradient of <seed, problem>, as a function of the point and of the seed.

    seed : one array for each result of the problem.
    """

    def __init__(self, problem: Problem, seed: Arrays) -> None:
        self.problem = problem
        self.point = [*problem.point, *seed]
        if isinstance(problem, Gradient):  # whose results belong to these inputs
            self.names = [*problem.names, *(f"g of {name}" for name in problem.problem.names)]
        else:
            self.names = [
                *problem.names,
                *(["g"] if len(seed) == 1 else [f"g of result {i}" for i in range(len(seed))]),
            ]

    def record(self, arrays: Arrays) -> tuple[list[Tensor], list[Tensor]]:
        """The gradient, recorded."""
        variables, seeds, pairs = self._walk(arrays, create_graph=True)
        found = {id(t): g for t, g in pairs}
        return variables + seeds, [found[id(t)] if id(t) in found else Tensor(np.zeros(t.shape)) for t in variables]

    def ops(self) -> set[Any]:
        """Every op of the function and of its gradient."""
        return super().ops() | self.problem.ops()

    def values(self, arrays: Arrays) -> Arrays:
        """The gradient, by an ordinary walk."""
        variables, _, pairs = self._walk(arrays, create_graph=False)
        found = {id(t): g for t, g in pairs}
        return [found.get(id(t), np.zeros(t.shape)) for t in variables]

    def _walk(self, arrays: Arrays, create_graph: bool) -> Any:
        n = len(self.problem.point)
        variables, results = self.problem.record(arrays[:n])
        seeds = [Tensor(a, requires_grad=True) for a in arrays[n:]]
        with enable_grad():
            total: Any = 0.0
            for result, seed in zip(results, seeds, strict=True):
                total = total + (result * seed).sum()
        return variables, seeds, walk(total, inputs=variables, create_graph=create_graph)


class Combined(Problem):
    """A problem with many results as one with few: so many combinations of them with random weights.

    A mistake in any one derivative shows in all combinations, so that little is lost and much time saved.
    """

    def __init__(self, problem: Problem, few: int, rng: np.random.Generator) -> None:
        self.problem, self.point, self.names = problem, problem.point, problem.names
        self.like = problem.values(problem.point)
        self.weights = rng.uniform(0.5, 1.5, (few, joined(self.like).size)) * rng.choice((-1, 1), (few, 1))

    def record(self, arrays: Arrays) -> tuple[list[Tensor], list[Tensor]]:
        """The combinations, recorded."""
        variables, results = self.problem.record(arrays)
        with enable_grad():
            rows = [
                [(r * w).sum() for r, w in zip(results, split(row, self.like), strict=True)] for row in self.weights
            ]
            return variables, [sum(row[1:], start=row[0]) for row in rows]

    def values(self, arrays: Arrays) -> Arrays:
        """The combinations, not recorded."""
        return [self.weights @ joined(self.problem.values(arrays))]


def jacobian(problem: Problem) -> tuple[Any, list[Tensor], list[Tensor]]:
    """All derivatives by walking: (results' entries, inputs' entries), and the variables and results it came from."""
    variables, results = problem.record(problem.point)
    ends = np.cumsum([0, *(v.size for v in variables)])
    where = {id(v): slice(a, b) for v, a, b in zip(variables, ends[:-1], ends[1:], strict=True)}
    rows = np.zeros((sum(r.size for r in results), int(ends[-1])))
    i = 0
    for result in results:
        for j in range(result.size):
            if result.requires_grad:
                seed = np.zeros(result.shape)
                seed.reshape(-1)[j] = 1.0
                for v, g in walk(result, seed, inputs=variables, retain_graph=True):
                    rows[i, where[id(v)]] = g.reshape(-1)
            i += 1
    return rows, variables, results


def joined(arrays: Arrays) -> Any:
    """Arrays end to end, as one vector."""
    return np.concatenate([np.reshape(a, -1) for a in arrays]) if arrays else np.zeros(0)


def split(x: Any, like: Arrays) -> Arrays:
    """A vector cut into arrays of the shapes of ``like``."""
    parts, start = [], 0
    for a in like:
        parts.append(x[start : start + a.size].reshape(a.shape))
        start += a.size
    return parts
