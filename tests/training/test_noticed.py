"""Silent mistakes made loud: each with a run that makes it, and runs of which nothing must be said (warnings are errors)."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.net import Net

import tinygrad_edu as tg
from tinygrad_edu import Tensor, nn, ops, optim
from tinygrad_edu.engine import random
from tinygrad_edu.engine.errors import LabelFormError, LabelRangeError, NotReadyError, TinygradEduWarning
from tinygrad_edu.training import (
    AccuracyOfNumbersWarning,
    BroadcastWarning,
    LabelRangeWarning,
    LateSeedWarning,
    LogitsWarning,
    NoGradientWarning,
    NonFiniteLossWarning,
    ProbabilitiesWarning,
    SortedLabelsWarning,
    TrainingModeWarning,
    UnscaledPixelsWarning,
    losses,
)
from tinygrad_edu.training.callbacks import TerminateOnNaN

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 4)).astype(np.float32)
Y = np.arange(40) % 4


def fit(model: nn.Model, x: np.ndarray = X, y: np.ndarray = Y, loss: object = None, **options: object) -> nn.Model:
    model.compile(optim.SGD(0.01), loss or nn.CrossEntropyLoss())
    model.fit(x, y, **{"verbose": 0, **options})
    return model


def dense(*more: nn.Module) -> nn.Sequential:
    tg.set_random_seed(0)
    return nn.Sequential(nn.Linear(4, 8), *more, nn.ReLU(), nn.Linear(8, 4))


# -- parameters that do not learn --------------------------------------------------------------------------------------


class Forgetful(nn.Model):
    """Has a layer that forward leaves out."""

    def __init__(self) -> None:
        self.used, self.forgotten = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.used(x)


def test_parameters_without_a_gradient_are_named() -> None:
    with pytest.warns(NoGradientWarning, match=r"forgotten\.weight, forgotten\.bias") as caught:
        fit(Forgetful(), epochs=2)
    assert len(caught) == 1
    assert caught[0].filename.endswith("test_noticed.py")


def test_frozen_parameters_need_no_gradient() -> None:
    model = Forgetful()
    model.forgotten.freeze()
    fit(model)


def test_a_train_step_that_clears_its_gradients_is_no_mistake() -> None:
    class Tidy(Forgetful):
        def train_step(self, data: object) -> dict:
            logs = super().train_step(data)
            self.zero_grad()
            return logs

    fit(Tidy())


def test_all_frozen_is_an_error() -> None:
    model = dense().freeze()
    with pytest.raises(NotReadyError, match=r"All parameters are frozen \(0\.weight"):
        fit(model)
    model.evaluate(X, Y, verbose=0)  # which is no mistake


# -- the loss ----------------------------------------------------------------------------------------------------------


def explode(**options: object) -> None:
    model = Net(4, 1, out=None)
    model.compile(optim.SGD(1e30), "mse")
    with np.errstate(all="ignore"):
        model.fit(X, X[:, :1], batch_size=20, epochs=3, verbose=0, **options)


def test_a_loss_that_is_no_number_is_reported_with_its_place() -> None:
    with pytest.warns(NonFiniteLossWarning, match=r"loss is \w+ from batch 2 of epoch 1 on.*detect_anomaly") as caught:
        explode()
    assert len(caught) == 1


def test_terminate_on_nan_speaks_for_itself(capsys: pytest.CaptureFixture[str]) -> None:
    explode(callbacks=TerminateOnNaN())
    assert "training ends" in capsys.readouterr().out


# -- the data ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("form", [lambda y: y, lambda y: np.eye(4, dtype=np.float32)[y]], ids=["integers", "one-hot"])
def test_sorted_labels(order: int, form: object) -> None:
    loss = "sparse_categorical_crossentropy" if form(Y).ndim == 1 else "categorical_crossentropy"
    model = Net(4, 4)
    model.compile("sgd", loss)
    with pytest.warns(SortedLabelsWarning, match=f"so class {3 if order == 1 else 0} is not trained on"):
        model.fit(X, form(np.sort(Y)[::order]), validation_split=0.25, verbose=0)


@pytest.mark.parametrize(
    ("y", "loss"),
    [
        (Y, "sparse_categorical_crossentropy"),
        (np.sort(RNG.normal(size=40)), "mse"),  # a regression
        (np.arange(40), "mse"),  # years, say
        (RNG.integers(0, 1000, 40), "mse"),  # counts, most of them once
        (
            np.array([0] * 20 + [1] * 10 + [0, 1] * 5),
            "sparse_categorical_crossentropy",
        ),  # sorted, but nothing is missed
    ],
    ids=["mixed", "floats", "a series", "counts", "both parts have all"],
)
def test_other_orders_are_no_mistake(y: np.ndarray, loss: str) -> None:
    model = Net(4, 1, out=None) if loss == "mse" else Net(4, 4)
    model.compile(optim.SGD(1e-6), loss)
    model.fit(X, y, validation_split=0.25, verbose=0)


IMAGES = RNG.integers(0, 256, (40, 8, 8, 1), np.uint8)


@pytest.mark.parametrize(
    "x", [IMAGES, IMAGES.astype(np.float32), IMAGES.reshape(40, 64)], ids=["uint8", "float", "flat"]
)
def test_unscaled_pixels(x: np.ndarray) -> None:
    with pytest.warns(UnscaledPixelsWarning, match="linear meets them as they are"):
        fit(nn.Sequential(nn.Flatten(), nn.Linear(64, 4)), x)


class Scaled(nn.Model):
    def __init__(self) -> None:
        self.dense = nn.Linear(64, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.dense(ops.reshape(x, (-1, 64)) / 255)


@pytest.mark.parametrize(
    ("model", "x"),
    [
        (Scaled, IMAGES),
        (lambda: nn.Sequential(nn.Flatten(), nn.BatchNorm(64), nn.Linear(64, 4)), IMAGES),
        (lambda: nn.Sequential(nn.Flatten(), nn.Linear(64, 4)), IMAGES / np.float32(255)),
        (lambda: nn.Sequential(nn.Linear(4, 4)), IMAGES.reshape(-1, 4)[:40]),  # four numbers are no image
    ],
    ids=["scaled inside", "normalised inside", "scaled", "a table"],
)
def test_scaled_pixels_are_no_mistake(model: Callable[[], nn.Model], x: np.ndarray) -> None:
    fit(model(), x, loss=nn.CrossEntropyLoss())


# -- evaluation --------------------------------------------------------------------------------------------------------


class Careless(nn.Sequential):
    """Evaluates in training mode."""

    def test_step(self, data: tuple) -> dict:
        x, y = data
        self._compiled.tracker.update_state(self.compute_loss(y=y, y_pred=self(x, training=True)).item())
        return self.get_metrics_result()

    def predict_step(self, data: object) -> Tensor:
        return self(data, training=True)


@pytest.mark.parametrize(
    ("layer", "changed"), [(lambda: nn.Dropout(0.5), "_rng"), (lambda: nn.BatchNorm(8), "running_mean")]
)
@pytest.mark.parametrize("what", ["evaluate", "predict", "validation"])
def test_evaluation_in_training_mode(layer: Callable[[], nn.Module], changed: str, what: str) -> None:
    model = Careless(nn.Linear(4, 8), layer(), nn.Linear(8, 4))
    model.compile("sgd", nn.CrossEntropyLoss())
    runs = {
        "evaluate": lambda: model.evaluate(X, Y, verbose=0),
        "predict": lambda: model.predict(X, verbose=0),
        "validation": lambda: model.fit(X, Y, validation_data=(X, Y), epochs=3, verbose=0),
    }
    with pytest.warns(TrainingModeWarning, match=changed) as caught:
        runs[what]()
    assert len(caught) == 1


def test_the_mode_a_loop_left_behind_changes_nothing() -> None:
    model = fit(dense(nn.Dropout(0.5), nn.BatchNorm(8))).train()
    first = model.predict(X, verbose=0)
    np.testing.assert_array_equal(model.predict(X, verbose=0), first)
    assert model.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)
    assert model.training


class Sampling(nn.Model):
    """Draws in every mode, as the latent variable of an autoencoder or Monte Carlo dropout does."""

    def __init__(self) -> None:
        self.dense, self.drop, self.rng = nn.Linear(4, 4), nn.Dropout(0.5), np.random.default_rng(0)

    def forward(self, x: Tensor) -> Tensor:
        noise = self.rng.normal(size=x.shape).astype(np.float32)
        return self.dense(self.drop(x + noise, training=True))


def test_a_model_that_samples_on_purpose_may_and_is_not_disturbed() -> None:
    model = fit(Sampling())
    expected, draws = [], np.random.default_rng(0)
    draws.bit_generator.state = model.rng.bit_generator.state
    keep = np.random.Generator(type(model.drop._rng.bit_generator)())
    keep.bit_generator.state = model.drop._rng.bit_generator.state
    for i in range(0, 40, 32):
        x = X[i : i + 32]
        x = x + draws.normal(size=x.shape).astype(np.float32)
        expected.append(np.where(keep.random(x.shape, dtype="float32") >= 0.5, x * 2, 0))
    out = np.concatenate(expected) @ model.dense.weight.numpy() + model.dense.bias.numpy()
    np.testing.assert_allclose(model.predict(X, verbose=0), out, rtol=1e-5, atol=1e-6)


def test_two_models_with_everything_train_in_silence() -> None:
    fit(dense(nn.BatchNorm(8), nn.Dropout(0.2)), validation_split=0.2, epochs=2)
    with tg.no_grad():
        dense(nn.Dropout(0.2))(X)  # Monte Carlo dropout by hand


# -- what a model's end and its loss make of each other ----------------------------------------------------------------


def ends_in(activation: str | None, units: int = 4, loss: object = None, y: np.ndarray = Y, **options: object) -> None:
    """A fit of a model with this end."""
    tg.set_random_seed(0)
    model = Net(4, units, out=activation)
    model.compile(optim.SGD(1e-6), loss, **options)
    model.fit(X, y, epochs=2, verbose=0)


ONE_HOT = np.eye(4, dtype=np.float32)[Y]


def closure(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)


@pytest.mark.parametrize(
    ("activation", "loss", "y"),
    [
        ("softmax", losses.SparseCategoricalCrossentropy(from_logits=True), Y),
        ("softmax", losses.CategoricalCrossentropy(from_logits=True), ONE_HOT),
        ("softmax", closure, Y),
        ("sigmoid", losses.BinaryCrossentropy(from_logits=True), ONE_HOT),
    ],
    ids=["sparse", "one-hot", "a function", "sigmoid"],
)
def test_an_activation_and_logits(activation: str, loss: object, y: np.ndarray) -> None:
    with pytest.warns(LogitsWarning, match=f"ends in a {activation}.*Leave out from_logits"):
        ends_in(activation, loss=loss, y=y)


def test_a_softmax_that_the_graph_does_not_show() -> None:
    class Shares(Net):
        def __call__(self, x: Tensor, training: bool = False) -> Tensor:
            e = ops.exp(super().__call__(x, training))
            return e / e.sum(axis=1, keepdims=True)

    model = Shares(4, 4, out=None)
    model.compile("sgd", losses.SparseCategoricalCrossentropy(from_logits=True))
    with pytest.warns(LogitsWarning, match=r"1\.4612") as caught:
        model.fit(X, Y, verbose=0)
    assert len(caught) == 1


def test_the_plateau_of_a_softmax_applied_twice() -> None:
    certain = np.eye(10, dtype=np.float32)
    plateau = losses.SparseCategoricalCrossentropy(from_logits=True)(np.arange(10), certain).item()
    assert plateau == pytest.approx(np.log(np.e + 9) - 1, abs=1e-6) == pytest.approx(1.4612, abs=1e-4)


@pytest.mark.parametrize(
    ("loss", "y", "fix"),
    [
        ("sparse_categorical_crossentropy", Y, "a softmax"),
        ("categorical_crossentropy", ONE_HOT, "a softmax"),
        ("binary_crossentropy", ONE_HOT, "a sigmoid"),
    ],
)
def test_logits_and_a_loss_of_probabilities(loss: str, y: np.ndarray, fix: str) -> None:
    with pytest.warns(ProbabilitiesWarning, match=f"End the model with {fix}, or say from_logits=True") as caught:
        ends_in(None, loss=loss, y=y)
    assert len(caught) == 1


@pytest.mark.parametrize(
    ("activation", "loss", "y"),
    [
        ("softmax", "sparse_categorical_crossentropy", Y),
        ("sigmoid", "categorical_crossentropy", ONE_HOT),  # shares that do not add up to 1 are made to
        ("sigmoid", "binary_crossentropy", ONE_HOT * 0.9 + 0.05),
        (None, losses.SparseCategoricalCrossentropy(from_logits=True), Y),
        (None, losses.BinaryCrossentropy(from_logits=True), ONE_HOT),
    ],
)
def test_ends_that_fit_their_loss(activation: str | None, loss: object, y: np.ndarray) -> None:
    ends_in(activation, loss=loss, y=y)


# -- targets -----------------------------------------------------------------------------------------------------------


def test_one_hot_targets_and_class_numbers() -> None:
    with pytest.raises(LabelFormError, match=r"\(\d+, 4\).*look one-hot: use 'categorical_crossentropy'"):
        ends_in("softmax", loss="sparse_categorical_crossentropy", y=ONE_HOT)
    for y in (Y, Y[:, None]):
        with pytest.raises(LabelFormError, match="Integer classes belong to 'sparse_categorical_crossentropy'"):
            ends_in("softmax", loss="categorical_crossentropy", y=y)


@pytest.mark.parametrize(("y", "found"), [(Y + 1, "from 1 to 4"), (Y - 1, "from -1 to 2")])
@pytest.mark.parametrize("form", ["arrays", "batches"])
def test_classes_that_the_network_does_not_have(y: np.ndarray, found: str, form: str) -> None:
    model = Net(4, 4)
    model.compile("sgd", "sparse_categorical_crossentropy")
    data = (X, y) if form == "arrays" else (iter([(X, y)]),)
    with pytest.raises(LabelRangeError, match=f"classes {found}, but the network has 4 outputs"):
        model.fit(*data, verbose=0)


@pytest.mark.parametrize("y", [2 * ONE_HOT - 1, ONE_HOT * 255], ids=["-1 and 1", "pixels"])
def test_targets_that_are_neither_yes_nor_no(y: np.ndarray) -> None:
    with pytest.warns(LabelRangeWarning, match="0 for no and 1 for yes") as caught:
        ends_in("sigmoid", loss="binary_crossentropy", y=y)
    assert len(caught) == 1


@pytest.mark.parametrize(
    ("units", "y"),
    [
        (1, RNG.normal(size=40)),
        (1, Y / 5),
        (1, 2 * (Y % 2) - 1),
        (4, RNG.normal(size=(40, 4))),
        (4, X[:, 0]),
        (4, Y / 5),
    ],
    ids=["numbers", "shares", "-1 and 1", "rows", "numbers as classes", "shares as classes"],
)
@pytest.mark.filterwarnings("ignore::tinygrad_edu.training.BroadcastWarning")
def test_accuracy_of_numbers(units: int, y: np.ndarray) -> None:
    loss = "mse" if len(y.reshape(40, -1)[0]) == units else lambda y, p: (p**2).mean(axis=-1)
    with pytest.warns(
        AccuracyOfNumbersWarning, match=r"counts how often a class is right.*Use metrics=\['mae'\]"
    ) as caught:
        ends_in(None, units, loss, y, metrics=["accuracy", "mae"] if loss == "mse" else ["accuracy"])
    assert len(caught) == 1


@pytest.mark.parametrize(
    ("units", "y"), [(1, Y % 2), (4, ONE_HOT), (4, ONE_HOT * 0.9 + 0.025)], ids=["yes or no", "one-hot", "smoothed"]
)
def test_accuracy_of_classes_with_a_loss_of_numbers(units: int, y: np.ndarray) -> None:
    ends_in(None, units, "mse", y, metrics=["accuracy"])


def test_one_column_of_targets_for_several_predictions() -> None:
    with pytest.warns(BroadcastWarning, match="each row is compared with one number"):
        ends_in(None, 3, "mse", X[:, :1])


# -- repeating a run ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["after compile", "after the layers"])
def test_a_seed_that_comes_too_late(when: str) -> None:
    random._chosen.set(False)
    random._root.set(None)
    model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 4))
    if when == "after compile":
        model.compile("sgd", nn.CrossEntropyLoss())
    tg.set_random_seed(0)
    model.compile("sgd", nn.CrossEntropyLoss())
    with pytest.warns(LateSeedWarning, match=r"random numbers of.*1.*before the model is built and compiled") as caught:
        model.fit(X, Y, verbose=0)
    assert len(caught) == 1


def test_no_seed_at_all_is_no_mistake() -> None:
    random._chosen.set(False)
    random._root.set(None)
    fit(nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 4)))


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop", "adamw"])
def test_trainable_may_change_after_compile(optimizer: str) -> None:
    """Frozen layers stand still and thawed ones move from the next step on; Keras asks for another compile."""
    model = dense()
    model.layers[0].trainable = False
    model.compile(optimizer, nn.CrossEntropyLoss())
    for trainable in (False, True, False):
        model.layers[0].trainable = trainable
        before = model.layers[0].weight.numpy().copy()
        model.fit(X, Y, epochs=2, verbose=0)
        assert (model.layers[0].weight.numpy() != before).any() == trainable


# -- silencing ---------------------------------------------------------------------------------------------------------


def test_every_warning_is_where_a_user_looks_for_it() -> None:
    """Each class of warning that the rooms define can be imported from its room."""
    import tinygrad_edu.keras.layers as layers

    def family(kind: type[Warning]) -> set[type[Warning]]:
        return {kind}.union(*(family(sub) for sub in kind.__subclasses__()))

    public = {getattr(room, name) for room in (tg.training, nn, optim, tg.io, layers) for name in room.__all__}
    ours = {kind for kind in family(TinygradEduWarning) if kind.__module__.startswith("tinygrad_edu.")}
    rooms = ("training", "nn", "optim", "keras", "io")
    found = {k for k in ours if k.__module__.split(".")[1] in rooms}
    assert not found - public
    page = (Path(__file__).parents[2] / "docs" / "noticed.md").read_text()
    assert [k.__name__ for k in found if k.__name__ not in page] == ["ResumeWarning"]  # which is about files
