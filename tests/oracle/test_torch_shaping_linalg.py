"""Shapes, indexing and linear algebra against PyTorch, on the ops' own samples: value, first and second gradient."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_edu.engine import OPS

torch = pytest.importorskip("torch")
from helpers.pytorch import agree, sample_of  # noqa: E402 - needs torch

pytestmark = pytest.mark.oracle

FAMILIES = {
    *("contraction", "decomposition", "diagonals", "enlarging", "indexing", "joining"),
    *("products", "rearranging", "shaping", "solving"),
}


# -- the same function in PyTorch --------------------------------------------------------------------------------------


def places(shape: tuple[int, ...], index: Any) -> Any:
    """The numbers of the entries that an index takes; PyTorch knows no negative steps."""
    return torch.from_numpy(np.array(np.arange(math.prod(shape)).reshape(shape)[index]))


def scatter(y: Any, index: Any, shape: Any) -> Any:
    where = places(shape, index)
    flat = torch.zeros(math.prod(shape), dtype=y.dtype)
    return flat.index_add(0, where.reshape(-1), y.expand(where.shape).reshape(-1)).reshape(shape)


def index_update(x: Any, index: Any, y: Any) -> Any:
    where = places(tuple(x.shape), index)
    return x.reshape(-1).index_put((where,), y.expand(where.shape)).reshape(x.shape)


def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    if axis is None:
        return x.reshape(-1)[torch.from_numpy(indices)]
    return x[(slice(None),) * (axis % x.ndim) + (torch.from_numpy(indices),)]


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    return torch.repeat_interleave(x, torch.as_tensor(repeats), axis)


def pad(x: Any, pad_width: Any, mode: str, constant_values: float = 0.0) -> Any:
    widths = np.broadcast_to(pad_width, (x.ndim, 2))
    if mode == "constant":
        return torch.nn.functional.pad(x, widths[::-1].reshape(-1).tolist(), value=constant_values)
    for axis, width in enumerate(widths):  # PyTorch's own modes take the last axes of images only
        x = x.index_select(axis, torch.from_numpy(np.pad(np.arange(x.shape[axis]), width, mode)))  # type: ignore[call-overload]
    return x


def expand_dims(x: Any, axis: Any) -> Any:
    axes = axis if isinstance(axis, tuple) else (axis,)
    for a in sorted(a % (x.ndim + len(axes)) for a in axes):
        x = x.unsqueeze(a)
    return x


def squeeze(x: Any, axis: Any = None) -> Any:
    return x.squeeze() if axis is None else x.squeeze(axis) if axis != () else x


def triangle(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, k: function(x if x.ndim > 1 else x.expand(len(x), len(x)), k)


def joining(function: Callable[..., Any], **fixed: Any) -> Callable[..., Any]:
    """A function of a list; a flattened one for axis=None."""

    def call(xs: Any, axis: Any = 0) -> Any:
        if axis is None:
            return torch.cat([x.reshape(-1) for x in xs])
        return function(xs, **(fixed or {"dim": axis}))

    return call


def split(x: Any, parts: Any, axis: int = 0) -> Any:
    return torch.tensor_split(x, parts if isinstance(parts, int) else tuple(parts), dim=axis)


def dot(x: Any, y: Any) -> Any:
    if not x.ndim or not y.ndim:
        return x * y
    return torch.tensordot(x, y, ([x.ndim - 1], [max(y.ndim - 2, 0)]))


def tensordot(x: Any, y: Any, axes: Any = 2) -> Any:
    if isinstance(axes, tuple):
        axes = [[a] if isinstance(a, int) else list(a) for a in axes]
    return torch.tensordot(x, y, axes)


def cross(x: Any, y: Any, axis: int = -1) -> Any:
    return torch.linalg.cross(*torch.broadcast_tensors(x, y), dim=axis)


def solve(a: Any, b: Any) -> Any:
    if b.ndim == 1:
        return torch.linalg.solve(a, b[:, None].expand(*a.shape[:-2], -1, 1))[..., 0]
    lead = torch.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return torch.linalg.solve(a, b.expand(*lead, *b.shape[-2:]))  # its own rule takes some matrices for vectors


def leibniz(x: Any) -> Any:
    """The determinant, summed over permutations: the gradient of torch.linalg.det is 0 where elimination meets a zero."""
    total = torch.zeros(x.shape[:-2], dtype=x.dtype)
    n = x.shape[-1]
    for order in itertools.permutations(range(n)):
        sign = (-1) ** sum(a > b for a, b in itertools.combinations(order, 2))
        total = total + sign * torch.prod(x[..., range(n), order], -1)
    return total


PYTORCH: dict[str, Callable[..., Any]] = {
    "array_split": split,
    "astype": lambda x, dtype: x.to(torch.float64),
    "atleast_1d": torch.atleast_1d,
    "atleast_2d": torch.atleast_2d,
    "atleast_3d": torch.atleast_3d,
    "broadcast_to": torch.broadcast_to,
    "cholesky": lambda x: torch.linalg.cholesky((x + x.mT) / 2),
    "column_stack": torch.column_stack,
    "concatenate": joining(torch.cat),
    "copy": torch.clone,
    "cross": cross,
    "det": leibniz,
    "diag": torch.diag,
    "diagonal": lambda x, offset, axis1, axis2: torch.diagonal(x, offset, axis1, axis2),
    "dot": dot,
    "dsplit": lambda x, parts: split(x, parts, 2),
    "dstack": torch.dstack,
    "eigvalsh": lambda x: torch.linalg.eigvalsh((x + x.mT) / 2),
    "eigh": lambda x: tuple(torch.linalg.eigh((x + x.mT) / 2)),
    "einsum": lambda subscripts, *operands, optimize: torch.einsum(subscripts, *operands),
    "expand_dims": expand_dims,
    "flatten": torch.flatten,
    "flip": lambda x, axis: torch.flip(x, tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)),
    "fliplr": torch.fliplr,
    "flipud": torch.flipud,
    "gather": lambda x, axis, index: torch.gather(x, axis, torch.from_numpy(index)),
    "getitem": lambda x, index: x.reshape(-1)[places(tuple(x.shape), index)],
    "hsplit": lambda x, parts: split(x, parts, 1 if x.ndim > 1 else 0),
    "hstack": torch.hstack,
    "index_add": lambda x, index, y: x + scatter(y, index, tuple(x.shape)),
    "index_update": index_update,
    "inner": torch.inner,
    "inv": torch.linalg.inv,
    "kron": torch.kron,
    "linear": lambda x, w, b=None: torch.nn.functional.linear(x, w.mT, b),
    "matmul": torch.matmul,
    "matrix_power": torch.linalg.matrix_power,
    "matrix_transpose": lambda x: x.mT,
    "moveaxis": torch.moveaxis,
    "multi_dot": lambda xs: torch.linalg.multi_dot([torch.as_tensor(x, dtype=torch.float64) for x in xs]),
    "outer": lambda x, y: torch.outer(x.reshape(-1), y.reshape(-1)),
    "pad": pad,
    "pinv": torch.linalg.pinv,
    "qr": lambda x: tuple(torch.linalg.qr(x)),
    "ravel": torch.ravel,
    "repeat": repeat,
    "reshape": lambda x, shape: x.reshape(shape),
    "roll": lambda x, shift, axis=None: torch.roll(x, shift, axis),
    "rot90": lambda x, k, axes: torch.rot90(x, k, axes),
    "scatter": scatter,
    "slogdet": lambda x: tuple(torch.linalg.slogdet(x)),
    "solve": solve,
    "split": split,
    "squeeze": squeeze,
    "stack": joining(torch.stack),
    "svd": lambda x, full_matrices: tuple(torch.linalg.svd(x, full_matrices)),
    "svdvals": torch.linalg.svdvals,
    "swapaxes": torch.swapaxes,
    "take": take,
    "tensordot": tensordot,
    "to": lambda x, device: x.to(device),
    "tile": lambda x, reps: torch.tile(x, reps if isinstance(reps, tuple) else (reps,)),
    "trace": lambda x, offset, axis1, axis2: torch.diagonal(x, offset, axis1, axis2).sum(-1),
    "transpose": lambda x, axes=None: x.permute(axes if axes is not None else tuple(range(x.ndim))[::-1]),
    "tril": triangle(torch.tril),
    "triu": triangle(torch.triu),
    "unstack": lambda x, axis: torch.unbind(x, axis),
    "vdot": lambda x, y: torch.dot(x.reshape(-1), y.reshape(-1)),
    "vsplit": lambda x, parts: split(x, parts, 0),
    "vstack": torch.vstack,
}  # fmt: skip


def weights(n: int) -> Any:
    return 1.0 + np.arange(n) ** 2


def free_of_signs(name: str, outs: Any, number: Callable[[Any], Any]) -> Any:
    """What a decomposition says that does not depend on the signs its vectors happen to have."""
    if name == "eigh":
        w, v = outs
        return w, (v * number(weights(w.shape[-1]))) @ v.swapaxes(-1, -2)
    if name == "svd":
        u, s, vh = outs
        return s, (u * number(weights(s.shape[-1]))) @ vh
    if name == "qr":
        q, r = outs
        k = q.shape[-1]
        sign = number(np.sign((r.detach().numpy() * np.eye(k, r.shape[-1])).sum(-1)))
        return q * sign[..., None, :], r * sign[..., None]
    return outs


# -- the comparison ----------------------------------------------------------------------------------------------------


def nearly_singular(x: Any) -> bool:
    """Whether the value of a determinant keeps too few digits, in either library. Our own tests look at its derivatives there."""
    return bool(x.size and np.linalg.cond(x).max() > 1e6)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", sorted(PYTORCH))
def test_as_in_pytorch(name: str, seed: int) -> None:
    ours = lambda *args, **kwargs: free_of_signs(name, OPS[name].call(*args, **kwargs), np.asarray)
    theirs = lambda *args, **kwargs: free_of_signs(name, PYTORCH[name](*args, **kwargs), torch.from_numpy)
    sample = sample_of(name, seed)
    while name == "det" and nearly_singular(sample.args[0]):
        seed += 1000
        sample = sample_of(name, seed)
    agree(ours, theirs, sample, seed)


def test_every_op_of_these_families_is_compared() -> None:
    assert {name for name, op in OPS.items() if op.rule.__module__.rpartition(".")[2] in FAMILIES} == set(PYTORCH)
