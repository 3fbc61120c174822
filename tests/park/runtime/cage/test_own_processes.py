"""`park.runtime.cage.own_processes`: who is there sees nobody else, and is known outside."""

from __future__ import annotations

import os
import select
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.faults.caged import ran_in_cage, started_in_cage
from support.session.limits import LIMIT_S

from park.runtime.processes import is_running

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

INSIDE = """
from park.runtime.cage import own_processes
before = os.getpid()
def go_in():
    if protect.arrange_mounts(lambda: way_in.arrange_covers(["own-processes"])):
        return own_processes.OutsideNumbers.taken()
    tell(refused=True)
    sys.exit()
"""

REFUSED = {"refused": True}


@contextmanager
def started(
    who: str, home: Path, code: str
) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    with started_in_cage(who, home, f"{INSIDE}numbers = go_in()\n{code}") as (process, told):
        if told == REFUSED:
            pytest.skip("this machine permits no namespace of processes")
        yield process, told


def ran(who: str, home: Path, code: str) -> list[dict[str, Any]]:
    told = ran_in_cage(who, home, INSIDE + code)
    if REFUSED in told:
        pytest.skip("this machine permits no namespace of processes")
    return told


def test_nobody_but_those_inside_is_seen(who: str, home: Path) -> None:
    code = """
numbers = go_in()
names = sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
tell(names=names, me=os.getpid(), gone=tried(os.kill, before, 0),
     variable=os.environ.get("_OUTSIDE_NUMBERS"))
"""
    (found,) = ran(who, home, code)
    assert found == {"names": [1, 2], "me": 2, "gone": "No such process", "variable": None}


def test_each_is_told_by_which_number_it_is_known_outside(who: str, home: Path) -> None:
    code = """
child = subprocess.Popen(["sleep", "600"])
known = {pid: numbers.of(os.pidfd_open(pid)) for pid in (os.getpid(), child.pid)}
tell(inside=[*known], outside=[*known.values()])
signal.pause()
"""
    with started(who, home, code) as (_, found):
        assert found["inside"] == [2, 3]
        me, child = (Path(f"/proc/{pid}") for pid in found["outside"])
        assert (child / "comm").read_text().strip() == "sleep"
        assert f"PPid:\t{me.name}\n" in (child / "status").read_text()


def test_killed_from_outside_all_of_it_ends(who: str, home: Path) -> None:
    code = """
child = subprocess.Popen(["sleep", "600"])
tell(child=numbers.of(os.pidfd_open(child.pid)))
signal.pause()
"""
    with started(who, home, code) as (process, found):
        child = os.pidfd_open(found["child"])
        process.kill()
        assert select.select([child], [], [], LIMIT_S)[0] == [child]
        os.close(child)


@pytest.mark.parametrize(
    ("end", "status"), [("os._exit(7)", 7), ("os.kill(os.getpid(), 9)", 128 + 9)]
)
def test_the_outer_ends_as_what_is_inside(who: str, home: Path, end: str, status: int) -> None:
    with started(who, home, f"tell()\n{end}") as (process, _):
        assert process.wait(LIMIT_S) == status


def test_who_is_left_behind_inside_is_not_ended(who: str, home: Path) -> None:
    code = """
if os.fork() == 0:
    os.setsid()
    tell(left=numbers.of(os.pidfd_open(os.getpid())))
    signal.pause()
os.kill(os.getpid(), 9)
"""
    with started(who, home, code) as (process, found):
        assert is_running(found["left"])
        os.kill(found["left"], signal.SIGTERM)
        assert process.wait(LIMIT_S) == 128 + signal.SIGKILL
