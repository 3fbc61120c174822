"""``park watch``: each change once, and the status of what went wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from support.labs.workflows import node

import park.client.workflows.graph as graph_module
import park.client.workflows.updates as updates_module
from park.cli.jobs import watch
from park.cli.main import main
from park.errors import JobFailed
from park.wire import GraphRecord

Said = pytest.CaptureFixture[str]


def state(*nodes: Any, silence: str | None = None) -> Any:
    record = GraphRecord(nodes=[*nodes], edges=[])
    return updates_module.State(record=record, silence=silence)


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is seen of a workflow, one after the other; an exception is raised."""
    found: list[Any] = []

    def watched(*_: Any) -> Iterator[Any]:
        for each in found:
            if isinstance(each, BaseException):
                raise each
            yield each

    @contextmanager
    def others() -> Iterator[None]:
        yield

    monkeypatch.setattr(watch, "service_of", lambda _: SimpleNamespace(transport=None))
    monkeypatch.setattr(watch, "_with_names", lambda states: states)
    monkeypatch.setattr(graph_module, "Workflows", lambda *_: None)
    monkeypatch.setattr(graph_module, "others", others)
    monkeypatch.setattr(updates_module, "watched", watched)
    return found


def test_each_change_is_told_once(states: list[Any], capsys: Said) -> None:
    states += [
        state(node("a", "running")),
        state(node("a", "running"), node("b", "queued")),
        state(node("a", "completed"), node("b", "queued")),
    ]
    assert main(["watch", "--json"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(each["id"], each["status"]) for each in told] == [
        ("a", "running"),
        ("b", "queued"),
        ("a", "completed"),
    ]


@pytest.mark.parametrize(
    ("status", "code"),
    [("completed", 0), ("failed", JobFailed.exit_code), ("cancelled", JobFailed.exit_code)],
)
def test_the_status_is_that_of_the_worst_piece_at_the_end(
    states: list[Any], capsys: Said, status: str, code: int
) -> None:
    states += [state(node("a", "failed")), state(node("a"), node("b", status, why="boom"))]
    assert main(["watch"]) == code
    last = capsys.readouterr().out.splitlines()[-1]
    assert f" {status}" in last
    assert ("boom" in last) is (status != "completed")


def test_a_service_that_is_silent_is_told(states: list[Any], capsys: Said) -> None:
    states += [state(node("a", "completed"), silence="one.example does not answer")]
    assert main(["watch", "--json"]) == 0
    assert capsys.readouterr().err == "park: one.example does not answer; trying again\n"


def test_an_interrupt_ends_the_watching_alone(states: list[Any], capsys: Said) -> None:
    states += [state(node("a", "running")), KeyboardInterrupt()]
    assert main(["watch", "--json"]) == 130
    assert "the jobs go on; `park cancel JOB` ends one" in capsys.readouterr().err
