"""Devices of jobs: each has its own, and a later service knows who has which."""

from __future__ import annotations

from pathlib import Path

from park_server.jobs.engines.devices import VARIABLE, Devices


def test_each_job_has_its_own_and_who_asked_for_none_sees_none(tmp_path: Path) -> None:
    devices = Devices(["0", "1", "2"], tmp_path / "devices.json")
    assert devices.variables("a", 2) == {VARIABLE: "0,1"}
    assert devices.variables("b", 1) == {VARIABLE: "2"}
    assert devices.variables("c", 0) == {VARIABLE: ""}
    devices.free("a")
    assert devices.variables("d", 1) == {VARIABLE: "0"}


def test_where_none_are_named_jobs_see_what_the_machine_shows(tmp_path: Path) -> None:
    assert Devices((), tmp_path / "devices.json").variables("a", 0) == {}


def test_a_later_service_keeps_those_of_what_still_runs(tmp_path: Path) -> None:
    file = tmp_path / "devices.json"
    earlier = Devices(["0", "1"], file)
    earlier.variables("a", 1)
    earlier.variables("b", 1)
    later = Devices(["0", "1"], file)
    later.take_up(["b"])
    assert later.variables("c", 1) == {VARIABLE: "0"}
    file.write_text("no JSON")
    Devices(["0"], file).take_up(["b"])
