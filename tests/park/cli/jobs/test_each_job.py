"""``park pin``, ``unpin`` and ``rm``: each job in turn; the first that fails ends it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from park.cli.jobs import each_job
from park.cli.main import main
from park.errors import Conflict, UnknownItem

COMMANDS = [("pin", "pin", "pinned"), ("unpin", "unpin", "unpinned"), ("rm", "remove", "removed")]


class Jobs:
    """The jobs of a service; what is not there cannot be looked up, what is needed not be done."""

    def __init__(self, method: str) -> None:
        self.done: list[str] = []
        self._method = method

    def job(self, name: str) -> Any:
        if name == "absent":
            raise UnknownItem("no job ends in absent", hint="park jobs")

        def do() -> None:
            if name == "needed":
                raise Conflict("job needed is needed", hint="wait for it")
            self.done.append(name)

        return SimpleNamespace(id=f"0199-{name}", **{self._method: do})


@pytest.mark.parametrize(("command", "method", "said"), COMMANDS)
def test_what_was_done_before_a_job_that_is_not_there_is_told(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    method: str,
    said: str,
) -> None:
    jobs = Jobs(method)
    monkeypatch.setattr(each_job, "service_of", lambda _: jobs)
    assert main([command, "a", "b", "absent", "c"]) == UnknownItem.exit_code
    assert jobs.done == ["a", "b"]
    out, err = capsys.readouterr()
    assert out == f"0199-a  {said}\n0199-b  {said}\n"
    assert "no job ends in absent" in err
    assert "hint: park jobs" in err


@pytest.mark.parametrize(("command", "method", "said"), COMMANDS)
def test_what_was_done_before_a_refusal_is_told(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    method: str,
    said: str,
) -> None:
    jobs = Jobs(method)
    monkeypatch.setattr(each_job, "service_of", lambda _: jobs)
    assert main([command, "a", "needed", "b"]) == Conflict.exit_code
    assert jobs.done == ["a"]
    out, err = capsys.readouterr()
    assert out == f"0199-a  {said}\n"
    assert "job needed is needed" in err
    assert "hint: wait for it" in err
