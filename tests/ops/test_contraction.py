"""Sums of products: what the generic tests of every op cannot say."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, ops
from tinygrad_edu.engine.errors import ShapeError


def leaf(*shape: int) -> Tensor:
    return Tensor(np.random.default_rng(sum(shape)).normal(size=shape), requires_grad=True)


@pytest.mark.parametrize(
    ("subscripts", "shapes", "message"),
    [
        ("ij,jk->ik", ((2, 3), (4, 5)), r"einsum 'ij,jk->ik': letter 'j' is 4 in operand 1, of shape \(4, 5\), but 3 elsewhere"),
        ("ij,jk->ik", ((2, 3),), r"2 term\(s\) for 1 operand\(s\)"),
        ("i,j->ij", ((2,), (2, 3)), r"operand 1 has shape \(2, 3\), its term 'j'\. Give one letter for each axis"),
        ("...i,...i->...", ((2, 3), (4, 3)), r"an axis of '\.\.\.' is 4 in operand 1"),
        ("...ij->...", ((2,),), r"operand 0 has shape \(2,\), its term '\.\.\.ij'"),
    ],
)  # fmt: skip
def test_a_mismatched_einsum_names_the_letter_and_the_lengths(subscripts, shapes, message):
    with pytest.raises(ShapeError, match=message):
        np.einsum(subscripts, *(leaf(*shape) for shape in shapes))


@pytest.mark.parametrize("subscripts", ["ij->ijk", "ij->ii", "i$->i"])
def test_what_numpy_refuses_stays_refused(subscripts):
    with pytest.raises(ValueError, match="einst"):
        np.einsum(subscripts, leaf(2, 2))


def test_the_form_without_a_string_is_refused():
    with pytest.raises(TypeError, match=r"einsum: the subscripts come first, as a string"):
        ops.einsum(leaf(2, 2), [0, 1], leaf(2, 2), [1, 2])


def test_an_einsum_by_hand():
    """The trace of x y, and its gradients y^T and x^T."""
    x, y = leaf(2, 3), leaf(3, 2)
    ops.einsum("ij,ji", x, y).backward()
    np.testing.assert_allclose(x.grad.numpy(), y.numpy().T)
    np.testing.assert_allclose(y.grad.numpy(), x.numpy().T)


def test_a_letter_three_times_in_one_operand():
    x = leaf(2, 2, 2)
    np.einsum("iii->i", x).backward([1, 10])
    assert np.argwhere(x.grad.numpy()).tolist() == [[0, 0, 0], [1, 1, 1]]
    assert x.grad.sum().item() == 11


def test_every_letter_of_the_alphabet_may_be_taken():
    x = leaf(*[1] * 26)
    out = ops.einsum("abcdefghijklmnopqrstuvwxyz->", x)
    out.backward()
    assert x.grad.shape == x.shape


def test_a_cheap_order_gives_the_same():
    xs = [leaf(3, 4), leaf(4, 5), leaf(5, 2)]
    grads = []
    for optimize in (False, True, "greedy"):
        for x in xs:
            x.grad = None
        np.einsum("ij,jk,kl->il", *xs, optimize=optimize).sum().backward()
        grads.append(np.concatenate([x.grad.numpy().ravel() for x in xs]))
    np.testing.assert_allclose(grads[1], grads[0])
    np.testing.assert_allclose(grads[2], grads[0])


@pytest.mark.parametrize("axes", [1, ([0, 1], [0]), (5, 0)])
def test_axes_that_do_not_pair_up_are_shown(axes):
    with pytest.raises(ShapeError, match=r"tensordot: axes=.* of \(2, 3\) and \(4, 5\) do not pair up"):
        np.tensordot(leaf(2, 3), leaf(4, 5), axes=axes)


def test_numbers_multiply_in_dot_and_inner():
    x = leaf(2, 2)
    np.testing.assert_allclose(np.dot(2.0, x).numpy(), 2 * x.numpy())
    np.testing.assert_allclose(np.inner(x, np.float64(2)).numpy(), 2 * x.numpy())
    np.testing.assert_allclose(x.dot(x).numpy(), (x @ x).numpy())
