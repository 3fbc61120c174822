"""``park pin``: keeps each job, in turn; the first that is not there ends it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from park.cli.jobs import pin
from park.cli.main import main
from park.errors import UnknownItem


def test_what_was_done_before_a_job_that_is_not_there_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done: list[str] = []

    def job(name: str) -> Any:
        if name == "absent":
            raise UnknownItem("no job ends in absent", hint="park jobs")
        return SimpleNamespace(id=f"0199-{name}", pin=lambda: done.append(name))

    monkeypatch.setattr(pin, "service_of", lambda _: SimpleNamespace(job=job))
    assert main(["pin", "a", "b", "absent", "c"]) == UnknownItem.exit_code
    assert done == ["a", "b"]
    said = capsys.readouterr()
    assert said.out == "0199-a  pinned\n0199-b  pinned\n"
    assert "no job ends in absent" in said.err
    assert "hint: park jobs" in said.err
