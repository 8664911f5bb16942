"""Layers over images: sizes, hand-computed values, errors, and a convnet that learns."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn, ops, set_random_seed
from tinygrad_edu.engine.errors import NotReadyError, ShapeError
from tinygrad_edu.nn.augmentation import resample
from tinygrad_edu.verify import gradcheck

CONVOLUTIONS = [(nn.Conv1d, 1), (nn.Conv2d, 2), (nn.Conv3d, 3)]
TRANSPOSES = [(nn.ConvTranspose1d, 1), (nn.ConvTranspose2d, 2), (nn.ConvTranspose3d, 3)]


def images(*shape: int, seed: int = 0) -> Tensor:
    return Tensor(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


@pytest.mark.parametrize(("layer", "rank"), CONVOLUTIONS)
def test_convolution_is_its_op(layer: type, rank: int) -> None:
    conv, x = layer(4, 6, 3, stride=2, padding=1, groups=2), images(2, 4, *(5,) * rank)
    expected = getattr(ops, f"conv{rank}d")(x, conv.weight, conv.bias, 2, 1, 1, 2)
    np.testing.assert_array_equal(conv(x).numpy(), expected.numpy())
    assert conv.weight.shape == (6, 2, *(3,) * rank)


@pytest.mark.parametrize(("layer", "rank"), TRANSPOSES)
def test_a_transpose_undoes_the_shape(layer: type, rank: int) -> None:
    small = CONVOLUTIONS[rank - 1][0](None, 6, 3, stride=2, padding=1)(images(2, 4, *(8,) * rank))
    back = layer(None, 4, 3, stride=2, padding=1, output_padding=1, groups=2)
    assert back(small).shape == (2, 4, *(8,) * rank)
    assert back.weight.shape == (6, 2, *(3,) * rank)


def test_the_input_size_is_taken_from_the_first_call() -> None:
    conv = nn.Conv2d(None, 3, 1)
    with pytest.raises(NotReadyError, match="Conv2d"):
        conv.parameters()
    conv(images(1, 5, 2, 2))
    assert conv.in_channels == 5
    with pytest.raises(ShapeError, match="channels"):
        conv(images(1, 4, 2, 2))


@pytest.mark.parametrize(
    ("make", "shape", "word"),
    [
        (lambda: nn.Conv2d(None, 3, 3), (4, 4, 3), "axes"),
        (lambda: nn.Conv2d(None, 4, 3, groups=2), (1, 3, 4, 4), "groups"),
        (lambda: nn.GroupNorm(3), (1, 4, 2, 2), "groups"),
        (lambda: nn.GlobalAvgPool(), (2, 3), "images"),
        (lambda: nn.ZeroPad2d(1), (2, 3, 4), "axes"),
        (lambda: nn.BatchNorm2d(), (4,), "channels"),
    ],
)
def test_wrong_shapes_are_refused(make: object, shape: tuple[int, ...], word: str) -> None:
    with pytest.raises(ShapeError, match=word):
        make()(images(*shape))


@pytest.mark.parametrize("kernel", [0, (3, 3, 3), 2.5])
def test_wrong_kernel_sizes_are_refused(kernel: object) -> None:
    with pytest.raises(ValueError, match="kernel_size"):
        nn.Conv2d(3, 4, kernel)


def test_pooling() -> None:
    x = Tensor(np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4))
    assert nn.MaxPool2d(2)(x).numpy().tolist() == [[[[5, 7], [13, 15]]]]
    assert nn.AvgPool2d(2)(x).numpy().tolist() == [[[[2.5, 4.5], [10.5, 12.5]]]]
    assert nn.AdaptiveAvgPool2d(1)(x).item() == nn.GlobalAvgPool()(x).item() == 7.5
    assert nn.AdaptiveMaxPool2d(1)(x).item() == nn.GlobalMaxPool(keepdims=True)(x).item() == 15
    assert nn.MaxPool1d(2)(x[0]).shape == (1, 4, 2)
    assert nn.AvgPool3d((1, 2, 2), stride=1, padding=0)(x[None]).shape == (1, 1, 1, 3, 3)
    assert nn.AvgPool1d(2, padding=1, count_include_pad=False)(x[0]).numpy()[0, 0].tolist() == [0, 1.5, 3]
    assert nn.MaxPool3d(1)(x[None]).shape == (1, 1, 1, 4, 4)


def test_resizing() -> None:
    x = Tensor(np.array([[[[1.0, 2.0]]]], np.float32))
    assert nn.Upsample(2)(x).numpy().tolist() == [[[[1, 1, 2, 2], [1, 1, 2, 2]]]]
    assert nn.Upsample((1, 3))(x).shape == (1, 1, 1, 6)
    assert nn.ZeroPad2d((1, 0, 0, 2))(x).numpy().tolist() == [[[[0, 1, 2], [0, 0, 0], [0, 0, 0]]]]
    assert nn.ZeroPad1d((2, 1))(x[0]).shape == (1, 1, 5)


def test_batch_norm_follows_the_statistics_in_training_and_uses_them_afterwards() -> None:
    norm, x = nn.BatchNorm2d(momentum=0.75), images(8, 3, 4, 4) * 2 + 5
    out = norm(x).numpy()
    np.testing.assert_allclose(out.mean(axis=(0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(out.std(axis=(0, 2, 3)), 1, atol=1e-4)
    mean, variance = x.numpy().mean(axis=(0, 2, 3)), x.numpy().var(axis=(0, 2, 3))
    np.testing.assert_allclose(norm.running_mean.numpy(), 0.25 * mean, rtol=1e-5)
    np.testing.assert_allclose(norm.running_variance.numpy(), 0.75 + 0.25 * variance, rtol=1e-5)
    before = norm.state_dict()
    alone = norm.eval()(x[:1]).numpy()
    np.testing.assert_allclose(alone, norm(x).numpy()[:1], rtol=1e-5)
    assert all((before[name] == value).all() for name, value in norm.state_dict().items())


def test_statistics_are_saved_and_not_trained() -> None:
    norm = nn.BatchNorm1d(3)
    assert list(norm.state_dict()) == ["weight", "bias", "running_mean", "running_variance"]
    assert [name for name, _ in norm.named_parameters()] == ["weight", "bias"]
    assert list(nn.BatchNorm1d(3, affine=False).named_parameters()) == []


def test_layer_group_and_rms_norm() -> None:
    x = images(4, 6, 5)
    np.testing.assert_allclose(nn.LayerNorm()(x).numpy().mean(axis=-1), 0, atol=1e-6)
    np.testing.assert_allclose(nn.LayerNorm((6, 5))(x).numpy().std(axis=(1, 2)), 1, atol=1e-4)
    np.testing.assert_allclose((nn.RMSNorm(5)(x).numpy() ** 2).mean(axis=-1), 1, rtol=1e-4)
    grouped = nn.GroupNorm(2)(x).numpy().reshape(4, 2, -1)
    np.testing.assert_allclose(grouped.std(axis=-1), 1, atol=1e-4)
    assert nn.GroupNorm(2, affine=False)(x).shape == x.shape


def test_prelu_learns_a_slope_for_each_channel() -> None:
    x, prelu = images(2, 3, 4, 4), nn.PReLU(3)
    np.testing.assert_allclose(prelu(x).numpy(), np.where(x.numpy() > 0, x.numpy(), 0.25 * x.numpy()))
    prelu(x).sum().backward()
    np.testing.assert_allclose(prelu.weight.grad.numpy(), np.minimum(x.numpy(), 0).sum(axis=(0, 2, 3)), rtol=1e-5)


def test_noise_in_training_only() -> None:
    set_random_seed(0)
    noise, x = nn.GaussianNoise(0.5), images(1000)
    assert abs((noise(x) - x).numpy().std() - 0.5) < 0.05
    assert noise.eval()(x) is x
    with pytest.raises(ValueError, match="at least 0"):
        nn.GaussianNoise(-1)


def test_bilinear_enlargement_keeps_straight_lines() -> None:
    x = Tensor(np.arange(4, dtype=np.float32).reshape(1, 1, 1, 4))
    larger = nn.Upsample((1, 2), "bilinear")(x).numpy()[0, 0, 0]
    np.testing.assert_allclose(larger, [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3])
    with pytest.raises(ValueError, match="bilinear"):
        nn.Upsample(2, "cubic")


@pytest.mark.parametrize("fill_mode", ["reflect", "wrap", "nearest", "constant"])
def test_reading_at_other_places_has_a_gradient(fill_mode: str) -> None:
    rng = np.random.default_rng(0)
    rows, columns = rng.uniform(-3, 6, (2, 1, 3, 3))
    gradcheck(lambda x: resample(x, rows, columns, "bilinear", fill_mode, 0.5), rng.normal(size=(1, 2, 3, 3)))


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.RandomFlip(seed=1),
        lambda: nn.RandomTranslation(0.2, 0.2, seed=1),
        lambda: nn.RandomZoom(0.2, seed=1),
        lambda: nn.RandomBrightness(0.2, (-9, 9), seed=1),
        lambda: nn.RandomContrast(0.2, (-9, 9), seed=1),
    ],
)
def test_images_change_in_training_only_and_again_with_the_same_seed(make: object) -> None:
    x = images(4, 1, 5, 5)
    once, again = make()(x).numpy(), make()(x).numpy()
    assert (once != x.numpy()).any()
    np.testing.assert_array_equal(once, again)
    assert make().eval()(x) is x


@pytest.mark.parametrize(
    "make", [lambda: nn.RandomFlip("up"), lambda: nn.RandomRotation(2), lambda: nn.RandomRotation(0.1, "edge")]
)
def test_changes_that_make_no_sense_are_refused(make: object) -> None:
    with pytest.raises(ValueError, match="Random"):
        make()


LAYERS = [
    (lambda: nn.Conv2d(2, 3, 2, padding=1), (2, 2, 3, 3)),
    (lambda: nn.ConvTranspose2d(2, 3, 2, stride=2), (2, 2, 2, 2)),
    (lambda: nn.GroupNorm(1, 2), (2, 2, 3)),
    (lambda: nn.LayerNorm(3), (2, 3)),
    (lambda: nn.RMSNorm(3), (2, 3)),
    (lambda: nn.BatchNorm1d(3), (4, 3)),
    (lambda: nn.PReLU(3), (4, 3)),
]


@pytest.mark.parametrize(("make", "shape"), LAYERS)
def test_gradients_of_inputs_and_parameters(make: object, shape: tuple[int, ...]) -> None:
    set_random_seed(0)
    gradcheck(make(), np.random.default_rng(0).normal(size=shape))


def test_a_convnet_learns_to_tell_stripes() -> None:
    """Horizontal against vertical stripes at any offset: the mean pixel says nothing, edges do."""
    set_random_seed(1)
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 96)
    stripes = (np.arange(8)[None] + rng.integers(0, 4, (96, 1))) % 4 < 2
    x = np.where(y[:, None, None], stripes[:, None, :], stripes[:, :, None])[:, None].astype(np.float32)
    model = nn.Sequential(
        nn.Conv2d(None, 4, 3), nn.BatchNorm2d(), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(2), nn.Softmax()
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.optimizer.lr = 0.02
    model.fit(x, y, epochs=8, batch_size=16, verbose=0)
    assert model.evaluate(x, y, verbose=0)[1] >= 0.98
