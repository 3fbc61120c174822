"""Workflows as pictures: XML that every reader takes, whatever the names are."""

from __future__ import annotations

import re
from datetime import datetime
from xml.etree import ElementTree as ET

import pytest
from support.labs.workflows import NOW, edge, node, story

from park.client.workflows.joining import joined
from park.client.workflows.layers import Workflow
from park.drawing.dot import dot
from park.drawing.svg import svg
from park.wire import GraphRecord

AT = datetime.fromisoformat(NOW)
SVG = "{http://www.w3.org/2000/svg}"
NASTY = '<b>&amp;"quoted"\\l\x00\x1b]0;x\x07 \ud800 end'.encode("utf-16", "surrogatepass").decode(
    "utf-16", "replace"
)


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


def test_its_style_holds_in_no_other_picture_of_a_page() -> None:
    picture = parsed(svg(Workflow(joined(story())), AT))
    style = picture.findtext(f"{SVG}style") or ""
    selectors = [each for rule in re.findall(r"([^{}@]+)\{", style) for each in rule.split(",")]
    assert len(selectors) > 20
    rules = [each for each in selectors if not each.startswith("media")]
    assert {each.split()[0] for each in rules} == {f".{picture.attrib['class']}"}


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
