"""Asking for workflows: on the service that has them, and on others that they lead to."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.labs.workflows import FIRST, SECOND, edge, node, story
from support.stand_ins.graph_service import GraphService, of

from park.client.access.local_services import RunningService, announce
from park.client.workflows.graph import Workflows, job_named, others
from park.client.workflows.layers import Workflow
from park.drawing.tree import aligned, tree
from park.errors import NotPermitted, ServiceUnreachable, UnknownItem, UsageError
from park.wire import GraphRecord


def connected(home: Any, *others: Any, jobs: Sequence[str] = ()) -> GraphRecord:
    elsewhere: Any = {each.address.url: each for each in others}.get
    return Workflows(home, elsewhere).connected(jobs)


def test_a_piece_elsewhere_is_asked_for_there() -> None:
    home, far = GraphService(SECOND, story()[SECOND]), GraphService(FIRST, story()[FIRST])
    record = connected(home, far, jobs=["06-fit"])
    assert home.asked == [("GET", "/api/v1/graph", {"params": [("job", "06-fit")]})]
    assert far.asked == [("GET", "/api/v1/graph", {"params": [("job", "01-reduce")]})]
    assert {each.id: each.status for each in record.nodes}["01-reduce"] == "completed"


def test_a_stranger_is_not_asked_and_said_to_be_one() -> None:
    record = connected(GraphService(SECOND, story()[SECOND]))
    (remote,) = (each for each in record.nodes if each.kind == "remote")
    assert remote.why == "sns.example.org is not one of your services"


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (NotPermitted("no such token"), "no such token"),
        (ServiceUnreachable("nothing is there"), "does not answer"),
    ],
)
def test_a_service_that_does_not_answer_is_no_failure(error: Exception, why: str) -> None:
    record = connected(GraphService(SECOND, story()[SECOND]), GraphService(FIRST, error))
    (remote,) = (each for each in record.nodes if each.kind == "remote")
    assert remote.why == why


@pytest.mark.parametrize("end", ["stopped", "killed"])
def test_a_service_of_this_machine_that_ended_does_not_answer(
    end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARK_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("PARK_STATE_DIR", str(tmp_path / "state"))
    with socket.socket() as ended:
        ended.bind(("127.0.0.1", 0))  # which nobody else takes, and nobody listens at
        url = f"http://127.0.0.1:{ended.getsockname()[1]}"
        if end == "killed":  # it could not take its note away
            announce(RunningService(url=url, pid=2**22 + 1, token_file="none"))
        home: Any = GraphService(SECOND, of(node("here"), node("far", kind="remote", service=url)))
        with others() as elsewhere:
            record = Workflows(home, elsewhere).connected(["here"])
    (remote,) = (each for each in record.nodes if each.kind == "remote")
    assert remote.why == "does not answer"
    workflow = "\n".join(map(str, aligned(tree(Workflow(record), datetime.now(UTC)))))
    assert f"on {url.removeprefix('http://')}" in workflow
    assert "does not answer" in workflow


def test_a_piece_that_is_not_there_takes_no_other_with_it() -> None:
    names = ["a", "b", "c"]
    remote = [node(name, kind="remote", service=FIRST) for name in names]
    unknown = UnknownItem("no job b on this service")
    far = GraphService(FIRST, unknown, of(node("a", "completed")), unknown, unknown, of(node("c")))
    record = connected(GraphService(SECOND, of(*remote)), far)
    found = {each.id: (each.kind, each.why) for each in record.nodes}
    assert found == {
        "a": ("call", None),
        "b": ("remote", "no job b on this service"),
        "c": ("call", None),
    }


def test_two_services_that_point_at_each_other_are_asked_once_each() -> None:
    one = GraphRecord(
        nodes=[node("a"), node("b", kind="remote", service=FIRST)], edges=[edge("a", "b")]
    )
    two = GraphRecord(
        nodes=[node("b"), node("a", kind="remote", service=SECOND)], edges=[edge("b", "c")]
    )
    home, far = GraphService(SECOND, one), GraphService(FIRST, two)
    record = connected(home, far)
    assert {each.id: (each.kind, each.service) for each in record.nodes} == {
        "a": ("call", None),
        "b": ("call", FIRST),
    }
    assert len(home.asked) == len(far.asked) == 1


def test_many_jobs_are_asked_for_in_several_requests() -> None:
    home = GraphService(SECOND, GraphRecord(nodes=[node("a")], edges=[]))
    connected(home, jobs=[f"{n}" for n in range(120)])
    assert [len(each[2]["params"]) for each in home.asked] == [50, 50, 20]


def test_the_end_of_an_id_is_taken_as_it_is_shown() -> None:
    assert job_named("…7f3abc") == job_named("...7f3abc") == job_named(" 7f3abc\n") == "7f3abc"
    for nothing in ("", " ", "…"):
        with pytest.raises(UsageError, match="not the id of a job"):
            job_named(nothing)
