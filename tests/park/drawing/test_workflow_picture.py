"""A workflow as an object: text, a picture, and states until its end."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from support.labs.workflows import SECOND, node, story
from support.stand_ins.graph_service import GraphService, of

import park
from park.drawing.workflow_picture import WorkflowPicture
from park.errors import ServiceUnreachable, UsageError


class Service:
    """As much of a service as a picture asks."""

    def __init__(self, *answers: Any) -> None:
        self.transport = GraphService(SECOND, *answers)


def picture(*answers: Any) -> WorkflowPicture:
    service: Any = Service(*answers)
    return WorkflowPicture(service, ["06-fit"])


def test_as_text_it_is_a_tree() -> None:
    text = str(picture(story()[SECOND]))
    assert "park.fitting:fit" in text
    assert "completed" in text
    assert str(picture(of())) == "no jobs yet"
    assert repr(picture(of(node("a"), node("b")))) == "<WorkflowPicture of 2 pieces>"


def test_a_notebook_has_the_picture_and_the_text() -> None:
    html = picture(story()[SECOND])._repr_html_()
    drawn = b64decode(html.partition("base64,")[2].partition('"')[0]).decode()
    assert "park.fitting:fit" in drawn
    assert "alt=" in html


@pytest.mark.parametrize(
    ("name", "start"), [("w.svg", "<?xml"), ("w.dot", "digraph"), ("w.GV", "digraph")]
)
def test_it_is_saved_in_the_form_of_the_ending(tmp_path: Path, name: str, start: str) -> None:
    path = picture(of(node("a"))).save(tmp_path / name)
    assert path.read_text().startswith(start)


def test_text_is_saved_as_it_is_printed(tmp_path: Path) -> None:
    found = picture(of(node("a")))
    assert found.save(tmp_path / "w.txt").read_text() == str(found)


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.svg, \.dot, \.gv, \.txt"):
        picture(of(node("a"))).save(tmp_path / "w.pdf")


def test_it_is_followed_to_its_end() -> None:
    running, ended = (of(node("a", status)) for status in ("running", "completed"))
    found = picture(running, running, ended)
    texts = [state.text for state in found._states()]
    assert "running" in texts[0]
    assert "completed" in texts[-1]
    assert "completed" in str(found)


def test_asked_for_again() -> None:
    found = picture(of(node("a", "running")), of(node("a", "completed")))
    assert "completed" in str(found.refresh())


def test_the_workflow_of_no_service_is_refused() -> None:
    with pytest.raises(ServiceUnreachable):
        park.workflow("0199" * 4, service="http://127.0.0.1:1")
