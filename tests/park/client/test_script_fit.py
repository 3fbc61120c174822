"""The job of a model script: its call, its files, and its environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.stand_ins.job_service import JobService

import park
from park.client import script_fit
from park.client.jobs.kinds.fit_job import FitJob
from park.client.model_scripts.loaded import Loaded
from park.client.report import Silence
from park.client.script_fit import bumps_options
from park.errors import UsageError


class Heard(Silence):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def step(self, text: str) -> None:
        self.steps.append(text)


@pytest.fixture
def one(monkeypatch: pytest.MonkeyPatch) -> JobService:
    service = JobService()
    monkeypatch.setattr(script_fit, "can_load", lambda: True)
    return service


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a script that opens run.dat, and needs late.dat when it is fitted."""
    for name in ("model.py", "run.dat", "late.dat"):
        (tmp_path / name).write_text("")
    opened = {str(tmp_path / "run.dat"): "run.dat"}
    took = Loaded(modules={"packaging": "/p/__init__.py"}, opened=opened, parameters=2)
    monkeypatch.setattr(script_fit, "loaded", lambda *_: took)
    return tmp_path / "model.py"


def fitted(one: JobService, script: Path, **said: Any) -> dict[str, Any]:
    """Return what would be sent, were the environment known."""
    job = park.Fit(script, service=one.service, **{"report": Silence(), **said})
    document: dict[str, Any] = job.item.document
    return document


def test_options_are_written_as_bumps_reads_them() -> None:
    said = {"method": "dream", "steps": 3, "trim": False, "err": True, "store": "T1", "pop": None}
    assert bumps_options(said) == ["--fit=dream", "--steps=3", "--no-trim", "--err", "--export=T1"]
    assert bumps_options({"write_session": "a.h5"}) == ["--write-session=a.h5"]


def test_a_fit_of_a_script_is_a_fit_and_stops_as_any(one: JobService, script: Path) -> None:
    said: dict[str, Any] = {"good_enough": 1.2, "timeout": 60, "memo": False, "report": Silence()}
    fit = park.Fit(script, service=one.service, **said)
    assert isinstance(fit, FitJob)
    document = fitted(one, script, **said)
    stops = document["call"]["kwargs"]
    assert (stops["good_enough"], stops["timeout"]) == (1.2, 60)
    assert (document["timeout_s"], document["memo"]) == (120, False)


def test_the_job_has_the_files_and_the_environment_that_the_script_takes(
    one: JobService, script: Path
) -> None:
    asked: list[Any] = []

    def of(*_: Any, **named: Any) -> Any:
        asked.append(named)
        return one.binding

    one.service.connection.bindings.of = of  # type: ignore[method-assign]
    heard = Heard()
    document = fitted(one, script, report=heard, method="lm", files=["late.*"], retries=2)
    assert document["entry_point"] == "park.model_script:fit_script"
    assert document["call"]["args"] == ["model.py"]
    assert sorted(document["call"]["kwargs"]["files"]) == ["late.dat", "model.py", "run.dat"]
    assert document["call"]["kwargs"]["options"] == ["--fit=lm"]
    assert (document["retries"], document["label"]) == (2, "model.py")
    assert asked[0]["reach"].modules == {"packaging", "bumps"}
    (told,) = heard.steps
    assert told.startswith("model.py: 2 parameters; 3 files go along (0 B): late.dat, model.py")


def test_one_file_goes_along(
    one: JobService, script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script_fit, "loaded", lambda *_: Loaded(parameters=1))
    heard = Heard()
    fitted(one, script, report=heard)
    assert heard.steps == ["model.py: 1 parameter; 1 file goes along (0 B): model.py"]


def test_a_problem_without_parameters_is_told(
    one: JobService, script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script_fit, "loaded", lambda *_: Loaded(parameters=0))
    with pytest.raises(UsageError, match=r"model\.py has no parameters to fit"):
        fitted(one, script)


def test_an_argument_that_is_a_file_is_its_copy_there(
    one: JobService, script: Path, tmp_path: Path
) -> None:
    place = tmp_path / "run.dat"
    document = fitted(one, script, args=[str(place), "0.3", "run.dat"])
    file, number, name = document["call"]["kwargs"]["arguments"]
    assert (file["$park"], file["name"]) == ("file", "run.dat")
    assert (number, name) == ("0.3", "run.dat")


def test_the_parameters_that_it_starts_from_go_along(
    one: JobService, script: Path, tmp_path: Path
) -> None:
    place = tmp_path / "T1" / "film.par"
    place.parent.mkdir()
    place.write_text("a 1\n")
    call = fitted(one, script, pars=place)["call"]["kwargs"]
    assert "T1/film.par" in call["files"]
    assert call["options"][-1] == "--pars=T1/film.par"
    with pytest.raises(UsageError, match=r"there is no file .*none\.par"):
        fitted(one, script, pars="none.par")


def test_a_pattern_that_nothing_matches_is_told(one: JobService, script: Path) -> None:
    with pytest.raises(UsageError, match=r"nothing in .* matches '\*.nxs'"):
        fitted(one, script, files="*.nxs")


def test_without_bumps_here_an_environment_must_be_named(
    one: JobService, script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script_fit, "can_load", lambda: False)
    with pytest.raises(UsageError, match="this interpreter has no bumps 1") as told:
        fitted(one, script)
    assert "--lock HASH, --offer PROJECT" in str(told.value.hint)
    document = fitted(one, script, offer="refl1d", files="*.dat")
    assert sorted(document["call"]["kwargs"]["files"]) == ["late.dat", "model.py", "run.dat"]


def test_it_goes_on_from_a_session_here_or_of_a_job(
    one: JobService, script: Path, tmp_path: Path
) -> None:
    session = tmp_path / "old.h5"
    session.write_text("")
    document = fitted(one, script, resume=session)
    assert document["call"]["kwargs"]["session"]["name"] == "old.h5"
    job = "/api/v1/jobs/0199"
    one.answers[job] = one.record({"id": "0199", "entry_point": "m:f"}, status="running")
    before = one.service.job("0199")
    document = fitted(one, script, resume=before)  # it will leave that
    assert document["call"]["kwargs"]["session"]["name"] == "model.h5"
    one.answers[job] = one.record({"id": "0199", "entry_point": "m:f"}, status="completed")
    one.answers[f"{job}/files"] = []
    with pytest.raises(UsageError, match="has left no session"):
        fitted(one, script, resume=before)
