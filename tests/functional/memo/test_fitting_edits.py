"""Edits around a model with refl1d, and of files that compiled code reads: 50 real wheels."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from proof.fitting_world import (
    FITTING_JOBS,
    MAKES_FILES,
    NEEDED_OF_WHEELS,
    NEEDED_OF_WORLD,
    UNNEEDED_OF_WHEELS,
    UNNEEDED_OF_WORLD,
    WheelEdit,
    fitting_world,
    with_files,
)
from proof.world import edited_wheel
from support.labs.usage_lab import Ran, UsageLab

if TYPE_CHECKING:
    from pathlib import Path

    from proof.world import World

    from park.model.memo.difference import Difference

REQUIREMENTS = ["refl1d==1.0.1", "bumps==1.0.4", "dill==0.4.1", "h5py"]
LEAST_SPARED = 0.8

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> UsageLab:
    """Give one home for all locks of this file."""
    return UsageLab(tmp_path_factory.mktemp("fitting"))


@pytest.fixture(scope="module")
def released(lab: UsageLab) -> list[Path]:
    """Download the wheels of the registry that the model needs."""
    folder = lab.home / "released"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:"]
    subprocess.run([*command, "--dest", folder, *REQUIREMENTS], check=True, capture_output=True)
    return sorted(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def made(lab: UsageLab, released: list[Path]) -> tuple[World, World]:
    """Let h5py and numpy make the files that C reads; give two worlds that differ in them."""
    calls = [(MAKES_FILES, 1.0), (MAKES_FILES, 2.0)]
    before, after = lab.run(wheels(lab, fitting_world(), released), *calls)
    return with_files(fitting_world(), *before.value), with_files(fitting_world(), *after.value)


def wheels(lab: UsageLab, world: World, released: list[Path]) -> list[Path]:
    """Return the wheels of the world, and those of the registry."""
    return [*released, *(each.wheel(lab.home / "wheels") for each in world.values())]


@pytest.fixture(scope="module")
def ran(lab: UsageLab, made: tuple[World, World], released: list[Path]) -> dict[str, Ran]:
    """Run each job once, before any edit."""
    found = lab.run(wheels(lab, made[0], released), *FITTING_JOBS.values())
    return dict(zip(FITTING_JOBS, found, strict=True))


def edited(lab: UsageLab, released: list[Path], edit: WheelEdit) -> list[Path]:
    """Return the wheels of the registry, one of them edited."""

    def change(members: dict[str, bytes]) -> None:
        members[edit.member] = edit.change(members[edit.member])

    (wheel,) = (path for path in released if path.name.startswith(f"{edit.wheel}-"))
    folder = lab.home / "edited" / edit.member.replace("/", "-")
    return [edited_wheel(wheel, folder, change) if path == wheel else path for path in released]


def test_every_job_is_good_for_other_locks(
    lab: UsageLab, made: tuple[World, World], released: list[Path], ran: dict[str, Ran]
) -> None:
    assert {job: it.usage.only_this_lock for job, it in ran.items()} == dict.fromkeys(FITTING_JOBS)
    assert {job: it.usage.never for job, it in ran.items()} == dict.fromkeys(FITTING_JOBS)
    again = wheels(lab, made[0], released)
    assert {job: lab.changed(it, again) for job, it in ran.items()} == dict.fromkeys(FITTING_JOBS)
    assert (ran["hdf5"].value, ran["fromfile"].value) == (1.0, 1.0)


def test_files_that_compiled_code_reads(
    lab: UsageLab, made: tuple[World, World], released: list[Path], ran: dict[str, Ran]
) -> None:
    before, after = made
    for name, jobs in (
        ("reader", ("hdf5", "fromfile", "memory_mapped")),
        ("only-data", ("hdf5_of_others",)),
    ):
        changed = wheels(lab, {**before, name: after[name]}, released)
        assert [job for job in jobs if lab.changed(ran[job], changed) is None] == []


@pytest.mark.parametrize("name", NEEDED_OF_WORLD)
def test_an_edit_of_a_tree_is_noticed(
    lab: UsageLab, made: tuple[World, World], released: list[Path], ran: dict[str, Ran], name: str
) -> None:
    jobs, change = NEEDED_OF_WORLD[name]
    after = wheels(lab, change(made[0]), released)
    assert [job for job in jobs.split() if lab.changed(ran[job], after) is None] == []


@pytest.mark.parametrize("name", NEEDED_OF_WHEELS)
def test_an_edit_of_a_dependency_is_noticed(
    lab: UsageLab, made: tuple[World, World], released: list[Path], ran: dict[str, Ran], name: str
) -> None:
    edit = NEEDED_OF_WHEELS[name]
    after = wheels(lab, made[0], edited(lab, released, edit))
    assert [job for job in edit.jobs.split() if lab.changed(ran[job], after) is None] == []


def test_what_a_model_does_not_use_is_spared(
    lab: UsageLab, made: tuple[World, World], released: list[Path], ran: dict[str, Ran]
) -> None:
    found: dict[tuple[str, str], Difference | None] = {}
    for name, edit in UNNEEDED_OF_WHEELS.items():
        after = wheels(lab, made[0], edited(lab, released, edit))
        found |= {(name, job): lab.changed(ran[job], after) for job in edit.jobs.split()}
    for name, (jobs, change) in UNNEEDED_OF_WORLD.items():
        after = wheels(lab, change(made[0]), released)
        found |= {(name, job): lab.changed(ran[job], after) for job in jobs.split()}
    lost = {case: str(change) for case, change in found.items() if change is not None}
    assert len(lost) <= (1 - LEAST_SPARED) * len(found), lost
