"""``park logs``: each stream of a job to its own, so far or to the end."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any, cast

import pytest

from park.cli.jobs import logs
from park.cli.main import main

WRITTEN = [("stdout", "one\n"), ("stderr", "careful\n"), ("stdout", "two\n")]


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> Any:
    made = SimpleNamespace(logs=lambda stream: f"so far to {stream}", follow=lambda: WRITTEN)
    monkeypatch.setattr(logs, "service_of", lambda _: SimpleNamespace(job=lambda _: made))
    return made


@pytest.mark.usefixtures("job")
def test_what_was_written_so_far(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs", "a"]) == 0
    assert tuple(capsys.readouterr()) == ("so far to stdout", "so far to stderr")


@pytest.mark.usefixtures("job")
def test_what_is_written_until_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs", "-f", "a"]) == 0
    assert tuple(capsys.readouterr()) == ("one\ntwo\n", "careful\n")


def test_stdout_of_a_job_may_go_elsewhere(job: Any, capsys: pytest.CaptureFixture[str]) -> None:
    out = io.StringIO()
    logs.follow(cast("Any", job), out=out)
    assert out.getvalue() == "one\ntwo\n"
    assert tuple(capsys.readouterr()) == ("", "careful\n")
