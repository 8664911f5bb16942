"""The Tensor: an array, and the node that says how it came about.

A Tensor that an op made carries a *node*, a plain tuple ``(number, op, args, kwargs, edges)``:

    number   creation number; inputs are always older than outputs, so numbers are a topological order
    op       the Op whose rule made the value
    args     the arguments as the caller gave them (Tensors included), for running the rule again
    kwargs   its options
    edges    ((input Tensor, pullback), ...), for exactly those inputs whose gradient somebody wants

Children point at parents and never back, so a graph is freed by reference counting the moment its last result goes.
The mathematics (``+``, ``.sum()``, ...) is attached by ``tinygrad_edu.ops``; this file knows none.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from . import mutation
from .errors import DetachError, DTypeError, GraphError, ShapeError
from .modes import mode

__all__ = ["Array", "Node", "Tensor", "tensor"]

Array: TypeAlias = Any  # an ndarray in ordinary training, a Tensor when a rule is run again, a CuPy array on a GPU
Node: TypeAlias = tuple[int, Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
NUMBER, OP, ARGS, KWARGS, EDGES = range(5)
count: Callable[[], int] = itertools.count(1).__next__  # creation numbers; atomic under the interpreter lock
mutation.use(count)

if TYPE_CHECKING:
    from ._methods import Methods
else:
    Methods = object


def as_array(data: Any, dtype: Any = None) -> Array:
    """An array of ``data``: arrays keep their memory and dtype; Python numbers and lists become float32."""
    if isinstance(data, Tensor):
        data = data.data
    if isinstance(data, (np.ndarray, np.generic)):
        return np.asarray(data, dtype=dtype)
    if hasattr(data, "__array_function__") or hasattr(data, "__array__") or hasattr(data, "__array_interface__"):
        return data if dtype is None and hasattr(data, "dtype") and hasattr(data, "shape") else np.asarray(data, dtype=dtype)
    if isinstance(data, (list, tuple)) and any(isinstance(v, Tensor) for v in data):
        raise DetachError("Tensor: a list of Tensors would lose their graph. Join them with ops.stack([...]).")
    array = np.asarray(data)
    if array.dtype.kind not in "biufc":
        raise DTypeError(f"Tensor: cannot make numbers of {type(data).__name__} {str(data)[:40]!r} (dtype {array.dtype}).")
    if dtype is None:
        dtype = np.complex64 if array.dtype.kind == "c" else np.float32
    return array.astype(dtype)


class Tensor(Methods):
    """An n-dimensional array that remembers how it was computed.

    data : array, number or nested list.  An ndarray keeps its dtype and *shares its memory*; Python numbers and
        lists become float32.  ``tensor(data)`` copies.
    requires_grad : bool.  Whether ``backward`` leaves a gradient in ``.grad``; the dtype must then be floating.
    dtype : convert to this dtype first.

    Attributes: ``data`` the raw array (write to it with ``t.data[...] = v``), ``grad`` a Tensor of the same shape and
    dtype or None, ``requires_grad``, and numpy's ``shape``, ``dtype``, ``ndim``, ``size``, ``T``.
    """

    __slots__ = ("__weakref__", "data", "grad", "hooks", "node", "requires_grad")

    data: Array
    grad: Tensor | None
    node: Node | None
    requires_grad: bool
    hooks: tuple[Callable[[Tensor], Tensor | None], ...]

    def __init__(self, data: Any, requires_grad: bool = False, dtype: Any = None) -> None:
        self.data = as_array(data, dtype)
        self.grad = None
        self.node = None
        self.hooks = ()
        self.requires_grad = False
        if requires_grad:
            self.requires_grad_()

    # -- what it is ----------------------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape  # type: ignore[no-any-return]

    @property
    def dtype(self) -> Any:
        return self.data.dtype

    @property
    def ndim(self) -> int:
        return self.data.ndim  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        return self.data.size  # type: ignore[no-any-return]

    @property
    def is_leaf(self) -> bool:
        """True for a Tensor that no recorded op made."""
        return self.node is None

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a 0-d Tensor")
        return int(self.shape[0])

    def __iter__(self) -> Iterator[Tensor]:
        if not self.shape:
            raise TypeError("iteration over a 0-d Tensor")
        return (self[i] for i in range(len(self)))

    def __contains__(self, value: Any) -> bool:
        return bool((self == value).any())

    __hash__ = object.__hash__  # identity: a Tensor can be a key, although == compares elementwise

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError(f"The truth of a Tensor of shape {self.shape} is ambiguous. Use .any() or .all() on a comparison.")
        return bool(self.data)

    def __repr__(self) -> str:
        text = np.array2string(self.data, separator=", ", prefix="Tensor(", threshold=100)
        extra = "" if self.dtype == np.float32 else f", dtype={self.dtype}"
        if self.node is not None:
            extra += f", op={self.node[OP].name}"
        elif self.requires_grad:
            extra += ", requires_grad=True"
        return f"{type(self).__name__}({text}{extra})"

    # -- leaving the graph, in words -----------------------------------------------------------------------------

    def numpy(self) -> Any:
        """The value as a read-only array that shares memory. Works on every Tensor, outside a re-run of a rule."""
        self._refuse_rerun("numpy()")
        view = self.data.view()
        view.flags.writeable = False
        return view

    def item(self) -> float:
        """The single entry as a Python number."""
        self._refuse_rerun("item()")
        if self.size != 1:
            raise ShapeError(f"item(): one entry needed, the Tensor has shape {self.shape}. Reduce it first, e.g. .mean().")
        return self.data.item()  # type: ignore[no-any-return]

    def tolist(self) -> Any:
        """The entries as (nested) Python numbers."""
        self._refuse_rerun("tolist()")
        return self.data.tolist()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self.dtype.kind not in "iu" or self.ndim:
            raise TypeError(f"only an integer 0-d Tensor is an index, this one has shape {self.shape}, dtype {self.dtype}")
        return int(self.data)

    def __complex__(self) -> complex:
        self._refuse_rerun("complex()")
        return complex(self.data.item())

    def detach(self) -> Tensor:
        """The same memory without the graph."""
        return Tensor(self.data)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        self._refuse_detach("np.asarray(tensor)")
        return np.array(self.data, dtype=dtype, copy=copy)

    def __dlpack__(self, **kwargs: Any) -> Any:
        self._refuse_detach("from_dlpack(tensor)")
        return self.data.__dlpack__(**kwargs)

    def __dlpack_device__(self) -> Any:
        return self.data.__dlpack_device__()

    def _refuse_rerun(self, what: str) -> None:
        if mode().rerun:
            raise DetachError(
                f"{what} inside a rule that is being differentiated again would lose the graph. Write the rule with "
                "numpy functions and operators, or take an opaque value with raw(x)."
            )

    def _refuse_detach(self, what: str) -> None:
        self._refuse_rerun(what)
        if self.requires_grad and mode().record:
            raise DetachError(f"{what} would silently leave the graph. Use .numpy() or .detach(), or work inside no_grad().")

    def __reduce__(self) -> Any:
        if self.node is not None:
            raise GraphError("A Tensor with a graph cannot be copied or pickled. Use .detach() for its value.")
        return _rebuild, (type(self), self.data, self.requires_grad, self.grad)

    def __copy__(self) -> Tensor:
        return self.__deepcopy__({})

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        build, (cls, data, requires_grad, grad) = self.__reduce__()
        copied: Tensor = build(cls, data.copy(), requires_grad, None if grad is None else Tensor(grad.data.copy()))
        memo[id(self)] = copied
        return copied

    # -- the graph -----------------------------------------------------------------------------------------------

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Ask for a gradient, in place; returns self."""
        if requires_grad and self.dtype.kind not in "fc":
            raise DTypeError(
                f"requires_grad needs floating numbers, this Tensor has dtype {self.dtype}. Give floats or dtype=np.float32."
            )
        if self.node is not None and not requires_grad:
            raise GraphError("requires_grad can be changed on leaves only. Use .detach() for the value without its graph.")
        self.requires_grad = requires_grad
        return self

    def backward(self, seed: Any = None, retain_graph: bool = False, create_graph: bool = False) -> None:
        """Add d(sum(seed * self))/d(leaf) to ``leaf.grad`` for every leaf that requires it.

        seed : array or Tensor of this shape; may be left out for a single entry (then 1).
        retain_graph : keep the graph for another walk; otherwise the walk frees it (and memory falls as it goes).
        create_graph : record the walk itself, so that gradients can be differentiated again.  ``x.grad`` then holds
            the graph that holds ``x``, a cycle that only the garbage collector ends: prefer ``grad()``.
        Errors: GraphError without a graph, on a freed one, or without a seed for more than one entry.
        """
        from .walk import accumulate, walk

        if not self.requires_grad:
            raise GraphError(
                "backward(): nothing here requires a gradient. Create inputs with requires_grad=True, outside no_grad()."
            )
        accumulate(walk(self, seed, retain_graph=retain_graph, create_graph=create_graph))

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> Callable[[], None]:
        """Call ``hook(gradient)`` when a walk has this Tensor's whole gradient; what it returns replaces the gradient.

        Returns a function that removes the hook.
        """
        if not self.requires_grad:
            raise GraphError("register_hook: this Tensor requires no gradient, so the hook would never be called.")
        entry: Callable[[Tensor], Tensor | None] = lambda g: hook(g)  # distinct, so that removing takes out this one
        self.hooks = (*self.hooks, entry)

        def remove() -> None:
            self.hooks = tuple(h for h in self.hooks if h is not entry)

        return remove

    def retain_grad(self) -> Tensor:
        """Leave the gradient in ``.grad`` here too, although this Tensor is not a leaf; returns self."""
        if self.node is not None:
            this = weakref_method(self)
            self.register_hook(this)
        return self

    # -- changing values -----------------------------------------------------------------------------------------

    def __setitem__(self, index: Any, value: Any) -> None:
        if self.node is not None or (self.requires_grad and mode().record):
            raise GraphError(
                "t[index] = value would change a value that the graph holds. Use ops.index_update(t, index, value), which "
                "returns a new Tensor, or assign inside no_grad() to a leaf."
            )
        if isinstance(index, tuple):
            index = tuple(i.data if isinstance(i, Tensor) else i for i in index)
        if isinstance(value, Tensor) and value.requires_grad and mode().record:
            raise DetachError("t[index] = value: the value's graph would be lost. Use ops.index_update(t, index, value).")
        self.data[index.data if isinstance(index, Tensor) else index] = value.data if isinstance(value, Tensor) else value
        mutation.stamp(self.data)

    def assign_(self, value: Any) -> Tensor:
        """Overwrite the value in place, recorded as a change; returns self. For leaves, or inside ``no_grad``."""
        if self.requires_grad and mode().record:
            raise GraphError("An in-place change of a Tensor that requires a gradient. Do it inside no_grad().")
        array = value.data if isinstance(value, Tensor) else value
        if np.shape(array) not in ((), self.shape):
            raise ShapeError(f"assign_: a value of shape {np.shape(array)} does not fit a Tensor of shape {self.shape}.")
        self.data[...] = array
        mutation.stamp(self.data)
        return self


def weakref_method(t: Tensor) -> Callable[[Tensor], None]:
    """A hook that stores the gradient in ``t.grad`` and does not keep ``t`` alive (that would be a cycle)."""
    import weakref

    this = weakref.ref(t)

    def keep(g: Tensor) -> None:
        target = this()
        if target is not None:
            target.grad = Tensor(g.data.copy()) if target.grad is None else Tensor(target.grad.data + g.data)

    return keep


def _rebuild(cls: type[Tensor], data: Array, requires_grad: bool, grad: Tensor | None) -> Tensor:
    t = Tensor.__new__(cls)
    t.data, t.requires_grad, t.grad, t.node, t.hooks = data, requires_grad, grad, None, ()
    return t


def tensor(data: Any, requires_grad: bool = False, dtype: Any = None) -> Tensor:
    """A Tensor with its own copy of ``data``; otherwise as ``Tensor(...)``."""
    return Tensor(as_array(data, dtype).copy(), requires_grad)
