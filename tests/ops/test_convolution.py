"""Convolution and pooling: what the generic tests of every op cannot say."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_edu import Tensor, grad, ops
from tinygrad_edu.engine.errors import ShapeError


def images(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def test_a_known_convolution() -> None:
    """The difference of neighbours, by hand: deep learning's convolution does not flip its kernel."""
    x = np.array([[[1.0, 4.0, 9.0, 16.0]]])
    assert ops.conv1d(x, np.array([[[-1.0, 1.0]]])).tolist() == [[[3, 5, 7]]]


def test_the_transpose_is_the_adjoint() -> None:
    """<conv(x, w), y> = <x, conv_transpose(y, w)>, also where the stride leaves pixels over."""
    x, w = images(2, 4, 8, 7), images(6, 2, 3, 2, seed=1)
    options = {"stride": (2, 3), "padding": 1, "groups": 2}
    seen = ops.conv2d(x, w, **options)
    y = images(*seen.shape, seed=2)
    spare = tuple(
        n - ((o - 1) * s + k - 2) for n, o, s, k in zip(x.shape[2:], y.shape[2:], (2, 3), w.shape[2:], strict=True)
    )
    back = ops.conv_transpose2d(y, w, output_padding=spare, **options)
    assert back.shape == x.shape
    np.testing.assert_allclose((seen * y).sum(), (x * back).sum(), rtol=1e-12)


@pytest.mark.parametrize(("size", "kernel", "stride"), [(7, 3, 2), (8, 3, 2), (5, 2, 1), (6, 5, 3)])
def test_same_padding_gives_size_over_stride_and_the_odd_pixel_at_the_end(size, kernel, stride) -> None:
    x = images(1, 1, size)
    w = np.ones((1, 1, kernel))
    out = ops.conv1d(x, w, stride=stride, padding="same")
    assert out.shape[2] == -(-size // stride)
    total = max((out.shape[2] - 1) * stride + kernel - size, 0)
    explicit = ops.conv1d(np.pad(x, ((0, 0), (0, 0), (total // 2, total - total // 2))), w, stride=stride)
    np.testing.assert_array_equal(out, explicit)


def test_depthwise_sees_each_channel_alone() -> None:
    x, w = images(2, 3, 5, 5), images(3, 1, 3, 3, seed=1)
    out = ops.conv2d(x, w, groups=3)
    for c in range(3):
        np.testing.assert_allclose(out[:, c : c + 1], ops.conv2d(x[:, c : c + 1], w[c : c + 1]), rtol=1e-12)


def test_the_layout_stays_batch_innermost_through_a_network() -> None:
    """(N, C, H, W) outside, the batch innermost in memory: no step between may copy it back."""
    x = Tensor(images(8, 2, 9, 9).astype(np.float32))
    h = ops.max_pool2d(ops.relu(ops.conv2d(x, images(4, 2, 3, 3).astype(np.float32))), 2)
    assert h.shape == (8, 4, 3, 3)
    assert h.data.transpose(1, 2, 3, 0).flags.c_contiguous
    assert h.dtype == np.float32


@pytest.mark.parametrize(
    ("x", "w", "options", "message"),
    [
        ((3, 8, 8), (4, 3, 3, 3), {}, r"x\[None\]"),
        ((1, 2, 8, 8), (4, 3, 3, 3), {}, "2 channels.*take 3"),
        ((1, 4, 8, 8), (3, 2, 3, 3), {"groups": 2}, "groups"),
        ((1, 3, 2, 2), (4, 3, 3, 3), {}, "does not fit"),
        ((1, 3, 4, 4), (4, 3, 3, 3), {"dilation": 2}, "does not fit"),
    ],
)
def test_what_does_not_fit_is_said(x, w, options, message) -> None:
    with pytest.raises(ShapeError, match=message):
        ops.conv2d(Tensor(images(*x)), Tensor(images(*w)), **options)


@pytest.mark.parametrize(
    "option", [{"stride": 0}, {"padding": -1}, {"padding": "some"}, {"dilation": 1.5}, {"stride": (1, 2, 3)}]
)
def test_an_impossible_option_is_said(option) -> None:
    with pytest.raises(ValueError, match=next(iter(option))):
        ops.conv2d(Tensor(images(1, 1, 8, 8)), Tensor(images(1, 1, 3, 3)), **option)


def test_an_output_padding_not_below_the_stride_is_said() -> None:
    with pytest.raises(ShapeError, match="output_padding"):
        ops.conv_transpose1d(Tensor(images(1, 1, 3)), Tensor(images(1, 1, 2)), stride=2, output_padding=2)


# -- pooling -----------------------------------------------------------------------------------------------------------


def test_case_30_overlapping_windows_accumulate() -> None:
    x = np.array([[[[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]]])
    g = grad(lambda x: ops.max_pool2d(x, (2, 2), stride=1).sum())(x)
    assert g.tolist() == [[[[0, 2, 0], [0, 0, 0]]]]


def test_case_30_no_gradient_goes_into_the_padding() -> None:
    """All pixels are below the zeros that a padding of zeros would bring."""
    x = -np.ones((1, 1, 2, 2))
    out = ops.max_pool2d(x, 2, padding=1)
    assert (out == -1).all()
    g = grad(lambda x: ops.max_pool2d(x, 2, padding=1).sum())(x)
    assert (g.data == 1).all()


def test_the_first_largest_pixel_wins_a_tie() -> None:
    g = grad(lambda x: ops.max_pool2d(x, 2).sum())(np.zeros((1, 1, 2, 4)))
    assert g.tolist() == [[[[1, 0, 1, 0], [0, 0, 0, 0]]]]


def test_nan_passes_through_max_pooling() -> None:
    x = np.array([[[1.0, np.nan, 3.0, 2.0]]])
    out = ops.max_pool1d(x, 2)
    np.testing.assert_array_equal(out, [[[np.nan, 3]]])


def test_padding_that_does_not_count() -> None:
    x = np.ones((1, 1, 2, 2))
    assert ops.avg_pool2d(x, 2, padding=1).tolist() == [[[[0.25, 0.25], [0.25, 0.25]]]]
    assert ops.avg_pool2d(x, 2, padding=1, count_include_pad=False).tolist() == [[[[1, 1], [1, 1]]]]


def test_integer_images_are_pooled() -> None:
    assert ops.max_pool1d(np.array([[[3, 1, 2, 7]]]), 2).tolist() == [[[3, 7]]]


def test_pooling_wants_a_batch() -> None:
    with pytest.raises(ShapeError, match=r"x\[None\]"):
        ops.max_pool2d(Tensor(images(3, 8, 8)), 2)
    with pytest.raises(ShapeError, match="adaptive"):
        ops.adaptive_avg_pool2d(Tensor(images(1, 1, 4, 4)), 0)
