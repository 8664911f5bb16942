"""The promises of the engine, and the cases of established libraries' failures that concern it (1 to 7, 23 to 29).

pt = pytorch/pytorch, ag = HIPS/autograd; "run" = seen wrong by running the library.
"""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu import Tensor, ops
from tinygrad_edu.engine import modes
from tinygrad_edu.engine.errors import (
    AnomalyError,
    DetachError,
    DTypeError,
    GraphError,
    InPlaceError,
    RuleError,
    ShapeError,
)


def leaf(*values: float, dtype: type = np.float64) -> Tensor:
    return Tensor(np.array(values if len(values) > 1 else values[0], dtype=dtype), requires_grad=True)


# -- the walk ----------------------------------------------------------------------------------------------------------


def test_case_01_diamond() -> None:
    """micrograd#2: a node reached on two paths collects both before it passes anything on."""
    a = leaf(3.0)
    b = a + 2
    (b * b).backward()
    assert a.grad.item() == 10


def test_a_node_of_many_paths_is_visited_once() -> None:
    """Sixty diamonds in a row have 2^60 paths and 120 nodes."""
    x = leaf(1.0)
    y = x
    for _ in range(60):
        y = y * 0.5 + y * 0.5
    y.backward()
    assert x.grad.item() == 1


def test_case_02_second_backward_says_the_graph_was_freed() -> None:
    """run: micrograd gives 30, MyGrad 10."""
    a = leaf(3.0)
    c = (a + 2) * (a + 2)
    c.backward()
    with pytest.raises(GraphError, match="freed"):
        c.backward()


def test_case_02_retained_gradients_accumulate() -> None:
    a = leaf(3.0)
    b = a + 2
    c = b * b
    c.backward(retain_graph=True)
    c.backward()
    assert a.grad.item() == 20


def test_a_shared_part_freed_by_another_walk_is_noticed() -> None:
    x = leaf(1.0)
    y = ops.exp(x)
    u, v = y * 2, y * 3
    u.backward()
    with pytest.raises(GraphError, match="freed"):
        v.backward()


def test_case_03_gradients_never_share_memory() -> None:
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    seed = np.ones(2)
    (x + y).backward(seed)
    x.grad.data += 100
    assert y.grad.tolist() == [1, 1]
    assert seed.tolist() == [1, 1]
    assert not np.shares_memory(x.grad.data, y.grad.data)


@pytest.mark.parametrize("function", [lambda x: x.reshape(4), lambda x: x.T, lambda x: x[::-1], lambda x: +x])
def test_case_03_a_view_of_the_seed_is_copied(function) -> None:
    x = Tensor(np.arange(4.0).reshape(2, 2), requires_grad=True)
    y = function(x)
    seed = np.ones(y.shape)
    y.backward(seed)
    assert not np.shares_memory(x.grad.data, seed)


def test_case_03_a_pullback_that_returns_a_kept_array_is_copied() -> None:
    kept = np.zeros(2)

    @tg.op(name="constant_gradient")
    def rule(x):
        return np.floor(x), lambda g: kept

    x, y = leaf(1.5, 2.5), leaf(1.5, 2.5)
    rule(x).sum().backward()
    rule(y).sum().backward()
    x.grad.data += 1
    assert y.grad.tolist() == [0, 0] == kept.tolist()


@pytest.mark.parametrize(
    "shapes", [((1,), (5, 4)), ((4, 1), (1, 4)), ((), (3,)), ((3, 1, 2), (4, 1)), ((0, 1), (1, 3))]
)
def test_case_04_broadcast_gradients_have_their_tensors_shape(shapes) -> None:
    """pt#1787."""
    x, y = (Tensor(np.ones(s), requires_grad=True) for s in shapes)
    out = x * y
    out.sum().backward()
    for t in (x, y):
        assert t.grad.shape == t.shape
        assert (t.grad.data == (out.size // t.size if t.size else 0)).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_case_05_zero_dimensional_results_stay_arrays(dtype) -> None:
    x = leaf(1.0, 2.0, dtype=dtype)
    y = ops.tanh(x.sum()) * 2
    assert type(y.data) is np.ndarray
    assert y.shape == ()
    y.backward()
    assert x.grad.dtype == dtype
    s = leaf(2.0, dtype=dtype)
    (s * s).backward()
    assert (type(s.grad.data), s.grad.shape, s.grad.dtype) == (np.ndarray, (), dtype)


def test_case_06_zero_size() -> None:
    """pt#15223."""
    x, y = Tensor(np.zeros((4, 0)), requires_grad=True), Tensor(np.zeros((4, 1)), requires_grad=True)
    (x + y).sum().backward()
    assert x.grad.shape == (4, 0)
    assert y.grad.tolist() == [[0]] * 4


def test_case_06_mean_of_nothing_is_nan_with_an_empty_gradient() -> None:
    x = Tensor(np.zeros((0, 3)), requires_grad=True)
    y = x.mean()
    y.backward()
    assert np.isnan(y.item())
    assert x.grad.shape == (0, 3)


def test_case_07_repeated_indices_collect_each_use() -> None:
    """ag#39, pt#1528."""
    x = leaf(1.0, 2.0)
    x[[0, 0, 1]].sum().backward()
    assert x.grad.tolist() == [2, 1]


def test_case_10_relu_at_zero() -> None:
    """run: JAX and HIPS give 1/2 for maximum(x, 0.), which here is the tie rule; relu is an op of its own."""
    x = leaf(0.0, -0.0, 1.0)
    ops.relu(x).sum().backward()
    assert x.grad.tolist() == [0, 0, 1]
    y = leaf(0.0, 1.0)
    ops.maximum(y, 0.0).sum().backward()
    assert y.grad.tolist() == [0.5, 1]


# -- dtypes ------------------------------------------------------------------------------------------------------------

SCALARS = [np.float64(2), np.float32(2), np.int64(2), 2, 2.0, np.array(2.0), np.array(2), True, np.float16(2)]


@pytest.mark.parametrize("scalar", SCALARS, ids=repr)
@pytest.mark.parametrize("shape", [(), (3,)])
def test_case_23_float32_stays_float32(scalar, shape) -> None:
    """ag#199: numpy 2 would let np.float64(2) turn float32 into float64."""
    x = Tensor(np.ones(shape, dtype=np.float32), requires_grad=True)
    for y in (x * scalar, scalar * x, x + scalar, x / scalar, x - scalar, x**scalar, ops.where(x > 0, x, scalar)):
        assert y.dtype == np.float32
        y.sum().backward()
        assert x.grad.dtype == np.float32
        x.grad = None


def test_case_23_python_sum_and_integer_arrays() -> None:
    x = Tensor(np.ones(3, dtype=np.float32), requires_grad=True)
    y = sum([x * np.arange(3), x * np.array([True, False, True]), x.mean() * 3])
    assert y.dtype == np.float32
    y.sum().backward()
    assert x.grad.dtype == np.float32


def test_a_zero_dimensional_float64_tensor_is_weak_and_gets_its_own_gradient_dtype() -> None:
    x = Tensor(np.ones(3, dtype=np.float32), requires_grad=True)
    t = Tensor(np.array(2.0), requires_grad=True)
    y = x * t
    assert y.dtype == np.float32
    y.sum().backward()
    assert (x.grad.dtype, t.grad.dtype) == (np.float32, np.float64)


def test_float64_arrays_promote_as_in_numpy() -> None:
    x = Tensor(np.ones(3, dtype=np.float32), requires_grad=True)
    y = x * np.ones(3)
    assert y.dtype == np.float64
    y.sum().backward()
    assert x.grad.dtype == np.float32


def test_integers_take_no_gradient() -> None:
    with pytest.raises(DTypeError, match="int64"):
        Tensor(np.arange(3), requires_grad=True)


def test_lists_become_float32_and_arrays_keep_their_dtype_and_memory() -> None:
    assert Tensor([1, 2]).dtype == np.float32
    a = np.arange(3.0)
    assert Tensor(a).data is a
    assert tg.tensor(a).data is not a
    assert Tensor(np.arange(3)).dtype == np.int64


def test_words_are_no_numbers() -> None:
    with pytest.raises(DTypeError, match="hello"):
        Tensor("hello")
    with pytest.raises(DTypeError, match="object"):
        Tensor(np.array([None, 1], dtype=object))


# -- numpy's side ------------------------------------------------------------------------------------------------------


def test_case_24_arrays_and_numpy_scalars_on_the_left_give_tensors() -> None:
    t = leaf(1.0, 2.0)
    for y in (np.ones(2) + t, np.float64(2) * t, np.ones(2) @ t, 2 - t, 1 / t, 2**t):
        assert isinstance(y, Tensor)
        assert y.requires_grad


def test_case_24_an_array_takes_no_tensor_in_place() -> None:
    a = np.ones(2)
    with pytest.raises(DetachError, match="x = x \\+ t"):
        a += leaf(1.0, 2.0)
    with pytest.raises(ValueError, match="sequence") as error:  # numpy's own words, with ours as the cause
        a[0] = leaf(1.0)
    assert isinstance(error.value.__cause__, DetachError)
    assert float(leaf(1.0)) == 1, "explicit, and so allowed"


def test_case_24_a_list_of_tensors_never_detaches_silently() -> None:
    """tensortrax#5."""
    t = leaf(1.0, 2.0)
    for make in (np.array, np.asarray, Tensor):
        with pytest.raises(DetachError):
            make([t, t])
    with pytest.raises(DetachError, match="numpy\\(\\)"):
        np.asarray(t)
    with tg.no_grad():
        assert np.asarray(t).tolist() == [1, 2]


def test_an_unknown_numpy_function_is_named() -> None:
    t = leaf(1.0, 2.0)
    with pytest.raises(TypeError, match=r"np\.gradient"):
        np.gradient(t)
    with pytest.raises(TypeError, match=r"np\.gcd"):
        np.gcd(t, 2)


def test_comparisons_give_plain_arrays_and_hash_is_identity() -> None:
    t = leaf(1.0, 2.0)
    assert type(t > 1) is np.ndarray
    assert type(np.isfinite(t)) is np.ndarray
    assert (t == t).all()
    assert len({t, leaf(1.0, 2.0)}) == 2


def test_numpy_is_a_read_only_view() -> None:
    t = leaf(1.0, 2.0)
    view = t.numpy()
    assert np.shares_memory(view, t.data)
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 5


def test_item_needs_one_entry() -> None:
    with pytest.raises(ShapeError, match="\\(2,\\)"):
        leaf(1.0, 2.0).item()
    assert float(leaf(2.5)) == 2.5


# -- changes in place --------------------------------------------------------------------------------------------------


def test_case_25_an_operand_changed_between_forward_and_backward() -> None:
    """warp#1350."""
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y = (x * w).sum()
    with tg.no_grad():
        w += 1
    with pytest.raises(InPlaceError, match="multiply"):
        y.backward()


@pytest.mark.parametrize("change", ["iadd", "setitem", "view", "constant", "result"])
def test_case_25_every_way_of_changing_is_seen(change) -> None:
    x, c = leaf(1.0, 2.0), Tensor(np.array([3.0, 4.0]))
    y = ops.exp(x * c)
    loss = y.sum()
    with tg.no_grad():
        if change == "iadd":
            x -= 1
        elif change == "setitem":
            x[0] = 7
        elif change == "view":
            x.detach()[1:] = 7
        elif change == "constant":
            c *= 2
        else:
            y *= 2
    with pytest.raises(InPlaceError):
        loss.backward()


def test_a_change_of_something_else_is_no_alarm() -> None:
    x, other = leaf(1.0, 2.0), leaf(1.0)
    y = (x * x).sum()
    with tg.no_grad():
        other += 1
    y.backward()
    assert x.grad.tolist() == [2, 4]


def test_a_change_before_the_op_is_no_alarm() -> None:
    x = leaf(1.0, 2.0)
    with tg.no_grad():
        x += 1
    (x * x).sum().backward()
    assert x.grad.tolist() == [4, 6]


def test_in_place_on_a_leaf_is_refused_with_the_remedy() -> None:
    x = leaf(1.0, 2.0)
    with pytest.raises(GraphError, match="no_grad"):
        x += 1
    with pytest.raises(GraphError, match="index_update"):
        x[0] = 1
    y = x * 2
    with pytest.raises(GraphError, match="index_update"):
        y[0] = 1
    z = y
    y += 1
    assert y is not z, "on a result, += makes a new Tensor"
    y.sum().backward()
    assert x.grad.tolist() == [2, 2]


def test_in_place_inside_no_grad_keeps_object_memory_and_dtype() -> None:
    x = leaf(1.0, 2.0, dtype=np.float32)
    data = x.data
    with tg.no_grad():
        y = x
        x *= np.float64(2)
    assert x is y
    assert x.data is data
    assert (data.dtype, data.tolist()) == (np.float32, [2, 4])


def test_in_place_cuts_nothing_off() -> None:
    """numpy refuses it; [1, 2] += 0.5 left [1, 2], and /= 2 left [0, 1]."""
    x = Tensor(np.array([1, 2]))
    for change in (lambda t: t.__iadd__(0.5), lambda t: t.__itruediv__(2), lambda t: t.__imul__(1j)):
        with pytest.raises(DTypeError, match=r"t .= u has numbers of dtype .*, t of int64"):
            change(x)
    x += np.int8(3)
    assert x.tolist() == [4, 5]


# -- memory ------------------------------------------------------------------------------------------------------------


def test_case_26_a_chain_of_100_000_ops() -> None:
    """pt#5534; run: micrograd dies at 1,100. Forward, backward and freeing."""
    x = leaf(1.0, 2.0)
    y = x
    for _ in range(100_000):
        y = +y
    y.sum().backward()
    assert x.grad.tolist() == [1, 1]
    z = x
    for _ in range(100_000):
        z = +z
    del z  # freeing a graph that was never walked must not recurse either


def test_case_27_the_graph_goes_with_its_last_result() -> None:
    """pt#25340: without the garbage collector."""
    gc.collect()
    gc.disable()
    try:
        x = leaf(1.0, 2.0)
        y = ops.tanh(x * 2)
        seen = weakref.ref(y)
        loss = ops.softmax(y).sum()
        del y
        assert seen() is not None, "the graph keeps what it needs"
        del loss
        assert seen() is None
    finally:
        gc.enable()


def test_case_27_the_walk_lets_go_as_it_passes() -> None:
    """At the first op's turn, nothing of the later ops is alive."""
    alive: list[int] = []
    made: list[weakref.ref[Tensor]] = []

    @tg.op(name="census")
    def census(x):
        def pullback(g):
            alive.append(sum(r() is not None for r in made))
            return g

        return x + 0, pullback

    x = leaf(1.0, 2.0)
    y = census(x)
    for _ in range(20):
        y = ops.tanh(y)
        made.append(weakref.ref(y))
    loss = y.sum()
    del y
    loss.backward()
    assert alive == [0]


def test_backward_frees_without_the_garbage_collector_after_grad_of_grad() -> None:
    gc.collect()
    gc.disable()
    try:
        x = leaf(1.0, 2.0)
        g = tg.grad(lambda x: tg.grad(lambda x: (ops.tanh(x) ** 3).sum())(x).sum())(x)
        seen = weakref.ref(g)
        del g
        assert seen() is None
        assert gc.collect() < 500
    finally:
        gc.enable()


# -- modes -------------------------------------------------------------------------------------------------------------


def recording() -> bool:
    return (leaf(1.0) * 2).requires_grad


def test_case_28_no_grad_survives_exceptions() -> None:
    @tg.no_grad()
    def failing() -> None:
        raise KeyError(recording())

    with pytest.raises(KeyError, match="False"):
        failing()
    assert recording()


def test_case_28_no_grad_is_per_thread_and_per_task() -> None:
    """pt#49017."""
    seen: list[bool] = []
    with tg.no_grad():
        thread = threading.Thread(target=lambda: seen.append(recording()))
        thread.start()
        thread.join()
    assert seen == [True]

    async def quiet() -> bool:
        with tg.no_grad():
            await asyncio.sleep(0)
            return recording()

    async def loud() -> bool:
        await asyncio.sleep(0)
        return recording()

    async def both() -> list[bool]:
        return list(await asyncio.gather(quiet(), loud()))

    assert asyncio.run(both()) == [False, True]


def test_case_28_as_a_decorator_it_wraps_functions_generators_and_coroutines() -> None:
    @tg.no_grad()
    def function() -> bool:
        return recording()

    @tg.no_grad()
    def generator():
        sent = yield recording()
        yield (sent, recording())
        return "end"

    @tg.no_grad()
    async def coroutine() -> bool:
        return recording()

    def driver():
        return (yield from generator())

    assert function() is False
    steps = driver()
    assert next(steps) is False
    assert recording(), "between two values the caller records"
    assert steps.send("x") == ("x", False)
    with pytest.raises(StopIteration, match="end"):
        next(steps)
    assert asyncio.run(coroutine()) is False


def test_case_28_a_thrown_exception_reaches_the_generator_body() -> None:
    @tg.no_grad()
    def generator():
        try:
            yield 1
        except ValueError:
            yield recording()

    steps = generator()
    next(steps)
    assert steps.throw(ValueError()) is False
    steps.close()
    assert recording()


def test_case_28_a_bare_with_across_a_yield_leaks_by_pythons_rules() -> None:
    def generator():
        with tg.no_grad():
            yield

    steps = generator()
    next(steps)
    leaked = not recording()
    steps.close()
    assert leaked, "documented in Switch; if Python changes this, the documentation must"
    assert recording()


def test_enable_grad_inside_no_grad_and_nesting() -> None:
    with tg.no_grad(), tg.enable_grad():
        assert recording()
    quiet = tg.no_grad()
    with quiet, quiet:
        assert not recording()
    assert recording()


# -- seeds and leaves --------------------------------------------------------------------------------------------------


def test_case_29_a_result_of_several_entries_needs_a_seed() -> None:
    """pt#16045; run: MyGrad seeds ones silently."""
    with pytest.raises(GraphError, match="seed"):
        (leaf(1.0, 2.0) * 2).backward()
    with pytest.raises(GraphError, match="\\(3,\\)"):
        (leaf(1.0, 2.0) * 2).backward(np.ones(3))
    with pytest.raises(GraphError, match="requires_grad"):
        Tensor([1.0]).sum().backward()


def test_case_29_a_loss_compares_equal_shapes_only() -> None:
    with pytest.raises(ShapeError, match="every pair"):
        ops.mse(Tensor(np.ones((3, 1))), np.ones(3))


def test_gradients_accumulate_into_new_memory() -> None:
    x = leaf(1.0, 2.0)
    x.sum().backward()
    first = x.grad
    x.sum().backward()
    assert first.tolist() == [1, 1]
    assert x.grad.tolist() == [2, 2]


def test_a_fresh_gradient_is_kept_and_not_copied() -> None:
    made: list[weakref.ref[np.ndarray]] = []

    @tg.op(name="fresh")
    def fresh(x):
        def pullback(g):
            out = g * 2
            made.append(weakref.ref(out))
            return out

        return x * 2, pullback

    x = leaf(1.0, 2.0)
    fresh(x).sum().backward()
    assert x.grad.data is made[0]()


def test_large_gradients_are_added_up_in_place_and_small_ones_need_not_be() -> None:
    made: list[weakref.ref[np.ndarray]] = []

    @tg.op(name="fresh")
    def fresh(x):
        def pullback(g):
            out = g * 2
            made.append(weakref.ref(out))
            return out

        return x * 2, pullback

    x = Tensor(np.ones(10_000), requires_grad=True)
    (fresh(x) + fresh(x) + fresh(x)).sum().backward()
    assert x.grad.data is made[0]()
    assert (x.grad.data == 6).all()


def test_only_wanted_gradients_are_computed() -> None:
    asked: list[str] = []

    @tg.op(name="asks")
    def asks(x, y):
        return x * y, lambda g: asked.append("x") or g * y, lambda g: asked.append("y") or g * x

    asks(Tensor(np.ones(2)), leaf(1.0, 2.0)).sum().backward()
    assert asked == ["y"]


def test_hooks_see_and_replace_the_whole_gradient() -> None:
    x = leaf(1.0, 2.0)
    y = x * 3
    seen: list[list[float]] = []
    y.register_hook(lambda g: seen.append(g.tolist()))
    x.register_hook(lambda g: g * 10)
    (y + y).sum().backward()
    assert seen == [[2, 2]]
    assert x.grad.tolist() == [60, 60]
    z = x * 3
    remove = z.register_hook(lambda g: seen.append(g.tolist()))
    remove()
    z.sum().backward()
    assert len(seen) == 1, "a removed hook is not called"
    y = x * 3
    y.retain_grad()
    (y * y).sum().backward()
    assert y.grad.tolist() == [6, 12]


def test_a_retained_gradient_can_be_differentiated_again() -> None:
    """As a leaf's can under create_graph: d/dx of 3 (x^2)^2 is 12 x^3."""
    x = Tensor(np.array(2.0), requires_grad=True)
    y = (x * x).retain_grad()
    (y**3).backward(create_graph=True)
    x.grad = None
    y.grad.backward()
    assert x.grad.item() == 96


def test_gradients_of_single_numbers_reach_a_pullback_as_arrays() -> None:
    """Two 0-d arrays add up to a numpy scalar, which has no `like=`: the second derivative of einsum('ii->') failed."""
    kinds = []

    @tg.op(name="seeing")
    def seeing(x):
        return (x * 1, x * 2), lambda gs: (kinds.extend(map(type, gs)), gs[0] + 2 * gs[1])[1]

    x = Tensor(np.array(1.0), requires_grad=True)
    once, twice = seeing(x)
    (once * once + once + twice * twice + twice).backward()
    assert kinds == [np.ndarray, np.ndarray]
    t = np.ones((2, 2))
    assert tg.hvp(lambda x: (s := np.einsum("ii->", x)) * s + s, t, t).tolist() == [[4, 0], [0, 4]]
    assert tg.grad(lambda x: (s := np.einsum("ii->", x)) * s + s)(t).tolist() == [[5, 0], [0, 5]]


@pytest.mark.parametrize("wrong", [np.zeros(2), Tensor(np.zeros(())), 0.0])
def test_a_grad_that_was_set_to_something_else_is_refused(wrong) -> None:
    x = Tensor(np.ones(2), requires_grad=True)
    x.grad = wrong
    with pytest.raises(GraphError, match=r"\.grad of a Tensor of shape \(2,\) was set to"):
        (x * x).sum().backward()


# -- rules that are wrong ----------------------------------------------------------------------------------------------


def run_rule(rule, x=None):
    name = f"wrong_{run_rule.__name__}"
    return tg.op(rule, name=name) if x is None else tg.op(name=name)(rule)(x)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (lambda x: x, "one pullback for each"),
        (lambda x: (x, lambda g: g, lambda g: g), "2 pullback"),
        (lambda x: (x * 1, 3), "not a function"),
        (lambda x: (x * 1, None), "no gradient with respect to 'x'"),
        (lambda x: (Tensor(x), lambda g: g), "returned a Tensor"),
        (lambda x: (None, lambda g: g), "values of dtype object"),
        (lambda x: ("1", lambda g: g), "values of dtype <U1"),
    ],
)
def test_a_rule_that_returns_the_wrong_thing_is_told_so(rule, message) -> None:
    call = tg.op(name="wrong")(rule)
    with pytest.raises(RuleError, match=message):
        call(leaf(1.0, 2.0))


@pytest.mark.parametrize(
    ("pullback", "message"),
    [
        (lambda g: g[:1][[0, 0, 0]], "\\(3,\\)"),
        (lambda g: 1.0, "float"),
        (lambda g: None, "NoneType"),
        (lambda g: np.array([None, 1]), "expected numbers"),
    ],
)
def test_a_pullback_that_returns_the_wrong_thing_is_told_so(pullback, message) -> None:
    call = tg.op(name="wrong")(lambda x: (x * 1, pullback))
    with pytest.raises(RuleError, match=message):
        call(leaf(1.0, 2.0)).sum().backward()


def test_a_pullback_that_leaves_the_graph_under_create_graph_is_told_so() -> None:
    call = tg.op(name="wrong")(lambda x: (x * 1, lambda g: np.ones(2)))
    with pytest.raises(RuleError, match="higher derivatives"):
        call(leaf(1.0, 2.0)).sum().backward(create_graph=True)

    detaching = tg.op(name="wrong")(lambda x: (x * 1, lambda g: g * float(x.sum())))
    with pytest.raises(DetachError, match="raw"):
        detaching(leaf(1.0, 2.0)).sum().backward(create_graph=True)


# -- detect_anomaly ----------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_anomaly_names_the_op_and_the_line_of_the_first_nan() -> None:
    x = leaf(1.0, -1.0)
    with tg.detect_anomaly(), pytest.raises(AnomalyError, match=r"log \(test_promises.py:\d+\).*NaN.*\(1,\)"):
        ops.log(x) * 2


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_anomaly_names_the_op_of_the_first_bad_gradient() -> None:
    x = leaf(0.0, 1.0)
    with tg.detect_anomaly():
        y = ops.sqrt(x).sum()
        with pytest.raises(AnomalyError, match=r"gradient of sqrt \(test_promises.py:\d+\).*infinity"):
            y.backward()


def test_anomaly_sees_raw_numpy_writes() -> None:
    x = leaf(1.0, 2.0)
    with tg.detect_anomaly():
        y = (x * x).sum()
        x.data[0] = 5
        with pytest.raises(InPlaceError, match="multiply"):
            y.backward()


def test_a_hook_may_return_another_dtype_but_no_other_shape() -> None:
    x = leaf(1.0, 2.0, dtype=np.float32)
    x.register_hook(lambda g: np.array([5.0, 6.0]))
    x.sum().backward()
    assert (x.grad.dtype, x.grad.tolist()) == (np.float32, [5, 6])
    y = leaf(1.0, 2.0)
    y.register_hook(lambda g: np.ones(3))
    with pytest.raises(RuleError, match=r"\(3,\)"):
        y.sum().backward()


def test_a_complex_number_makes_float32_complex64() -> None:
    x = Tensor(np.ones(2, dtype=np.float32), requires_grad=True)
    y = x * 2j
    assert y.dtype == np.complex64
    (y * 1j).sum().backward(np.complex64(1))
    assert (x.grad.dtype, x.grad.tolist()) == (np.float32, [-2, -2])


@pytest.mark.parametrize(
    "function", [ops.norm, ops.var, ops.softmax, ops.abs, ops.relu, ops.max, ops.huber, ops.logsumexp]
)
def test_complex_numbers_are_refused_where_value_or_gradient_would_be_wrong(function) -> None:
    """norm(3 + 4i) was 3 + 4i, and |2i x| had the slope -2 at x = 1."""
    z = Tensor(np.array([3 + 4j, 1]))
    with pytest.raises(DTypeError, match="complex numbers"):
        function(z, z) if function is ops.huber else function(z)
    with pytest.raises(DTypeError, match="complex numbers"):
        function(z.data, z.data) if function is ops.huber else function(z.data)


def test_an_op_may_declare_that_it_is_right_for_complex_numbers() -> None:
    rule = lambda x: (x * x * x, lambda g: 3 * g * x * x)
    z = Tensor(np.array(1 + 2j), requires_grad=True)
    with pytest.raises(DTypeError, match="analytic=True"):
        tg.op(name="cube")(rule)(z)
    tg.op(name="cube", analytic=True)(rule)(z).backward()
    assert z.grad.item() == 3 * (1 + 2j) ** 2


def test_every_conversion_inside_a_rerun_is_refused() -> None:
    for convert in (lambda x: x.numpy(), lambda x: x.tolist(), lambda x: x.item(), np.asarray, np.from_dlpack):
        used = tg.op(name="wrong")(lambda x, convert=convert: (x * 1, lambda g: convert(x) is None or g))
        y = used(Tensor(np.array([1.0]), requires_grad=True))
        with pytest.raises(DetachError, match="raw"):
            y.backward(create_graph=True)


def test_the_mode_snapshot_compares() -> None:
    before = modes.snapshot()
    with tg.no_grad():
        assert modes.snapshot() != before
    assert modes.snapshot() == before


# -- properties --------------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from("+*t"), min_size=1, max_size=12), st.integers(0, 2**16))
def test_a_random_chain_agrees_with_forward_differences_of_dual_numbers(steps, seed) -> None:
    """An independent derivative: each step carries (value, slope) along."""
    rng = np.random.default_rng(seed)
    x = Tensor(rng.normal(size=3), requires_grad=True)
    y, value, slope = x, x.data.copy(), np.ones(3)
    for step in steps:
        c = rng.normal(size=3)
        if step == "+":
            y, value, slope = y + c * x, value + c * x.data, slope + c
        elif step == "*":
            y, value, slope = y * x, value * x.data, slope * x.data + value
        else:
            y, slope, value = ops.tanh(y), slope * (1 - np.tanh(value) ** 2), np.tanh(value)
    y.sum().backward()
    np.testing.assert_allclose(x.grad.data, slope, rtol=1e-12, atol=1e-12)
