"""`park.runtime.cage.covers`: what is covered is empty, and nothing outside has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.faults.caged import ran_in_cage

if TYPE_CHECKING:
    from pathlib import Path

COVERED = """
def arrange():
    covers.cover_all_but(home, ["jobs", "store"], [f"{home}/cache/numba/one"])
    return True
assert protect.arrange_mounts(arrange)
def names(*parts):
    return sorted(n for n in os.listdir(os.path.join(home, *parts)) if n != ".empty")
"""


def test_what_is_not_kept_is_empty(who: str, home: Path) -> None:
    code = COVERED + (
        "tell(top=names(), index=names('index'), jobs=names('jobs'), cache=names('cache'),"
        " numba=names('cache', 'numba'), token=open(f'{home}/token').read(),"
        " link=open(f'{home}/link').read(), store=open(f'{home}/store').read())"
    )
    (found,) = ran_in_cage(who, home, code)
    assert found == {
        "top": ["cache", "index", "jobs", "link", "store", "token"],
        "index": [],
        "jobs": ["one", "other"],
        "cache": ["numba"],
        "numba": ["one"],
        "token": "",
        "link": "",
        "store": "s3cret",
    }
    assert (home / "token").read_text() == "s3cret"
    assert (home / "index" / "wheel").read_text() == "s3cret"


def test_a_cover_is_not_written_to_and_what_is_shown_is(who: str, home: Path) -> None:
    code = COVERED + (
        "tell(token=tried(open, f'{home}/token', 'w'), index=tried(open, f'{home}/index/n', 'w'),"
        " cache=tried(open, f'{home}/cache/n', 'w'),"
        " shown=tried(open, f'{home}/cache/numba/one/n', 'w'))"
    )
    (found,) = ran_in_cage(who, home, code)
    assert found.pop("shown") == "done"
    assert set(found.values()) == {"Read-only file system"}
    assert (home / "cache" / "numba" / "one" / "n").exists()


def test_what_is_kept_stays_in_one_mount(who: str, home: Path) -> None:
    code = COVERED + "tell(moved=tried(os.rename, f'{home}/store', f'{home}/jobs/one/store'))"
    assert ran_in_cage(who, home, code) == [{"moved": "done"}]


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
