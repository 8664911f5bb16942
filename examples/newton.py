"""Second-order optimisation: Newton's method on a network, with Hessian-vector products and without the Hessian.

    python examples/newton.py [--quick] [--picture FILE]

The gradient g says which way is down, the Hessian H how the slope changes. Newton goes where the slope
would be zero: solve H d = -g. H is never formed: conjugate gradients need only products H v, which `hvp` computes.
"""

import numpy as np
from options import parsed

import tinygrad_edu as tg
from tinygrad_edu import ops

SHAPES = [(2, 12), (12,), (12, 2), (2,)]
SIZES = [int(np.prod(shape)) for shape in SHAPES]


def loss(w, x, y):
    """Cross-entropy of a network 2-12-2 whose parameters lie in one vector, and a little weight decay."""
    W1, b1, W2, b2 = (part.reshape(s) for part, s in zip(ops.split(w, np.cumsum(SIZES)[:-1]), SHAPES))
    return ops.cross_entropy(ops.tanh(x @ W1 + b1) @ W2 + b2, y) + 1e-4 * (w * w).sum()


def conjugate_gradients(product, b, steps=20):
    """Solve A d = b, for a symmetric A that is known by its products only (Hestenes and Stiefel, 1952)."""
    d, r = np.zeros_like(b), b.copy()
    p, square = r.copy(), r @ r
    for _ in range(steps):
        Ap = product(p)
        curvature = p @ Ap
        if curvature <= 0 or square < 1e-16:  # uphill in all directions: what we have must do
            break
        d, r = d + square / curvature * p, r - square / curvature * Ap
        before, square = square, r @ r
        p = r + square / before * p
    return d if d.any() else b


def newton(f, w, steps, damping=1.0):
    """Solve (H + damping) d = -g and step by d; the damping falls when the loss falls, and rises when it does not."""
    value, path = f(w).item(), []
    for _ in range(steps):
        path.append(value)
        g = tg.grad(f)(w).numpy()
        d = conjugate_gradients(lambda v, w=w, c=damping: tg.hvp(f, w, v).numpy() + c * v, -g)
        new = f(w + d).item()
        damping *= 0.5 if new < value else 4
        w, value = (w + d, new) if new < value else (w, value)
    return path


def main():
    """Newton beside gradient descent, from the same start."""
    options = parsed(__doc__)
    x, y = tg.datasets.moons(200, noise=0.1)
    f = lambda w: loss(w, x.astype(np.float64), y)
    start = np.random.default_rng(0).normal(0, 0.5, sum(SIZES))
    steps = 15 if options.quick else 40
    second_order = newton(f, start, steps)
    w, first_order = start, []
    for _ in range(steps * 42):  # as many gradients: 1 and at most 20 products of 2 each, and a try
        value, g = tg.value_and_grad(f)(w)
        first_order.append(value.item())
        w = w - 0.5 * g.numpy()
    print(f"Newton {second_order[-1]:.5f}, gradient descent {first_order[-1]:.5f} at the same cost")
    if options.picture:
        from matplotlib.figure import Figure

        axes = (figure := Figure(figsize=(7, 3), layout="constrained")).subplots()
        axes.semilogy(first_order, color="#9aa0a6", label="gradient descent, rate 0.5")
        axes.semilogy(np.arange(steps) * 42, second_order, color="#3b6fb6", marker=".", label="Newton, by products H v")
        axes.set(xlabel="gradients computed, at most", ylabel="loss")
        axes.legend(frameon=False)
        figure.savefig(options.picture, dpi=100)


if __name__ == "__main__":
    main()
