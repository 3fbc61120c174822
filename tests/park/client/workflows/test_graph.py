"""Asking for workflows: on the service that has them, and on others that they lead to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.labs.workflows import FIRST, SECOND, edge, node, story

from park.client.access.known_services import known_service, service_names, with_names
from park.client.workflows.graph import Workflows, job_named
from park.client.workflows.updates import is_final, watched
from park.errors import NotPermitted, ServiceUnreachable, UnknownItem, UsageError
from park.wire import GraphRecord, encode


class Service:
    """Answers for a graph, and for leaves."""

    def __init__(self, url: str, *answers: GraphRecord | Exception) -> None:
        self.address = SimpleNamespace(url=url)
        self.answers = list(answers)
        self.asked: list[Any] = []

    def json(self, method: str, path: str, **arguments: Any) -> Any:
        self.asked.append((method, path, arguments))
        if path.endswith("/follow"):
            return []
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return encode(answer)


def connected(home: Any, *others: Any, jobs: Sequence[str] = ()) -> GraphRecord:
    elsewhere: Any = {each.address.url: each for each in others}.get
    return Workflows(home, elsewhere).connected(jobs)


def test_a_piece_elsewhere_is_asked_for_there() -> None:
    home, far = Service(SECOND, story()[SECOND]), Service(FIRST, story()[FIRST])
    record = connected(home, far, jobs=["06-fit"])
    assert home.asked == [("GET", "/api/v1/graph", {"params": [("job", "06-fit")]})]
    assert far.asked == [("GET", "/api/v1/graph", {"params": [("job", "01-reduce")]})]
    assert {each.id: each.status for each in record.nodes}["01-reduce"] == "completed"


def test_a_stranger_is_not_asked_and_said_to_be_one() -> None:
    record = connected(Service(SECOND, story()[SECOND]))
    (remote,) = (each for each in record.nodes if each.kind == "remote")
    assert remote.why == "sns.example.org is not one of your services"


@pytest.mark.parametrize("error", [NotPermitted("no such token"), ServiceUnreachable("is down")])
def test_a_service_that_does_not_answer_is_no_failure(error: Exception) -> None:
    record = connected(Service(SECOND, story()[SECOND]), Service(FIRST, error))
    (remote,) = (each for each in record.nodes if each.kind == "remote")
    assert remote.why == str(error)


def test_a_piece_that_is_not_there_takes_no_other_with_it() -> None:
    names = ["a", "b", "c"]
    remote = [node(name, kind="remote", service=FIRST) for name in names]
    unknown = UnknownItem("no job b on this service")
    far = Service(FIRST, unknown, of(node("a", "completed")), unknown, unknown, of(node("c")))
    record = connected(Service(SECOND, of(*remote)), far)
    found = {each.id: (each.kind, each.why) for each in record.nodes}
    assert found == {
        "a": ("call", None),
        "b": ("remote", "no job b on this service"),
        "c": ("call", None),
    }


def test_services_are_drawn_with_the_names_that_their_user_gave_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration = tmp_path / "config.toml"
    configuration.write_text(
        f'[services.sns]\nurl = "{FIRST}/"\n[services.again]\nurl = "{FIRST}"\n'
    )
    monkeypatch.setenv("PARK_CONFIG", str(configuration))
    assert service_names()(FIRST) == "sns"
    assert service_names()(SECOND) == "fans.example.org"
    drawn = with_names(of(node("a", service=FIRST), node("b", service=SECOND), node("c")))
    assert [each.service for each in drawn.nodes] == ["sns", "fans.example.org", None]


def test_two_services_that_point_at_each_other_are_asked_once_each() -> None:
    one = GraphRecord(
        nodes=[node("a"), node("b", kind="remote", service=FIRST)], edges=[edge("a", "b")]
    )
    two = GraphRecord(
        nodes=[node("b"), node("a", kind="remote", service=SECOND)], edges=[edge("b", "c")]
    )
    home, far = Service(SECOND, one), Service(FIRST, two)
    record = connected(home, far)
    assert {each.id: (each.kind, each.service) for each in record.nodes} == {
        "a": ("call", None),
        "b": ("call", FIRST),
    }
    assert len(home.asked) == len(far.asked) == 1


def test_many_jobs_are_asked_for_in_several_requests() -> None:
    home = Service(SECOND, GraphRecord(nodes=[node("a")], edges=[]))
    connected(home, jobs=[f"{n}" for n in range(120)])
    assert [len(each[2]["params"]) for each in home.asked] == [50, 50, 20]


def test_the_end_of_an_id_is_taken_as_it_is_shown() -> None:
    assert job_named("…7f3abc") == job_named("...7f3abc") == job_named(" 7f3abc\n") == "7f3abc"
    for nothing in ("", " ", "…"):
        with pytest.raises(UsageError, match="not the id of a job"):
            job_named(nothing)


def test_a_token_goes_only_to_the_service_that_it_is_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("secret\n")
    configuration = tmp_path / "config.toml"
    configuration.write_text(
        f'[services.sns]\nurl = "{FIRST}/"\ntoken_file = "{tmp_path / "token"}"\n'
        f'[services.open]\nurl = "{SECOND}"\n'
    )
    monkeypatch.setenv("PARK_CONFIG", str(configuration))
    monkeypatch.setenv("PARK_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("PARK_TOKEN", "of-whom")
    found = known_service(FIRST)
    assert found is not None
    assert (found.url, found.token, found.name) == (FIRST, "secret", "sns")
    assert known_service(SECOND) is None
    assert known_service("https://stranger.example.org") is None


def states(service: Any, *, jobs: Sequence[str] = ()) -> list[Any]:
    workflows = Workflows(service, lambda _: None)
    return list(watched(service, workflows, jobs, pause=lambda _: None))


def of(*pieces: Any) -> GraphRecord:
    return GraphRecord(nodes=list(pieces), edges=[])


def test_watching_ends_when_all_has_ended() -> None:
    running = of(node("a", "running"), node("b"), node("i", "realising", kind="install"))
    ended = of(node("a", "completed"), node("b", "cancelled"), node("i", "ready", kind="install"))
    service = Service(SECOND, running, running, ended)
    seen = states(service)
    assert [is_final(state.record) for state in seen] == [False, False, True]
    follow = next(each for each in service.asked if each[1].endswith("/follow"))
    assert [each["leaf"] for each in follow[2]["json"]["leaves"]] == [
        {"job": "a", "is": "finished"},
        {"install": "i", "is": "finished"},
        {"job": "b", "is": "started"},
    ]


def test_watching_stays_with_the_workflow_that_it_began_with() -> None:
    service = Service(SECOND, of(node("a", "running")), of(node("a", "completed")))
    states(service)
    graphs = [each[2]["params"] for each in service.asked if each[1].endswith("/graph")]
    assert graphs == [[], [("job", "a")]]


def test_watching_outlives_a_restart_of_the_service() -> None:
    service = Service(
        SECOND, of(node("a", "running")), ServiceUnreachable("is down"), of(node("a", "failed"))
    )
    assert [state.silence for state in states(service)] == [None, "is down", None]


def test_a_piece_that_cannot_be_seen_is_not_waited_for() -> None:
    assert is_final(of(node("a", "completed"), node("r", "unknown", kind="remote", service=FIRST)))
