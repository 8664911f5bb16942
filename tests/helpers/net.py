"""A model as training knows one: callable, with named parameters. No Module is needed."""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from tinygrad_edu import Tensor, ops
from tinygrad_edu.training import Trainer


class Net(Trainer):
    """Dense layers with relu between them; ``out`` is the op at the end."""

    def __init__(self, *sizes: int, out: str | None = "softmax", seed: int = 0, dtype: type = np.float32) -> None:
        rng = np.random.default_rng(seed)
        self.tensors: dict[str, Tensor] = {}
        for i, (fan_in, fan_out) in enumerate(pairwise(sizes)):
            weight = rng.normal(size=(fan_in, fan_out)) * np.sqrt(2 / fan_in)
            self.tensors[f"{i}.weight"] = Tensor(weight.astype(dtype), requires_grad=True)
            self.tensors[f"{i}.bias"] = Tensor(np.zeros(fan_out, dtype), requires_grad=True)
        self.depth, self.out = len(sizes) - 1, out
        self.calls: list[tuple[int, bool]] = []  # (samples, training) of each call

    def named_parameters(self) -> Iterable[tuple[str, Tensor]]:
        return self.tensors.items()

    def state_dict(self) -> dict[str, np.ndarray]:
        return {name: p.data.copy() for name, p in self.tensors.items()}

    def load_state_dict(self, state: dict[str, np.ndarray]) -> None:
        for name, p in self.tensors.items():
            p.data[...] = state[name]

    def __call__(self, x: Tensor, training: bool = False) -> Tensor:
        self.calls.append((len(x), training))
        for i in range(self.depth):
            x = ops.linear(x, self.tensors[f"{i}.weight"], self.tensors[f"{i}.bias"])
            x = ops.relu(x) if i < self.depth - 1 else x
        return getattr(ops, self.out)(x) if self.out else x
