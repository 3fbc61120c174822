"""The parts of the local engine that need no process: runtime copies, evidence, variables."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from park.model.ids import JobId
from park.runtime.processes import Identity
from park_server.jobs.engines.engine import ExitKind, StartOrder
from park_server.jobs.engines.evidence import (
    Evidence,
    claim_for_service,
    exit_of,
    owner_of,
    read_evidence,
)
from park_server.jobs.engines.fork_server_client import ServerKey, server_variables
from park_server.jobs.engines.runtime_copy import (
    RuntimeCopy,
    copy_runtime,
    runtime_files,
    runtime_hash,
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


def test_the_copy_is_named_by_its_content_and_made_once(tmp_path: Path) -> None:
    copy = copy_runtime(tmp_path / "runtime")
    inode = copy.program.stat().st_ino
    assert copy.folder.name == copy.sha256 == runtime_hash(runtime_files())
    assert copy_runtime(tmp_path / "runtime").program.stat().st_ino == inode
    assert {path.name for path in (copy.library / "park").iterdir()} >= {
        "__init__.py",
        "jobside.py",
    }
    assert os.listdir(tmp_path / "runtime") == [copy.sha256]  # noqa: PTH208 (names alone)


def test_a_copy_that_was_changed_is_replaced(tmp_path: Path) -> None:
    copy = copy_runtime(tmp_path)
    copy.program.write_text("import os")
    copy_runtime(tmp_path)
    assert copy.program.read_bytes() == runtime_files()["_park_runtime/__main__.py"]


@pytest.mark.parametrize("change", [{"b": b"2"}, {"a": b"2"}, {"c": b"1"}])
def test_the_hash_covers_names_and_contents(change: dict[str, bytes]) -> None:
    files = {"a": b"1", "b": b"1"}
    assert runtime_hash(files | change) != runtime_hash(files)
    assert runtime_hash(dict(reversed(files.items()))) == runtime_hash(files)


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


def test_variables_are_chosen_not_inherited(tmp_path: Path) -> None:
    base = {"PATH": "/usr/bin", "HOME": "/home/park", "UV_INDEX_PASSWORD": "x", "PYTHONPATH": "y"}
    runtime = RuntimeCopy(folder=tmp_path, sha256="00")
    assert server_variables(base, Path("/env"), runtime, Path("/cache")) == {
        "HOME": "/home/park",
        "PATH": "/env/bin:/usr/bin",
        "VIRTUAL_ENV": "/env",
        "PYTHONDONTWRITEBYTECODE": "1",
        "NUMBA_CACHE_DIR": "/cache",
        "PARK_RUNTIME": str(tmp_path / "lib"),
    }


def test_a_server_is_known_by_its_record(tmp_path: Path) -> None:
    key = ServerKey(lock_hash="l", module=None, runtime="r")
    assert ServerKey.read(tmp_path) is None
    (tmp_path / "server.json").write_text('{"lock_hash": "l", "module": null, "runtime": "r"}')
    assert ServerKey.read(tmp_path) == key
    (tmp_path / "server.json").write_text('{"other": 1}')
    assert ServerKey.read(tmp_path) is None
