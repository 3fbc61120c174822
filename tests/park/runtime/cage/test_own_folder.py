"""`park.runtime.cage.own_folder`: of the folders of jobs, a job sees its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.faults.caged import ran_in_cage

from park.runtime.cage import own_folder

if TYPE_CHECKING:
    from pathlib import Path

IN_CAGE = """
protect.arrange_mounts(lambda: True)
way_in.leave_powers(["alone", "own-folder"])
def job():
    own = own_folder.OwnFolder(f"{home}/jobs")
    own.open(f"{home}/jobs/one")
    act()
in_child(job)
"""


def test_the_others_are_not_there(who: str, home: Path) -> None:
    code = """
def act():
    tell(jobs=os.listdir(f"{home}/jobs"), written=tried(open, f"{home}/jobs/one/work/made", "w"),
         read=tried(open, f"{home}/jobs/other/call.json"), who=os.getuid() == os.stat(home).st_uid)
"""
    (found,) = ran_in_cage(who, home, code + IN_CAGE)
    assert found == {
        "jobs": ["one"],
        "written": "done",
        "read": "No such file or directory",
        "who": True,
    }
    assert (home / "jobs" / "one" / "work" / "made").exists()


@pytest.mark.parametrize(
    "way",
    [
        "kernel.libc().umount2(f'{home}/jobs'.encode(), 2)",
        "kernel.libc().unshare(0x10020000), kernel.libc().umount2(f'{home}/jobs'.encode(), 2)",
        "subprocess.run(['umount', f'{home}/jobs'], stderr=subprocess.DEVNULL)",
        "os.chdir(f'{home}/jobs/one/../other')",
        "os.open(f'/proc/{os.getppid()}/root/{home}/jobs/other', os.O_RDONLY)",
        "os.open('/proc/self/fd/3/other', os.O_RDONLY)",
    ],
)
def test_no_way_leads_to_them(who: str, home: Path, way: str) -> None:
    code = f"""
def act():
    tried(lambda: ({way}))
    tell(jobs=os.listdir(f"{{home}}/jobs"), read=os.path.exists(f"{{home}}/jobs/other/call.json"))
"""
    assert ran_in_cage(who, home, code + IN_CAGE) == [{"jobs": ["one"], "read": False}]


def test_no_power_is_left(who: str, home: Path) -> None:
    code = """
def act():
    lines = open("/proc/self/status").read().splitlines()
    after = subprocess.run(["cat", "/proc/self/status"], capture_output=True, text=True).stdout
    for each in (lines, after.splitlines()):
        tell(**dict(line.split(":\\t") for line in each if line.startswith(("CapEff", "NoNewP"))))
"""
    expected = {"CapEff": "0" * 16, "NoNewPrivs": "1"}
    assert ran_in_cage(who, home, code + IN_CAGE) == [expected, expected]


def test_a_folder_elsewhere_is_where_it_was(who: str, home: Path) -> None:
    code = IN_CAGE.replace("jobs/one", "index").replace(
        "act()", "tell(f=os.listdir(home+'/index'))"
    )
    assert ran_in_cage(who, home, code) == [{"f": ["wheel"]}]


def test_what_is_the_same_for_all_children_is_found_once() -> None:
    assert own_folder.look_ahead() is own_folder.look_ahead()
