"""``park doctor``: each thing that is looked at, and the status of the first that is bad."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from park.cli.main import main
from park.cli.services import doctor
from park.errors import NoInterpreter, UnknownItem
from park.local.python_minor import python_minor

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARK_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("PARK_STATE_DIR", str(tmp_path / "state"))
    for variable in ("PARK_TOKEN", "PARK_SERVICE"):
        monkeypatch.delenv(variable, raising=False)


def test_what_can_be_seen_is_told_and_the_first_that_is_bad_is_the_status(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["doctor", "--json"]) == UnknownItem.exit_code
    found = json.loads(capsys.readouterr().out)
    assert [(each["what"], each["ok"]) for each in found] == [
        ("python", True),
        ("configuration", True),
        ("service", False),
    ]
    assert found[-1]["hint"]
    assert main(["doctor"]) == UnknownItem.exit_code
    lines = capsys.readouterr().out.splitlines()
    assert [line[:3] for line in lines[:3]] == ["ok ", "ok ", "BAD"]
    assert "hint: " in lines[3]


def test_a_configuration_that_cannot_be_read_is_bad_and_the_rest_is_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.toml").write_text("[[")
    assert main(["doctor", "--json"]) != 0
    found = {each["what"]: each for each in json.loads(capsys.readouterr().out)}
    assert not found["configuration"]["ok"]
    assert "service" in found


@pytest.mark.parametrize(("pythons", "ok"), [([python_minor(), "2.7"], True), (["2.7"], False)])
def test_jobs_need_the_python_of_here(pythons: list[str], *, ok: bool) -> None:
    found = doctor._versions("0.1", pythons)
    assert found.ok is ok
    assert found.status == (0 if ok else NoInterpreter.exit_code)
    assert (found.hint is None) is ok


@pytest.mark.parametrize(
    ("apart_s", "ok", "detail"),
    [
        (0, True, "the same, to the second"),
        (3, True, "3 s apart"),
        (7_200, False, "7200 s apart"),
        (-7_200, False, "7198 s apart"),
    ],
)
def test_clocks_are_compared_with_the_time_that_the_question_took(
    apart_s: int, detail: str, *, ok: bool
) -> None:
    theirs = format_datetime(NOW + timedelta(seconds=apart_s), usegmt=True)
    found = doctor._clock(theirs, NOW - timedelta(seconds=1), NOW)
    assert (found.ok, found.detail) == (ok, detail)
    assert found.status == (0 if ok else 1)


def test_a_service_that_does_not_tell_its_time_is_no_fault() -> None:
    assert doctor._clock(None, NOW, NOW).ok
