"""PyTorch eager, as its tutorials write it."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from ..common import EPOCHS, GOAL, LINKS, RATE, Work, batch, cnn_start, link, mlp_start, mnist


def dense(weight: Any, bias: Any) -> nn.Linear:
    """A layer that starts from these weights (in, out)."""
    layer = nn.Linear(*weight.shape)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weight.T))
        layer.bias.copy_(torch.from_numpy(bias))
    return layer


def convolution(weight: Any, bias: Any) -> nn.Conv2d:
    """A layer that starts from these kernels (out, in, 3, 3)."""
    layer = nn.Conv2d(weight.shape[1], weight.shape[0], 3)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weight))
        layer.bias.copy_(torch.from_numpy(bias))
    return layer


def training(model: nn.Module, x: Any, y: Any) -> Work:
    """One step of SGD on one batch."""
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    loss_of = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)

    def step() -> Any:
        optimizer.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return Work(step)


def mlp(size: int, hidden: int = 128) -> Work:
    w1, b1, w2, b2 = mlp_start(hidden)
    return training(nn.Sequential(dense(w1, b1), nn.ReLU(), dense(w2, b2)), *batch(size))


def cnn_channels_last(size: int) -> Work:
    """In the memory format that PyTorch's tuning guide recommends for convolutions."""
    return cnn(size, memory_format=torch.channels_last)


def cnn(size: int, dropout: float = 0.5, memory_format: Any = torch.contiguous_format) -> Work:
    k1, b1, k2, b2, w, b = cnn_start()
    model = nn.Sequential(
        convolution(k1, b1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        convolution(k2, b2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(dropout),
        dense(w, b),
    )
    return training(model.to(memory_format=memory_format), *batch(size, 1, 28, 28))


def chain() -> Work:
    x, w, b = (torch.from_numpy(a.copy()) for a in link())
    w.requires_grad_()
    b.requires_grad_()

    def step() -> Any:
        w.grad = b.grad = None
        h = x
        for _ in range(LINKS):
            h = torch.tanh(h * w + b)
        total = h.sum()
        total.backward()
        return total

    return Work(step)


def depth(ops: int) -> Work:
    x, w, _ = (torch.from_numpy(a.copy()) for a in link())
    w.requires_grad_()

    def step() -> Any:
        w.grad = None
        h = x
        for _ in range(ops):
            h = h + w
        h.sum().backward()
        return w.grad

    return Work(step, ops)


def adam(parameters: int) -> Work:
    """One step of Adam over ten arrays, their gradients given."""
    arrays = [torch.ones(parameters // 10, requires_grad=True) for _ in range(10)]
    for a in arrays:
        a.grad = torch.full_like(a, 0.01)
    optimizer = torch.optim.Adam(arrays, lr=1e-3)
    return Work(optimizer.step)


def learn(seed: int) -> int:
    """Train on MNIST until the goal is reached; the number of epochs."""
    torch.manual_seed(seed)
    x, y, x_test, y_test = (torch.from_numpy(a) for a in mnist())
    model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    loss_of = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters())
    for epoch in range(1, EPOCHS + 1):
        for rows in torch.randperm(len(x)).split(128):
            optimizer.zero_grad()
            loss_of(model(x[rows]), y[rows]).backward()
            optimizer.step()
        with torch.no_grad():
            if (model(x_test).argmax(1) == y_test).float().mean().item() >= GOAL:
                return epoch
    return EPOCHS
