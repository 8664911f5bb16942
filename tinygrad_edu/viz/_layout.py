"""Where to draw boxes and arrows: ranks, order, places.

The layered drawing of Sugiyama, Tagawa and Toda, *Methods for Visual Understanding of Hierarchical System Structures* (1981),
in their three steps. (1) Each box gets a rank, below all boxes that point at it; an arrow over several ranks gets a small
stop in each between. (2) Within the ranks, boxes are ordered by the mean place of their neighbours, down and up in turn;
the order with the fewest crossings is kept. (3) Boxes move towards their neighbours as far as order and distance
allow, which for one rank is a least-squares problem that ``nearest`` solves exactly.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right, insort
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = ["Layout", "layout"]

Key: TypeAlias = Hashable
Point: TypeAlias = tuple[float, float]
Ranks: TypeAlias = list[list[Any]]

SWEEPS = 12  # of ordering and of placing; pictures of a hundred boxes change little after six
STOP = 10.0  # the width that an arrow takes where it passes a rank


@dataclass(frozen=True)
class Layout:
    """centres : of each box.  paths : of each arrow, from the edge of one box to that of the other.  size : of the whole."""

    centres: dict[Any, Point]
    paths: list[list[Point]]
    size: Point


def layout(
    sizes: Mapping[Any, Point],
    arrows: Sequence[tuple[Any, Any]],
    across: float = 22,
    along: float = 34,
    sideways: bool = False,
) -> Layout:
    """Places for boxes of these sizes, so that arrows lead down, or to the right with ``sideways``.

    sizes : (width, height) of each box, in the order in which boxes would best stand beside each other.
    arrows : pairs (from, to).          across, along : the space between boxes of a rank, and between ranks.
    Errors: ValueError for arrows in a circle, and for one from or to a box that is not there.
    """
    if sideways:
        turned = layout({key: (h, w) for key, (w, h) in sizes.items()}, arrows, across, along)
        centres = {key: (x, y) for key, (y, x) in turned.centres.items()}
        return Layout(centres, [[(x, y) for y, x in path] for path in turned.paths], turned.size[::-1])
    rank = ranked(sizes, arrows)
    rows: Ranks = [[] for _ in range(max(rank.values(), default=-1) + 1)]
    for key in sizes:
        rows[rank[key]].append(key)
    chains = []  # of each arrow: its boxes, and the stops between them
    for i, (a, b) in enumerate(arrows):
        stops = [("stop", i, r) for r in range(rank[a] + 1, rank[b])]
        for stop in stops:
            rows[stop[2]].append(stop)
        chains.append([a, *stops, b])
    links = [link for chain in chains for link in itertools.pairwise(chain)]
    above, below = neighbours(links)
    rows = ordered(rows, above, below)
    widths = {key: w for key, (w, _) in sizes.items()} | dict.fromkeys((s for c in chains for s in c[1:-1]), STOP)
    x = placed(rows, widths, above, below, across)
    y, heights = {}, [max((sizes[k][1] for k in row if k in sizes), default=0) for row in rows]
    for r, row in enumerate(rows):
        y.update(dict.fromkeys(row, sum(heights[:r]) + heights[r] / 2 + along * r))
    ends = ports(sizes, arrows, chains, x)
    paths = [path(chain, ends[i], x, y, sizes, heights, rank) for i, chain in enumerate(chains)]
    right = max((x[key] + w / 2 for key, w in widths.items()), default=0)
    size = (right, sum(heights) + along * max(len(rows) - 1, 0))
    return Layout({key: (x[key], y[key]) for key in sizes}, paths, size)


# -- 1. ranks ----------------------------------------------------------------------------------------------------------


def neighbours(links: Iterable[tuple[Key, Key]]) -> tuple[dict[Key, list[Any]], dict[Key, list[Any]]]:
    """What points at each key, and what each key points at."""
    above: dict[Key, list[Any]] = {}
    below: dict[Key, list[Any]] = {}
    for a, b in links:
        above.setdefault(b, []).append(a)
        below.setdefault(a, []).append(b)
    return above, below


def ranked(keys: Iterable[Any], arrows: Sequence[tuple[Any, Any]]) -> dict[Any, int]:
    """The rank of each key: as high up as its arrows allow; then what has more arrows out than in moves down to its use."""
    above, below = neighbours(arrows)
    waiting = {key: len(above.get(key, ())) for key in keys}
    for key in (k for pair in arrows for k in pair):
        if key not in waiting:
            raise ValueError(f"layout: an arrow names {key!r}, which is not among the boxes.")
    rank: dict[Any, int] = {}
    ready = [key for key, n in waiting.items() if not n]
    for key in ready:  # which grows as boxes become ready
        rank[key] = max((rank[a] + 1 for a in above.get(key, ())), default=0)
        for b in below.get(key, ()):
            waiting[b] -= 1
            if not waiting[b]:
                ready.append(b)
    if len(ready) < len(waiting):
        raise ValueError(f"layout: the arrows lead in a circle, through {next(k for k in waiting if k not in rank)!r}.")
    for key in reversed(ready):
        if len(below.get(key, ())) > len(above.get(key, ())):
            rank[key] = min(rank[b] for b in below[key]) - 1
    return rank


# -- 2. order ----------------------------------------------------------------------------------------------------------


def ordered(rows: Ranks, above: Mapping[Key, list[Any]], below: Mapping[Key, list[Any]]) -> Ranks:
    """The rows, each in the order that gave the fewest crossings."""
    best, fewest = rows, crossings(rows, below)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        rows = [list(row) for row in rows]
        near, walk = (above, range(1, len(rows))) if sweep % 2 == 0 else (below, range(len(rows) - 2, -1, -1))
        for r in walk:
            place = {key: i for i, key in enumerate(rows[r - 1 if near is above else r + 1])}
            here = {key: i for i, key in enumerate(rows[r])}
            rows[r].sort(key=lambda key: mean([place[k] for k in near.get(key, ())], here[key]))
        now = crossings(rows, below)
        if now < fewest:
            best, fewest = rows, now
    return best


def crossings(rows: Ranks, below: Mapping[Key, list[Any]]) -> int:
    """How many pairs of arrows cross: for each rank, the inversions among the lower ends, taken from left to right."""
    total = 0
    for row, under in itertools.pairwise(rows):
        place = {key: i for i, key in enumerate(under)}
        seen: list[int] = []
        for key in row:
            ends = sorted(place[b] for b in below.get(key, ()))
            total += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return total


def mean(values: Sequence[float], default: float) -> float:
    """The mean, or the default of nothing."""
    return sum(values) / len(values) if values else default


# -- 3. places ---------------------------------------------------------------------------------------------------------


def placed(
    rows: Ranks, widths: Mapping[Key, float], above: Mapping[Key, list[Any]], below: Mapping[Key, list[Any]], gap: float
) -> dict[Any, float]:
    """The centre of each box and stop across its rank; the leftmost edge is at 0.

    What is computed weighs more than what is given: a network's layers then stand in a line, their parameters beside it.
    """
    weight = {key: 40.0 if above.get(key) else 1.0 for row in rows for key in row}
    x: dict[Any, float] = {}
    for row in rows:
        x.update(zip(row, nearest([0.0] * len(row), [1.0] * len(row), [widths[k] + gap for k in row])))
    for sweep in range(SWEEPS + 1):
        for row in rows if sweep % 2 == 0 else reversed(rows):
            wishes = []
            for key in row:
                near = above.get(key, []) if sweep % 2 == 0 else below.get(key, [])
                near = near or [key]
                total = sum(weight[k] for k in near)
                wishes.append(sum(weight[k] * x[k] for k in near) / total)
            x.update(zip(row, nearest(wishes, [weight[k] for k in row], [widths[k] + gap for k in row])))
    left = min((x[key] - widths[key] / 2 for key in x), default=0)
    return {key: value - left for key, value in x.items()}


def nearest(wishes: Sequence[float], weights: Sequence[float], widths: Sequence[float]) -> list[float]:
    """The centres nearest to the wished ones (least squares) that keep the order and do not overlap.

    With the widths taken out, the centres must not fall: isotonic regression, solved by pooling neighbours that violate it
    (Ayer, Brunk, Ewing, Reid and Silverman, 1955).
    """
    offsets, edge = [], 0.0
    for w in widths:
        offsets.append(edge + w / 2)
        edge += w
    blocks: list[list[float]] = []  # [weighted sum, weight, how many]
    for wish, weight, offset in zip(wishes, weights, offsets):
        blocks.append([(wish - offset) * weight, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] > blocks[-1][0] * blocks[-2][1]:
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last)]
    values = [total / weight for total, weight, n in blocks for _ in range(int(n))]
    return [value + offset for value, offset in zip(values, offsets)]


# -- arrows ------------------------------------------------------------------------------------------------------------


def ports(
    sizes: Mapping[Any, Point], arrows: Sequence[tuple[Any, Any]], chains: Sequence[list[Any]], x: Mapping[Any, float]
) -> list[Point]:
    """Where each arrow leaves its box and where it arrives: spread over the box, in the order of the other ends."""
    ends = [[0.0, 0.0] for _ in arrows]
    for side in (0, 1):
        meeting: dict[Any, list[int]] = {}
        for i, pair in enumerate(arrows):
            meeting.setdefault(pair[side], []).append(i)
        for key, those in meeting.items():
            those.sort(key=lambda i: x[chains[i][-2 if side else 1]])
            step = min(24.0, 0.7 * sizes[key][0] / len(those))
            for place, i in enumerate(those):
                ends[i][side] = x[key] + step * (place - (len(those) - 1) / 2)
    return [(a, b) for a, b in ends]


def path(
    chain: Sequence[Any],
    ends: Point,
    x: Mapping[Any, float],
    y: Mapping[Any, float],
    sizes: Mapping[Any, Point],
    heights: Sequence[float],
    rank: Mapping[Any, int],
) -> list[Point]:
    """The points that an arrow goes through; across a rank it goes straight down."""
    a, b = chain[0], chain[-1]
    points = [(ends[0], y[a] + sizes[a][1] / 2), (ends[0], y[a] + heights[rank[a]] / 2)]
    for stop in chain[1:-1]:
        half = heights[stop[2]] / 2
        points += [(x[stop], y[stop] - half), (x[stop], y[stop] + half)]
    points += [(ends[1], y[b] - heights[rank[b]] / 2), (ends[1], y[b] - sizes[b][1] / 2)]
    return [p for i, p in enumerate(points) if i == 0 or p != points[i - 1]]
