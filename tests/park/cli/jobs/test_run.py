"""``park run``: what a job prints, what it returns, and the status where it did not complete."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from park.cli.jobs import run
from park.cli.main import main
from park.errors import JobFailed


class OneJob:
    """A job that prints and ends."""

    id = "0199"

    def __init__(self, status: str = "completed") -> None:
        self.status = status
        self.is_interrupted = False

    def follow(self) -> Any:
        if self.is_interrupted:
            raise KeyboardInterrupt
        return [("stdout", "printed\n")]

    def ended(self) -> Any:
        return SimpleNamespace(status=self.status, error="boom" * (self.status == "failed"))

    def encoded_result(self) -> Any:
        if self.status != "completed":
            raise JobFailed("job 0199 failed: boom", hint="look there")
        return {"chisq": 1.5}


def started(patch: pytest.MonkeyPatch, job: OneJob) -> OneJob:
    patch.setattr(run, "service_of", lambda _: None)
    patch.setattr(run, "submitted", lambda *_: job)
    return job


def test_what_it_prints_and_then_what_it_returns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started(monkeypatch, OneJob())
    assert main(["run", "m:f"]) == 0
    said = capsys.readouterr()
    assert said.out == 'printed\n{\n  "chisq": 1.5\n}\n'
    assert said.err == "job 0199\n"


@pytest.mark.parametrize(("status", "code"), [("completed", 0), ("failed", JobFailed.exit_code)])
def test_for_programs_stdout_has_the_answer_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], status: str, code: int
) -> None:
    started(monkeypatch, OneJob(status))
    assert main(["run", "m:f", "--json"]) == code
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert (document["id"], document["status"]) == ("0199", status)
    assert document["result"] == ({"chisq": 1.5} if code == 0 else None)
    assert document["hint"] == (None if code == 0 else "look there")
    assert "printed" in said.err


def test_a_failure_is_told_with_its_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started(monkeypatch, OneJob("failed"))
    assert main(["run", "m:f"]) == JobFailed.exit_code
    assert "job 0199 failed: boom" in capsys.readouterr().err


def test_an_interrupt_leaves_the_job_and_says_how_to_end_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started(monkeypatch, OneJob()).is_interrupted = True
    assert main(["run", "m:f"]) == 130
    assert "`park cancel 0199` ends it" in capsys.readouterr().err
