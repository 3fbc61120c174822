"""Places for a layered drawing: few crossings, straight long edges, nothing on top of another.

The scheme is Sugiyama's (K. Sugiyama, S. Tagawa, M. Toda, 1981): edges across several layers
get a joint in each, layers are ordered by the means of their neighbours, and then each layer
is moved as near to its neighbours as its order and the distances allow: that is a regression
under an order, which pooling adjacent violators solves (M. Ayer and others, 1955).
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

__all__ = ["Layout", "Route", "laid_out"]

Spot = str | tuple[str, str, int]
"""A piece (its id), or a joint: (needed, job, layer)."""

_SWEEPS = 12
_SWEEPS_OF_MANY = 2
_MANY = 4_000
"""Edges, joints counted: beyond, fewer sweeps keep a drawing within seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """An edge, by the (layer, place) of its ends and joints, from what is needed on."""

    needed: str
    job: str
    points: tuple[tuple[int, float], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """Where each piece is: its layer, and its place across, in units of ``gap`` from 0."""

    places: Mapping[str, tuple[int, float]]
    routes: tuple[Route, ...]
    layers: int
    extent: float


def laid_out(layers: Mapping[str, int], edges: Iterable[tuple[str, str]]) -> Layout:
    """Return places for pieces in ``layers`` and ``edges`` of (needed, job).

    Two pieces of a layer are at least 1 apart.
    """
    pairs = list(dict.fromkeys(edges))
    sketch = _Sketch.of(_nearer(layers, pairs), pairs)
    _order(sketch)
    places = _spread(sketch)
    low = min(places.values(), default=0.0)
    found = {spot: place - low for spot, place in places.items()}
    return Layout(
        places={name: (layer, found[name]) for name, layer in sketch.layer_of.items()},
        routes=tuple(
            Route(
                needed=needed,
                job=job,
                points=tuple((sketch.spot_layer[spot], found[spot]) for spot in chain),
            )
            for (needed, job), chain in sketch.chains.items()
        ),
        layers=len(sketch.rows),
        extent=max(found.values(), default=0.0),
    )


def _nearer(layers: Mapping[str, int], pairs: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Move what needs nothing to just before the first that needs it."""
    found = dict(layers)
    needing = {job for _, job in pairs}
    first: dict[str, int] = {}
    for needed, job in pairs:
        first[needed] = min(first.get(needed, layers[job]), layers[job])
    for name, layer in first.items():
        if name not in needing and layer > 0:
            found[name] = layer - 1
    return found


@dataclass(kw_only=True, slots=True)
class _Sketch:
    """A drawing on its way: who is in which layer, and what stands there in which order."""

    layer_of: dict[str, int]
    chains: dict[tuple[str, str], list[Spot]]
    rows: list[list[Spot]]
    spot_layer: dict[Spot, int]
    before: defaultdict[Spot, list[Spot]] = field(default_factory=lambda: defaultdict(list))
    after: defaultdict[Spot, list[Spot]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, layers: dict[str, int], pairs: Sequence[tuple[str, str]]) -> _Sketch:
        """Put a joint into each layer that an edge crosses; an edge that leads back is left out."""
        spots: dict[Spot, int] = {name: layer for name, layer in layers.items()}  # noqa: C416 (of a wider type)
        chains: dict[tuple[str, str], list[Spot]] = {}
        for needed, job in pairs:
            between = range(layers[needed] + 1, layers[job])
            if layers[needed] < layers[job]:
                joints: list[Spot] = [(needed, job, layer) for layer in between]
                spots.update(zip(joints, between, strict=True))
                chains[needed, job] = [needed, *joints, job]
        rows: list[list[Spot]] = [[] for _ in range(max(layers.values(), default=-1) + 1)]
        for spot, layer in spots.items():
            rows[layer].append(spot)
        sketch = cls(layer_of=layers, chains=chains, rows=rows, spot_layer=spots)
        for chain in chains.values():
            for left, right in pairwise(chain):
                sketch.after[left].append(right)
                sketch.before[right].append(left)
        return sketch

    @property
    def size(self) -> int:
        """How many pieces of edges there are."""
        return sum(map(len, self.before.values()))


def _order(sketch: _Sketch) -> None:
    """Order each layer by the means of its neighbours, to and fro; keep what crosses least."""
    best, fewest = [list(row) for row in sketch.rows], _crossings(sketch)
    for sweep in range(_SWEEPS if sketch.size <= _MANY else _SWEEPS_OF_MANY):
        forward = sweep % 2 == 0
        rows = sketch.rows[1:] if forward else sketch.rows[-2::-1]
        neighbours = sketch.before if forward else sketch.after
        place = _ranks(sketch)
        for row in rows:
            means = {
                spot: _mean([place[each] for each in neighbours[spot]], place[spot]) for spot in row
            }
            row.sort(key=means.__getitem__)
            place.update((spot, float(rank)) for rank, spot in enumerate(row))
        crossings = _crossings(sketch)
        if crossings < fewest:
            best, fewest = [list(row) for row in sketch.rows], crossings
    sketch.rows[:] = best


def _ranks(sketch: _Sketch) -> dict[Spot, float]:
    return {spot: float(rank) for row in sketch.rows for rank, spot in enumerate(row)}


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _crossings(sketch: _Sketch) -> int:
    """Count the crossings between each two layers: the inversions of the right ends."""
    place = _ranks(sketch)
    count = 0
    for row in sketch.rows[:-1]:
        ends: list[float] = []
        for left in row:
            targets = sorted(place[right] for right in sketch.after[left])
            count += sum(len(ends) - bisect_right(ends, target) for target in targets)
            for target in targets:
                insort(ends, target)
    return count


_MOVES = 8
_GAPS = (1.0, 0.62, 0.24)
"""Between two pieces, a piece and a joint, two joints."""

_STRAIGHT = 4.0
"""How much more a joint pulls than a piece does: long edges run straight."""


def _spread(sketch: _Sketch) -> dict[Spot, float]:
    """Return the place of each spot across its layer."""
    offsets = [_offsets(row) for row in sketch.rows]
    widest = max((each[-1] for each in offsets if each), default=0.0)
    place = {
        spot: offset + (widest - each[-1]) / 2
        for row, each in zip(sketch.rows, offsets, strict=True)
        for spot, offset in zip(row, each, strict=True)
    }
    for move in range(_MOVES):
        rows = list(zip(sketch.rows, offsets, strict=True))
        last = move == _MOVES - 1
        for row, each in rows if move % 2 == 0 else reversed(rows):
            sides = (sketch.before, sketch.after) if last else (_side(sketch, move),)
            wanted = [
                _mean([place[n] for side in sides for n in side[spot]], place[spot]) for spot in row
            ]
            weights = [_STRAIGHT if isinstance(spot, tuple) else 1.0 for spot in row]
            place.update(zip(row, _kept_apart(wanted, weights, each), strict=True))
    return place


def _side(sketch: _Sketch, move: int) -> Mapping[Spot, list[Spot]]:
    return sketch.before if move % 2 == 0 else sketch.after


def _offsets(row: Sequence[Spot]) -> list[float]:
    """Return how far each spot of a layer is from the first one at least."""
    gaps = (_GAPS[isinstance(a, tuple) + isinstance(b, tuple)] for a, b in pairwise(row))
    return list(accumulate(gaps, initial=0.0))[: len(row)]


def _kept_apart(
    wanted: Sequence[float], weights: Sequence[float], offsets: Sequence[float]
) -> list[float]:
    """Return the places nearest to ``wanted`` (least squares) that keep order and distances."""
    blocks: list[tuple[float, float, int]] = []
    for want, weight, offset in zip(wanted, weights, offsets, strict=True):
        mean, total, size = want - offset, weight, 1
        while blocks and blocks[-1][0] > mean:
            other, more, count = blocks.pop()
            mean = (mean * total + other * more) / (total + more)
            total, size = total + more, size + count
        blocks.append((mean, total, size))
    shifts = [mean for mean, _, size in blocks for _ in range(size)]
    return [shift + offset for shift, offset in zip(shifts, offsets, strict=True)]
