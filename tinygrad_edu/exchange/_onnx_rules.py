"""What each op is in ONNX.

A rule gets the writer, what the op gives (shape and dtype), and the op's own arguments: Values and constant arrays in place of
Tensors. It returns the name of what the op gives, or a list of names for an op with several outputs. It raises
NotImplementedError, with a reason, for arguments that ONNX has no words for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ._recording import Times, Value

if TYPE_CHECKING:
    from ._onnx import Writer

__all__ = ["RULES", "axes_of", "lengths", "like", "ndim", "number", "onnx_rule", "reduced"]

Rule: TypeAlias = Callable[..., str | Sequence[str]]
RULES: dict[str, Rule] = {}


def onnx_rule(*names: str) -> Callable[[Rule], Rule]:
    """Register how ops are written in ONNX.

    ::

        @onnx_rule("cube")
        def cube(w, out, x):
            return w.node("Mul", x, w.node("Mul", x, x))

    names : of the ops.
    """

    def register(rule: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, rule))
        return rule

    return register


def ndim(x: Any) -> int:
    """The number of axes of a value or constant."""
    return x.ndim if isinstance(x, Value) else np.asarray(x).ndim


def lengths(x: Any) -> tuple[int, ...]:
    """The lengths of the axes after the first, which must be known."""
    known = x.shape[1:]
    if any(isinstance(n, Times) for n in known):
        raise NotImplementedError("an axis that grows with the batch stands where a fixed length is needed.")
    return tuple(known)


def axes_of(axis: Any, rank: int) -> list[int]:
    """Axes as numbers >= 0; all for None."""
    chosen = range(rank) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
    return [range(rank)[a] for a in chosen]


def like(w: Writer, out: Value, *xs: Any) -> list[Any]:
    """Operands in the dtype of the result."""
    return [w.as_type(x, out.dtype) for x in xs]


# -- one node for one op -----------------------------------------------------------------------------------------------

ELEMENTWISE = {
    "absolute": "Abs", "add": "Add", "arccos": "Acos", "arccosh": "Acosh", "arcsin": "Asin", "arcsinh": "Asinh", "arctan": "Atan",
    "arctanh": "Atanh", "ceil": "Ceil", "cos": "Cos", "cosh": "Cosh", "divide": "Div", "erf": "Erf", "exp": "Exp", "floor": "Floor",
    "hard_swish": "HardSwish",
    "log": "Log", "matmul": "MatMul", "mish": "Mish", "multiply": "Mul", "negative": "Neg", "power": "Pow",
    "prelu": "PRelu",
    "reciprocal": "Reciprocal", "relu": "Relu", "rint": "Round", "sigmoid": "Sigmoid", "sign": "Sign", "sin": "Sin",
    "sinh": "Sinh", "softplus": "Softplus", "softsign": "Softsign", "sqrt": "Sqrt", "subtract": "Sub", "tan": "Tan", "tanh": "Tanh",
    "alias": "Identity", "copy": "Identity", "positive": "Identity", "maximum": "Max", "minimum": "Min",
}  # fmt: skip


def elementwise(kind: str) -> Rule:
    """A node of operands that broadcast."""
    return lambda w, out, *xs: w.node(kind, *like(w, out, *xs))


for _name, _kind in ELEMENTWISE.items():
    RULES[_name] = elementwise(_kind)


def with_options(kind: str, *pairs: tuple[str, float, str]) -> Rule:
    """A node of one operand and options: (our name, our default, ONNX's name), in our order."""

    def rule(w: Writer, out: Value, x: Any, *given: float, **named: float) -> str:
        values = {ours: default for ours, default, _ in pairs} | dict(zip((p[0] for p in pairs), given)) | named
        options: dict[str, Any] = {theirs: values[ours] for ours, _, theirs in pairs}
        return str(w.node(kind, x, **options))

    return rule


RULES["leaky_relu"] = with_options("LeakyRelu", ("slope", 0.01, "alpha"))
RULES["elu"] = with_options("Elu", ("alpha", 1.0, "alpha"))
RULES["softmax"] = with_options("Softmax", ("axis", -1, "axis"))
RULES["log_softmax"] = with_options("LogSoftmax", ("axis", -1, "axis"))
RULES["selu"] = lambda w, out, x: w.node("Selu", x, alpha=1.6732632423543772, gamma=1.0507009873554805)
RULES["hard_sigmoid"] = lambda w, out, x: w.node("HardSigmoid", x, alpha=1 / 6, beta=0.5)
RULES["gelu"] = lambda w, out, x, approximate="none": w.node("Gelu", x, approximate=approximate)
RULES["astype"] = lambda w, out, x, dtype, **options: w.cast(x, out.dtype)
RULES["einsum"] = lambda w, out, subscripts, *xs, optimize=False: w.node(
    "Einsum", *like(w, out, *xs), equation=subscripts
)


# -- a few nodes for one op --------------------------------------------------------------------------------------------


def number(out: Value, value: float) -> Any:
    """A number in the dtype of the result."""
    return np.asarray(value, out.dtype)


def formula(write: Callable[..., Any]) -> Rule:
    """A rule of an op without options, from a formula in nodes: write(node, number, x, ...)."""

    def rule(w: Writer, out: Value, *xs: Any) -> str:
        return str(write(w.node, lambda value: number(out, value), *like(w, out, *xs)))

    return rule


RULES["square"] = formula(lambda n, c, x: n("Mul", x, x))
RULES["silu"] = formula(lambda n, c, x: n("Mul", x, n("Sigmoid", x)))
RULES["log_sigmoid"] = formula(lambda n, c, x: n("Neg", n("Softplus", n("Neg", x))))
RULES["relu6"] = formula(lambda n, c, x: n("Clip", x, c(0), c(6)))
RULES["exp2"] = formula(lambda n, c, x: n("Pow", c(2), x))
RULES["expm1"] = formula(lambda n, c, x: n("Sub", n("Exp", x), c(1)))
RULES["log1p"] = formula(lambda n, c, x: n("Log", n("Add", x, c(1))))
RULES["log2"] = formula(lambda n, c, x: n("Div", n("Log", x), c(math.log(2))))
RULES["log10"] = formula(lambda n, c, x: n("Div", n("Log", x), c(math.log(10))))
RULES["erfc"] = formula(lambda n, c, x: n("Sub", c(1), n("Erf", x)))
RULES["ndtr"] = formula(lambda n, c, x: n("Mul", c(0.5), n("Add", c(1), n("Erf", n("Mul", x, c(math.sqrt(0.5)))))))
RULES["celu"] = lambda w, out, x, alpha=1.0: w.node(  # ONNX's own Celu is for float32 alone
    "Mul", w.node("Elu", w.node("Div", x, number(out, alpha)), alpha=1.0), number(out, alpha)
)
RULES["softmin"] = lambda w, out, x, axis=-1: w.node("Softmax", w.node("Neg", x), axis=axis)


@onnx_rule("hard_tanh")
def _hard_tanh(w: Writer, out: Value, x: Any, low: float = -1.0, high: float = 1.0) -> str:
    return str(w.node("Clip", x, number(out, low), number(out, high)))


@onnx_rule("clip")
def _clip(w: Writer, out: Value, x: Any, min: Any = None, max: Any = None) -> str:  # noqa: A002 - as the op has it
    x = w.as_type(x, out.dtype)
    x = x if min is None else w.node("Max", x, w.as_type(min, out.dtype))
    return str(w.node("Identity", x) if max is None else w.node("Min", x, w.as_type(max, out.dtype)))


@onnx_rule("where")
def _where(w: Writer, out: Value, condition: Any, x: Any, y: Any) -> str:
    return str(w.node("Where", w.as_type(condition, bool), *like(w, out, x, y)))


@onnx_rule("glu")
def _glu(w: Writer, out: Value, x: Any, axis: int = -1) -> str:
    value, gate = w.node("Split", x, outputs=2, axis=axis, num_outputs=2)
    return str(w.node("Mul", value, w.node("Sigmoid", gate)))


# -- of masks, which numpy makes ---------------------------------------------------------------------------------------


def comparison(kind: str) -> Rule:
    """A node that compares, both sides in the dtype that numpy compares them in."""

    def rule(w: Writer, out: Value, *xs: Any) -> str:
        dtype = np.result_type(*(getattr(x, "dtype", x) for x in xs))
        return str(w.node(kind, *(w.as_type(x, dtype) for x in xs)))

    return rule


for _name in ("equal", "less", "less_equal", "greater", "greater_equal"):
    RULES[_name] = comparison(_name.title().replace("_E", "OrE").replace("_", ""))
for _name in ("And", "Or", "Xor", "Not"):
    RULES[f"logical_{_name.lower()}"] = lambda w, out, *xs, kind=_name: w.node(kind, *(w.as_type(x, bool) for x in xs))
RULES["not_equal"] = lambda w, out, *xs: w.node("Not", RULES["equal"](w, out, *xs))


@onnx_rule("bitwise_and", "bitwise_or", "bitwise_xor", "invert")
def _bitwise(w: Writer, out: Value, *xs: Any) -> str:
    if out.dtype.kind != "b":
        raise NotImplementedError("of whole numbers, bit by bit; only masks are known.")
    word = out.name.split("_")[1] if len(xs) == 2 else "not"
    return str(RULES[f"logical_{word}"](w, out, *xs))


@onnx_rule("any", "all")
def _any(w: Writer, out: Value, x: Any, axis: Any = None, *, keepdims: bool = False) -> str:
    kind = "ReduceMax" if out.name.startswith("any") else "ReduceMin"
    return w.cast(reduced(w, kind, w.as_type(w.as_type(x, bool), np.int32), axes_of(axis, ndim(x)), keepdims), bool)


# -- reductions --------------------------------------------------------------------------------------------------------


def reduction(kind: str) -> Rule:
    """A node that reduces axes."""

    def rule(w: Writer, out: Value, x: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> str:
        return reduced(w, kind, w.as_type(x, out.dtype), axes_of(axis, ndim(x)), keepdims)

    return rule


def reduced(w: Writer, kind: str, x: Any, axes: Sequence[int], keepdims: bool = True) -> str:
    """A node that reduces axes, which stay with length 1 unless told otherwise."""
    if not axes:  # for ONNX no axis means all
        return str(w.node("Identity", x))
    return str(w.node(kind, x, np.array(axes, np.int64), keepdims=int(keepdims)))


for _name in ("sum", "mean", "max", "min", "prod"):
    RULES[_name] = reduction(f"Reduce{_name.title()}")
RULES["logsumexp"] = reduction("ReduceLogSumExp")


@onnx_rule("var")
def _var(w: Writer, out: Value, x: Any, axis: Any = None, *, ddof: float = 0, keepdims: bool = False) -> str:
    axes = axes_of(axis, ndim(x))
    d = w.node("Sub", x, reduced(w, "ReduceMean", x, axes))
    spread = reduced(w, "ReduceMean", w.node("Mul", d, d), axes, keepdims)
    if ddof:
        count = math.prod(lengths(Value("", (1, *(x.shape[a] for a in axes)), out.dtype)))
        spread = w.node("Mul", spread, number(out, count / (count - ddof)))
    return spread


@onnx_rule("std")
def _std(w: Writer, out: Value, x: Any, axis: Any = None, **options: Any) -> str:
    return str(w.node("Sqrt", RULES["var"](w, out, x, axis, **options)))
