"""Edits that a run has to notice, and edits that it has not: with real environments and jobs."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from proof import systems
from proof.edits import NEEDED, UNNEEDED, Edit
from proof.specimen import JOBS, specimen_world
from support.labs.usage_lab import Ran, UsageLab

from park.model.memo.difference import difference
from park_server.used.interpreter_identity import interpreter_identity

if TYPE_CHECKING:
    from pathlib import Path

    from proof.world import World

LEAST_SPARED = 0.8
MOST_EDITS = 60

LEAVING = {
    "relative_to_descriptor",
    "relative_to_descriptor_beside_an_own_one",
    "by_folder_link",
    "listed_by_link",
    "walked_by_descriptor",
    "in_a_subinterpreter",
    "by_the_c_library",
    "by_the_c_library_by_name",
    "by_python_as_a_library",
    "looked_for_by_the_c_library",
    "by_a_process",
    "by_a_new_interpreter",
}
"""Jobs whose ways nobody can follow: they are good for their lock alone."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> UsageLab:
    """Give one home for all locks of this file."""
    return UsageLab(tmp_path_factory.mktemp("edits"))


def wheels(lab: UsageLab, world: World) -> list[Path]:
    """Return the wheels of all distributions."""
    return [each.wheel(lab.home / "wheels") for each in world.values()]


@pytest.fixture(scope="module")
def ran(lab: UsageLab) -> dict[str, Ran]:
    """Run each job once, before any edit."""
    found = lab.run(wheels(lab, specimen_world()), *JOBS.values())
    return dict(zip(JOBS, found, strict=True))


def noticed(lab: UsageLab, ran: dict[str, Ran], edit: Edit) -> dict[str, str | None]:
    """Return by job what it would be run again for; None for nothing."""
    after = wheels(lab, edit.applied(specimen_world()))
    changes = {job: lab.changed(ran[job], after) for job in edit.jobs}
    return {job: None if it is None else str(it) for job, it in changes.items()}


def test_other_systems_run_jobs_in_a_folder_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jobs leave files where they run, which is not where the proof is run."""
    folders = []

    def run(*_: object, cwd: Path, **__: object) -> SimpleNamespace:
        folders.append(cwd)
        assert list(cwd.iterdir()) == []  # nothing of an earlier run
        (cwd / "left").touch()
        return SimpleNamespace(returncode=0, stdout='{"compute": true}', stderr="")

    monkeypatch.setattr(systems, "subprocess", SimpleNamespace(run=run))
    other = systems.Cached("joblib", tmp_path)
    other._cache.mkdir()
    other.begin(specimen_world())
    assert other.runs_again(specimen_world(), ["compute"]) == {"compute": True}
    assert [folder.is_relative_to(tmp_path) for folder in folders] == [True, True]


def test_every_job_is_good_for_other_locks(ran: dict[str, Ran]) -> None:
    found = {job for job, it in ran.items() if it.usage.only_this_lock is not None}
    assert found == LEAVING
    assert {job: it.usage.never for job, it in ran.items()} == dict.fromkeys(JOBS)
    assert ran["compute"].value == 266.5


def test_a_job_whose_world_did_not_change_is_known_again(
    lab: UsageLab, ran: dict[str, Ran]
) -> None:
    again = wheels(lab, specimen_world())
    assert {job: lab.changed(it, again) for job, it in ran.items()} == dict.fromkeys(JOBS)


@pytest.mark.parametrize("edit", NEEDED, ids=str)
def test_an_edit_is_noticed(lab: UsageLab, ran: dict[str, Ran], edit: Edit) -> None:
    assert [job for job, change in noticed(lab, ran, edit).items() if change is None] == []


def test_another_python_is_noticed(lab: UsageLab, ran: dict[str, Ran]) -> None:
    own = lab.interpreter
    minor = replace(own, target=replace(own.target, python="3.99"), cache_tag="cpython-399")
    patch = replace(own, version=f"{own.version}.1")
    again = wheels(lab, specimen_world())
    assert lab.changed(ran["nothing"], again, minor) is not None
    view = replace(lab.view(ran["nothing"].lock), interpreter=interpreter_identity(patch))
    assert str(difference(ran["nothing"].usage, view)) == "the Python interpreter is another"


def test_what_a_job_does_not_use_is_spared(lab: UsageLab, ran: dict[str, Ran]) -> None:
    found = {
        f"{edit}: {job}": change
        for edit in UNNEEDED
        for job, change in noticed(lab, ran, edit).items()
    }
    spared = sum(change is None for change in found.values())
    lost = {case: change for case, change in found.items() if change is not None}
    assert spared >= LEAST_SPARED * len(found), lost


def test_there_are_enough_edits() -> None:
    assert len({edit.name for edit in NEEDED}) == len(NEEDED)
    assert sum(len(edit.jobs) for edit in NEEDED) >= MOST_EDITS
