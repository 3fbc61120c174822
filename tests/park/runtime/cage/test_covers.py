"""`park.runtime.cage.covers`: what is covered is empty, and nothing outside has changed."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from support.faults.caged import ran_in_cage, started_in_cage

if TYPE_CHECKING:
    from pathlib import Path

COVERED = """
def arrange():
    covers.hide(home, ["jobs", "store"], [f"{home}/cache/numba/one"])
    return True
assert protect.arrange_mounts(arrange)
def names(*parts):
    return sorted(n for n in os.listdir(os.path.join(home, *parts)) if n != ".empty")
"""


def test_what_is_not_kept_is_not_there(who: str, home: Path) -> None:
    code = COVERED + (
        "tell(top=names(), jobs=names('jobs'), cache=names('cache'),"
        " numba=names('cache', 'numba'), store=open(f'{home}/store').read())"
    )
    (found,) = ran_in_cage(who, home, code)
    assert found == {
        "top": ["cache", "jobs", "store"],
        "jobs": ["one", "other"],
        "cache": ["numba"],
        "numba": ["one"],
        "store": "s3cret",
    }
    assert (home / "token").read_text() == "s3cret"
    assert (home / "index" / "wheel").read_text() == "s3cret"


def test_what_comes_later_is_not_there_either(who: str, home: Path) -> None:
    """The journal of a database and the key of nodes are made while cages are there already."""
    code = COVERED + (
        "tell(up=1)\nopen(f'{home}/jobs/one/go').read()\n"
        "tell(top=names(), journal=tried(open, f'{home}/park.sqlite-wal'),"
        " job=os.path.exists(f'{home}/jobs/later'))"
    )
    go = home / "jobs" / "one" / "go"
    os.mkfifo(go)
    with started_in_cage(who, home, code) as (process, told):
        assert told == {"up": 1}
        for name in ("park.sqlite-wal", "token"):  # one that is new, and one in place of another
            (home / f"{name}.new").write_text("s3cret")
            (home / f"{name}.new").rename(home / name)
        (home / "jobs" / "later").mkdir()
        go.write_text("1")
        assert process.stdout is not None
        assert json.loads(process.stdout.readline()) == {
            "top": ["cache", "jobs", "store"],
            "journal": "No such file or directory",
            "job": True,
        }


def test_a_cover_is_not_written_to_and_what_is_shown_is(who: str, home: Path) -> None:
    code = COVERED + (
        "tell(token=tried(open, f'{home}/token', 'w'), index=tried(open, f'{home}/index/n', 'w'),"
        " cache=tried(open, f'{home}/cache/n', 'w'),"
        " shown=tried(open, f'{home}/cache/numba/one/n', 'w'))"
    )
    (found,) = ran_in_cage(who, home, code)
    assert found.pop("shown") == "done"
    assert found == {
        "token": "Read-only file system",
        "index": "No such file or directory",
        "cache": "Read-only file system",
    }
    assert (home / "cache" / "numba" / "one" / "n").exists()


@pytest.mark.parametrize("absent", ["nowhere", "nowhere/deeper"])
def test_what_is_not_there_needs_no_cover(who: str, home: Path, absent: str) -> None:
    code = f"""
def arrange():
    covers.cover([f"{{home}}/{absent}", f"{{home}}/token"])
    return True
assert protect.arrange_mounts(arrange)
tell(token=os.path.getsize(f"{{home}}/token"))
"""
    assert ran_in_cage(who, home, code) == [{"token": 0}]
