"""check_op: everything that is asked of a built-in op, asked of one op."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..engine import OPS, Op
from ..engine.domain import Draw, Sample
from ..engine.errors import GradientMismatch, NotVerifiableError, UnknownNameError
from .call import written
from .derivatives import derivative
from .draws import RandomDraw
from .judge import Verdict
from .properties import PROPERTIES, SHARE
from .report import table

__all__ = ["OpReport", "check_op", "op_of", "property_of"]

ORDERS = {"gradient": 1, "second": 2}  # the properties that belong to an order of derivative
ON_TENSORS = ", where the rule runs on Tensors, for a derivative of the derivative"
LEAST_JUDGED = 0.5  # of all inputs: samples at which differences cannot tell prove nothing


@dataclass
class OpReport:
    """What ``check_op`` found. True if every property held; prints as a table.

    failures : property -> the first sample that broke it, in words.
    worst : order of derivative -> the largest relative error among those judged.
    judged : the part of all input entries by which differences could judge every first derivative.
    """

    name: str
    held: dict[str, int] = field(default_factory=dict)  # property -> how many samples
    failures: dict[str, str] = field(default_factory=dict)
    worst: dict[int, float] = field(default_factory=dict)
    judged: float = 1.0

    @property
    def passed(self) -> bool:
        """Whether every property held."""
        return not self.failures

    @property
    def reasons(self) -> list[str]:
        """The failures, each once: what raises, raises in most properties."""
        return list(dict.fromkeys(self.failures.values()))

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        errors = {name: self.worst.get(order) for name, order in ORDERS.items()}
        rows = [
            (
                name,
                "FAILED" if name in self.failures else "ok",
                str(n),
                "" if errors.get(name) is None else f"{errors[name]:.1e}",
            )
            for name, n in self.held.items()
        ]
        head = f"check_op of {self.name}: {'passed' if self.passed else 'FAILED'}"
        grid = table(("property", "verdict", "samples", "worst error"), rows)
        return "\n".join([head, grid, *self.reasons])

    __repr__ = __str__


def check_op(
    op: Any,
    *inputs: Any,
    order: int = 2,
    examples: int = 100,
    seed: int = 0,
    raise_on_fail: bool = True,
    **options: Any,
) -> OpReport:
    """Ask of an op what the test suite asks of every built-in one.

    Its value against the reference; its derivatives against differences; broadcasting; float32 and float64; strided, reversed
    and read-only input, and whatever sizes its samples draw (0 among them); method = function = numpy's function; nothing
    mutated, no gradients that share memory, the same bits twice, pullbacks linear in g; complex input, if analytic.

    op : a function decorated with ``@op``, or the name of a registered one.
    inputs, options : one call to check; if none are given, calls are drawn from the op's ``samples``.
    order : highest order of derivative.  examples : in proportion to the importance of a property, 15 % for the gradient.
    seed : of the draws.
    raise_on_fail : raise GradientMismatch with the report; otherwise only return it.
    Errors: GradientMismatch; NotVerifiableError for an op without samples when no inputs are given.
    """
    this = op_of(op)
    if not inputs and this.samples is None:
        raise NotVerifiableError(
            f"check_op: {this.name} has no samples. Say what its inputs are, as in @op(samples=reals(-3, 3)) (tinygrad_edu.engine."
            f"domain has reals, pairs and more), or give one call: check_op({this.name}, x, ...)."
        )
    report = OpReport(this.name)
    given = Sample(inputs, options) if inputs else None
    judged: list[Verdict] = []
    for name in PROPERTIES:
        if ORDERS.get(name, 1) > order:
            continue
        count = 1 if given else max(3, round(examples * SHARE[name]))
        examine(this, name, ORDERS.get(name, 0), drawn(this, given, count, seed), report, judged)
    for level in range(3, order + 1):
        examine(this, property_of(level), level, drawn(this, given, 1 if given else 3, seed), report, judged)
    if given and report.passed and not judged:
        raise NotVerifiableError(
            f"check_op: {this.name} was given no float array that its gradient reaches. Give one: np.array([0.5, 1.0])."
        )
    inputs_judged = [whole for v in judged if v.judged.size for whole in v.judged.all(axis=0)]
    report.judged = float(np.mean(inputs_judged)) if inputs_judged else 1.0
    if report.judged < LEAST_JUDGED and this.name not in report.failures:
        report.failures["samples"] = (
            f"{this.name}: differences could judge the derivatives by only {report.judged:.0%} of the sampled numbers (jumps, "
            "undefined or rough values). Choose samples inside the op's domain."
        )
    if raise_on_fail and not report.passed:
        mismatch = GradientMismatch(str(report))
        mismatch.report = report
        raise mismatch
    return report


def property_of(order: int) -> str:
    """What an order of derivative is called in a report."""
    return next((name for name, k in ORDERS.items() if k == order), f"order {order}")


def drawn(op: Op, given: Sample | None, count: int, seed: int) -> Sequence[Sample]:
    """The samples to examine a property with: the same ones for all, as far as they go."""
    if given is not None:
        return [given]
    draw = RandomDraw(seed)
    return [sampled(op, draw) for _ in range(count)]


def sampled(op: Op, draw: Draw) -> Sample:
    """One call as the op's samples describe it."""
    found = op.samples(draw)
    if not isinstance(found, Sample):
        raise NotVerifiableError(
            f"{op.name}: samples returned {type(found).__name__}. Return one call of the op: call(x, ...), from "
            "tinygrad_edu.engine.domain."
        )
    return found


def examine(op: Op, name: str, order: int, samples: Sequence[Sample], report: OpReport, judged: list[Verdict]) -> None:
    """One property on every sample, up to the first that breaks it."""
    report.held[name] = 0
    for sample in samples:
        try:
            with np.errstate(all="ignore"):
                verdict = derivative(op, sample, order) if order else PROPERTIES[name](op, sample)
        except GradientMismatch as error:
            report.failures[name] = str(error)
            return
        except Exception as error:
            call = written(op, sample.args, sample.kwargs)
            report.failures[name] = (
                f"{op.name} raised {type(error).__name__}: {error}\n  in {call}{ON_TENSORS * (order > 1)}"
            )
            return
        report.held[name] += 1
        if verdict is not None:
            if order == 1:
                judged.append(verdict)
            worst = float(np.max(verdict.error[verdict.judged], initial=0.0))
            report.worst[order] = max(report.worst.get(order, 0.0), worst)


def op_of(op: Any) -> Op:
    """The Op behind a decorated function, an Op itself, or a registered name."""
    if isinstance(op, str):
        if op not in OPS:
            raise UnknownNameError("op", op, OPS)
        return OPS[op]
    found = op if isinstance(op, Op) else getattr(op, "op", None)
    if not isinstance(found, Op):
        name = getattr(op, "__name__", repr(op))
        raise NotVerifiableError(
            f"{name} is not an op. Decorate its rule with @tinygrad_edu.op; to check a function made of ops, gradcheck({name}, x)."
        )
    return found
