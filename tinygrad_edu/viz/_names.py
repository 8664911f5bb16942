"""Names for the values of a graph, as a textbook gives them: X, W1, b1, Z1, A1, W2, ..., Y, L."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..engine.tensor import OP
from ._record import Value

__all__ = ["textbook"]

LAYERS = ("linear", "conv1d", "conv2d", "conv3d")
ACTIVATIONS = (
    "relu",
    "leaky_relu",
    "sigmoid",
    "tanh",
    "softmax",
    "log_softmax",
    "gelu",
    "elu",
    "selu",
    "silu",
    "softplus",
)


def textbook(values: Sequence[Value], given: Mapping[int, str]) -> dict[int, str]:
    """A name for each value, by the id of its Tensor: the given one, else one by its part in the network.

    The k-th layer computes Zk from weights Wk and a bias bk, a matrix product in two steps included; its activation is Ak.
    """
    names = {id(v.tensor): given[id(v.tensor)] for v in values if id(v.tensor) in given}
    taken = set(names.values())
    for value, name in roles(values):
        if id(value.tensor) not in names and name not in taken:
            names[id(value.tensor)] = name
            taken.add(name)
    for value in values:
        if id(value.tensor) not in names:
            word = value.title.rpartition(".")[2]
            n = next(n for n in range(1, len(values) + 1) if f"{word}{n}" not in taken)
            names[id(value.tensor)] = f"{word}{n}"
            taken.add(f"{word}{n}")
    return names


def roles(values: Sequence[Value]) -> Iterator[tuple[Value, str]]:
    """Who plays which part, in the order of computation."""
    layer: dict[int, int] = {}  # the number of the layer that a value belongs to
    count = 0
    if values[-1].shape == ():
        yield values[-1], "L"
    for value in values:
        leaves = [s for s in value.sources if s.kind != "op"]
        if value.title in LAYERS or value.title == "matmul":
            count += 1
            layer[id(value)] = count
            weights = value.sources[1:2] if value.title in LAYERS else [s for s in leaves if wanted(s)][-1:]
            yield from ((w, f"W{count}") for w in weights)
            yield from ((b, f"b{count}") for b in value.sources[2:3])
            yield from ((x, "X") for x in leaves if x not in weights)
            if value.title in LAYERS:
                yield value, f"Z{count}"
            else:
                yield value, f"P{count}"
        elif value.title == "add" and any(s.title == "matmul" for s in value.sources) and leaves:
            k = next(layer[id(s)] for s in value.sources if s.title == "matmul")
            layer[id(value)] = k
            yield leaves[0], f"b{k}"
            yield value, f"Z{k}"
        elif "targets" in (taken := named_inputs(value)):
            yield taken["targets"], "Y"
        elif value.title in ACTIVATIONS and value.sources and id(value.sources[0]) in layer:
            yield value, f"A{layer[id(value.sources[0])]}"


def named_inputs(value: Value) -> dict[str, Value]:
    """The sources of an op by the names of its parameters, as far as these are single arrays."""
    return dict(zip(value.tensor.node[OP].names, value.sources)) if value.kind == "op" else {}


def wanted(value: Value) -> bool:
    """Whether somebody wants its gradient."""
    return bool(getattr(value.tensor, "requires_grad", False))
