"""Regression that knows what it does not know: a curve, and how far the truth may lie from it.

    python examples/regression.py [--quick] [--picture FILE]

The network gives two numbers for each x: the mean m and the logarithm s of the variance of a normal distribution. The loss is minus
the logarithm of that distribution's density at the target: s / 2 + (y - m)^2 / (2 exp(s)). Where the data scatter, s pays off.
"""

import numpy as np
from options import parsed

import tinygrad_edu as tg
from tinygrad_edu import nn


def data(n, seed=0):
    """A wave whose noise grows to the right."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-3, 3, (n, 1)).astype(np.float32)
    noise = 0.05 + 0.12 * (x + 3)
    return x, (np.sin(2 * x) + 0.3 * x + noise * rng.standard_normal(x.shape)).astype(np.float32)


def surprise(y_true, y_pred):
    """Minus the log-likelihood of a normal distribution, without its constant; one value a sample."""
    mean, log_variance = y_pred[:, 0:1], y_pred[:, 1:2]
    return (log_variance / 2 + (y_true - mean) ** 2 * tg.ops.exp(-log_variance) / 2).mean(axis=1)


def draw(path, model, x, y):
    """Points, the curve, and two standard deviations around it."""
    from matplotlib.figure import Figure

    line = np.linspace(-3, 3, 300, dtype=np.float32)[:, None]
    mean, log_variance = model.predict(line, batch_size=300, verbose=0).T
    spread = 2 * np.exp(log_variance / 2)
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.plot(x[:400], y[:400], ".", color="#9aa0a6", markersize=4)
    axes.fill_between(line[:, 0], mean - spread, mean + spread, color="#3b6fb6", alpha=0.2, label="95 % lie here")
    axes.plot(line, mean, color="#3b6fb6", label="mean")
    axes.plot(line, np.sin(2 * line) + 0.3 * line, "--", color="black", linewidth=1, label="truth")
    axes.legend(frameon=False)
    figure.savefig(path, dpi=100)


def main():
    """Learn, then count how many new points lie within the band."""
    options = parsed(__doc__)

    tg.set_random_seed(0)
    x, y = data(1000)
    model = tg.Sequential([nn.Linear(1, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 2)])
    model.compile(tg.optim.Adam(0.003), loss=surprise)
    history = model.fit(x, y, batch_size=50, epochs=40 if options.quick else 150, verbose=0).history
    print(f"loss {history['loss'][0]:.3f} -> {history['loss'][-1]:.3f}")
    x_test, y_test = data(1000, seed=1)
    mean, log_variance = model.predict(x_test, verbose=0).T[..., None]
    inside = np.abs(y_test - mean) < 2 * np.exp(log_variance / 2)
    print(f"new points within two standard deviations: {inside.mean():.3f}")
    if options.picture:
        draw(options.picture, model, x, y)


if __name__ == "__main__":
    main()
