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
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from . import mutation
from .errors import DetachError, DTypeError, GraphError, ShapeError
from .modes import mode
from .ndarray import NDArray, as_array

__all__ = ["Array", "Node", "Tensor", "tensor"]

Array: TypeAlias = Any  # an ndarray in ordinary training, a Tensor when a rule is run again, a CuPy array on a GPU
Node: TypeAlias = tuple[Any, ...]
NUMBER, OP, ARGS, KWARGS, EDGES, TRACE = range(6)  # the places in a node; detect_anomaly adds the last
count: Callable[[], int] = itertools.count(1).__next__  # creation numbers; atomic under the interpreter lock
mutation.use(count)

if TYPE_CHECKING:
    from ._methods import Methods
else:
    Methods = object


class Tensor(NDArray, Methods):
    """An n-dimensional array that remembers how it was computed.

    data : array, number or nested list.  An ndarray keeps its dtype and *shares its memory*; Python numbers and
        lists become float32.  ``tensor(data)`` copies.
    requires_grad : bool.  Whether ``backward`` leaves a gradient in ``.grad``; the dtype must then be floating.
    dtype : convert to this dtype first.

    Attributes: ``data`` the raw array (write to it with ``t.data[...] = v``), ``grad`` a Tensor of the same shape and
    dtype or None, ``requires_grad``, and numpy's ``shape``, ``dtype``, ``ndim``, ``size``, ``T``.

    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    Tensor([2., 4.])
    """

    __slots__ = ("__weakref__", "data", "grad", "hooks", "node", "requires_grad")

    data: Array
    grad: Tensor | None
    node: Node | None
    requires_grad: bool
    hooks: tuple[Callable[[Tensor], Any], ...]

    def __init__(self, data: Any, requires_grad: bool = False, dtype: Any = None) -> None:
        self.data = as_array(data, dtype)
        self.grad = None
        self.node = None
        self.hooks = ()
        self.requires_grad = False
        if requires_grad:
            self.requires_grad_()

    __hash__ = object.__hash__  # identity: a Tensor can be a key, although == compares elementwise

    @property
    def is_leaf(self) -> bool:
        """True for a Tensor that no recorded op made."""
        return self.node is None

    def detach(self) -> Tensor:
        """The same memory without the graph."""
        return Tensor(self.data)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Ask for a gradient, in place; returns self."""
        if requires_grad and self.dtype.kind not in "fc":
            raise DTypeError(
                f"requires_grad needs floating numbers, this Tensor has dtype {self.dtype}. Give floats or dtype=np.float32."
            )
        if self.node is not None and not requires_grad:
            raise GraphError(
                "requires_grad can be changed on leaves only. Use .detach() for the value without its graph."
            )
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

    def register_hook(self, hook: Callable[[Tensor], Any]) -> Callable[[], None]:
        """Call ``hook(gradient)`` when a walk has this Tensor's whole gradient; what it returns replaces the gradient.

        Returns a function that removes the hook.
        """
        if not self.requires_grad:
            raise GraphError("register_hook: this Tensor requires no gradient, so the hook would never be called.")
        entry: Callable[[Tensor], Any] = lambda g: hook(g)  # a new object, so that removing takes out exactly this one
        self.hooks = (*self.hooks, entry)

        def remove() -> None:
            self.hooks = tuple(h for h in self.hooks if h is not entry)

        return remove

    def retain_grad(self) -> Tensor:
        """Leave the gradient in ``.grad`` here too, although this Tensor is not a leaf; returns self."""
        this = weakref.ref(self)  # a hook that held the Tensor would be a cycle

        def keep(g: Tensor) -> None:
            if (t := this()) is not None:
                t.grad = t.grad + g if t.grad is not None else g if g.requires_grad else Tensor(g.data.copy())

        if self.node is not None:
            self.register_hook(keep)
        return self

    # -- changing values -----------------------------------------------------------------------------------------------

    def __setitem__(self, index: Any, value: Any) -> None:
        tracked = isinstance(value, Tensor) and value.requires_grad
        if self.node is not None or ((self.requires_grad or tracked) and mode().record):
            raise GraphError(
                "t[index] = value would change a value that the graph holds, or lose the graph of value. Use "
                "ops.index_update(t, index, value), which returns a new Tensor, or assign to a leaf inside no_grad()."
            )
        if isinstance(index, tuple):
            index = tuple(i.data if isinstance(i, Tensor) else i for i in index)
        self.data[index.data if isinstance(index, Tensor) else index] = (
            value.data if isinstance(value, Tensor) else value
        )
        mutation.stamp(self.data)

    def assign_(self, value: Any) -> Tensor:
        """Overwrite the value in place, recorded as a change; returns self. For leaves, or inside ``no_grad``."""
        if self.requires_grad and mode().record:
            raise GraphError("An in-place change of a Tensor that requires a gradient. Do it inside no_grad().")
        array = value.data if isinstance(value, Tensor) else value
        if np.shape(array) not in ((), self.shape):
            raise ShapeError(
                f"assign_: a value of shape {np.shape(array)} does not fit a Tensor of shape {self.shape}."
            )
        self.data[...] = array
        mutation.stamp(self.data)
        return self


def tensor(data: Any, requires_grad: bool = False, dtype: Any = None) -> Tensor:
    """A Tensor with its own copy of ``data``; otherwise as ``Tensor(...)``."""
    if isinstance(data, Tensor) and data.requires_grad and mode().record:
        raise DetachError("tensor(t) would lose the graph of t. Use t.detach() for its value alone.")
    return Tensor(as_array(data, dtype).copy(), requires_grad)
