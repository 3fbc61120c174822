"""`park.runtime.cage.landlock`: from inside a domain, nobody outside is reached."""

from __future__ import annotations

import os
import socket
import sys
from typing import TYPE_CHECKING

import pytest
from support.faults.caged import ran_in_cage

from park.runtime.cage import landlock

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.where_possible,
    pytest.mark.skipif(
        sys.platform != "linux" or not landlock.is_available(), reason="needs Linux 6.12"
    ),
]


def test_who_is_outside_is_neither_signalled_nor_traced(who: str, home: Path) -> None:
    code = """
privileges.give_up()
landlock.enter_domain()
outside = os.getppid()
tell(signal=tried(os.kill, outside, 0), memory=tried(open, f"/proc/{outside}/mem"),
     environ=tried(open, f"/proc/{outside}/environ"))
child = os.fork()
if child == 0:
    signal.pause()
os.kill(child, signal.SIGKILL)
tell(own=os.waitpid(child, 0)[1])
"""
    outside, own = ran_in_cage(who, home, code)
    refused = {"Operation not permitted", "Permission denied"}
    assert set(outside.values()) <= refused
    assert own == {"own": 9}


def test_siblings_in_domains_of_their_own_do_not_reach_one_another(who: str, home: Path) -> None:
    code = """
reading, writing = os.pipe()
sibling = os.fork()
if sibling == 0:
    landlock.enter_domain()
    os.write(writing, b"x")
    signal.pause()
os.read(reading, 1)
def other():
    landlock.enter_domain()
    tell(signal=tried(os.kill, sibling, 0), memory=tried(open, f"/proc/{sibling}/mem"))
in_child(other)
os.kill(sibling, signal.SIGKILL)
tell(from_outside=os.waitpid(sibling, 0)[1])
"""
    refused = {"Operation not permitted", "Permission denied"}
    inside, outside = ran_in_cage(who, home, code)
    assert set(inside.values()) <= refused
    assert outside == {"from_outside": 9}


def test_no_abstract_socket_outside_is_spoken_to(who: str, home: Path) -> None:
    name = f"\0park-test-{os.getpid()}-{who}"
    code = f"""
landlock.enter_domain()
tell(said=tried(socket.socket(socket.AF_UNIX).connect, {name!r}))
"""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(name)
        listening.listen()
        assert ran_in_cage(who, home, code) == [{"said": "Operation not permitted"}]


def test_a_kernel_without_it_is_known_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: object) -> int:
        raise OSError

    monkeypatch.setattr(landlock, "call", absent)
    assert not landlock.is_available()
    monkeypatch.setattr(landlock, "call", lambda *_: 5)
    assert not landlock.is_available()
