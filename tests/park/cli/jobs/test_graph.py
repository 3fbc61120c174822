"""``park graph``: which form a workflow takes, and where it goes."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.labs.workflows import node
from support.stand_ins.graph_service import GraphService

from park.cli.jobs import graph
from park.cli.jobs.graph import _form
from park.cli.main import main
from park.errors import UsageError
from park.wire import GraphRecord

Said = pytest.CaptureFixture[str]


@pytest.fixture
def workflow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> GraphRecord:
    record = GraphRecord(nodes=[node("a", "completed"), node("b", "running")], edges=[])
    service = SimpleNamespace(transport=GraphService("http://one.example", record))
    monkeypatch.setattr(graph, "service_of", lambda _: service)
    monkeypatch.setenv("PARK_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("PARK_STATE_DIR", str(tmp_path / "state"))
    return record


@pytest.mark.parametrize(
    ("asked", "output", "form"),
    [
        (None, None, "text"),
        (None, "x.svg", "svg"),
        (None, "x.SVG", "svg"),
        (None, "x.gv", "dot"),
        (None, "x.dot", "dot"),
        (None, "x.json", "json"),
        (None, "x.txt", "text"),
        (None, "-", "text"),
        ("dot", "x.svg", "dot"),  # what is said goes before an ending
    ],
)
def test_the_form_is_what_is_said_else_what_the_ending_says(
    asked: str | None, output: str | None, form: str
) -> None:
    said = {name: name == asked for name in ("dot", "svg", "json")}
    assert graph._form(argparse.Namespace(output=output, **said)) == form


@pytest.mark.usefixtures("workflow")
@pytest.mark.parametrize(
    ("words", "beginning"),
    [(["--dot"], "digraph"), (["--svg"], "<?xml"), (["--json"], "{"), ([], "")],
)
def test_a_workflow_is_printed(capsys: Said, words: list[str], beginning: str) -> None:
    assert main(["graph", *words]) == 0
    said = capsys.readouterr().out
    assert said.lstrip().startswith(beginning)
    assert "mymodel:a" in said


@pytest.mark.usefixtures("workflow")
def test_a_file_is_written_and_its_name_is_all_that_is_said(tmp_path: Path, capsys: Said) -> None:
    file = tmp_path / "workflow.json"
    assert main(["graph", "-o", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}\n"
    assert [each["id"] for each in json.loads(file.read_text())["nodes"]] == ["a", "b"]


@pytest.mark.parametrize(
    ("nodes", "complete", "remark"),
    [([], True, ["no jobs yet"]), ([1], True, []), ([1], False, ["there is more"])],
)
def test_what_is_not_shown_is_told(nodes: list[Any], remark: list[str], *, complete: bool) -> None:
    found = graph._remarks(GraphRecord(nodes=nodes, edges=[], complete=complete))
    assert [line[: len(known)] for line, known in zip(found, remark, strict=True)] == remark


def options_of(output: str | None = None, **forms: bool) -> argparse.Namespace:
    return argparse.Namespace(output=output, **{"dot": False, "svg": False, "json": False, **forms})


@pytest.mark.parametrize(
    ("output", "form"),
    [(None, "text"), ("-", "text"), ("a", "text"), ("a.txt", "text"), ("a.SVG", "svg")],
)
def test_the_ending_says_in_which_form(output: str | None, form: str) -> None:
    assert _form(options_of(output)) == form


def test_an_option_says_it_whatever_the_ending() -> None:
    assert _form(options_of("a.png", svg=True)) == "svg"


@pytest.mark.parametrize("output", ["a.png", "a.pdf"])
def test_a_form_that_cannot_be_made_is_refused(output: str) -> None:
    with pytest.raises(UsageError, match="a workflow is written as") as caught:
        _form(options_of(output))
    assert f"dot -T{output[2:]} -o {output}" in str(caught.value.hint)
