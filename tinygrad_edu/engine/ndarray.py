"""The side of a Tensor that is an array: what it looks like, and how its value leaves the graph, always in words.

No conversion detaches silently. ``numpy()``, ``item()`` and ``float(t)`` are explicit and allowed; ``np.asarray(t)`` on a
Tensor that requires a gradient raises outside ``no_grad``; inside a rule that is being run again, all of them raise.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .device import HOST, device_of, host
from .errors import DetachError, DTypeError, GraphError, ShapeError
from .looks import drawn
from .modes import mode

if TYPE_CHECKING:
    from ..viz import Explanation

__all__ = ["NDArray", "as_array"]

STORE_SUBSCR = dis.opmap["STORE_SUBSCR"]


def as_array(data: Any, dtype: Any = None) -> Any:
    """An array of ``data``: arrays keep their memory and dtype; Python numbers and lists become float32."""
    if data.__class__ is np.ndarray and dtype is None and data.dtype.kind in "biufc":
        return data
    if isinstance(data, NDArray):
        data = data.data
    if isinstance(data, (np.ndarray, np.generic)):
        if data.dtype.kind not in "biufc":
            raise DTypeError(
                f"Tensor: an array of dtype {data.dtype} has no numbers to compute with. Convert it first."
            )
        return np.asarray(data, dtype=dtype)
    if hasattr(data, "__array_function__") and hasattr(data, "dtype"):
        return data if dtype is None else data.astype(dtype)
    if isinstance(data, (list, tuple)) and any(isinstance(v, NDArray) for v in data):
        raise DetachError("Tensor: a list of Tensors would lose their graph. Join them with ops.stack([...]).")
    array = np.asarray(data)
    if array.dtype.kind not in "biufc":
        raise DTypeError(
            f"Tensor: cannot make numbers of {type(data).__name__} {str(data)[:40]!r} (dtype {array.dtype})."
        )
    if dtype is None and not hasattr(data, "dtype"):
        dtype = np.complex64 if array.dtype.kind == "c" else np.float32
    return array.astype(dtype or array.dtype)


class NDArray:
    """What a Tensor shares with an ndarray."""

    __slots__ = ()

    data: Any
    node: Any
    requires_grad: bool
    grad: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self.data.shape  # type: ignore[no-any-return]

    @property
    def dtype(self) -> Any:
        """The numbers' type."""
        return self.data.dtype

    @property
    def device(self) -> str:
        """Where the numbers lie: "cpu", or a GPU such as "cuda:0". See ``to``."""
        return device_of(self.data)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.data.ndim  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        """The number of entries."""
        return self.data.size  # type: ignore[no-any-return]

    @property
    def nbytes(self) -> int:
        """The memory of the entries, in bytes."""
        return self.data.nbytes  # type: ignore[no-any-return]

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a 0-d Tensor")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise TypeError("iteration over a 0-d Tensor")
        return (self[i] for i in range(len(self)))  # type: ignore[index]

    def __contains__(self, value: Any) -> bool:
        return bool((self.data == (value.data if isinstance(value, NDArray) else value)).any())

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError(
                f"The truth of a Tensor of shape {self.shape} is ambiguous. Use .any() or .all() on a comparison."
            )
        return bool(self.data)

    def __repr__(self) -> str:
        name = type(self).__name__
        text = np.array2string(host(self.data), separator=", ", prefix=name + "(", threshold=100)
        extra = "" if self.dtype == np.float32 else f", dtype={self.dtype}"
        extra += "" if self.device == HOST else f", device={self.device!r}"
        if self.node is not None:
            extra += f", op={self.node[1].name}"
        elif self.requires_grad:
            extra += ", requires_grad=True"
        return f"{name}({text}{extra})"

    def _repr_html_(self) -> str:
        return drawn("html", self)  # type: ignore[no-any-return]

    def explain(self, seed: Any = None, names: Mapping[str, Any] | None = None) -> Explanation:
        """Walk backward step by step and say what happens; changes nothing. See ``viz.explain``."""
        return drawn("explain", self, seed=seed, names=names)  # type: ignore[no-any-return]

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else repr(self)

    # -- out of the graph ----------------------------------------------------------------------------------------------

    def numpy(self) -> Any:
        """The value as a read-only array that shares memory; from a GPU, as a copy. Works outside a re-run of a rule."""
        refuse_rerun("numpy()")
        view = host(self.data).view()
        view.flags.writeable = False
        return view

    def item(self) -> Any:
        """The single entry as a Python number."""
        refuse_rerun("item()")
        if self.size != 1:
            raise ShapeError(
                f"item(): one entry needed, the Tensor has shape {self.shape}. Reduce it first, e.g. .mean()."
            )
        return self.data.item()

    def tolist(self) -> Any:
        """The entries as (nested) Python numbers."""
        refuse_rerun("tolist()")
        return self.data.tolist()

    def __float__(self) -> float:
        # ``array[0] = t`` calls float(t) behind the scenes: told from an explicit float(t) by the caller's instruction
        frame = sys._getframe(1)
        if self.requires_grad and frame.f_code.co_code[frame.f_lasti] == STORE_SUBSCR:
            self._refuse_detach("array[index] = tensor")
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        if self.dtype.kind not in "iu" or self.ndim:
            raise TypeError(
                f"only an integer 0-d Tensor is an index, this one has shape {self.shape}, dtype {self.dtype}"
            )
        return int(self.data)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        self._refuse_detach("np.asarray(tensor)")
        return np.array(self.data, dtype=dtype, copy=copy)

    def __dlpack__(self, **kwargs: Any) -> Any:
        self._refuse_detach("from_dlpack(tensor)")
        if any(step < 0 for step in self.data.strides):  # PyTorch would end the process
            raise BufferError(
                "from_dlpack(tensor): its memory runs backwards, as after a flip. Give a copy: tensor.copy()."
            )
        return self.data.__dlpack__(**kwargs)

    def __dlpack_device__(self) -> Any:
        return self.data.__dlpack_device__()

    def _refuse_detach(self, what: str) -> None:
        refuse_rerun(what)
        if self.requires_grad and mode().record:
            raise DetachError(
                f"{what} would silently leave the graph. Use .numpy() or .detach(), or work inside no_grad()."
            )

    # -- copies --------------------------------------------------------------------------------------------------------

    def __reduce__(self) -> Any:
        if self.node is not None:
            raise GraphError("A Tensor with a graph cannot be copied or pickled. Use .detach() for its value.")
        return rebuild, (type(self), self.data, self.requires_grad, self.grad)

    def __copy__(self) -> Any:
        return self.__deepcopy__({})

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        build, (cls, data, requires_grad, grad) = self.__reduce__()[:2]  # a subclass may add its own state
        memo[id(self)] = copied = build(
            cls, data.copy(), requires_grad, None if grad is None else grad.__deepcopy__(memo)
        )
        return copied


def refuse_rerun(what: str) -> None:
    """Raise inside a rule that is being differentiated again: the value alone would lose the graph."""
    if mode().rerun:
        raise DetachError(
            f"{what} inside a rule that is being differentiated again would lose the graph. Write the rule with numpy functions "
            "and operators, or take an opaque value with raw(x)."
        )


def rebuild(cls: Any, data: Any, requires_grad: bool, grad: Any) -> Any:
    """A leaf from its parts; what copying and unpickling call."""
    t = cls.__new__(cls)
    t.data, t.requires_grad, t.grad, t.node, t.hooks = data, requires_grad, grad, None, ()
    return t
