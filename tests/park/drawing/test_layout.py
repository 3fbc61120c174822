"""Places in a picture: no two alike, few crossings, straight lines."""

from __future__ import annotations

import random
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from park.drawing.layout import laid_out


def some_graph(size: int, seed: int) -> tuple[dict[str, int], list[tuple[str, str]]]:
    chance = random.Random(seed)  # noqa: S311 (drawings)
    layers = {f"{index:02}": chance.randrange(6) for index in range(size)}
    pairs = [
        (a, b) for a in layers for b in layers if layers[a] < layers[b] and chance.random() < 0.2
    ]
    return layers, pairs


@settings(max_examples=60)
@given(st.integers(0, 25), st.integers(0, 10_000))
def test_no_two_pieces_are_in_one_place(size: int, seed: int) -> None:
    layers, pairs = some_graph(size, seed)
    layout = laid_out(layers, pairs)
    assert layout.places.keys() == layers.keys()
    assert len(layout.routes) == len(pairs)
    for (one, here), (other, there) in combinations(layout.places.items(), 2):
        assert here[0] != there[0] or abs(here[1] - there[1]) > 0.99, (one, other)
    for route in layout.routes:
        steps = [layer for layer, _ in route.points]
        assert steps == list(range(steps[0], steps[-1] + 1))
        for layer, place in route.points[1:-1]:
            beside = (at for there, at in layout.places.values() if there == layer)
            assert all(abs(at - place) > 0.6 for at in beside)


def test_two_lines_that_need_not_cross_do_not() -> None:
    layout = laid_out({"a": 0, "b": 0, "c": 1, "d": 1}, [("a", "d"), ("b", "c")])
    places = {name: place for name, (_, place) in layout.places.items()}
    assert (places["a"] < places["b"]) == (places["d"] < places["c"])


def test_a_chain_is_a_straight_line_and_so_is_a_long_edge() -> None:
    layout = laid_out({"a": 0, "b": 1, "c": 2}, [("a", "b"), ("b", "c")])
    assert len({place for _, place in layout.places.values()}) == 1
    layout = laid_out({"a": 0, "b": 1, "c": 2}, [("a", "c"), ("a", "b")])
    (route,) = (each for each in layout.routes if each.job == "c")
    assert len(route.points) == 3


def test_what_needs_nothing_is_drawn_beside_what_needs_it() -> None:
    layers = {"a": 0, "b": 1, "c": 2, "install": 0}
    layout = laid_out(layers, [("a", "b"), ("b", "c"), ("install", "c")])
    assert layout.places["install"][0] == 1


@given(st.integers(0, 12), st.integers(0, 10_000))
def test_places_begin_at_nothing_and_no_edge_leads_back(size: int, seed: int) -> None:
    layers, pairs = some_graph(size, seed)
    layout = laid_out(layers, pairs)
    across = [place for _, place in layout.places.values()]
    assert min(across, default=0) >= 0
    assert max(across, default=0) <= layout.extent + 1e-9
    for route in layout.routes:
        assert layout.places[route.needed][0] < layout.places[route.job][0]
        assert route.points[0] == layout.places[route.needed]
        assert route.points[-1] == layout.places[route.job]


def test_an_edge_that_is_told_twice_is_drawn_once() -> None:
    assert len(laid_out({"a": 0, "b": 1}, [("a", "b"), ("a", "b")]).routes) == 1


def test_nothing_has_no_layer_and_no_extent() -> None:
    layout = laid_out({}, [])
    assert (dict(layout.places), layout.routes, layout.extent) == ({}, (), 0)
