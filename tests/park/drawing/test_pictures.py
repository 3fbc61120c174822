"""Workflows as pictures: places that do not collide, XML and DOT that every reader takes."""

from __future__ import annotations

import random
import re
from datetime import datetime
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.labs.workflows import NOW, edge, node, story

from park.client.workflows.joining import joined
from park.client.workflows.layers import Workflow
from park.drawing.dot import dot
from park.drawing.layout import laid_out
from park.drawing.look import look_of
from park.drawing.svg import svg
from park.wire import GraphRecord

AT = datetime.fromisoformat(NOW)
SVG = "{http://www.w3.org/2000/svg}"
NASTY = '<b>&amp;"quoted"\\l\x00\x1b]0;x\x07 \ud800 end'.encode("utf-16", "surrogatepass").decode(
    "utf-16", "replace"
)


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


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 (our own)


def test_the_picture_is_xml_and_has_every_piece_once() -> None:
    picture = parsed(svg(Workflow(joined(story())), AT))
    titles = [each.findtext(f"{SVG}title") or "" for each in picture.iter(f"{SVG}g")]
    for record in joined(story()).nodes:
        assert sum(record.id in title for title in titles) == 1
    size = [float(picture.attrib[side]) for side in ("width", "height")]
    for box in picture.iter(f"{SVG}g"):
        place = re.findall(r"[\d.]+", box.attrib.get("transform", ""))
        if place:
            assert 0 <= float(place[0]) <= size[0] - 252
            assert 0 <= float(place[1]) <= size[1] - 58


def test_states_are_told_without_colour() -> None:
    picture = svg(Workflow(joined(story())), AT)
    assert "running · 10.0 s" in picture
    assert "completed on sns.example.org" in picture


@pytest.mark.parametrize("text", [NASTY, "x" * 500, "", "ünïcödé 測定"])
def test_any_name_can_be_drawn(text: str) -> None:
    nodes = [node("a", "failed", label=text, why=text), node(f"b{text}", label=text, service=text)]
    workflow = Workflow(GraphRecord(nodes=nodes, edges=[edge(f"b{text}", "a", "value")]))
    picture = parsed(svg(workflow, AT))
    names = [each.text or "" for each in picture.iter(f"{SVG}text") if each.get("class") == "name"]
    assert len(names) == 2
    assert max(map(len, names)) <= 24
    assert all(line.count('"') % 2 == 0 for line in dot(workflow).replace('\\"', "").split("\n"))


def test_nothing_is_a_picture_as_well() -> None:
    empty = Workflow(GraphRecord(nodes=[], edges=[]))
    assert parsed(svg(empty, AT)).tag == f"{SVG}svg"
    assert dot(empty).endswith("}\n")


def test_dot_has_pieces_and_edges() -> None:
    text = dot(Workflow(joined(story())))
    assert text.count(" -> ") == 8
    assert '"03-fetch" -> "05-define" [style=solid, label="file"];' in text
    assert '"02-install" -> "04-prefit" [style=dashed];' in text


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    "state", ["waiting", "queued", "running", "completed", "failed", "cancelled", "other"]
)
def test_every_state_can_be_read_in_light_and_dark(state: str) -> None:
    look = look_of(state)
    for strong, pale in ((look.strong, look.pale), look.dark):
        low, high = sorted((luminance(strong), luminance(pale)))
        assert (high + 0.05) / (low + 0.05) >= 4.5
