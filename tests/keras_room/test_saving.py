"""Models in files: what comes back, what is refused, and that nothing but data is ever read."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import threading
import warnings
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tinygrad_edu import keras, nn
from tinygrad_edu.engine.errors import CheckpointError, NotReadyError
from tinygrad_edu.io._archive import Writer
from tinygrad_edu.keras import layers, ops

RNG = np.random.default_rng(0)
X = RNG.standard_normal((24, 6)).astype("float32")
Y = RNG.integers(0, 3, 24)


@keras.saving.register_keras_serializable(package="tests")
class Scale(layers.Layer):
    """A layer with a weight, and get_config as people write it."""

    def __init__(self, factor: float = 2.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")

    def call(self, inputs: Any) -> Any:
        return inputs * self.scale * self.factor

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


@keras.saving.register_keras_serializable(package="tests")
def capped(x: Any) -> Any:
    return ops.minimum(x, 1.0)


@keras.saving.register_keras_serializable(package="tests")
class Blocks(keras.Model):
    """A model as a class, with layers under attributes, in a list and in a dict."""

    def __init__(self, units: int = 4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = layers.Dense(units, activation=capped)
        self.blocks = [layers.Dense(3), layers.Dense(4)]
        self.heads = {"main": layers.Dense(3, activation="softmax")}

    def call(self, inputs: Any) -> Any:
        x = self.first(inputs)
        for block in self.blocks:
            x = block(x)
        return self.heads["main"](x)


def sequential() -> Any:
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(
                5, activation="relu", kernel_regularizer=keras.regularizers.L2(0.01), kernel_constraint="max_norm"
            ),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            Scale(1.5),
            layers.Dense(3, activation="softmax", kernel_initializer=keras.initializers.HeNormal(seed=3)),
        ]
    )


def deferred() -> Any:
    model = keras.Sequential([layers.Dense(5, activation=capped), layers.Dense(3, activation="softmax")], name="late")
    model(X[:2])
    return model


def functional() -> Any:
    inputs = keras.Input((6,), name="in")
    shared = layers.Dense(4, activation="tanh", name="shared")
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4, activation="relu")], name="inner")
    x = layers.Concatenate()([shared(inputs), inner(shared(inputs * 2.0 - 1)), ops.exp(-inputs)[:, :2]])
    x = layers.Dropout(0.2, seed=5)(x)
    return keras.Model(inputs, layers.Dense(3, activation="softmax")(x), name="graph")


def subclassed() -> Any:
    model = Blocks(units=7)
    model(X[:2])
    return model


def recurrent() -> Any:
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Reshape((3, 2)),
            layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
            layers.TimeDistributed(layers.Dense(2)),
            layers.GRU(3),
            layers.Dense(3, activation="softmax"),
        ]
    )


def of_nn() -> Any:
    """Layers of nn, alone and among those of keras.layers."""
    inner = nn.Sequential(nn.Linear(6, 5), nn.LeakyReLU(0.1), nn.LayerNorm(5))
    return keras.Sequential([keras.Input((6,)), inner, nn.Dropout(0.2), layers.Dense(3), nn.Softmax()])


MODELS = [sequential, deferred, functional, subclassed, recurrent, of_nn]


def compiled(build: Callable[[], Any], optimizer: Any = "adam") -> Any:
    keras.utils.set_random_seed(1)
    model = build()
    model.compile(
        optimizer,
        "sparse_categorical_crossentropy",
        metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(2)],
    )
    return model


def fitted(model: Any, epochs: int = 1) -> dict[str, Any]:
    return model.fit(X, Y, batch_size=10, epochs=epochs, verbose=0).history  # type: ignore[no-any-return]


# -- what comes back ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("build", MODELS)
def test_a_loaded_model_goes_on_to_the_last_bit(build: Callable[[], Any], tmp_path: Path) -> None:
    model = compiled(build)
    fitted(model, 2)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert [w.shape for w in loaded.get_weights()] == [w.shape for w in model.get_weights()]
    assert np.array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
    assert fitted(loaded) == fitted(model)
    assert all(map(np.array_equal, loaded.get_weights(), model.get_weights()))
    assert loaded.optimizer.iterations == model.optimizer.iterations == 9
    assert loaded.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)


def names(model: Any) -> list[str]:
    return [getattr(layer, "name", type(layer).__name__) for layer in model.layers]


@pytest.mark.parametrize("build", MODELS)
def test_configurations_make_the_same_model_with_new_weights(build: Callable[[], Any]) -> None:
    model = build()
    copies = [
        type(model).from_config(model.get_config()),
        keras.models.clone_model(model),
        keras.models.model_from_json(model.to_json()),
        keras.saving.deserialize_keras_object(json.loads(json.dumps(keras.saving.serialize_keras_object(model)))),
    ]
    for made in copies:
        made(X[:2])
        assert [w.shape for w in made.get_weights()] == [w.shape for w in model.get_weights()]
        assert made.weights[0] is not model.weights[0]
        made.set_weights(model.get_weights())
        assert np.array_equal(made.predict(X, verbose=0), model.predict(X, verbose=0))
        assert names(made) == names(model) or build == subclassed


@pytest.mark.parametrize("build", MODELS)
def test_a_frozen_model_stays_frozen(build: Callable[[], Any], tmp_path: Path) -> None:
    model = build()
    model.trainable = False
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.trainable_weights == []
    assert not loaded.trainable


class Sampling(layers.Layer):
    """Draws while its output's shape is being found, which must not count as weights."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seeds = keras.random.SeedGenerator(7)

    def call(self, inputs: Any) -> Any:
        mean, spread = inputs
        return mean + ops.exp(spread) * keras.random.normal(ops.shape(mean), seed=self.seeds)


class VAE(keras.Model):
    """Made from two models, with metrics and a train_step of its own."""

    def __init__(self, encoder: Any, decoder: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.encoder, self.decoder = encoder, decoder
        self.tracker = keras.metrics.Mean(name="loss")

    @property
    def metrics(self) -> list[Any]:
        return [self.tracker]

    def call(self, inputs: Any) -> Any:
        return self.decoder(self.encoder(inputs))

    def train_step(self, data: Any) -> dict[str, Any]:
        loss = ops.mean(ops.square(self(data, training=True) - data))
        self.zero_grad()
        loss.backward()
        self.optimizer.apply_gradients(
            zip([w.grad for w in self.trainable_weights], self.trainable_weights, strict=True)
        )
        self.tracker.update_state(loss)
        return {"loss": self.tracker.result()}


def test_a_model_made_of_models_goes_on(tmp_path: Path) -> None:
    keras.utils.set_random_seed(2)
    inputs = keras.Input((6,))
    encoder = keras.Model(inputs, Sampling()([layers.Dense(1)(inputs), layers.Dense(1)(inputs)]))
    model = VAE(encoder, keras.Sequential([keras.Input((1,)), layers.Dense(6)]))
    model.compile("adam")
    model.fit(X, verbose=0)
    model.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras", custom_objects={"VAE": VAE, "Sampling": Sampling})
    assert loaded.fit(X, verbose=0).history == model.fit(X, verbose=0).history


def test_arguments_that_cannot_be_copied_do_not_matter_to_copies() -> None:
    class Guarded(layers.Layer):
        def __init__(self, lock: Any, **kwargs: Any) -> None:
            super().__init__(**kwargs)

        def call(self, inputs: Any) -> Any:
            return inputs

    layer = Guarded(threading.Lock(), name="guarded")
    assert copy.deepcopy(layer).get_config()["name"] == "guarded"
    with pytest.raises(TypeError, match=r"Guarded.lock is a lock without get_config"):
        keras.saving.serialize_keras_object(layer)


def test_frozen_layers_stay_frozen(tmp_path: Path) -> None:
    model = compiled(sequential)
    model.layers[0].trainable = False
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert [layer.trainable for layer in loaded.layers] == [layer.trainable for layer in model.layers]
    assert len(loaded.trainable_weights) == len(model.trainable_weights)


@pytest.mark.parametrize(
    "optimizer",
    [
        keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 3, 0.5), momentum=0.9, nesterov=True),
        keras.optimizers.AdamW(0.01, use_ema=True, clipnorm=1.0),
        keras.optimizers.RMSprop(0.01, centered=True, gradient_accumulation_steps=2),
        keras.optimizers.Adagrad(0.01, initial_accumulator_value=0.2),
    ],
    ids=lambda o: type(o).__name__,
)
def test_optimizers_go_on(optimizer: Any, tmp_path: Path) -> None:
    model = compiled(sequential, type(optimizer).from_config(optimizer.get_config()))
    fitted(model)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.optimizer.get_config() == model.optimizer.get_config()
    assert fitted(loaded) == fitted(model)
    assert all(map(np.array_equal, loaded.get_weights(), model.get_weights()))


def test_several_outputs_keep_their_losses(tmp_path: Path) -> None:
    inputs = keras.Input((6,))
    outputs = {"a": layers.Dense(1, name="a")(inputs), "b": layers.Dense(3, activation="softmax", name="b")(inputs)}
    model = keras.Model(inputs, outputs)
    model.compile(
        "sgd",
        {"a": keras.losses.Huber(0.5), "b": "sparse_categorical_crossentropy"},
        {"a": 0.5, "b": 1.0},
        {"b": ["acc"]},
    )
    targets = {"a": X[:, 0], "b": Y}
    model.fit(X, targets, verbose=0)
    model.save(tmp_path / "two.keras")
    loaded = keras.models.load_model(tmp_path / "two.keras")
    assert loaded.evaluate(X, targets, verbose=0, return_dict=True) == model.evaluate(
        X, targets, verbose=0, return_dict=True
    )


def test_compile_false_leaves_the_training_out(tmp_path: Path) -> None:
    model = compiled(sequential)
    model.compile("sgd", loss=lambda y_true, y_pred: ops.mean(y_pred))
    with pytest.raises(TypeError, match=r"compile.*loss.*lambda"):
        model.save(tmp_path / "model.keras")
    model.compile("sgd", "mse")
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", compile=False)
    assert not loaded.compiled


def test_a_converted_model_stays_converted(tmp_path: Path) -> None:
    model = compiled(sequential)
    model.astype("float64")
    x = X.astype("float64")
    model.fit(x, Y, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert {w.dtype.name for w in loaded.weights} == {"float64"}
    assert loaded.fit(x, Y, verbose=0).history == model.fit(x, Y, verbose=0).history


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    model = compiled(functional)
    for name in "ab":
        model.save(tmp_path / f"{name}.keras")
    assert (tmp_path / "a.keras").read_bytes() == (tmp_path / "b.keras").read_bytes()


def test_any_zip_program_reads_it(tmp_path: Path) -> None:
    model = compiled(sequential)
    fitted(model)
    model.save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as file:
        assert file.namelist() == ["metadata.json", "config.json", "model.weights.npz"]
        assert json.loads(file.read("config.json"))["class_name"] == "Sequential"
        arrays = np.load(BytesIO(file.read("model.weights.npz")))
    assert np.array_equal(arrays["weights/layers/dense/vars/0"], model.layers[0].kernel.data)
    assert np.array_equal(arrays["weights/layers/dense_1/vars/1"], model.layers[-1].bias.data)
    assert arrays["optimizer/vars/0"] == 3


SCRIPT = """
import sys
import numpy as np
from tinygrad_edu import keras, nn
model = keras.models.load_model(sys.argv[1])
x = np.load(sys.argv[2])
np.save(sys.argv[3], model.predict(x, verbose=0))
"""


def test_it_loads_in_a_new_process(tmp_path: Path) -> None:
    model = compiled(functional)
    fitted(model)
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "x.npy", X)
    names = [str(tmp_path / name) for name in ("model.keras", "x.npy", "y.npy")]
    subprocess.run([sys.executable, "-c", SCRIPT, *names], check=True, timeout=60)
    assert np.array_equal(np.load(names[2]), model.predict(X, verbose=0))


def test_checkpoints_of_models_and_weights(tmp_path: Path) -> None:
    model = compiled(sequential)
    whole = keras.callbacks.ModelCheckpoint(tmp_path / "all-{epoch:02d}-{accuracy:.2f}.keras")
    best = keras.callbacks.ModelCheckpoint(
        tmp_path / "best.weights.npz", "loss", save_best_only=True, save_weights_only=True
    )
    history = model.fit(X, Y, epochs=3, verbose=0, callbacks=[whole, best]).history
    names = [f"all-{i + 1:02d}-{share:.2f}.keras" for i, share in enumerate(history["accuracy"])]
    assert sorted(p.name for p in tmp_path.iterdir()) == [*names, "best.weights.npz"]
    last = keras.models.load_model(tmp_path / names[-1])
    assert all(map(np.array_equal, last.get_weights(), model.get_weights()))
    second = keras.models.load_model(tmp_path / names[1])
    assert second.fit(X, Y, verbose=0).history == {key: [values[2]] for key, values in history.items()}
    model.load_weights(tmp_path / "best.weights.npz")
    at = int(np.argmin(history["loss"]))
    saved = keras.models.load_model(tmp_path / names[at])
    assert all(map(np.array_equal, saved.get_weights(), model.get_weights()))


# -- weights alone -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("build", MODELS)
def test_weights_alone(build: Callable[[], Any], tmp_path: Path) -> None:
    model, other = build(), build()
    model.save_weights(tmp_path / "w.weights.npz")
    other.load_weights(tmp_path / "w.weights.npz")
    assert all(map(np.array_equal, other.get_weights(), model.get_weights()))


def test_weights_of_a_class_lie_under_its_attributes(tmp_path: Path) -> None:
    subclassed().save_weights(tmp_path / "w.weights.npz")
    with np.load(tmp_path / "w.weights.npz") as arrays:
        assert {"first/vars/0", "blocks/dense/vars/0", "blocks/dense_1/vars/1", "heads/dense/vars/0"} <= set(arrays)


def test_weights_from_a_whole_model(tmp_path: Path) -> None:
    model, other = sequential(), sequential()
    model.save(tmp_path / "model.keras")
    other.load_weights(tmp_path / "model.keras")
    assert all(map(np.array_equal, other.get_weights(), model.get_weights()))


def test_weights_that_do_not_fit_change_nothing(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((6,)), layers.Dense(5), layers.Dense(3)])
    model.save_weights(tmp_path / "w.weights.npz")
    other = keras.Sequential([keras.Input((6,)), layers.Dense(5), layers.Dense(4)])
    before = other.get_weights()
    with pytest.raises(CheckpointError, match=r"layers/dense_1/vars/0 is \(5, 4\) float32 in sequential_1, \(5, 3\)"):
        other.load_weights(tmp_path / "w.weights.npz")
    assert all(map(np.array_equal, other.get_weights(), before))
    other.load_weights(tmp_path / "w.weights.npz", skip_mismatch=True)
    assert np.array_equal(other.get_weights()[0], model.get_weights()[0])
    assert np.array_equal(other.get_weights()[2], before[2])


# -- names -------------------------------------------------------------------------------------------------------------


class Unregistered(layers.Layer):
    def call(self, inputs: Any) -> Any:
        return inputs


def test_unknown_classes_are_listed_with_their_lines(tmp_path: Path) -> None:
    def soft(x: Any) -> Any:
        return x

    model = keras.Sequential([keras.Input((6,)), Unregistered(), layers.Dense(2, activation=soft), Scale()])
    model.save(tmp_path / "model.keras")
    known = keras.saving.get_custom_objects().pop("tests>Scale")
    try:
        with pytest.raises(keras.saving.UnregisteredError) as info:
            keras.models.load_model(tmp_path / "model.keras")
    finally:
        keras.saving.get_custom_objects()["tests>Scale"] = known
    message = str(info.value)
    assert "class Unregistered  @keras.saving.register_keras_serializable()" in message
    assert "function soft       @keras.saving.register_keras_serializable()" in message
    assert "class Scale         @keras.saving.register_keras_serializable(package='tests')" in message
    given = {"Unregistered": Unregistered, "soft": soft}
    loaded = keras.models.load_model(tmp_path / "model.keras", custom_objects=given)
    assert np.array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
    with keras.saving.custom_object_scope(given):
        keras.models.load_model(tmp_path / "model.keras")


def test_names_given_by_users_are_words_everywhere() -> None:
    with keras.saving.custom_object_scope({"doubled": lambda x: 2 * x}):
        assert layers.Dense(2, activation="doubled").activation(3) == 6
    assert keras.saving.get_registered_name(Scale) == "tests>Scale"
    assert keras.saving.get_registered_object("tests>Scale") is Scale
    assert keras.activations.get("tests>capped") is capped


def test_a_class_without_get_config_cannot_be_registered() -> None:
    with pytest.raises(ValueError, match=r"needs a method get_config"):
        keras.saving.register_keras_serializable()(type("Bare", (), {}))


def test_a_lambda_layer_is_not_saved(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((6,)), layers.Lambda(lambda x: x * 2)])
    with pytest.raises(TypeError, match=r"Lambda.*is a lambda, and no code is stored"):
        model.save(tmp_path / "model.keras")
    assert list(tmp_path.iterdir()) == []
    assert keras.models.clone_model(model).predict(X, verbose=0).shape == (24, 6)


def test_a_lambda_layer_is_not_loaded() -> None:
    config = {"module": "keras.layers", "class_name": "Lambda", "config": {"function": "relu"}, "registered_name": None}
    with pytest.raises(keras.saving.UnregisteredError, match=r"class Lambda  a Lambda layer is code"):
        keras.saving.deserialize_keras_object(config)


@pytest.mark.parametrize(
    ("room", "value"),
    [
        ("layers", layers.Conv2D(3, (2, 1), padding="same", activation="gelu")),
        ("losses", keras.losses.CategoricalCrossentropy(label_smoothing=0.1)),
        ("losses", keras.losses.Huber(2.0, name="h")),
        ("metrics", keras.metrics.BinaryAccuracy(threshold=0.3)),
        ("optimizers", keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 10), amsgrad=True)),
        ("optimizers.schedules", keras.optimizers.schedules.PiecewiseConstantDecay([1, 2], [0.1, 0.2, 0.3])),
        ("regularizers", keras.regularizers.L1L2(0.1, 0.2)),
        ("constraints", keras.constraints.MinMaxNorm(0.1, 2.0, axis=[0, 1])),
        ("initializers", keras.initializers.VarianceScaling(2.0, "fan_out", seed=4)),
        ("activations", keras.activations.relu),
    ],
    ids=lambda v: v if isinstance(v, str) else getattr(v, "__name__", type(v).__name__),
)
def test_there_and_back(room: str, value: Any) -> None:
    here = keras
    for part in room.split("."):
        here = getattr(here, part)
    data = json.loads(json.dumps(here.serialize(value)))
    back = here.deserialize(data)
    assert type(back) is type(value)
    assert here.serialize(back) == data
    if hasattr(value, "get_config"):
        assert type(value).from_config(value.get_config()).get_config() == value.get_config()


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "what"),
    [("m.h5", "save('m.keras')"), ("m", "save('m.keras')"), ("m.keras.npz", "save('m.keras')")],
)
def test_other_endings_say_what_to_type(name: str, what: str) -> None:
    with pytest.raises(ValueError, match=r"Type " + what.replace("(", r"\(").replace(")", r"\)")):
        sequential().save(name)


def test_hdf5_weights_say_what_to_type() -> None:
    with pytest.raises(ValueError, match=r"no HDF5 here. Type save_weights\('m.weights.npz'\)"):
        sequential().save_weights("m.weights.h5")


def test_an_unbuilt_model_is_not_saved(tmp_path: Path) -> None:
    for save in (lambda m: m.save(tmp_path / "m.keras"), lambda m: m.save_weights(tmp_path / "m.weights.npz")):
        with pytest.raises(NotReadyError, match="is not built"):
            save(keras.Sequential([layers.Dense(2)]))
    assert list(tmp_path.iterdir()) == []


def test_overwrite_false_keeps_the_file(tmp_path: Path) -> None:
    model = sequential()
    model.save(tmp_path / "m.keras")
    with pytest.raises(FileExistsError, match="overwrite=False"):
        model.save(tmp_path / "m.keras", overwrite=False)


def file_of(parts: dict[str, bytes]) -> bytes:
    out = BytesIO()
    archive = Writer(out)
    for name, content in parts.items():
        archive.add(name, [content])
    archive.finish()
    return out.getvalue()


def parts_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def changed(parts: dict[str, bytes], *where: Any, value: Any) -> dict[str, bytes]:
    config = json.loads(parts["config.json"])
    here = config
    for key in where[:-1]:
        here = here[key]
    here[where[-1]] = value
    return {**parts, "config.json": json.dumps(config).encode()}


DENSE = ("config", "layers", 1)
HOSTILE: dict[str, tuple[Callable[[dict[str, bytes]], dict[str, bytes]], str]] = {
    "unknown class": (lambda p: changed(p, *DENSE, "class_name", value="Popen"), "class Popen"),
    "import by module": (
        lambda p: changed(p, *DENSE, value={"module": "os", "class_name": "system", "config": {"command": "true"}}),
        "class system",
    ),
    "function by module": (
        lambda p: changed(
            p, *DENSE, "config", "activation", value={"module": "builtins", "class_name": "function", "config": "eval"}
        ),
        "function eval",
    ),
    "huge weight": (lambda p: changed(p, *DENSE, "config", "units", value=10**12), "for which it holds no numbers"),
    "huge weight of nn": (
        lambda p: changed(
            p,
            *DENSE,
            value={"module": "nn", "class_name": "Linear", "config": {"in_features": 10**6, "out_features": 10**6}},
        ),
        "for which it holds no numbers",
    ),
    "huge input": (
        lambda p: changed(
            p,
            "config",
            "layers",
            0,
            "config",
            "batch_shape",
            value={"class_name": "__tuple__", "config": [None, 10**5, 10**5, 6]},
        ),
        "larger than any it needs to be",
    ),
    "wrong shape": (lambda p: changed(p, *DENSE, "config", "units", value=2), "does not fit"),
    "unknown argument": (lambda p: changed(p, *DENSE, "config", "surprise", value=1), "no model can be made"),
    "name is a list": (lambda p: changed(p, *DENSE, "class_name", value=["Dense"]), "a name is a string"),
    "config is a list": (lambda p: changed(p, *DENSE, "config", value=[1]), "config is a dict"),
    "a loss as model": (
        lambda p: changed(p, "class_name", value="Huber") | {},
        "class Huber",
    ),
    "no build_config": (lambda p: changed(p, "build_config", value=None), "no model can be made"),
    "deep": (lambda p: {**p, "config.json": b'{"a":' * 100_000}, "is not the JSON"),
    "key twice": (lambda p: {**p, "config.json": b'{"a": 1, "a": 2}'}, "a key twice"),
    "not an object": (lambda p: {**p, "config.json": b"[]"}, "no JSON object"),
    "other format": (lambda p: {**p, "metadata.json": b"{}"}, "says nothing of the format"),
    "newer": (
        lambda p: {**p, "metadata.json": b'{"format": "tinygrad_edu model", "version": 2}'},
        "format version 2",
    ),
    "traversal": (lambda p: {"../../evil": b"", **p}, "not a model"),
    "one more member": (lambda p: {**p, "more.py": b"import os"}, "not a model"),
    "no weights": (lambda p: {**p, "model.weights.npz": b""}, "not a checkpoint"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    keras.Sequential([keras.Input((6,)), layers.Dense(3)]).save(path)
    change, message = HOSTILE[name]
    path.write_bytes(file_of(change(parts_of(path))))
    with pytest.raises(CheckpointError, match=message):
        keras.models.load_model(path)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value in nested lists and dicts."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(p for key, v in inner for p in places(v, (*path, key)))]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["class_name", "config", "units", "x"]), inner, max_size=3)
    ),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    path = tmp_path_factory.mktemp("fuzz") / "model.keras"
    inputs = keras.Input((6,))
    model = keras.Model(inputs, layers.Dense(3, activation="relu")(layers.BatchNormalization()(inputs * 2.0)))
    model.compile(keras.optimizers.SGD(0.1, 0.9), keras.losses.Huber(), metrics=["mae"])
    model.fit(X, X[:, :3], verbose=0)
    model.save(path)
    return parts_of(path)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_change_of_the_configuration_loads_or_is_refused(
    data: st.DataObject, parts: dict[str, bytes], tmp_path: Path
) -> None:
    """No other error, whatever stands where in config.json; nothing half-made comes back."""
    config = json.loads(parts["config.json"])
    for _ in range(data.draw(st.integers(1, 2))):
        *way, last = data.draw(st.sampled_from(places(config)[1:]))
        here = config
        for key in way:
            here = here[key]
        if isinstance(here, dict) and data.draw(st.booleans()):
            del here[last]
        else:
            here[last] = data.draw(JSON)
    path = tmp_path / "changed.keras"
    path.write_bytes(file_of({**parts, "config.json": json.dumps(config).encode()}))
    model, said = None, ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model = keras.models.load_model(path)
        except CheckpointError as error:
            said = str(error)
    assert said.startswith(f"{path}: ") if model is None else sum(w.size for w in model.weights) == 45


def test_a_member_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    sequential().save(path)
    out = BytesIO()
    archive = Writer(out)
    for name, content in [*parts_of(path).items(), ("config.json", b"{}")]:
        archive.add(name, [content])
    archive.finish()
    path.write_bytes(out.getvalue())
    with pytest.raises(CheckpointError, match=r"two members are called 'config.json'"):
        keras.models.load_model(path)


def test_a_file_that_is_no_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    for content in (b"", b"\x89HDF\r\n\x1a\n" + bytes(100), b"PK\3\4"):
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match=r"model.keras: "):
            keras.models.load_model(path)


def test_compressed_members_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    sequential().save(path)
    parts = parts_of(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    with pytest.raises(CheckpointError, match="zip file from elsewhere"):
        keras.models.load_model(path)


def test_no_changed_byte_goes_unnoticed(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    keras.Sequential([keras.Input((2,)), layers.Dense(1)]).save(path)
    whole = path.read_bytes()
    for place in np.random.default_rng(0).integers(0, len(whole), 60):
        broken = bytearray(whole)
        broken[place] ^= 0x10
        path.write_bytes(broken)
        with pytest.raises(CheckpointError):
            keras.models.load_model(path)
    for length in np.linspace(0, len(whole) - 1, 20).astype(int):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError):
            keras.models.load_model(path)


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.keras"
    model = sequential()
    model.save(path)
    before = path.read_bytes()

    def fail(self: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Writer, "finish", fail)
    with pytest.raises(OSError, match="No space"):
        model.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["model.keras"]
