"""ONNX files through ONNX's own eyes: its checker, its reference evaluator, and onnxruntime.

Run: python -m pytest -m oracle tests/oracle/test_exchange_onnx.py
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import zoo

import tinygrad_edu.keras as keras
from tinygrad_edu import Tensor, io, nn, op, ops
from tinygrad_edu.engine.errors import ExchangeError

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
reference = pytest.importorskip("onnx.reference")
pytestmark = pytest.mark.oracle


def evaluated(path: Path, inputs: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """What onnxruntime and the reference evaluator make of a file."""
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, inputs), reference.ReferenceEvaluator(str(path)).run(None, inputs)


def agree(path: Path, inputs: Any, expected: Any, names: Any = "input", atol: float = 1e-5) -> None:
    given = inputs if isinstance(inputs, dict) else {names: inputs}
    expected = expected if isinstance(expected, list) else [expected]
    for outputs in evaluated(path, given):
        assert len(outputs) == len(expected)
        for out, mine in zip(outputs, expected):
            assert out.shape == mine.shape
            assert out.dtype == mine.dtype
            np.testing.assert_allclose(out, mine, rtol=0, atol=atol)


@pytest.mark.parametrize("network", zoo.NETWORKS)
def test_the_same_outputs_at_another_batch_size(network: Callable[[], Any], tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    model, x = zoo.subject(network, n=5)
    io.export_onnx(model, path, x[:1])
    agree(path, x, zoo.predictions(model, x))
    one = x[:1]
    agree(path, one, zoo.predictions(model, one))
    graph = onnx.load(path).graph
    assert graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    assert graph.output[0].type.tensor_type.shape.dim[0].dim_param == "batch"


def test_parameters_keep_their_names(tmp_path: Path) -> None:
    model, x = zoo.subject(zoo.convnet)
    io.export_onnx(model, tmp_path / "net.onnx", x)
    arrays = {i.name: onnx.numpy_helper.to_array(i) for i in onnx.load(tmp_path / "net.onnx").graph.initializer}
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(arrays[name], value)


def test_frozen_models_and_float64(tmp_path: Path) -> None:
    model, x = zoo.subject(zoo.deep, dtype=np.float64)
    model.freeze()
    io.export_onnx(model, tmp_path / "net.onnx", x)
    agree(tmp_path / "net.onnx", x, zoo.predictions(model, x), atol=1e-12)
    assert not any(p.requires_grad for p in model.parameters())


def test_models_in_keras_s_words(tmp_path: Path) -> None:
    layers = keras.layers
    x = np.random.default_rng(0).standard_normal((3, 8, 8, 3)).astype(np.float32)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)), layers.Rescaling(0.5, offset=0.1),
            layers.SeparableConv2D(4, 3, activation="relu", padding="same"), layers.BatchNormalization(),
            layers.DepthwiseConv2D(3, strides=2), layers.Conv2DTranspose(5, 3, strides=2, padding="same"),
            layers.LayerNormalization(), layers.GlobalAveragePooling2D(), layers.Dense(6, activation="elu"), layers.Reshape((3, 2)),
            layers.Bidirectional(layers.LSTM(4, return_sequences=True)), layers.TimeDistributed(layers.Dense(2)), layers.Flatten(),
            layers.RepeatVector(2), layers.GRU(3, reset_after=False), layers.Dense(2, activation="softmax"),
        ]
    )  # fmt: skip
    io.export_onnx(model, tmp_path / "net.onnx", x[:2])
    agree(tmp_path / "net.onnx", x, zoo.predictions(model, x))


MASKED: dict[str, Callable[[Any], list[Any]]] = {  # layers behind a Masking of (N, 6, 3)
    "LSTM": lambda k: [k.LSTM(4)],
    "GRU": lambda k: [k.GRU(4, return_sequences=True), k.GRU(3, reset_after=False, go_backwards=True)],
    "SimpleRNN": lambda k: [
        k.Dense(5, activation="relu"),
        k.SimpleRNN(4, return_sequences=True),
        k.GlobalAveragePooling1D(),
    ],
    "Bidirectional": lambda k: [k.Bidirectional(k.LSTM(4, return_sequences=True)), k.Bidirectional(k.GRU(2), "sum")],
    "zeros for padding": lambda k: [k.LSTM(4, return_sequences=True, zero_output_for_mask=True), k.Flatten()],
}


@pytest.mark.filterwarnings("ignore::tinygrad_edu.keras.layers.LostMaskWarning")
@pytest.mark.parametrize("name", MASKED)
@pytest.mark.parametrize("padded", [False, True])
def test_masked_recurrent_layers(name: str, padded: bool, tmp_path: Path) -> None:
    """The mask is computed in the file, whether or not the example had any padding."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((5, 6, 3)).astype(np.float32)
    masked = x * (rng.random((5, 6, 1)) > 0.4).astype(np.float32)
    model = keras.Sequential([keras.Input((6, 3)), keras.layers.Masking(), *MASKED[name](keras.layers)])
    io.export_onnx(model, tmp_path / "net.onnx", (masked if padded else x)[:1])
    for batch in (masked, masked[:1], x):
        agree(tmp_path / "net.onnx", batch, zoo.predictions(model, batch))


def test_masks_of_embeddings(tmp_path: Path) -> None:
    """Recurrent layers, merging and attention, with ids as whole numbers and as the floats that fit makes."""
    layers = keras.layers
    ids = keras.Input((6,), dtype="int32")
    words = layers.Embedding(9, 4, mask_zero=True)(ids)
    both = layers.Concatenate()([layers.Bidirectional(layers.GRU(3, return_sequences=True))(words), words])
    seen = layers.Add()([both, layers.MultiHeadAttention(2, 3)(both, both)])
    model = keras.Model(ids, layers.Dense(2)(layers.LSTM(4)(seen)))
    x = np.random.default_rng(0).integers(0, 4, (5, 6))
    for kind in (np.int64, np.float32):
        io.export_onnx(model, tmp_path / "net.onnx", np.ones((1, 6), kind))
        agree(tmp_path / "net.onnx", x.astype(kind), zoo.predictions(model, x))


def test_names_that_meet(tmp_path: Path) -> None:
    class Own(nn.Module):
        def __init__(self) -> None:
            self.input, self.output = nn.Parameter(np.full(3, 2.0, np.float32)), nn.Parameter(np.ones(3, np.float32))

        def forward(self, x: Tensor) -> Tensor:
            return x * self.input + self.output

    x = np.ones((2, 3), np.float32)
    io.export_onnx(Own(), tmp_path / "net.onnx", x)
    agree(tmp_path / "net.onnx", x, x * 3)


def test_celu_in_float64(tmp_path: Path) -> None:
    """Which ONNX has for float32 alone. onnxruntime has no float64 kernel of what it is made of; the evaluator has."""
    x = np.linspace(-2, 2, 6).reshape(2, 3)
    f = lambda x: ops.celu(x, 0.7)
    io.export_onnx(f, tmp_path / "f.onnx", x)
    out = reference.ReferenceEvaluator(str(tmp_path / "f.onnx")).run(None, {"input": x})[0]
    np.testing.assert_allclose(out, f(Tensor(x)).numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("make", "shape"), zoo.LAYERS, ids=zoo.title)
def test_every_layer(make: Callable[[], nn.Module], shape: tuple[int, ...], tmp_path: Path) -> None:
    if make().__class__ is nn.Softmax:
        pytest.skip("softmax over the batch has no meaning for a batch of another size")
    model, x = zoo.around(make, shape)
    io.export_onnx(model, tmp_path / "net.onnx", x)
    larger = np.concatenate([x, x[::-1]])
    path = tmp_path / "net.onnx"
    groups = isinstance(model[0], nn.ConvTranspose2d)  # of which the reference evaluator of onnx 1.23 makes an error
    out = onnxruntime.InferenceSession(path).run(None, {"input": larger})[0] if groups else None
    if groups:
        np.testing.assert_allclose(out, zoo.predictions(model, larger), rtol=0, atol=1e-5)
    else:
        agree(path, larger, zoo.predictions(model, larger))


EXAMPLES: dict[str, tuple[Callable[[Any], Any], tuple[int, ...], int]] = {  # a model, a sample's shape, words or 0
    "mnist": (lambda m: nn.Sequential(m.deep().layers), (784,), 0),
    "mnist_mpi": (lambda m: nn.Sequential(m.network("convnet")), (1, 28, 28), 0),
    "transformer": (lambda m: m.Writer(), (20,), 30),
    "keras_style.convnet": (lambda m: m.tuned(), (28, 28, 1), 0),
    "keras_style.time_series": (lambda m: m.build(), (48, 1), 0),
    "keras_style.custom_layer": (lambda m: m.build(), (2,), 0),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_models_of_the_examples(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, _, module = f"examples.{name}".rpartition(".")
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / folder.replace(".", "/"))
    build, shape, words = EXAMPLES[name]
    made = build(importlib.import_module(module))
    model = made[0] if isinstance(made, tuple) else made
    rng = np.random.default_rng(0)
    x = rng.integers(0, words, (4, *shape)) if words else rng.random((4, *shape), dtype=np.float32)
    io.export_onnx(model, tmp_path / "net.onnx", x[:1])
    agree(tmp_path / "net.onnx", x, zoo.predictions(model, x))


def test_several_inputs_and_outputs(tmp_path: Path) -> None:
    left, right = nn.Input((4,), name="left"), nn.Input((3,), name="right")
    hidden = nn.Linear(5)(left)
    model = nn.Model({"left": left, "right": right}, {"sum": hidden + nn.Linear(5)(right), "wide": hidden * 2.0})
    rng = np.random.default_rng(0)
    x = {"left": rng.standard_normal((6, 4)).astype("f4"), "right": rng.standard_normal((6, 3)).astype("f4")}
    io.export_onnx(model, tmp_path / "net.onnx", {name: v[:2] for name, v in x.items()})
    expected = model.predict(x, verbose=0)
    agree(tmp_path / "net.onnx", x, [expected["sum"], expected["wide"]])


# -- every op that has a rule ------------------------------------------------------------------------------------------

W = np.random.default_rng(1).standard_normal((6, 4)).astype(np.float32)
MASK = np.array([[True, False, True, True], [False] * 4, [True] * 4])
ON_ROWS: dict[str, Callable[[Any], Any]] = {  # x : (N, 4), between -2 and 2
    "arithmetic": lambda x: (1 - x) * 2.5 / (x * x + 1) - abs(x) ** 1.5 + ops.reciprocal(x + 3) - ops.negative(x),
    "rounding": lambda x: ops.floor(x) + ops.ceil(x) * 2 + ops.rint(x * 3) + ops.sign(x),
    "trigonometry": lambda x: (
        ops.sin(x) + ops.cos(x) * ops.tan(x / 2) + ops.arctan(x) + ops.arcsin(x / 3) + ops.arccos(x / 3)
    ),
    "hyperbolic": lambda x: (
        ops.sinh(x) + ops.cosh(x) + ops.tanh(x) + ops.arcsinh(x) + ops.arctanh(x / 3) + ops.arccosh(x + 4)
    ),
    "exponential": lambda x: ops.exp(x) + ops.exp2(x) + ops.expm1(x),
    "logarithms": lambda x: ops.log(x + 3) + ops.log2(x + 3) + ops.log10(x + 3) + ops.log1p(x + 3) + ops.sqrt(x + 3),
    "special": lambda x: ops.erf(x) + ops.erfc(x) + ops.ndtr(x),
    "sigmoids": lambda x: (
        ops.sigmoid(x) + ops.log_sigmoid(x) + ops.softplus(x) + ops.softsign(x) + ops.hard_sigmoid(3 * x)
    ),
    "rectifiers": lambda x: (
        ops.relu(x) + ops.leaky_relu(x, 0.3) + ops.relu6(5 * x) + ops.hard_tanh(x, -0.5, 0.7) + ops.prelu(x, W[0])
    ),
    "smooth rectifiers": lambda x: (
        ops.elu(x, 0.5) + ops.celu(x, 2.0) + ops.selu(x) + ops.silu(x) + ops.mish(x) + ops.hard_swish(x)
    ),
    "gelu": lambda x: ops.gelu(x) + ops.gelu(x, "tanh") + ops.glu(ops.concatenate([x, 2 * x], axis=1)),
    "softmax": lambda x: ops.softmax(x) + ops.log_softmax(x) + ops.softmin(x),
    "selection": lambda x: (
        ops.clip(x, -1, 1)
        + ops.clip(x, min=0)
        + ops.maximum(x, 0.5)
        - ops.minimum(x, 2 * x)
        + ops.where(W[0] > 0, x, -x)
    ),
    "squares": lambda x: ops.square(x) + x.copy() + x.astype("float64").astype("float32"),
    "reductions": lambda x: ops.stack(
        [x.sum(axis=1), x.mean(axis=1), x.max(axis=1), x.min(axis=1), ops.prod(x, axis=1)], axis=-1
    ),
    "spreads": lambda x: (
        ops.var(x, axis=1, keepdims=True)
        + ops.std(x, axis=-1, ddof=1, keepdims=True)
        + ops.logsumexp(x, axis=1, keepdims=True)
    ),
    "over the batch": lambda x: x - x.mean(axis=0) + ops.sum(x),
    "reshape": lambda x: x.reshape(-1, 2, 2).swapaxes(1, 2).reshape(x.shape[0], 4)[:, None, ::-1].squeeze(1),
    "two axes of the batch": lambda x: x.reshape(2 * x.shape[0], 2).reshape(x.shape[0], 2, 2).transpose(2, 0, 1),
    "axes": lambda x: (
        ops.moveaxis(ops.expand_dims(x, (1, 3)), 2, 0)
        + ops.matrix_transpose(ops.broadcast_to(x[:, 0], (4, x.shape[0])).reshape(4, -1, 1, 1))
    ),
    "joining": lambda x: ops.concatenate([x, ops.flip(x, 1), ops.stack([x[:, 1], x[..., -1]], axis=1)], axis=1),
    "cutting": lambda x: (
        ops.split(x, [1, 3], axis=1)[1] * ops.array_split(x, 3, axis=1)[0] + ops.unstack(x, axis=1)[2][:, None]
    ),
    "indexing": lambda x: x[:, 1:-1] + x[:, [0, 3]] + ops.take(x, [1, 1], axis=1) + x[:, -1:] + x[:, ::2],
    "flattening": lambda x: ops.ravel(x).reshape(x.shape) + ops.flatten(+x).reshape(x.shape),
    "at least": lambda x: ops.atleast_3d(ops.atleast_1d(x)) + ops.atleast_2d(x)[:, :, None],
    "batch slices": lambda x: x[::-1] * 2,
    "all of the batch": lambda x: x[0 : x.shape[0], 1:3] + x[: x.shape[0]][:, 1:3],
    "repeating": lambda x: ops.repeat(x, 2, axis=1) + ops.tile(x, (1, 2)) + ops.pad(x, ((0, 0), (1, 3))),
    "products": lambda x: x @ W.T + ops.linear(x, W.T, W[:, 0]) + ops.einsum("ni,ji->nj", x, W),
    "an array of another dtype": lambda x: x * np.arange(4) + np.float64(2),
    "masks by numpy": lambda x: (
        ops.where((x.data > -1) & ~(x.data > 1) | (x.data != x.data.T.T), x, 0.5)
        + ops.where((x.data >= 0) ^ (x.data < 0.5), x, 2.0)
        + ops.where(np.logical_xor(x.data <= 0, x.data == 1), x * 2, x)
    ),
    "masks reduced": lambda x: (
        ops.where((x.data > 0).any(axis=1, keepdims=True) & np.all(x.data > -1.9, axis=-1)[:, None], x, 0.0)
        / (1 + (x.data > 0).sum(axis=1, keepdims=True).astype("float32"))
        + np.where(np.logical_and(x.data > 0, np.logical_or(x.data < 1, np.logical_not(x.data > 1.5))), 1.0, -1e9)
    ),
    "norms": lambda x: ops.layer_norm(x, W[0], W[1]) + ops.rms_norm(x, W[0]) + ops.layer_norm(x),
}
ON_IMAGES: dict[str, Callable[[Any], Any]] = {  # x : (N, 4, 6, 6)
    "pooling": lambda x: (
        ops.max_pool2d(x, 3, 2, 1) + ops.avg_pool2d(x, 3, 2, 1) - ops.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
    ),
    "pooling in one and three axes": lambda x: (
        ops.max_pool1d(x[:, :, 0], 2)[..., None] + ops.avg_pool3d(x[:, None], 2).sum(axis=(1, 2))[:, None]
    ),
    "adaptive pooling": lambda x: ops.adaptive_avg_pool2d(x, (3, 2)) + ops.adaptive_max_pool2d(x, (3, 2)),
    "convolution": lambda x: ops.conv2d(
        x, W.reshape(2, 2, 3, 2), W[:2, 0], stride=(1, 2), padding=((1, 0), (2, 1)), groups=2
    ),
    "in one and three axes": lambda x: (
        ops.conv1d(x[:, :, 0], W.reshape(2, 4, 3), dilation=2)[:, :, :1]
        + ops.conv3d(x[:, None], W.reshape(3, 1, 2, 2, 2))[:, :2, 0, 0, :2]
    ),
    "transposed": lambda x: ops.conv_transpose2d(
        x, W.reshape(4, 1, 3, 2), W[:1, 0], stride=2, padding=1, output_padding=1
    ),
    "group norm": lambda x: (
        ops.group_norm(x, 2, W[0], W[1])
        + ops.instance_norm(x, W[0])
        + ops.layer_norm(x, W[:, :].ravel()[:6].reshape(6), None, -1)
    ),
    "batch norm, channels last": lambda x: (
        ops.batch_norm_inference(x, W[0, :], abs(W[1]), W[2], None, 1)
        + ops.batch_norm_inference(x, W[:, 0], abs(W[:, 1]), None, W[:, 2], -1)
    ),
    "transposed in one and three axes": lambda x: (
        ops.conv_transpose1d(x[:, :, 0], W.reshape(4, 2, 3), stride=2)
        + ops.conv_transpose3d(x[:, None], W.reshape(1, 3, 2, 2, 2))[:, :2, 0, 0, :1]
    ),
    "pooling in three and one axes": lambda x: (
        ops.max_pool3d(x[:, None], 2).mean(axis=(1, 2, 3)) + ops.avg_pool1d(x[:, 0], 2)[:, :3].mean(axis=1)
    ),
    "attention": lambda x: (
        ops.scaled_dot_product_attention(x[:, :2, :3], x[:, 2:, :4], x[:, 2:, :4], MASK)
        + ops.scaled_dot_product_attention(x[:, :2, :3], x[:, :2, :3], x[:, :2, :3], causal=True)
    ),
    "attention with a float mask": lambda x: ops.scaled_dot_product_attention(x, x, x, W[:, :1], scale=0.3),
}


@pytest.mark.parametrize("name", [*ON_ROWS, *ON_IMAGES])
def test_ops(name: str, tmp_path: Path) -> None:
    f, shape = (ON_ROWS[name], (4,)) if name in ON_ROWS else (ON_IMAGES[name], (4, 6, 6))
    if name == "two axes of the batch":
        f = lambda x: ON_ROWS[name](x).transpose(1, 0, 2)
    x = np.random.default_rng(0).uniform(-2, 2, (5, *shape)).astype(np.float32)
    io.export_onnx(f, tmp_path / "f.onnx", x[:2])
    agree(tmp_path / "f.onnx", x, f(Tensor(x)).numpy())


def test_transposed_convolution_in_groups(tmp_path: Path) -> None:
    """Of which the reference evaluator makes an error of its own (onnx 1.23): onnxruntime alone judges."""
    x = np.random.default_rng(0).standard_normal((3, 4, 5, 5)).astype(np.float32)
    f = lambda x: ops.conv_transpose2d(x, W.reshape(4, 1, 3, 2), stride=2, groups=2)
    io.export_onnx(f, tmp_path / "f.onnx", x[:1])
    out = onnxruntime.InferenceSession(tmp_path / "f.onnx").run(None, {"input": x})[0]
    np.testing.assert_allclose(out, f(x), rtol=0, atol=1e-5)


def test_every_rule_is_exercised() -> None:
    """The functions above and the networks of the zoo meet every op that has a rule."""
    from tinygrad_edu.exchange._onnx_rules import RULES
    from tinygrad_edu.exchange._recording import program

    met = set()
    for table, shape in ((ON_ROWS, (2, 4)), (ON_IMAGES, (2, 4, 6, 6))):
        for f in table.values():
            met |= {step.op.name for step in program(f, np.ones(shape, np.float32)).steps}
    for network in zoo.NETWORKS:
        met |= {step.op.name for step in program(*zoo.subject(network)).steps}
    assert sorted(set(RULES) - met - {"alias"}) == []  # which only the engine itself records


def test_an_op_of_one_s_own(tmp_path: Path) -> None:
    @op(name="cube_for_onnx")
    def cube(x: Any) -> Any:
        return x**3, lambda g: g * 3 * x**2

    x = np.ones((2, 3), np.float32) * 2
    with pytest.raises(ExchangeError, match="op 'cube_for_onnx' has no rule"):
        io.export_onnx(cube, tmp_path / "f.onnx", x)
    assert not list(tmp_path.iterdir())

    @io.onnx_rule("cube_for_onnx")
    def rule(w: Any, out: Any, x: Any) -> Any:
        return w.node("Mul", x, w.node("Mul", x, x))

    io.export_onnx(cube, tmp_path / "f.onnx", x)
    agree(tmp_path / "f.onnx", x, x**3)


def test_a_rule_that_onnx_does_not_understand(tmp_path: Path) -> None:
    @op(name="odd_for_onnx")
    def odd(x: Any) -> Any:
        return x, lambda g: g

    @io.onnx_rule("odd_for_onnx")
    def rule(w: Any, out: Any, x: Any) -> Any:
        return w.node("NoSuchThing", x)

    with pytest.raises(ExchangeError, match=r"ONNX's own check refuses the file.*\n*.*NoSuchThing"):
        io.export_onnx(odd, tmp_path / "f.onnx", np.ones((2, 3), np.float32))
    assert not list(tmp_path.iterdir())


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"older")
    with pytest.raises(ExchangeError, match="'cumsum' has no rule"):
        io.export_onnx(lambda x: ops.cumsum(x, axis=1), path, np.ones((2, 3)))
    assert path.read_bytes() == b"older"
    io.export_onnx(lambda x: x * 2, path, np.ones((2, 3), np.float32))
    assert [f.name for f in tmp_path.iterdir()] == ["net.onnx"]
