"""What the folder of a job proves of an attempt, whatever the job put there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from park.model.ids import JobId
from park.runtime.folder import JobFolder
from park.runtime.processes import Identity
from park_server.jobs.engines import evidence as evidence_module
from park_server.jobs.engines.engine import ExitKind, StartOrder
from park_server.jobs.engines.evidence import (
    Evidence,
    claim_for_service,
    exit_of,
    finished_evidence,
    is_large,
    owner_of,
    read_evidence,
)


def order(directory: Path) -> StartOrder:
    return StartOrder(
        job_id=JobId("job"),
        attempt=2,
        directory=directory,
        environment=Path("/env"),
        lock_hash="lock",
        entry_point="lab:f",
        set_hash="",
    )


OWNER = Identity(pid=7, started=1, boot="b")
OUTCOME = {"attempt": 2, "state": "completed", "result": 1}


@pytest.mark.parametrize(
    ("evidence", "kind", "detail"),
    [
        ({"outcome": OUTCOME}, ExitKind.EXITED, None),
        (
            {"exit": {"attempt": 2, "status": 3, "signal": None}},
            ExitKind.EXITED,
            "the process ended with exit status 3 and left no result",
        ),
        (
            {"exit": {"attempt": 2, "status": None, "signal": 11}},
            ExitKind.SIGNALLED,
            "the process was killed by SIGSEGV (an invalid memory access in compiled code)",
        ),
        (
            {"outcome": OUTCOME, "exit": {"attempt": 2, "status": None, "signal": 15}},
            ExitKind.SIGNALLED,
            None,
        ),
        (
            {},
            ExitKind.LOST,
            "process 7, which ended with nobody there to see how, and left no outcome",
        ),
        (
            {"owner": None},
            ExitKind.NEVER_STARTED,
            "the service took the attempt back before it started",
        ),
    ],
)
def test_what_a_folder_proves(evidence: dict[str, Any], kind: ExitKind, detail: str | None) -> None:
    records: dict[str, Any] = {
        "claimed": True,
        "owner": OWNER,
        "outcome": None,
        "exit": None,
    } | evidence
    ended = exit_of(order(Path("/jobs/job")), Evidence(**records))
    assert (ended.kind, ended.detail) == (kind, detail)
    assert ended.outcome == records["outcome"]


def test_records_of_another_attempt_prove_nothing(tmp_path: Path) -> None:
    (tmp_path / "outcome.json").write_text('{"attempt": 1}')
    (tmp_path / "exit.json").write_text('{"attempt": 1}')
    (tmp_path / "attempt-1").symlink_to("{}")
    assert read_evidence(order(tmp_path)) == Evidence(
        claimed=False, owner=None, outcome=None, exit=None
    )


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ('{"attempt": 2, "state": "completed", "result": ' + "[" * 100_000, "nested too deeply"),
        ('{"attempt": 2, "state": "failed", "error": ["no"]}', "one whose error is no text"),
        ('{"attempt": 2, "state": "running"}', "in no state that a job ends in"),
        ("[]", "no JSON object"),
    ],
    ids=["deep", "no text", "no end", "no object"],
)
def test_an_outcome_that_cannot_be_read_ends_the_job_with_a_line(
    tmp_path: Path, text: str, flaw: str
) -> None:
    (tmp_path / "outcome.json").write_text(text)
    exited = exit_of(order(tmp_path), read_evidence(order(tmp_path)))
    assert (exited.kind, exited.outcome) == (ExitKind.EXITED, None)
    assert flaw in str(exited.detail)


def test_a_message_that_is_not_utf_8_can_be_read(tmp_path: Path) -> None:
    record = {"attempt": 2, "state": "failed", "error": "no M\udce4ss.dat", "traceback": "\ud800"}
    (tmp_path / "outcome.json").write_text(json.dumps(record))
    outcome = read_evidence(order(tmp_path)).outcome or {}
    assert (outcome["error"], outcome["traceback"]) == (r"no M\xe4ss.dat", r"\ud800")


@pytest.mark.parametrize("claim", ["[" * 2_000, "{}", '{"pid": []}'])
def test_a_claim_that_names_no_process_is_nobodys(tmp_path: Path, claim: str) -> None:
    (tmp_path / "attempt-2").symlink_to(claim)
    assert owner_of(order(tmp_path)) is None
    assert not claim_for_service(order(tmp_path))


def test_how_it_ended_is_in_numbers(tmp_path: Path) -> None:
    (tmp_path / "exit.json").write_text('{"attempt": 2, "status": [], "signal": "x"}')
    assert exit_of(order(tmp_path), read_evidence(order(tmp_path))).kind is ExitKind.LOST


def test_the_service_claims_once(tmp_path: Path) -> None:
    assert claim_for_service(order(tmp_path))
    assert not claim_for_service(order(tmp_path))
    evidence = read_evidence(order(tmp_path))
    assert evidence.claimed
    assert evidence.owner is None


def test_of_what_a_job_announced_itself_only_its_outcome_counts(tmp_path: Path) -> None:
    (tmp_path / "exit.json").write_text('{"attempt": 2, "status": null, "signal": 9}')
    (tmp_path / "outcome.json").write_text(json.dumps(OUTCOME))
    found = finished_evidence(order(tmp_path))
    assert (found.outcome, found.exit) == (OUTCOME, None)
    exited = exit_of(order(tmp_path), found)
    assert (exited.kind, exited.signal, exited.detail) == (ExitKind.EXITED, None, None)


def test_a_signal_is_told_before_what_is_wrong_with_an_outcome(tmp_path: Path) -> None:
    (tmp_path / "exit.json").write_text('{"attempt": 2, "status": null, "signal": 9}')
    (tmp_path / "outcome.json").write_text("{")
    exited = exit_of(order(tmp_path), read_evidence(order(tmp_path)))
    assert (exited.kind, exited.signal) == (ExitKind.SIGNALLED, 9)
    assert "SIGKILL" in str(exited.detail)


def test_what_takes_long_to_read_is_known_without_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence_module, "_LARGE_BYTES", 10)
    assert not is_large(order(tmp_path))
    (tmp_path / "outcome.json").write_text("x" * 10)
    assert not is_large(order(tmp_path))
    (tmp_path / "outcome.json").write_text("x" * 11)
    assert is_large(order(tmp_path))


def test_an_attempt_is_taken_back_where_there_is_no_folder_yet(tmp_path: Path) -> None:
    absent = order(tmp_path / "job")
    assert claim_for_service(absent)
    assert exit_of(absent, read_evidence(absent)).kind is ExitKind.NEVER_STARTED


@pytest.mark.parametrize("says", [True, False, None, 1])
def test_a_claim_says_that_its_process_has_other_jobs_too(tmp_path: Path, says: object) -> None:
    said = {} if says is None else {"reuse": says}
    JobFolder(root=str(tmp_path)).claim(2, OWNER.as_record() | said)
    found = read_evidence(order(tmp_path))
    assert (found.owner, found.reuse) == (OWNER, says is True)
