"""The layered layout: ranks, order, places, on random graphs."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu.viz import layout
from tinygrad_edu.viz._layout import crossings, nearest, neighbours, ordered, ranked


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[int, tuple[float, float]], list[tuple[int, int]]]:
    n = draw(st.integers(1, 14))
    sizes = {i: (draw(st.integers(10, 90)), draw(st.integers(10, 40))) for i in range(n)}
    pairs = [(a, b) for a in range(n) for b in range(a + 1, n)]
    arrows = draw(st.lists(st.sampled_from(pairs), max_size=20, unique=True)) if pairs else []
    return sizes, arrows


@given(graphs())
def test_boxes_do_not_overlap_and_lie_within_the_size(graph) -> None:
    sizes, arrows = graph
    placed = layout(sizes, arrows)
    for key, (x, y) in placed.centres.items():
        w, h = sizes[key]
        assert x - w / 2 >= -1e-6
        assert x + w / 2 <= placed.size[0] + 1e-6
        assert y - h / 2 >= -1e-6
        assert y + h / 2 <= placed.size[1] + 1e-6
    for (a, (x, y)), (b, (u, v)) in itertools.combinations(placed.centres.items(), 2):
        apart = abs(x - u) - (sizes[a][0] + sizes[b][0]) / 2, abs(y - v) - (sizes[a][1] + sizes[b][1]) / 2
        assert max(apart) > -1e-6


@given(graphs())
def test_arrows_lead_down_from_edge_to_edge(graph) -> None:
    sizes, arrows = graph
    placed = layout(sizes, arrows)
    for (a, b), path in zip(arrows, placed.paths, strict=True):
        assert path[0][1] == pytest.approx(placed.centres[a][1] + sizes[a][1] / 2)
        assert path[-1][1] == pytest.approx(placed.centres[b][1] - sizes[b][1] / 2)
        assert all(y <= v + 1e-6 for (_, y), (_, v) in itertools.pairwise(path))
        for end, key in ((path[0], a), (path[-1], b)):
            assert abs(end[0] - placed.centres[key][0]) <= sizes[key][0] / 2


@given(graphs())
def test_no_arrow_passes_through_a_box(graph) -> None:
    """Within the height of a rank an arrow runs straight down, in a place of its own."""
    sizes, arrows = graph
    placed = layout(sizes, arrows)
    for pair, path in zip(arrows, placed.paths, strict=True):
        for (x, y), (u, v) in itertools.pairwise(path):
            for key, (cx, cy) in placed.centres.items():
                if key not in pair and x == u and y < cy < v:
                    assert abs(cx - x) >= sizes[key][0] / 2 - 1e-6


@given(graphs())
def test_sideways_is_the_same_turned(graph) -> None:
    sizes, arrows = graph
    upright = layout(sizes, arrows)
    turned = layout({key: (h, w) for key, (w, h) in sizes.items()}, arrows, sideways=True)
    assert turned.centres == {key: (y, x) for key, (x, y) in upright.centres.items()}
    assert turned.size == upright.size[::-1]


@given(graphs())
def test_ordering_never_adds_crossings(graph) -> None:
    sizes, arrows = graph
    rank = ranked(sizes, arrows)
    links = [(a, b) for a, b in arrows if rank[b] == rank[a] + 1]
    above, below = neighbours(links)
    rows = [[k for k in sizes if rank[k] == r] for r in range(max(rank.values()) + 1)]
    assert crossings(ordered(rows, above, below), below) <= crossings(rows, below)


def test_a_knot_is_undone() -> None:
    above, below = neighbours([("a", "z"), ("b", "y"), ("c", "x")])
    rows = [["a", "b", "c"], ["x", "y", "z"]]
    assert crossings(rows, below) == 3
    assert crossings(ordered(rows, above, below), below) == 0


def test_what_is_given_stands_next_to_its_use() -> None:
    arrows = [("x", "one"), ("one", "two"), ("two", "three"), ("w", "three")]
    assert ranked(["x", "w", "one", "two", "three"], arrows) == {"x": 0, "one": 1, "two": 2, "w": 2, "three": 3}


@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(0.1, 9), st.floats(1, 20)), min_size=1, max_size=8))
def test_nearest_is_the_least_squares_solution(rows) -> None:
    """No small move of any run of neighbours that keeps the order makes the weighted squares smaller."""
    wishes, weights, widths = zip(*rows, strict=True)
    at = nearest(wishes, weights, widths)
    apart = [b - a - (v + w) / 2 for a, b, v, w in zip(at, at[1:], widths, widths[1:], strict=False)]
    assert min(apart, default=0) > -1e-6
    cost = lambda places: sum(w * (p - q) ** 2 for w, p, q in zip(weights, places, wishes, strict=True))
    for i, j in itertools.combinations(range(len(at) + 1), 2):
        for step in (-1e-3, 1e-3):
            moved = [p + step * (i <= k < j) for k, p in enumerate(at)]
            if all(
                b - a >= (v + w) / 2 - 1e-9 for a, b, v, w in zip(moved, moved[1:], widths, widths[1:], strict=False)
            ):
                assert cost(moved) >= cost(at) - 1e-6


def test_a_long_chain_needs_no_recursion() -> None:
    n = 3000
    placed = layout(dict.fromkeys(range(n), (40, 20)), list(itertools.pairwise(range(n))))
    assert len({x for x, _ in placed.centres.values()}) == 1


def test_circles_and_strangers_are_refused() -> None:
    with pytest.raises(ValueError, match="in a circle"):
        layout({"a": (1, 1), "b": (1, 1)}, [("a", "b"), ("b", "a")])
    with pytest.raises(ValueError, match="'c', which is not among the boxes"):
        layout({"a": (1, 1)}, [("a", "c")])


def test_the_picture_begins_at_its_edge() -> None:
    placed = layout({"a": (40, 20), "b": (30, 10)}, [("a", "b")], along=34)
    assert (placed.centres, placed.size) == ({"a": (20, 10), "b": (20, 59)}, (40, 64))


def test_nothing_is_laid_out_too() -> None:
    assert layout({}, []).centres == {}
