"""A neural network from scratch: numpy, linear algebra, and nothing hidden.

    python examples/from_scratch.py

The network reads 28 x 28 images of handwritten digits. It has 784 inputs, ten hidden nodes with ReLU and ten outputs with
softmax. We write down how it computes, derive by hand how each weight should move, and let it learn. At the end the engine,
which knows nothing of our derivation, finds the same gradients. Read it from the top, like a page of a book.
"""

# ruff: noqa: D103 - the text stands above each function

import argparse

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu.datasets import mnist

# ---------------------------------------------------------------------------------------------------------------------
# 1. The data. Each image becomes one column of a matrix, so that one product of matrices treats all images at once:
#    X is (784, m), a column for each image, grey levels from 0 to 1. The network should answer with the digits 0 to 9.


def columns(images):
    return np.ascontiguousarray(images.reshape(len(images), 784).T, dtype=np.float32) / 255


# ---------------------------------------------------------------------------------------------------------------------
# 2. The start. Weights must differ, or all hidden nodes would learn the same. They must not be large, or the first
#    answers are wild. He's rule: normal numbers of variance 2 / (number of inputs). Biases may start at zero.


def start(rng):
    W1 = rng.normal(0, np.sqrt(2 / 784), (10, 784)).astype(np.float32)
    W2 = rng.normal(0, np.sqrt(2 / 10), (10, 10)).astype(np.float32)
    b1, b2 = np.zeros((10, 1), np.float32), np.zeros((10, 1), np.float32)
    return [W1, b1, W2, b2]


# ---------------------------------------------------------------------------------------------------------------------
# 3. Forwards. A layer is a matrix product plus a bias. Something that is not linear must stand between two layers, for
#    two linear maps in a row are no more than one. Softmax turns ten scores into ten probabilities, which sum to 1.
#    (Subtracting the largest score first changes nothing, and keeps exp from overflowing.)


def forward(parameters, X):
    W1, b1, W2, b2 = parameters
    Z1 = W1 @ X + b1  # (10, 784) @ (784, m) -> (10, m)
    A1 = Z1 * (Z1 > 0)  # ReLU: what is negative becomes 0
    Z2 = W2 @ A1 + b2  # (10, 10) @ (10, m) -> (10, m)
    E = np.exp(Z2 - Z2.max(axis=0, keepdims=True))
    A2 = E / E.sum(axis=0, keepdims=True)  # softmax: column i holds ten probabilities for image i
    return Z1, A1, A2


# ---------------------------------------------------------------------------------------------------------------------
# 4. How wrong? The network gave the right answer some probability; the loss is minus its logarithm, averaged over the
#    images. It is 0 when the network is sure and right, log(10) = 2.3 when it guesses, and large when it is sure and wrong.


def loss(A2, digits):
    return -np.log(A2[digits, np.arange(len(digits))]).mean()


# ---------------------------------------------------------------------------------------------------------------------
# 5. Backwards. By the chain rule, from the loss towards the input; dZ means d(loss)/dZ, and has the shape of Z.
#    Softmax and logarithm together have a beautifully simple derivative: the answer given minus the answer wanted.
#    A product Z = W A passes back  dW = dZ A^T  and  dA = W^T dZ;  a bias collects dZ from every image that it touched;
#    ReLU lets pass what it let pass on the way forwards.


def gradients_by_hand(parameters, X, digits):
    Z1, A1, A2 = forward(parameters, X)
    W2, m = parameters[2], X.shape[1]
    Y = np.eye(10, dtype=np.float32)[:, digits]  # column i is 1 at the right answer of image i, else 0
    dZ2 = (A2 - Y) / m
    dW2, db2 = dZ2 @ A1.T, dZ2.sum(axis=1, keepdims=True)
    dZ1 = W2.T @ dZ2 * (Z1 > 0)
    dW1, db1 = dZ1 @ X.T, dZ1.sum(axis=1, keepdims=True)
    return [dW1, db1, dW2, db2]


# ---------------------------------------------------------------------------------------------------------------------
# 6. The same, by the engine. Tensors remember how they were computed; backward() walks that path back, with the chain rule
#    and the derivative of each operation. We call our own `forward` with Tensors; not one line of it has to be rewritten.


def gradients_by_engine(parameters, X, digits):
    tensors = [tg.Tensor(p, requires_grad=True) for p in parameters]
    loss(forward(tensors, X)[-1], digits).backward()
    return [t.grad.numpy() for t in tensors]


# ---------------------------------------------------------------------------------------------------------------------
# 7. Learning. The gradient points to where the loss grows fastest, so we take a small step the other way, many times.


def train(gradients, parameters, X, digits, iterations, rate=0.1):
    for i in range(iterations):
        if i % 100 == 0:
            A2 = forward(parameters, X)[-1]
            print(f"  iteration {i:3d}: loss {loss(A2, digits):.4f}, accuracy {accuracy(A2, digits):.4f}")
        parameters = [p - rate * g for p, g in zip(parameters, gradients(parameters, X, digits))]
    return parameters


def accuracy(A2, digits):
    return np.mean(A2.argmax(axis=0) == digits)


def main():
    parser = argparse.ArgumentParser(description="A neural network from scratch, and the engine's gradients beside it.")
    parser.add_argument("--images", type=int, default=10_000, help="training images to use, of 60000 (default: 10000)")
    parser.add_argument("--iterations", type=int, default=500, help="steps of gradient descent (default: 500)")
    args = parser.parse_args()
    (images, digits), (test_images, test_digits) = mnist.load_data()
    X, digits, X_test = columns(images[: args.images]), digits[: args.images], columns(test_images)
    begin = start(np.random.default_rng(0))

    reached = {}
    for name, gradients in (("by hand", gradients_by_hand), ("by the engine", gradients_by_engine)):
        print(f"{name}:")
        learned = train(gradients, begin, X, digits, args.iterations)
        reached[name] = accuracy(forward(learned, X_test)[-1], test_digits)

    pairs = zip(gradients_by_hand(learned, X, digits), gradients_by_engine(learned, X, digits))
    difference = max(np.abs(hand - engine).max() for hand, engine in pairs)
    print(f"largest difference between the two gradients: {difference:.1e}")
    assert difference < 1e-6, "the derivation by hand and the engine disagree"
    for name, share in reached.items():
        print(f"test accuracy {name}: {share:.4f}")


if __name__ == "__main__":
    main()
