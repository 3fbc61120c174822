"""`park.runtime.cage.privileges`: what is given up does not come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.faults.caged import ran_in_cage

if TYPE_CHECKING:
    from pathlib import Path

STATUS = """
def status(**more):
    lines = dict(line.split(":", 1) for line in open("/proc/self/status"))
    names = ("CapEff", "CapPrm", "CapBnd", "NoNewPrivs")
    tell(**{name: int(lines[name], 16) for name in names}, **more)
"""


def test_nothing_is_left(who: str, home: Path) -> None:
    (found,) = ran_in_cage(who, home, STATUS + "privileges.give_up()\nstatus()")
    bounds = found.pop("CapBnd")
    assert found == {"CapEff": 0, "CapPrm": 0, "NoNewPrivs": 1}
    assert who == "ordinary" or bounds == 0


def test_the_one_that_is_kept_is_all_that_is_kept(who: str, home: Path) -> None:
    code = STATUS + (
        "if os.geteuid() == 0: privileges.give_up(privileges.SETFCAP)\nstatus(root=os.geteuid())"
    )
    (found,) = ran_in_cage(who, home, code)
    if found["root"] == 0:
        assert found["CapEff"] == found["CapPrm"] == found["CapBnd"] == 1 << 31
