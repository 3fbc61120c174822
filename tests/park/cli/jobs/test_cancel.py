"""``park cancel``: each job in turn, and one that had ended already is no error."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from park.cli.jobs import cancel
from park.cli.main import main
from park.model.states import JobState


@pytest.mark.parametrize("dependents", [True, False])
def test_each_is_told_with_what_it_came_to(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, dependents: bool
) -> None:
    asked: list[Any] = []

    def job(name: str) -> Any:
        status = {"a": "cancelled", "b": "completed"}[name]

        def end(*, dependents: bool) -> str:
            asked.append((name, dependents))
            return status

        return SimpleNamespace(cancel=end)

    monkeypatch.setattr(cancel, "service_of", lambda _: SimpleNamespace(job=job))
    assert main(["cancel", "a", "b", *["--dependents"] * dependents]) == 0
    assert asked == [("a", dependents), ("b", dependents)]
    said = capsys.readouterr().out.splitlines()
    assert said == ["a  cancelled", "b  completed (it had ended before)"]


class Kept:
    """A job that is asked to stop, and completes with what it has."""

    def __init__(self, status: JobState = JobState.RUNNING) -> None:
        self.status = status
        self.error: str | None = None
        self.asked: list[float] = []

    def stop(self, *, grace: float) -> JobState:
        self.asked.append(grace)
        return self.status

    def wait(self) -> Any:
        if not self.status.is_final:
            self.status, self.error = JobState.COMPLETED, "stopped early, kept its best"
        return self


@pytest.mark.parametrize(("more", "grace"), [([], 10.0), (["--grace", "60"], 60.0)])
def test_with_keep_it_is_asked_to_stop_and_says_what_it_kept(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    grace: float,
) -> None:
    jobs = {"a": Kept(), "b": Kept(JobState.FAILED)}
    monkeypatch.setattr(cancel, "service_of", lambda _: SimpleNamespace(job=jobs.__getitem__))
    assert main(["cancel", "a", "b", "--keep", *more]) == 0
    assert [job.asked for job in jobs.values()] == [[grace], [grace]]
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "a  completed: stopped early, kept its best",
        "b  failed (it had ended before)",
    ]


@pytest.mark.parametrize("wrong", [["--keep", "--dependents"], ["--grace", "3"]])
def test_what_cannot_be_meant_together_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wrong: list[str]
) -> None:
    monkeypatch.setattr(cancel, "service_of", lambda _: None)
    assert main(["cancel", "a", *wrong]) == 2
    assert "hint:" in capsys.readouterr().err
