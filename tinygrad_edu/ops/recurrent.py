"""One step of a recurrent network: the gates of the LSTM and the GRU, each as one op.

Composed of sigmoids, products and slices a step would be fifteen nodes of the graph; a sequence has hundreds of steps.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, op
from ..engine.domain import call
from ..engine.errors import ShapeError
from .activation import sigmoid

__all__ = ["gru_cell", "lstm_cell"]


def _parts(name: str, z: Array, state: Array, n: int) -> list[Array]:
    """The n blocks of the last axis, each as wide as the state."""
    units = state.shape[-1] if state.ndim else 0
    if not z.ndim or z.shape != (*state.shape[:-1], n * units):
        raise ShapeError(f"{name}: {z.shape} against a state {state.shape}. Give (..., {n} * units) and (..., units).")
    return [z[..., i * units : (i + 1) * units] for i in range(n)]


def _steps(draw: Any, blocks: tuple[int, ...]) -> Any:
    units = draw.integer(0, 3)
    shape = draw.shape(ndim=(0, 2), side=(0, 2))
    return call(*(draw.array((*shape, n * units), -5, 5) for n in blocks))


def _lstm_cell(z: Array, c: Array) -> Any:
    i, f, candidate, o = _parts("lstm_cell", z, c, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(candidate)
    return sigmoid(o) * np.tanh(c), c


@op(samples=lambda draw: _steps(draw, (4, 1)), reference=_lstm_cell, again=_lstm_cell)
def lstm_cell(z: Array, c: Array) -> Any:
    """c' = sigmoid(f) c + sigmoid(i) tanh(candidate); h = sigmoid(o) tanh(c'), with z the blocks i, f, candidate, o.

    z : (..., 4 units), what input and last output add up to          c : (..., units), the memory
    out : the output h and the new memory c', (..., units) each
    Gradient: with d = g_c + g_h o (1 - tanh(c')^2): d f to c; each gate's factor in h or c' times its own slope to z.
    Errors: ShapeError if the shapes do not fit.
    Reference: Hochreiter and Schmidhuber, Long Short-Term Memory (1997); the gate f: Gers, Schmidhuber and Cummins (2000).
    """
    _parts("lstm_cell", z, c, 4)
    gates = sigmoid(z)
    i, f, _, o = _parts("lstm_cell", gates, c, 4)
    candidate = np.tanh(_parts("lstm_cell", z, c, 4)[2])
    new = f * c + i * candidate
    top = np.tanh(new)

    def to_memory(gs: tuple[Array, Array]) -> Array:
        return gs[1] + gs[0] * o * (1 - top * top)

    def to_gates(gs: tuple[Array, Array]) -> Array:
        d = to_memory(gs)
        gz = gates * (1 - gates)
        gi, gf, gc, go = _parts("lstm_cell", gz, c, 4)  # views: gz is written through them
        gi *= d * candidate
        gf *= d * c
        go *= gs[0] * top
        gc[...] = d * i * (1 - candidate * candidate)
        return gz

    return (o * top, new), to_gates, lambda gs: to_memory(gs) * f


def _gru_cell(x: Array, y: Array, h: Array) -> Array:
    (xz, xr, xn), (yz, yr, yn) = _parts("gru_cell", x, h, 3), _parts("gru_cell", y, h, 3)
    z = sigmoid(xz + yz)
    return z * h + (1 - z) * np.tanh(xn + sigmoid(xr + yr) * yn)


@op(samples=lambda draw: _steps(draw, (3, 3, 1)), reference=_gru_cell, again=_gru_cell)
def gru_cell(x: Array, y: Array, h: Array) -> Any:
    """h' = z h + (1 - z) n, with z = sigmoid(xz + yz), r = sigmoid(xr + yr) and n = tanh(xn + r yn).

    x : (..., 3 units), what the input gives to the blocks z, r, n          y : the same of the last output
    h : (..., units), the last output          out : (..., units), the new one
    Gradient: g z to h; to x the slopes of the three blocks; to y the same, the last times r.
    Errors: ShapeError if the shapes do not fit.
    Reference: Cho et al. (2014), with the reset after the product, as in Chung et al. (2014).
    """
    last = _parts("gru_cell", y, h, 3)[2]
    units = h.shape[-1]
    gates = sigmoid(x[..., : 2 * units] + y[..., : 2 * units])
    z, r = _parts("gru_cell", gates, h, 2)
    n = np.tanh(_parts("gru_cell", x, h, 3)[2] + r * last)

    def to_x(g: Array) -> Array:
        slope = g * (1 - z) * (1 - n * n)
        gx = np.empty_like(x)
        gx[..., 2 * units :] = slope
        gx[..., units : 2 * units] = slope * last
        gx[..., :units] = g * (h - n)
        gx[..., : 2 * units] *= gates * (1 - gates)
        return gx

    def to_y(g: Array) -> Array:
        gy = to_x(g)
        gy[..., 2 * units :] *= r
        return gy

    return z * h + (1 - z) * n, to_x, to_y, lambda g: g * z
