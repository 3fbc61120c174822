"""A shell in an environment: which program, with which variables, or why there is none."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from park.client.environment_shell import become_shell
from park.errors import ServiceFault, UsageError
from park.wire import EnvironmentDetail

LOCK = "3f9a" * 16


class Became(Exception):
    """The process would be another program now."""


def detail(path: Path | None) -> EnvironmentDetail:
    summary = SimpleNamespace(lock_hash=LOCK, status="evicted")
    place = None if path is None else str(path)
    return cast("EnvironmentDetail", SimpleNamespace(environment=summary, path=place))


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    python = tmp_path / "env" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    return tmp_path / "env"


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the process became."""
    found: list[Any] = []

    def execv(*given: Any) -> None:
        found.append(given)
        raise Became

    monkeypatch.setattr(os, "execv", execv)
    monkeypatch.setattr(os, "environ", {"PATH": "/usr/bin", "SHELL": "/bin/zsh"})
    return found


@pytest.mark.parametrize(
    ("command", "runs"), [([], ["/bin/zsh"]), (["python", "-V"], ["python", "-V"])]
)
def test_the_users_shell_or_a_command_runs_in_it(
    environment: Path, became: list[Any], command: list[str], runs: list[str]
) -> None:
    with pytest.raises(Became):
        become_shell(detail(environment), command)
    ((program, argv),) = became
    assert argv[0] == program
    assert argv[-len(runs) :] == runs
    assert str(environment) in argv
    assert os.environ["PATH"] == f"{environment}/bin:/usr/bin"
    assert os.environ["VIRTUAL_ENV"] == str(environment)
    assert os.environ["VIRTUAL_ENV_PROMPT"] == LOCK[:12]


def test_without_a_shell_of_the_users_it_is_the_systems(
    environment: Path, became: list[Any]
) -> None:
    del os.environ["SHELL"]
    with pytest.raises(Became):
        become_shell(detail(environment), [])
    assert became[0][1][-1] == "/bin/sh"


def test_one_that_is_evicted_can_be_brought_back(became: list[Any]) -> None:
    with pytest.raises(ServiceFault, match="is evicted, not on the service's disk") as caught:
        become_shell(detail(None), [])
    assert f"park env verify {LOCK[:12]}" in str(caught.value.hint)
    assert became == []


def test_one_on_another_machine_is_not_entered(tmp_path: Path, became: list[Any]) -> None:
    with pytest.raises(UsageError, match="no environment at") as caught:
        become_shell(detail(tmp_path / "absent"), [])
    assert "on the machine of the service" in str(caught.value.hint)
    assert became == []
