"""Jobs that leave their environment, their process or their folder: what is noted of that."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from proof.specimen import specimen_world
from proof.world import replaced
from support.labs.usage_lab import Ran, UsageLab

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

OUTSIDE = "specimen.outside"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> UsageLab:
    """Give one home for all jobs of this file."""
    return UsageLab(tmp_path_factory.mktemp("leaving"))


@pytest.fixture(scope="module")
def wheels(lab: UsageLab) -> list[Path]:
    """Give the wheels of the world before any edit."""
    return [each.wheel(lab.home / "wheels") for each in specimen_world().values()]


@pytest.fixture
def beside() -> Any:
    """Give a folder that is no temporary one to a job."""
    folder = os.path.join(os.path.expanduser("~"), f".park-proof-{os.getpid()}")  # noqa: PTH111, PTH118
    os.mkdir(folder)  # noqa: PTH102
    yield folder
    shutil.rmtree(folder)


def run(lab: UsageLab, wheels: list[Path], name: str, *arguments: Any) -> Ran:
    """Run one job of the module."""
    (found,) = lab.run(wheels, (f"{OUTSIDE}:{name}", *arguments))
    return found


PROCESSES = {
    "a program": ("ran_program",),
    "a shell": ("ran_shell",),
    "a pipe": ("opened_pipe",),
    "a spawned program": ("spawned",),
    "a fork": ("forked",),
    "forks of multiprocessing": ("pooled", "fork"),
    "spawns of multiprocessing": ("pooled", "spawn"),
    "a fork in C": ("forked_in_c",),
    "a program started in C": ("system_in_c",),
}


@pytest.fixture(scope="module")
def processes(lab: UsageLab, wheels: list[Path]) -> dict[str, Ran]:
    """Run all that start a process."""
    calls = [(f"{OUTSIDE}:{name}", *arguments) for name, *arguments in PROCESSES.values()]
    return dict(zip(PROCESSES, lab.run(wheels, *calls), strict=True))


@pytest.mark.parametrize("name", PROCESSES)
def test_another_process_is_good_for_one_lock_only(
    lab: UsageLab, processes: dict[str, Ran], name: str
) -> None:
    ran = processes[name]
    assert ran.usage.only_this_lock is not None, ran.value
    said = ("process", "program", "fork of a C library", "system of a C library")
    assert any(each in ran.usage.only_this_lock for each in said)
    change = replaced("specimen", "specimen/data/table.txt", "1 2 3", "1 2 4")
    after = [it.wheel(lab.home / "wheels") for it in change(specimen_world()).values()]
    assert lab.changed(ran, after) is not None


def test_what_undoes_the_notes_is_found(lab: UsageLab, wheels: list[Path]) -> None:
    for name in ("unhooked", "unfinder"):
        reason = run(lab, wheels, name).usage.only_this_lock
        assert reason == "it undid what notes which files it uses"


def test_a_library_from_elsewhere(lab: UsageLab, wheels: list[Path]) -> None:
    path = "/usr/lib/park-proof.so"
    assert run(lab, wheels, "loaded", path).usage.only_this_lock == f"it loaded {path} by ctypes"


def test_modules_from_elsewhere(lab: UsageLab, wheels: list[Path], beside: str) -> None:
    reason = run(lab, wheels, "elsewhere", beside).usage.only_this_lock
    assert reason is not None
    assert beside in reason


@pytest.mark.parametrize("name", ["wrote", "changed"])
def test_a_write_outside_is_no_memo(
    lab: UsageLab, wheels: list[Path], beside: str, name: str
) -> None:
    path = f"{beside}/file"
    with open(path, "w") as file:  # noqa: PTH123
        file.write("before")
    never = run(lab, wheels, name, path).usage.never
    assert never is not None
    assert path in never


def test_what_is_written_inside_is_nobodys_input(lab: UsageLab, wheels: list[Path]) -> None:
    ran = run(lab, wheels, "wrote_beside")
    assert (ran.value, ran.usage.never, ran.usage.only_this_lock) == ("x", None, None)
    inside = [it.path for it in ran.usage.outside if it.path.startswith(str(lab.home))]
    assert inside == []


EMPTY_CATALOGUE = b"\xde\x12\x04\x95" + bytes(24)


def edit_zone(folder: Path) -> None:
    """Let the zone be another one."""
    shutil.copyfile("/usr/share/zoneinfo/Asia/Tokyo", folder / "Proof" / "Zone")


def edit_catalogue(folder: Path) -> None:
    """Let the translation be another one."""
    catalogue = folder / "de" / "LC_MESSAGES" / "proof.mo"
    catalogue.write_bytes(EMPTY_CATALOGUE + b"more")


@pytest.mark.parametrize(
    ("name", "edit"), [("zone", edit_zone), ("translated", edit_catalogue)], ids=["zone", "locale"]
)
def test_files_of_the_system(
    lab: UsageLab, wheels: list[Path], tmp_path: Path, name: str, edit: Any
) -> None:
    (tmp_path / "Proof").mkdir()
    (tmp_path / "de" / "LC_MESSAGES").mkdir(parents=True)
    (tmp_path / "de" / "LC_MESSAGES" / "proof.mo").write_bytes(EMPTY_CATALOGUE)
    shutil.copyfile("/usr/share/zoneinfo/Europe/Berlin", tmp_path / "Proof" / "Zone")
    ran = settled(lab, wheels, name, str(tmp_path))
    assert lab.changed(ran, wheels) is None
    edit(tmp_path)
    assert lab.changed(ran, wheels) is not None


def settled(lab: UsageLab, wheels: list[Path], name: str, *arguments: Any) -> Ran:
    """Run a job until nothing that it read is too new to tell: clocks of file systems lag."""
    while True:
        ran = run(lab, wheels, name, *arguments)
        if ran.usage.never is None:
            return ran


def test_a_file_by_its_absolute_path(lab: UsageLab, wheels: list[Path], tmp_path: Path) -> None:
    path = tmp_path / "data.txt"
    path.write_text("1")
    ran = settled(lab, wheels, "absolute", str(path))
    assert lab.changed(ran, wheels) is None
    path.write_text("2")
    assert str(lab.changed(ran, wheels)) == f"{path} changed"
    path.write_text("1")
    assert lab.changed(ran, wheels) is None
    path.unlink()
    assert str(lab.changed(ran, wheels)) == f"{path} is gone"


def test_a_file_that_was_not_there(lab: UsageLab, wheels: list[Path], tmp_path: Path) -> None:
    path = tmp_path / "data.txt"
    ran = run(lab, wheels, "absolute", str(path))
    assert (ran.value, lab.changed(ran, wheels)) == (None, None)
    path.write_text("1")
    assert str(lab.changed(ran, wheels)) == f"{path} is there now"


def test_a_folder_outside_has_one_file_more(
    lab: UsageLab, wheels: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "one").touch()
    ran = settled(lab, wheels, "absolute_listed", str(tmp_path))
    assert lab.changed(ran, wheels) is None
    (tmp_path / "two").touch()
    assert str(lab.changed(ran, wheels)) == f"{tmp_path} changed"


def test_what_a_fresh_interpreter_used(lab: UsageLab, wheels: list[Path]) -> None:
    (ran,) = lab.run(wheels, ("specimen.core:compute", 2.0), fresh=True)
    assert (ran.usage.never, ran.usage.only_this_lock) == (None, None)
    assert "used-base.json" not in ran.files
    for path, old, new in (
        ("specimen/helper.py", "1.0", "1.5"),
        ("specimen/lazy.py", "0.5", "0.75"),
        ("specimen/data/table.txt", "1 2 3", "1 2 4"),
    ):
        after = replaced("specimen", path, old, new)(specimen_world())
        assert lab.changed(ran, [it.wheel(lab.home / "wheels") for it in after.values()])


def test_the_machine_s_own_files_count(lab: UsageLab, wheels: list[Path]) -> None:
    (ran,) = lab.run(wheels, ("specimen.looks:nothing",))
    paths = {it.path for it in ran.usage.outside}
    assert {"/etc/localtime", "/usr/lib/locale/locale-archive"} <= paths
    assert any("/libc.so" in path for path in paths)
