"""`park_server.jobs.engines.isolation`: what is tried, what is told, what is asked for."""

from __future__ import annotations

import errno
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from park_server.accounts.account import Account
from park_server.jobs.engines import isolation
from park_server.jobs.engines.control_groups import ControlGroups
from park_server.jobs.engines.isolation import (
    UNTRIED,
    Isolation,
    Isolations,
    permitted_isolation,
    permitted_isolations,
)


@pytest.fixture(autouse=True)
def groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the machine have control groups."""
    places = tuple((kind, Path("/groups")) for kind in ("pids", "memory", "cpu"))
    monkeypatch.setattr(isolation, "found_groups", lambda: ControlGroups(places=places))


LIMITED = {"processes": True, "memory": True, "processors": True}

WHOLE = Isolation(
    covers=True,
    own_folders=True,
    domains=True,
    processes=True,
    memory=True,
    filtered=True,
    temporary=True,
    processors=True,
    hidden=True,
    own_processes=True,
    own_network=True,
    account=True,
)


def test_each_gap_is_told_in_a_line() -> None:
    assert WHOLE.gaps == ()
    token, folders, signals, *of_any, reached = UNTRIED.gaps
    processes, memory, processors, calls, temporary, seen = of_any
    assert "token" in token
    assert "folders" in folders
    assert "signal" in signals
    assert "processes" in processes
    assert "memory" in memory
    assert "system call" in calls
    assert "share" in temporary
    assert "processors" in processors
    assert "/proc" in seen
    assert "a cloud's credentials" in reached


def test_others_are_not_seen_by_either_means() -> None:
    """Root hides the processes of other accounts; whoever is not root has namespaces for that."""
    assert replace(WHOLE, hidden=False).gaps == replace(WHOLE, own_processes=False).gaps == ()
    (line,) = replace(WHOLE, hidden=False, own_processes=False).gaps
    assert line == "jobs see in /proc what others run"


ACCOUNT = Account(name="ada", uid=70_000, gid=70_000, home=Path("/srv/park/homes/70000"))


def test_with_accounts_the_users_are_apart_whatever_else_is_to_be_had() -> None:
    apart = Isolations(own=UNTRIED, accounts=replace(UNTRIED, account=True))
    assert apart.between_users == ()
    assert "of one user" in apart.gaps[0]
    assert not any("processes" in line for line in apart.gaps)  # an account has an end of its own
    assert apart.of(ACCOUNT).account
    assert apart.of(None) == UNTRIED


def test_why_root_gives_no_accounts_is_told_first() -> None:
    alone = Isolations(own=WHOLE, why_no_accounts="--job-accounts none")
    assert alone.gaps == ("the jobs of all users run as root (--job-accounts none)",)
    assert Isolations(own=WHOLE).gaps == ()


def test_an_account_that_is_refused_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolation, "permitted_isolation", lambda *_: UNTRIED)
    found = permitted_isolations(tmp_path, ACCOUNT, None)
    assert found.accounts is None
    assert "user id 70000" in str(found.why_no_accounts)


def test_an_account_to_which_nothing_can_belong_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 0, stdout="covers\n")

    def refuse(*_: object) -> None:  # as in a container, which has few user ids
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(os, "chown", refuse)
    found = permitted_isolations(tmp_path, ACCOUNT, None)
    assert (found.accounts, found.own.covers) == (None, True)
    assert found.gaps[0] == (
        "the jobs of all users run as root (nothing can belong to user id 70000 here: "
        "Invalid argument)"
    )
    assert list(tmp_path.iterdir()) == []


def test_processes_without_end_keep_nobody_from_adding_users() -> None:
    assert replace(WHOLE, processes=False).between_users == ()
    assert replace(WHOLE, processes=False).gaps == (), "the kernel counts in a user namespace"
    assert replace(WHOLE, processes=False, account=False).gaps == (
        "jobs can have processes without end",
    )
    assert replace(WHOLE, covers=False).between_users == UNTRIED.between_users[:1]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "covers\ndomain\nown-folder\nfilter\ntmp\nhidden\nown-processes\nown-network\naccount\n",
            WHOLE,
        ),
        ("domain\n", replace(UNTRIED, domains=True, **LIMITED)),
        ("", replace(UNTRIED, **LIMITED)),
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


def test_a_network_counts_where_one_of_its_own_was_entered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that reaches nothing itself looks the same from inside, and need not give one."""
    refuses: tuple[str, ...] = ("network=loopback",)

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        said = "" if set(refuses) & set(command) else "covers\nown-network\n"
        return subprocess.CompletedProcess(command, 0, stdout=said)

    monkeypatch.setattr(subprocess, "run", run)
    found = permitted_isolation(tmp_path)
    assert (found.covers, found.own_network) == (True, False)
    refuses = ("own-processes",)
    found = permitted_isolation(tmp_path)
    assert (found.covers, found.own_network) == (True, True)


def test_a_trial_that_hangs_is_none_to_build_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(command: list[str], **_: Any) -> None:
        raise subprocess.TimeoutExpired(command, 1.0)

    monkeypatch.setattr(subprocess, "run", run)
    assert permitted_isolation(tmp_path) == replace(UNTRIED, **LIMITED)


def test_what_nodes_do_not_keep_apart_counts_wherever_the_service_is_root() -> None:
    line = "on the nodes of slurm the jobs of all users run as one account"
    for there in (Isolations(own=WHOLE), Isolations(own=WHOLE, accounts=WHOLE)):
        assert there.between_users == ()
        on_nodes = replace(there, on_nodes=(line,))
        assert on_nodes.between_users == (line,)
        assert line in on_nodes.gaps


def test_what_is_reached_on_nodes_is_said_and_refuses_no_second_user() -> None:
    line = "on the nodes of parsl jobs have the network of their node"
    for there in (Isolations(own=WHOLE), Isolations(own=WHOLE, accounts=WHOLE)):
        reached = replace(there, reached_on_nodes=(line,))
        assert reached.between_users == ()
        assert line in reached.gaps
