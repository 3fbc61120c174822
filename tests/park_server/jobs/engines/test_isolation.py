"""`park_server.jobs.engines.isolation`: what is tried, what is told, what is asked for."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from park_server.jobs.engines import isolation
from park_server.jobs.engines.control_groups import ControlGroups
from park_server.jobs.engines.isolation import UNTRIED, Isolation, permitted_isolation


@pytest.fixture(autouse=True)
def groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the machine have control groups."""
    places = (("pids", Path("/groups")),)
    monkeypatch.setattr(isolation, "found_groups", lambda: ControlGroups(places=places))


WHOLE = Isolation(covers=True, own_folders=True, domains=True, processes=True, filtered=True)
HOME = Path("/srv/park")


def test_each_gap_is_told_in_a_line() -> None:
    assert WHOLE.gaps == ()
    token, folders, signals, processes, calls = UNTRIED.gaps
    assert "token" in token
    assert "folders" in folders
    assert "signal" in signals
    assert "processes" in processes
    assert "system call" in calls


def test_processes_without_end_keep_nobody_from_adding_users() -> None:
    assert replace(WHOLE, processes=False).between_users == ()
    assert replace(WHOLE, covers=False).between_users == UNTRIED.between_users[:1]


def test_fork_servers_are_told_what_the_machine_can() -> None:
    words = WHOLE.words(HOME, shown=[HOME / "cache" / "numba" / "one"])
    assert {"alone", "own-folder", "hide=/srv/park", "show=/srv/park/cache/numba/one"} <= set(words)
    assert {word for word in words if word.startswith("keep=")} == {
        f"keep={name}" for name in ("areas", "envs", "files", "jobs", "runtime", "store")
    }
    assert UNTRIED.words(HOME, shown=[]) == ("alone",)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("covers\ndomain\nown-folder\nfilter\n", WHOLE),
        ("domain\n", replace(UNTRIED, domains=True, processes=True)),
        ("", replace(UNTRIED, processes=True)),
    ],
)
def test_the_trial_decides(
    said: str, expected: Isolation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 0, stdout=said)

    monkeypatch.setattr(subprocess, "run", run)
    assert permitted_isolation(tmp_path) == expected
    assert list(tmp_path.iterdir()) == []


def test_a_trial_that_hangs_is_none_to_build_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(command: list[str], **_: Any) -> None:
        raise subprocess.TimeoutExpired(command, 1.0)

    monkeypatch.setattr(subprocess, "run", run)
    assert permitted_isolation(tmp_path) == replace(UNTRIED, processes=True)
