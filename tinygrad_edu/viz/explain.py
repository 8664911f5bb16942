"""The backward walk, told step by step: what comes in, by which rule it goes on, and what each input is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from ..engine import Tensor, mutation
from ..engine.outputs import Parts
from ..engine.rule import flat
from ..engine.tensor import ARGS, KWARGS
from ._backward import Sent, Step, kept, steps
from ._names import textbook
from ._pixels import bare
from ._record import bytes_text, documentation, names_of_caller, shape_text, values_behind
from ._rules import RULES, Rule

__all__ = ["Explained", "Explanation", "explain"]


@dataclass(frozen=True)
class Explained:
    """One step of the walk, in words.

    forward : what was computed, "Z2 = linear(A1, W2, b2)".  arrives : the gradient that comes in, and from how many uses.
    why : the rule in a sentence, or the line of the op's documentation.
    sends : for each input that wants one: its gradient's name, formula, shape, size in short, and remark.
    keeps : what the op kept in memory for this step.
    """

    forward: str
    arrives: str
    why: str
    sends: tuple[tuple[str, str, str, str, str], ...]
    keeps: str


class Explanation:
    """The steps of a backward walk, the last op first. Prints as text, and shows itself in a notebook.

    title : what is explained.  steps : ``Explained``, one an op.  end : what has arrived where nothing leads further back.
    """

    def __init__(self, title: str, steps: list[Explained], end: str) -> None:
        self.title, self.steps, self.end = title, steps, end

    def __len__(self) -> int:
        return len(self.steps)

    def __getitem__(self, i: int) -> Explained:
        return self.steps[i]

    def __str__(self) -> str:
        lines = [self.title]
        for i, step in enumerate(self.steps, 1):
            lines += ["", f"{i}. {step.forward}", f"   {step.arrives}"]
            lines += [f"   {step.why}"] if step.why else []
            wide = [max((len(sent[j]) for sent in step.sends), default=0) for j in range(4)]
            for name, formula, shape, size, remark in step.sends:
                equals = " = " if wide[1] else ""
                lines.append(
                    f"     {name:<{wide[0]}}{equals}{formula:<{wide[1]}}   {shape:<{wide[2]}}  {size}".rstrip()
                )
                lines += [f"         {remark}"] if remark else []
            lines += [f"   {step.keeps}"] if step.keeps else []
        return "\n".join([*lines, "", self.end])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        told = "".join(
            f"<li><code class='f'>{escape(step.forward)}</code><p>{escape(step.arrives)}</p><p>{escape(step.why)}</p>"
            f"<table>{''.join(map(row, step.sends))}</table><p class='k'>{escape(step.keeps)}</p></li>"
            for step in self.steps
        )
        frame = f"<p>{escape(self.title)}</p><ol>{told}</ol><p>{escape(self.end)}</p>"
        return f"<style>{STYLE}</style><div class='tg-explain'>{frame}</div>"


STYLE = (
    ".tg-explain{max-width:60em;line-height:1.5}.tg-explain li{margin:.9em 0}.tg-explain p{margin:.2em 0}"
    ".tg-explain .f{font-weight:600;font-size:1.05em}.tg-explain td{padding:.1em .9em .1em 0;text-align:left;border:0}"
    ".tg-explain .k,.tg-explain small{opacity:.7}.tg-explain b{color:#c75450}"
)


def row(sent: tuple[str, str, str, str, str]) -> str:
    """What an input is sent, as a row of a table."""
    name, formula, shape, size, remark = map(escape, sent)
    below = f"<br><small>{remark}</small>" if remark else ""
    equals = f" = <code>{formula}</code>" if formula else ""
    return f"<tr><td><b>{name}</b>{equals}{below}</td><td><code>{shape}</code></td><td>{size}</td></tr>"


def explain(tensor: Tensor, seed: Any = None, names: Mapping[str, Any] | None = None) -> Explanation:
    """Walk backward from a Tensor, step by step, and say what happens.

    seed : the gradient to begin with, as for ``backward``; may be left out for a single entry (then 1).
    names : of Tensors, {"W1": w}. By default the names of the caller's variables; what has none is called as in a
        textbook: the k-th layer computes Zk from weights Wk and bias bk, Ak is its activation, L the loss.
    Nothing is changed: ``.grad`` is not touched, hooks are not called, and the graph can be walked again.
    Errors: GraphError without a graph, on a freed one, or without a seed for more than one entry.

    >>> import tinygrad_edu as tg
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> y = (x * x).sum()
    >>> print(y.explain(names={"x": x, "y": y}))
    Backward from y = 5, with dy = 1
    <BLANKLINE>
    1. y = sum(multiply1)
       dy comes in: 1
       Each entry moves the sum by as much as it moves itself.
         dmultiply1 = dy, to every entry that was summed   (2,)  [1, 1]
       kept for this step: multiply1
    <BLANKLINE>
    2. multiply1 = multiply(x, x)
       dmultiply1 comes in: (2,), [1, 1]
       Each factor is sent what the other one was.
         dx = dmultiply1 * x   (2,)  [1, 2]
             one of 2 gradients that x collects
         dx = dmultiply1 * x   (2,)  [1, 2]
             one of 2 gradients that x collects
       kept for this step: x
    <BLANKLINE>
    All leaves have their gradients: dx (2,). The ops kept 16 bytes for the walk.
    """
    given = names_of_caller() | {id(t): name for name, t in (names or {}).items()}
    values = values_behind(tensor, given)
    called = textbook(values, given)
    walked = list(steps(tensor, seed))
    uses: dict[int, int] = {}
    for step in walked:
        for sent in step.sent:
            uses[id(sent.to)] = uses.get(id(sent.to), 0) + 1
    data = {id(mutation.owner(v.array)): called[id(v.tensor)] for v in reversed(values)}
    told = [tell(step, called, uses, data) for step in walked]
    root = called[id(tensor)]
    leaves = [v for v in values if v.kind != "op" and id(v.tensor) in uses]
    total = sum({key: n for step in walked for key, (_, n) in kept(step).items()}.values())
    arrived = ", ".join(f"d{called[id(v.tensor)]} {shape_text(v.shape)}" for v in leaves)
    end = f"All leaves have their gradients: {arrived}."
    begin = f"Backward from {root} = {size_of(tensor.data)}, with d{root} = {size_of(walked[0].gradient)}"
    return Explanation(begin, told, f"{end} The ops kept {bytes_text(total)} for the walk.")


def tell(step: Step, called: Mapping[int, str], uses: Mapping[int, int], data: Mapping[int, str]) -> Explained:
    """A step in words."""
    node: Any = step.tensor.node
    arguments = list(flat(node[ARGS]))
    words = [word(a, called) for a in arguments] + [f"{key}={value!r}" for key, value in node[KWARGS].items()]
    name, out = step.op.name, called[id(step.tensor)]
    rule = RULES.get(name, Rule((), gradient_line(documentation(step.op))))
    places = [i for i, a in enumerate(arguments) if isinstance(a, Tensor) and a.requires_grad]
    sends = []
    for i, sent in zip(places, step.sent, strict=True):
        formula = rule.formulas[i] if i < len(rule.formulas) else ""
        x = called[id(sent.to)]
        remark = [f"one of {uses[id(sent.to)]} gradients that {x} collects"] if uses[id(sent.to)] > 1 else []
        if sent.raw != getattr(sent.gradient, "shape", sent.raw):
            remark.insert(0, summed(x, sent))
        shape = "" if sent.to.dtype is None else shape_text(sent.to.shape)
        text = formula.format(*words, g=f"d{out}", out=out)
        sends.append((f"d{x}", text, shape, size_of(sent.gradient), "; ".join(remark)))
    arrays = [array for array, _ in kept(step).values() if array.size > 1]
    known = dict.fromkeys(data.get(id(a)) or f"{a.dtype} {shape_text(a.shape)}" for a in arrays)
    keeps = f"kept for this step: {', '.join(known)}" if known else ""
    shape = "" if step.tensor.dtype is None or not step.tensor.shape else shape_text(step.tensor.shape) + ", "
    arrives = f"d{out} comes in: {shape}{size_of(step.gradient)}"
    return Explained(f"{out} = {name}({', '.join(words)})", arrives, rule.why, tuple(sends), keeps)


def summed(name: str, sent: Sent) -> str:
    """What broadcasting repeated, and over what it is therefore summed."""
    extra = len(sent.raw) - sent.to.ndim
    axes = [i for i, n in enumerate(sent.raw) if i < extra or n != sent.to.shape[i - extra]]
    over = f"axis {axes[0]}" if len(axes) == 1 else f"axes {', '.join(map(str, axes))}"
    return f"then summed over {over}: {name} {shape_text(sent.to.shape)} was repeated to {shape_text(sent.raw)}"


def word(argument: Any, called: Mapping[int, str]) -> str:
    """An argument as it stands in a call."""
    if id(argument) in called:
        return called[id(argument)]
    return shape_text(argument.shape) if isinstance(argument, np.ndarray) and argument.ndim else str(argument)


def gradient_line(text: str) -> str:
    """The paragraph ``Gradient:`` of an op's documentation, in one line."""
    found = re.search(r"Gradient:.*?(?=\n\s*(?:[A-Z]\w*( kinks| ties)?:|$)|\Z)", text, re.DOTALL)
    return " ".join(found[0].split()) if found else ""


def size_of(array: Any) -> str:
    """A value or a gradient in short: up to four entries themselves, else the norm."""
    if isinstance(array, Parts):
        return "in parts"
    data = bare(array)
    if data.size == 1:
        return f"{data.item():.4g}"
    if data.ndim == 1 and data.size <= 4:
        return "[" + ", ".join(f"{v:.4g}" for v in data.tolist()) + "]"
    return f"norm {np.linalg.norm(data.astype(np.float64)):.3g}"
