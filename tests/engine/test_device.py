"""Arrays of another library: every op, the walk, the optimisers and the layers run on them and never fall back to numpy's.

``standin`` (``helpers.device``) is such a library on any machine; CuPy takes its place under ``pytest -m gpu``.
"""

from importlib.util import find_spec

import numpy as np
import pytest
from helpers.built_in import BUILT_IN
from helpers.cupy_surface import MissingError
from helpers.device import DEVICES, DeviceArray, HostError, needed, on_host, standing_in

import tinygrad_edu as tg
from tinygrad_edu import nn, ops, optim
from tinygrad_edu.engine import device
from tinygrad_edu.engine.device import device_of, moved
from tinygrad_edu.engine.errors import DeviceError, MissingExtraError, NotVerifiableError
from tinygrad_edu.engine.rule import flat
from tinygrad_edu.verify.draws import RandomDraw

EXAMPLES = 5  # samples an op


@pytest.fixture(autouse=True, scope="module")
def standin():
    with standing_in("standin"):
        yield


@pytest.fixture(autouse=True)
def there(request):
    """Skip a test of a device that this machine does not have."""
    where = getattr(request.node, "callspec", None) and request.node.callspec.params.get("where")
    if where:
        needed(where)


# -- every op ----------------------------------------------------------------------------------------------------------


def placed(v, where):
    """A sample's arrays on a device: floating ones as Tensors that want a gradient."""
    if isinstance(v, np.ndarray):
        array = moved(v, where) if where != device.HOST else v.copy()
        return tg.Tensor(array, requires_grad=True) if v.dtype.kind == "f" else array
    return type(v)(placed(u, where) for u in v) if type(v) in (list, tuple) else v


def results(op, sample, where, order):
    """Values, gradients, and gradients of gradients: all arrays that an op leads to."""
    args = [placed(a, where) for a in sample.args]
    options = {name: placed(a, where) for name, a in sample.kwargs.items()}
    out = op.call(*args, **options)
    outs = out if isinstance(out, tuple) else (out,)
    inputs = [t for t in flat([*args, *options.values()]) if isinstance(t, tg.Tensor)]
    found = [o.data for o in outs]
    following = [o for o in outs if o.requires_grad]
    for _ in range(order):
        if not following:
            break
        total = sum((o * o).sum() for o in following)
        for t in inputs:
            t.grad = None
        total.backward(create_graph=True)
        gradients = [t.grad for t in inputs if t.grad is not None]
        found += [g.data for g in gradients]
        following = [g for g in gradients if g.requires_grad]
    for t in inputs:
        t.grad = None  # created graphs are cycles
    return found


@pytest.mark.parametrize("where", DEVICES)
@pytest.mark.parametrize("name", sorted(name for name, op in BUILT_IN.items() if op.samples and name != "to"))
def test_an_op_stays_on_the_device(name, where):
    op = BUILT_IN[name]
    compared = 0
    for seed in range(EXAMPLES):
        sample = op.samples(RandomDraw(seed))
        with np.errstate(all="ignore"):
            wanted = results(op, sample, device.HOST, order=2)
            found = results(op, sample, where, order=2)
        for here, there in zip(wanted, found, strict=True):
            assert device_of(there).startswith(where)
            assert here.dtype == there.dtype
            np.testing.assert_allclose(device.host(there), here, rtol=1e-8, atol=1e-11, equal_nan=True)
            compared += 1
    assert compared


RNG = np.random.default_rng(0)
LARGE = {  # enough entries for the ways that ops take with many of them
    "softmax": lambda x: ops.softmax(x),
    "log_softmax": lambda x: ops.log_softmax(x),
    "softmax of few": lambda x: ops.softmax(x.reshape(-1, 10)),
    "cross_entropy": lambda x: ops.cross_entropy(x, np.asarray(np.arange(256) % 40, like=x.data)),
    "cross_entropy of few": lambda x: ops.cross_entropy(x, ops.softmax(x + 1), label_smoothing=0.1),
    "attention": lambda x: ops.scaled_dot_product_attention(
        *(x.reshape(4, 64, 40) * k for k in (1, 2, 3)), causal=True
    ),
    "gelu": lambda x: ops.gelu(np.concatenate([x, x])),
    "layer_norm": lambda x: ops.layer_norm(x, x[0], x[1]),
    "sort": lambda x: ops.sort(x),
    "logcumsumexp": lambda x: ops.logcumsumexp(x, 0),
    "max_pool": lambda x: ops.max_pool2d(x.reshape(1, 1, 256, 40), 2),
}


@pytest.mark.parametrize("where", DEVICES)
@pytest.mark.parametrize("name", LARGE)
def test_a_large_array_stays_on_the_device(name, where):
    values = RNG.standard_normal((256, 40)).astype(np.float32)
    found = []
    for device_ in (device.HOST, where):
        x = tg.Tensor(moved(values, device_), requires_grad=True)
        out = LARGE[name](x)
        (out * out).sum().backward()
        assert device_of(x.grad.data).startswith(device_)
        found.append([device.host(a) for a in (out.data, x.grad.data)])
    for here, there in zip(*found):
        np.testing.assert_allclose(there, here, rtol=1e-4, atol=1e-5 * abs(here).max())


def test_the_stand_in_refuses_what_cupy_has_not():
    """What numpy's arrays answer and CuPy's refuse, one of each kind."""
    x, places = DeviceArray(np.ones((3, 3))), DeviceArray(np.ones((3, 3), bool))
    for missing in (
        lambda: np.maximum.reduce(x),
        lambda: np.logaddexp.accumulate(x),
        lambda: np.multiply.at(x, 0, 2.0),
        lambda: np.add(x, x, where=places),
        lambda: np.vecdot(x, x),
        lambda: np.sum(x, where=places),
        lambda: np.linalg.multi_dot([x, x, x]),
        lambda: np.eye(3, like=x),
        lambda: np.argsort(x, stable=True),
        lambda: x.max(initial=0.0),
        lambda: x.searchsorted(x, "left", None, None),
    ):
        with pytest.raises(MissingError, match="CuPy"):
            missing()
    for mixture in (
        lambda: np.where(True, x, x),
        lambda: np.select([places], [1.0]),
        lambda: x + np.array(1.0),
        lambda: np.exp(x, out=np.ones((3, 3))),
    ):
        with pytest.raises(HostError):
            mixture()
    assert np.add.reduce(x, 0).tolist() == [3, 3, 3]
    assert np.argsort(x, kind="stable").tolist()[0] == [0, 1, 2]


def test_the_stand_in_refuses_what_a_gpu_refuses():
    x = DeviceArray(np.ones(3))
    for mixture in (lambda: x + np.ones(3), lambda: np.asarray(x), lambda: np.concatenate([x, np.ones(3)])):
        with pytest.raises(HostError):
            mixture()


def test_an_op_that_computes_on_the_host_is_caught():
    @tg.op
    def careless(x):
        return x + np.ones(x.shape), lambda g: g

    with pytest.raises(HostError):
        careless(tg.tensor([1.0, 2.0]).to("standin"))


# -- moving ------------------------------------------------------------------------------------------------------------


def test_to_brings_values_there_and_gradients_back():
    x = tg.tensor([1.0, -2.0], requires_grad=True)
    y = x.to("standin")
    assert (x.device, y.device) == ("cpu", "standin")
    (y * y).sum().backward()
    assert x.grad.device == "cpu"
    assert x.grad.tolist() == [2.0, -4.0]
    assert y.to("standin") is not y
    assert y.to("standin").data is y.data
    assert y.to("cpu").tolist() == [1.0, -2.0]
    assert "device='standin'" in repr(y)
    assert y.numpy().tolist() == [1.0, -2.0]
    there = tg.Tensor(y.data, requires_grad=True)
    there.to("cpu").sum().backward()
    assert there.grad.device == "standin"


def test_derivatives_of_functions_are_taken_there():
    values = np.array([0.5, -1.0, 2.0])
    there = tg.tensor(values).to("standin")
    for derivative, f in (
        (tg.jacobian, lambda x: ops.tanh(x) * x),
        (tg.hessian, lambda x: (x**3).sum()),
        (tg.grad, lambda x: (x * x).sum()),
    ):
        found = derivative(f)(there)
        assert found.device == "standin"
        np.testing.assert_allclose(found.numpy(), derivative(f)(values).numpy(), rtol=1e-12)
    value, slope = tg.jvp(lambda x: x * x, (there,), (there,))
    assert value.device == slope.device == "standin"
    assert tg.hvp(lambda x: (x**3).sum(), there, there).numpy().tolist() == [6 * v * v for v in values]
    with pytest.raises(NotVerifiableError, match=r"lives on 'standin'.*to\('cpu'\)"):
        tg.gradcheck(ops.tanh, there)


def test_a_model_says_what_it_is_there_too(capsys):
    model = tg.Sequential([nn.Linear(3, 2), nn.BatchNorm1d(2)]).to("standin")
    model.summary()
    assert capsys.readouterr().out.count("(None, 2)") == 2


def test_arrays_on_different_devices_are_refused():
    x = tg.tensor(np.ones((2, 2)))
    for mixture in (
        lambda: x + x.to("standin"),
        lambda: ops.concatenate([x, x.to("standin")]),
        lambda: x.to("standin") @ x,
    ):
        with pytest.raises(DeviceError, match=r"different devices: cpu and standin.*to\('standin'\)"):
            mixture()


def test_a_device_that_is_not_there_is_named():
    with pytest.raises(DeviceError, match="'tpu'"):
        tg.tensor([1.0]).to("tpu")
    if find_spec("cupy") is None:
        with pytest.raises(MissingExtraError, match=r"CuPy.*tinygrad-edu\[gpu\]"):
            tg.tensor([1.0]).to("cuda")


# -- networks ----------------------------------------------------------------------------------------------------------


def dense():
    return nn.Sequential([nn.Linear(12, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 3)]), (12,)


def convnet():
    layers = [nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3, groups=4), nn.BatchNorm2d(4)]
    return nn.Sequential([nn.RandomTranslation(0.1, 0.1), *layers, nn.Flatten(), nn.Linear(16, 3)]), (1, 10, 10)


def recurrent():
    return nn.Sequential([nn.LSTM(4, 5, return_sequences=True), nn.GRU(5, 5), nn.Linear(5, 3)]), (6, 4)


class Attention(nn.Module):
    def __init__(self):
        self.attention, self.norm, self.head = nn.MultiheadAttention(4, 2), nn.LayerNorm(4), nn.Linear(4, 3)

    def forward(self, x):
        return self.head(self.norm(x + self.attention(x, x, x)).mean(axis=1))


def attention():
    return nn.Sequential([Attention()]), (6, 4)


OPTIMISERS = {
    dense: lambda p: optim.Adam(p, lr=0.01, clipnorm=1.0),
    convnet: lambda p: optim.SGD(p, lr=0.01, momentum=0.9, weight_decay=1e-3),
    recurrent: lambda p: optim.RMSprop(p, lr=0.01, global_clipnorm=1.0),
    attention: lambda p: optim.AdamW(p, lr=0.01, clipvalue=0.5),
}


def learned(network, where):
    """The weights after a few steps of a loop by hand."""
    tg.set_random_seed(0)
    model, shape = network()
    model.to(where)
    optimiser, criterion = OPTIMISERS[network](model.parameters()), nn.CrossEntropyLoss()
    rng = np.random.default_rng(1)
    for _ in range(3):
        x, y = rng.normal(size=(6, *shape)).astype(np.float32), rng.integers(0, 3, 6)
        optimiser.zero_grad()
        criterion(model(tg.Tensor(x).to(where)), tg.Tensor(y).to(where)).backward()
        optimiser.step()
    assert {device_of(p.data).partition(":")[0] for p in model.parameters()} == {where}
    assert isinstance(next(iter(optimiser.state_dict().values())), np.ndarray)
    return model.state_dict()


@pytest.mark.parametrize("where", DEVICES)
@pytest.mark.parametrize("network", OPTIMISERS)
def test_a_network_learns_there_as_it_does_here(network, where):
    here, there = learned(network, device.HOST), learned(network, where)
    for name, value in here.items():
        assert isinstance(there[name], np.ndarray)
        np.testing.assert_allclose(there[name], value, rtol=1e-5, atol=1e-6)
        if where == "standin":
            np.testing.assert_array_equal(there[name], value)


@pytest.mark.parametrize("where", DEVICES)
def test_fit_evaluate_and_predict_move_their_batches(where):
    def run(device_name):
        tg.set_random_seed(0)
        model = dense()[0].to(device_name)
        model.compile(optim.Adam(lr=0.01), nn.CrossEntropyLoss(), metrics=["accuracy"])
        rng = np.random.default_rng(2)
        x, y = rng.normal(size=(40, 12)).astype(np.float32), rng.integers(0, 3, 40)
        history = model.fit(x, y, batch_size=16, epochs=2, validation_split=0.25, verbose=0).history
        return history, model.evaluate(x, y, verbose=0), model.predict(x)

    (history, evaluated, predicted), (wanted, *others) = run(where), run(device.HOST)
    assert isinstance(predicted, np.ndarray)
    np.testing.assert_allclose(predicted, others[1], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(evaluated, others[0], rtol=1e-5)
    for name, values in wanted.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-5)


@pytest.mark.parametrize("where", DEVICES)
def test_a_checkpoint_knows_no_device(where, tmp_path):
    model = dense()[0].to(where)
    tg.save(model, tmp_path / "model.npz")
    other = dense()[0]
    other.load_state_dict(tg.load(tmp_path / "model.npz"))
    model.load_state_dict(other.state_dict())
    for (name, p), (_, q) in zip(model.named_variables(), other.named_variables(), strict=True):
        assert p.device.partition(":")[0] == where, name
        np.testing.assert_array_equal(on_host(p.data) if where == "standin" else p.numpy(), q.data)


def test_parameters_moved_under_an_optimiser_are_refused():
    model = dense()[0]
    optimiser = optim.SGD(model.parameters(), lr=0.1)
    model.to("standin")
    nn.CrossEntropyLoss()(
        model(tg.tensor(np.ones((2, 12))).to("standin")), tg.Tensor(np.zeros(2, int)).to("standin")
    ).backward()
    with pytest.raises(DeviceError, match="new optimiser"):
        optimiser.step()
