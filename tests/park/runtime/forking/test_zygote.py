"""The process that forks for a fork server: what comes of what it is asked, and of its end."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a fork server is Linux's")

BEGUN = """
import errno, json, os, select, signal, sys
from pathlib import Path

from park.runtime import descendants
from park.runtime.forking import zygote as module
from park.runtime.order import Order

def stat(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()

def taken():
    zygote.ask()
    return zygote.take()

def ended(child):
    select.select([child.pidfd], [], [])

def tell(**said):
    print(json.dumps(said))

descendants.adopt_orphans()
"""


def said(script: str, *arguments: str) -> dict[str, Any]:
    """Return what a fork server said that did ``script``."""
    line = [sys.executable, "-c", f"{BEGUN}\n{script}", *arguments]
    done = subprocess.run(line, capture_output=True, text=True, timeout=LIMIT_S, check=True)
    return dict(json.loads(done.stdout))


def test_a_child_of_it_becomes_the_job_of_its_order_and_it_tells_the_end(tmp_path: Path) -> None:
    facts = {"job_id": "0199", "attempt": 1, "entry_point": "math:sqrt", "set_hash": None}
    call = json.dumps({"args": [9.0], "kwargs": {}})
    found = said(
        """
zygote = module.begin_zygote([])
child = taken()
parent = int(stat(child.pid)[1])
child.give(Order(**json.loads(sys.argv[1])))
ended(child)
tell(status=zygote.status_of(child.pid), is_parent=parent == zygote.pid)
""",
        json.dumps({**facts, "call": call, "directory": str(tmp_path)}),
    )
    assert found == {"status": 0, "is_parent": True}
    assert json.loads((tmp_path / "outcome.json").read_text())["result"] == 3.0


def test_it_tells_by_which_signal_one_ended_and_what_came_meanwhile_is_kept() -> None:
    found = said(
        """
zygote = module.begin_zygote([])
child = taken()
zygote.ask()
os.kill(child.pid, signal.SIGKILL)
ended(child)
status = zygote.status_of(child.pid)
tell(signal=os.WTERMSIG(status), came=zygote.has_come, another=zygote.take().pid != child.pid)
"""
    )
    assert found == {"signal": 9, "came": True, "another": True}


def test_who_has_ended_is_waited_for_with_the_next_fork_or_at_leisure() -> None:
    found = said(
        """
zygote = module.begin_zygote([])
first, second = taken(), taken()
for child in (first, second):
    child.channel.close()  # it leaves without an order
    ended(child)
zygote.reap(first.pid)
was_there = stat(first.pid)[0]
third = taken()
zygote.reap(second.pid)
untidy = zygote.has_ended
zygote.clear_up()
taken()  # it does one thing after another
gone = [not Path(f"/proc/{child.pid}").exists() for child in (first, second)]
tell(was=was_there, untidy=untidy, tidy=not zygote.has_ended, gone=gone)
"""
    )
    assert found == {"was": "Z", "untidy": True, "tidy": True, "gone": [True, True]}


def test_where_the_machine_lets_no_process_fork_it_says_so_and_goes_on() -> None:
    found = said(
        """
real, tries = module.fork_waiting, []

def full(*arguments):
    tries.append(1)
    if len(tries) == 1:
        raise OSError(errno.EAGAIN, "no room")
    return real(*arguments)

module.fork_waiting = full
zygote = module.begin_zygote([])
try:
    taken()
except OSError as error:
    number = error.errno
tell(number=number == errno.EAGAIN, gone=zygote.is_gone, later=taken().pid > 0)
"""
    )
    assert found == {"number": True, "gone": False, "later": True}


def test_where_it_is_killed_its_children_are_the_fork_servers() -> None:
    found = said(
        """
zygote = module.begin_zygote([])
child = taken()
os.kill(zygote.pid, signal.SIGKILL)
try:
    taken()
except OSError:
    gone = zygote.is_gone
os.waitpid(zygote.pid, 0)
parent = int(stat(child.pid)[1])
os.kill(child.pid, signal.SIGKILL)
ended(child)
statuses = [zygote.status_of(child.pid) for _ in range(2)]
tell(gone=gone, adopted=parent == os.getpid(), statuses=statuses)
"""
    )
    assert found == {"gone": True, "adopted": True, "statuses": [9, 256]}


def test_it_leaves_with_its_fork_server_and_holds_nothing_of_that() -> None:
    found = said(
        """
reading, writing = os.pipe()
zygote = module.begin_zygote([writing])
child = taken()
os.close(writing)
held = os.read(reading, 1)  # would wait for ever where either had it
zygote.close()
tell(held=held.decode(), there=Path(f"/proc/{zygote.pid}").exists())
"""
    )
    assert found == {"held": "", "there": False}


def test_between_two_forks_it_touches_little() -> None:
    found = said(
        """
zygote = module.begin_zygote([])

def forks(count):
    before = int(stat(zygote.pid)[7])
    for _ in range(count):
        child = taken()
        child.close()
        zygote.reap(child.pid)
    return (int(stat(zygote.pid)[7]) - before) / count

forks(20)  # what is called often is specialised by then
tell(pages=forks(20))
"""
    )
    assert found["pages"] < 180  # a fork server that did it itself: 240 to 310
