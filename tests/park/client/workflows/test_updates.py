"""A workflow as it changes, until all of it has ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from support.labs.workflows import FIRST, SECOND, node
from support.stand_ins.graph_service import GraphService, of

from park.client.workflows.graph import Workflows
from park.client.workflows.updates import is_final, watched
from park.errors import ServiceUnreachable


def states(service: Any, *, jobs: Sequence[str] = ()) -> list[Any]:
    workflows = Workflows(service, lambda _: None)
    return list(watched(service, workflows, jobs, pause=lambda _: None))


def test_watching_ends_when_all_has_ended() -> None:
    running = of(node("a", "running"), node("b"), node("i", "realising", kind="install"))
    ended = of(node("a", "completed"), node("b", "cancelled"), node("i", "ready", kind="install"))
    service = GraphService(SECOND, running, running, ended)
    seen = states(service)
    assert [is_final(state.record) for state in seen] == [False, False, True]
    follow = next(each for each in service.asked if each[1].endswith("/follow"))
    assert [each["leaf"] for each in follow[2]["json"]["leaves"]] == [
        {"job": "a", "is": "finished"},
        {"install": "i", "is": "finished"},
        {"job": "b", "is": "started"},
    ]


def test_watching_stays_with_the_workflow_that_it_began_with() -> None:
    service = GraphService(SECOND, of(node("a", "running")), of(node("a", "completed")))
    states(service)
    graphs = [each[2]["params"] for each in service.asked if each[1].endswith("/graph")]
    assert graphs == [[], [("job", "a")]]


def test_watching_outlives_a_restart_of_the_service() -> None:
    service = GraphService(
        SECOND, of(node("a", "running")), ServiceUnreachable("is down"), of(node("a", "failed"))
    )
    assert [state.silence for state in states(service)] == [None, "is down", None]


def test_a_piece_that_cannot_be_seen_is_not_waited_for() -> None:
    assert is_final(of(node("a", "completed"), node("r", "unknown", kind="remote", service=FIRST)))
