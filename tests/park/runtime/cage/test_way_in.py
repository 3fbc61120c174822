"""`park.runtime.cage.way_in`: the words of a command line, done before anything else."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from support.faults.caged import ran_in_cage

if TYPE_CHECKING:
    from pathlib import Path

IN_CAGE = """
words = ["alone", f"hide={home}", "keep=jobs", f"show={home}/cache/numba/one"]
assert protect.arrange_mounts(lambda: way_in.arrange_covers(words))
way_in.leave_powers(words)
"""


def test_what_is_hidden_stays_hidden(who: str, home: Path) -> None:
    code = IN_CAGE + (
        "kernel.libc().umount2(f'{home}/index'.encode(), 2)\n"
        "kernel.libc().unshare(0x10020000); kernel.libc().umount2(f'{home}/index'.encode(), 2)\n"
        "tell(token=tried(open, f'{home}/token'), wheel=os.path.exists(f'{home}/index/wheel'),"
        " shown=os.path.isdir(f'{home}/cache/numba/one'), other=os.path.exists(f'{home}/cache/uv'))"
    )
    assert ran_in_cage(who, home, code) == [
        {"token": "No such file or directory", "wheel": False, "shown": True, "other": False}
    ]


@pytest.mark.parametrize("name", ["policy.toml", "park.sqlite-journal", "database"])
def test_nothing_new_is_made_where_something_is_hidden(who: str, home: Path, name: str) -> None:
    """What is not there has no cover: a policy that a job leaves would have its user be admin."""
    code = IN_CAGE + (
        f"new = f'{{home}}/{name}'\n"
        "open(f'{home}/jobs/one/mine', 'w').write('[users.ada]')\n"
        "tell(made=tried(open, new, 'w'), folder=tried(os.mkdir, new),"
        " moved=tried(os.rename, f'{home}/jobs/one/mine', new),"
        " linked=tried(os.link, f'{home}/jobs/one/mine', new),"
        " led=tried(os.symlink, 'jobs/one/mine', new),"
        " gone=tried(os.rename, f'{home}/jobs', f'{home}/elsewhere'))"
    )
    (found,) = ran_in_cage(who, home, code)
    assert "done" not in found.values()
    assert not (home / name).exists()
    assert (home / "jobs" / "one" / "mine").read_text() == "[users.ada]"


def test_what_is_shown_in_the_hidden_folder_itself_is_as_it_was(who: str, home: Path) -> None:
    code = IN_CAGE.replace("/cache/numba/one", "/cache") + (
        "tell(new=tried(open, f'{home}/cache/new', 'w'), top=tried(open, f'{home}/new', 'w'))"
    )
    (found,) = ran_in_cage(who, home, code)
    assert found["new"] == "done"
    assert found["top"] != "done"


def test_a_terminal_of_the_same_account_is_not_reached(who: str, home: Path) -> None:
    """Else a job reads what the operator types, in whose account it is; it has some of its own."""
    opened = "def opened(name): os.close(os.open(name, os.O_RDWR | os.O_NOCTTY))\n"
    code = (
        opened
        + "name = os.ttyname(os.openpty()[1])\nbefore = tried(opened, name)\n"
        + IN_CAGE
        + "after = tried(opened, name)\nown = os.openpty()\nos.write(own[1], b'here')\n"
        + "tell(before=before, after=after, said=os.read(own[0], 4).decode(),"
        + " own=tried(opened, os.ttyname(own[1])))"
    )
    assert ran_in_cage(who, home, code) == [
        {"before": "done", "after": "No such file or directory", "said": "here", "own": "done"}
    ]


def test_what_is_roots_own_is_nobodys(who: str, home: Path) -> None:
    code = IN_CAGE + (
        "shadow = tried(lambda: open('/etc/shadow').read(1) and None)\n"
        "content = '' if shadow != 'done' else open('/etc/shadow').read()\n"
        "modes = {n: os.stat(f'/dev/{n}').st_mode for n in os.listdir('/dev')}\n"
        "disks = [n for n, mode in modes.items() if stat.S_ISBLK(mode)]\n"
        "tell(content=content, disks=disks, setting=tried(open, '/proc/sys/kernel/printk', 'w'),"
        " null=tried(open, '/dev/null', 'w'))"
    )
    (found,) = ran_in_cage(who, home, code)
    assert (found["content"], found["null"]) == ("", "done")
    assert who == "ordinary" or found["disks"] == []
    assert found["setting"] != "done"


def test_nobody_reaches_out_and_no_power_is_left(who: str, home: Path) -> None:
    code = IN_CAGE + (
        "status = open('/proc/self/status').read()\n"
        "tell(memory=tried(open, f'/proc/{os.getppid()}/mem'),"
        " mount=kernel.libc().mount(b'none', home.encode(), b'tmpfs', 0, None),"
        " caps=status.split('CapEff:\\t')[1][:16], gains=status.split('NoNewPrivs:\\t')[1][:1])"
    )
    assert ran_in_cage(who, home, code) == [
        {"memory": "Permission denied", "mount": -1, "caps": "0" * 16, "gains": "1"}
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_becomes_a_user_with_nothing_of_roots(home: Path) -> None:
    code = """
way_in.leave_powers(["user=612345:612346:7,8", "alone"])
tell(ids=os.getresuid() + os.getresgid(), groups=os.getgroups(),
     back=tried(os.setuid, 0), shadow=tried(open, "/etc/shadow"), own=tried(open, "/proc/self/mem"))
"""
    (found,) = ran_in_cage("root", home, code)
    assert found == {
        "ids": [612345] * 3 + [612346] * 3,
        "groups": [7, 8],
        "back": "Operation not permitted",
        "shadow": "Permission denied",
        "own": "done",
    }
