"""numpy's names and those of networks, for Tensors, arrays and symbolic tensors alike; ``tinygrad_edu.ops`` computes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import ops
from ..engine import Array, Tensor
from ..engine.ndarray import as_array
from ..io.names import built_in
from ..nn import SymbolicTensor
from ..nn.symbolic import Operation, connect, symbolic
from . import activations
from ._network_words import CONTROL, NETWORK
from ._signatures import ARRANGED
from .utils.array_words import DERIVED, PLAIN_NUMPY
from .utils.creation import *  # noqa: F403
from .utils.creation import __all__ as CREATED  # noqa: N812

SAME = """
    abs absolute add all allclose any arccos arccosh arcsin arcsinh arctan arctan2 arctanh argmax argmin argpartition
    argsort array_split average broadcast_to cbrt ceil cholesky clip concatenate copy cos cosh count_nonzero cross cumprod
    cumsum deg2rad det diag diagonal diff divide dot dsplit dstack eigh einsum equal erf erfc exp exp2 expand_dims expm1
    flip fliplr flipud floor floor_divide fmax fmin fmod greater greater_equal hsplit hstack hypot inner inv isclose
    isfinite isinf isnan kron less less_equal log log10 log1p log2 logaddexp logaddexp2 logical_and logical_not logical_or
    logical_xor logsumexp matmul max maximum mean median min minimum mod moveaxis multiply nan_to_num nanmean nansum
    negative norm not_equal outer pad percentile pinv power prod ptp qr quantile rad2deg ravel reciprocal repeat reshape
    roll rot90 round searchsorted select sign signbit sin sinc sinh slogdet solve sort split sqrt square squeeze stack std
    subtract sum svd swapaxes take take_along_axis tan tanh tensordot tile trace transpose tril triu trunc var vdot vsplit
    vstack
""".split()  # noqa: SIM905 - a list of words reads better without quotes
RENAMED = {"amax": "max", "amin": "min", "get_item": "getitem", "true_divide": "divide"}
ACTIVATIONS = """
    celu elu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu log_sigmoid log_softmax relu relu6 selu
    sigmoid silu soft_shrink softmax softplus softsign sparse_plus sparse_sigmoid squareplus swish tanh_shrink threshold
""".split()  # noqa: SIM905


def word(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that on symbolic tensors becomes a step of the model."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if symbolic(args) or symbolic(kwargs.values()):
            return connect(Operation(function, name), args, kwargs)
        return function(*args, **kwargs)

    call.__name__ = name
    return call


def cast(x: Any, dtype: Any) -> Any:
    """Another dtype."""
    return ops.astype(x if hasattr(x, "dtype") else Tensor(x), dtype)


def gelu(x: Any, approximate: bool = True) -> Any:
    """x times the normal distribution function: by tanh unless approximate=False (``activations.gelu`` is exact)."""
    return activations.gelu(x, approximate)


def rsqrt(x: Any) -> Any:
    """1 / sqrt(x)."""
    return 1.0 / ops.sqrt(x)


def moments(x: Any, axes: Any, keepdims: bool = False) -> tuple[Any, Any]:
    """The mean and the variance along axes."""
    axes = tuple(axes) if isinstance(axes, list) else axes
    return ops.mean(x, axis=axes, keepdims=keepdims), ops.var(x, axis=axes, keepdims=keepdims)


def stop_gradient(variable: Any) -> Any:
    """The value without its history: no gradient goes through."""
    return variable.detach() if isinstance(variable, Tensor) else variable


OWN: tuple[Callable[..., Any], ...] = (cast, gelu, moments, rsqrt, stop_gradient)


def convert_to_tensor(x: Any, dtype: Any = None) -> Any:
    """A Tensor of an array or numbers; a Tensor stays one, with its history."""
    tensor = x if isinstance(x, (Tensor, SymbolicTensor)) else Tensor(x)
    return tensor if dtype is None or tensor.dtype == dtype else FUNCTIONS["cast"](tensor, dtype)


def convert_to_numpy(x: Any) -> Array:
    """A plain array."""
    return x.data if isinstance(x, Tensor) else as_array(x)


array = convert_to_tensor


def dtype(x: Any) -> str:
    """The name of the dtype."""
    return str(x.dtype)


def shape(x: Any) -> tuple[int | None, ...]:
    """The sizes; None where a symbolic tensor's are not known."""
    return tuple(x.shape)


def ndim(x: Any) -> int:
    """The number of axes."""
    return len(x.shape)


def is_tensor(x: Any) -> bool:
    """Whether x is a Tensor, with values or symbolic."""
    return isinstance(x, (Tensor, SymbolicTensor))


PLAIN: dict[str, Any] = {
    **{name: ARRANGED.get(name) or getattr(ops, name) for name in SAME},
    **{name: ARRANGED[ours] if ours in ARRANGED else getattr(ops, ours) for name, ours in RENAMED.items()},
    **{name: getattr(activations, name) for name in ACTIVATIONS},
    **PLAIN_NUMPY,
    **DERIVED,
    **NETWORK,
    **{function.__name__: function for function in OWN},
}
FUNCTIONS = {name: word(name, function) for name, function in PLAIN.items()}
built_in("keras.ops", {**PLAIN, "full_like": full_like})  # noqa: F405
globals().update(FUNCTIONS)
globals().update(CONTROL)
OTHERS = ["array", "convert_to_numpy", "convert_to_tensor", "dtype", "is_tensor", "ndim", "shape"]
__all__ = sorted([*FUNCTIONS, *CREATED, *CONTROL, *OTHERS])
if TYPE_CHECKING:

    def __getattr__(name: str) -> Callable[..., Any]:
        """The functions above."""
