from __future__ import annotations

import argparse

import pytest

from park.cli import reasons
from park.cli.jobs import why
from park.client.workflows import graph
from park.model.states import JobState
from park.wire import WhyRecord


def test_a_cause_is_indented_as_the_service_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record = WhyRecord(
        job="d",
        status=JobState.CANCELLED,
        line="needs b",
        chain=["b", "  a\x1b", "c", " " * 80 + "z"],
    )
    monkeypatch.setattr(reasons, "transport_of", lambda _: None)
    monkeypatch.setattr(graph, "why", lambda *_: record)
    assert why.run(argparse.Namespace(job="d", json=False)) == 0
    assert capsys.readouterr().out.splitlines() == [
        "cancelled: needs b",
        "  b",
        "    a",
        "  c",
        f"{' ' * 26}z",
    ]


@pytest.mark.parametrize(("state", "lines"), [(JobState.FAILED, 2), (JobState.COMPLETED, 1)])
def test_of_what_failed_the_request_is_named(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    state: JobState,
    lines: int,
) -> None:
    record = WhyRecord(job="d", status=state, line="so", request_id="r1")
    monkeypatch.setattr(reasons, "transport_of", lambda _: None)
    monkeypatch.setattr(graph, "why", lambda *_: record)
    assert why.run(argparse.Namespace(job="d", json=False)) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"{state}: so"
    assert len(said) == lines
    assert all(line.startswith("request r1: ") for line in said[1:])
