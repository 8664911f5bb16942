"""Silent mistakes made loud: each with a run that makes it, and runs of which nothing must be said (warnings are errors)."""

import numpy as np
import pytest
from helpers.net import Net

import tinygrad_edu as tg
from tinygrad_edu import Tensor, nn, ops, optim
from tinygrad_edu.engine.errors import NotReadyError
from tinygrad_edu.training.callbacks import TerminateOnNaN
from tinygrad_edu.training.noticed import (
    NoGradientWarning,
    NonFiniteLossWarning,
    SortedLabelsWarning,
    TrainingModeWarning,
    UnscaledPixelsWarning,
)

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
        (Scaled(), IMAGES),
        (nn.Sequential(nn.Flatten(), nn.BatchNorm(64), nn.Linear(64, 4)), IMAGES),
        (nn.Sequential(nn.Flatten(), nn.Linear(64, 4)), IMAGES / np.float32(255)),
        (nn.Sequential(nn.Linear(4, 4)), IMAGES.reshape(-1, 4)[:40]),  # four numbers are no image
    ],
    ids=["scaled inside", "normalised inside", "scaled", "a table"],
)
def test_scaled_pixels_are_no_mistake(model: nn.Model, x: np.ndarray) -> None:
    fit(model, x, loss=nn.CrossEntropyLoss())


# -- evaluation --------------------------------------------------------------------------------------------------------


class Careless(nn.Sequential):
    """Evaluates in training mode."""

    def test_step(self, data: tuple) -> dict:
        x, y = data
        self._compiled.tracker.update_state(self.compute_loss(y=y, y_pred=self(x, training=True)).item())
        return self.get_metrics_result()

    def predict_step(self, data: object) -> Tensor:
        return self(data, training=True)


@pytest.mark.parametrize(("layer", "changed"), [(nn.Dropout(0.5), "_rng"), (nn.BatchNorm(8), "running_mean")])
@pytest.mark.parametrize("what", ["evaluate", "predict", "validation"])
def test_evaluation_in_training_mode(layer: nn.Module, changed: str, what: str) -> None:
    model = Careless(nn.Linear(4, 8), layer, nn.Linear(8, 4))
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
