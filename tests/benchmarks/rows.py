"""The table: what is timed, who takes part, and what is to be reached."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

PEERS = {  # module in peers/ -> title, what to install
    "ours": ("tinygrad_edu", "numpy"),
    "pytorch": ("PyTorch eager", "torch"),
    "jax_jit": ("JAX jit", "jax"),
    "keras_fit": ("Keras fit (JAX)", "keras"),
    "mygrad_eager": ("MyGrad", "mygrad"),
    "hips_autograd": ("HIPS autograd", "autograd"),
    "numpy_by_hand": ("numpy by hand", "numpy"),
    "numpy_in_place": ("numpy by hand, in place", "numpy"),
}
ON_NUMPY = {
    "ours",
    "mygrad_eager",
    "hips_autograd",
    "numpy_by_hand",
    "numpy_in_place",
}  # whom OPENBLAS_CORETYPE concerns


class Entry(NamedTuple):
    """One contestant's part in a row: a function of its module, and the arguments of it."""

    peer: str
    work: str
    args: tuple[int, ...] = ()
    label: str = ""

    @property
    def title(self) -> str:
        return self.label or PEERS[self.peer][0]


class Target(NamedTuple):
    """Ours divided by theirs: at most this, and at best this."""

    required: float
    stretch: float | None = None


@dataclass(frozen=True)
class Row:
    """One piece of work. `how` says what is measured: steps in a warm process, a whole process, or a fresh one's memory."""

    key: str
    title: str
    unit: Literal["us", "ms", "s", "MB"]
    ours: Entry
    others: tuple[Entry, ...]
    targets: dict[str, Target] = field(default_factory=dict)  # by peer or label
    how: Literal["warm", "process", "import", "memory"] = "warm"
    rounds: int | None = None  # where not the number asked for


def against(work: str, *args: int, peers: tuple[str, ...]) -> tuple[Entry, ...]:
    """The same work for several peers."""
    return tuple(Entry(peer, work, args) for peer in peers)


EVERYBODY = tuple(peer for peer in PEERS if peer != "ours")


def mlp(size: int) -> Row:
    targets = {
        "pytorch": Target(0.60, 0.50),
        "jax_jit": Target(1.0 if size == 1024 else 0.85),
        "numpy_by_hand": Target(1.0),
        "numpy_in_place": Target(1.15),
    }
    others = against("mlp", size, peers=EVERYBODY)
    return Row(f"mlp-{size}", f"MLP step, batch {size}", "us", Entry("ours", "mlp", (size,)), others, targets)


def cnn(size: int) -> Row:
    targets = {"pytorch": Target(0.80, 0.65), "jax_jit": Target(0.30)} if size == 128 else {}
    others = against("cnn", size, peers=("pytorch", "jax_jit", "keras_fit", "mygrad_eager"))
    others += (Entry("pytorch", "cnn_channels_last", (size,), "PyTorch, channels last"),)
    return Row(f"cnn-{size}", f"CNN step, batch {size}", "ms", Entry("ours", "cnn", (size,)), others, targets)


def loop(size: int) -> Row:
    other = Entry("ours", "loop", (size,), "loop by hand")
    target = {"loop by hand": Target(1.10, 1.05)}
    return Row(f"fit-{size}", f"fit, batch {size}, a step", "us", Entry("ours", "fit", (size,)), (other,), target)


def depth(power: int) -> Row:
    """Per op, against the chain of a thousand: twice as much at a million ops is an exponent of 1.1."""
    others = (Entry("ours", "depth", (1000,), "ours, 10^3 ops"), Entry("pytorch", "depth", (10**power,)))
    title = f"chain of 10^{power} ops, an op"
    linear = {"ours, 10^3 ops": Target(2.0)}
    return Row(f"depth-{power}", title, "us", Entry("ours", "depth", (10**power,)), others, linear, rounds=3)


TABLE = (
    mlp(32),
    mlp(128),
    mlp(1024),
    cnn(32),
    cnn(128),
    Row(
        "chain",
        "small ops, h = tanh(h*w + b) x 33",
        "us",
        Entry("ours", "chain"),
        against("chain", peers=("pytorch", "jax_jit", "mygrad_eager", "hips_autograd", "numpy_by_hand")),
        {"pytorch": Target(0.70, 0.58)},
    ),
    loop(32),
    loop(128),
    depth(4),
    depth(5),
    depth(6),
    Row(
        "mnist",
        "process start to 97 % on MNIST",
        "s",
        Entry("ours", "learn"),
        against("learn", peers=("pytorch", "keras_fit")),
        {"pytorch": Target(0.40, 0.30)},
        "process",
    ),
    Row(
        "import",
        "import",
        "ms",
        Entry("ours", "tinygrad_edu"),
        (Entry("numpy_by_hand", "numpy", (), "import numpy"), Entry("pytorch", "torch"), Entry("jax_jit", "jax")),
        {"import numpy": Target(1.5, 1.3)},
        "import",
    ),
    Row(
        "memory",
        "peak memory, CNN steps, batch 128",
        "MB",
        Entry("ours", "cnn", (128,)),
        against("cnn", 128, peers=("pytorch", "jax_jit", "keras_fit", "mygrad_eager")),
        {"pytorch": Target(1.0, 0.6)},
        "memory",
        rounds=3,
    ),
    Row(
        "memory-mlp",
        "peak memory, MLP steps, batch 1024",
        "MB",
        Entry("ours", "mlp", (1024,)),
        against("mlp", 1024, peers=("pytorch", "jax_jit", "mygrad_eager", "hips_autograd")),
        {},
        "memory",
        rounds=3,
    ),
)
