"""Fits as jobs: of what, and where they run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.stand_ins.job_service import BOUND, JobService

import park
from park.client import model_fit
from park.client.by_value.module_ways import Way
from park.client.by_value.sending import Sending
from park.errors import UsageError


class Curve:
    """What can be fitted, of no project: as far as a fit looks at it."""

    def __init__(self, version: Any = None) -> None:
        self.version = version

    def parameters(self) -> None: ...

    def residuals(self) -> None: ...

    def numpoints(self) -> None: ...


class Problem:
    """A problem, of which bumps has more."""

    getp = setp = nllf = bounds = None


@pytest.fixture
def one(monkeypatch: pytest.MonkeyPatch) -> JobService:
    monkeypatch.setattr(model_fit, "find_spec", lambda name: name)
    return JobService()


@pytest.fixture
def asked(one: JobService) -> list[dict[str, Any]]:
    """Return what the environments are asked for with."""
    found: list[dict[str, Any]] = []

    def of(*_: Any, **named: Any) -> Any:
        found.append(named)
        return one.binding

    one.service.connection.bindings.of = of  # type: ignore[method-assign]
    return found


def test_a_fit_runs_in_the_environment_of_what_it_fits(
    one: JobService, monkeypatch: pytest.MonkeyPatch
) -> None:
    with one.bind().service:
        problem = one.service.submit("mymodel:define_fit")
        park.Fit(problem, when=problem.iscompleted, steps=3, retries=1, label="film")
        park.Fit([problem.output[0], problem.output[1]])
    (_, fit, of_both) = one.jobs
    assert fit["entry_point"] == "park.fitting:fit"
    assert fit["call"]["kwargs"] == {"steps": 3}
    assert fit["call"]["args"] == [{"$park": "reference", "job": problem.id, "what": "value"}]
    assert (fit["retries"], fit["label"]) == (1, "film")
    assert fit["lock_hash"] == of_both["lock_hash"] == BOUND.lock_hash
    monkeypatch.setattr("park.fitting.fit", lambda problem, **options: (problem, options))
    assert park.Fit(Problem, steps=2) == (Problem, {"steps": 2})
    with pytest.raises(UsageError, match="no service that could wait"):
        park.Fit(Problem, when=problem.iscompleted)


def test_a_fit_of_a_job_of_another_session_runs_where_that_ran(one: JobService) -> None:
    one.answers["/api/v1/jobs/0199"] = one.record(
        {"id": "0199", "entry_point": "m:f", "lock_hash": "9" * 64, "set_hash": "8" * 64}
    )
    with one.service:
        park.Fit(one.service.job("0199").output["problem"])
    (fit,) = one.jobs
    assert (fit["lock_hash"], fit["set_hash"]) == ("9" * 64, "8" * 64)


def test_another_environment_may_be_named_for_what_a_job_leaves(
    one: JobService, asked: list[dict[str, Any]]
) -> None:
    with one.bind().service:
        problem = one.service.submit("mymodel:define_fit")
        park.Fit(problem, lock="1234", install="never")
        with pytest.raises(UsageError, match="runs in the environment of that job"):
            park.Fit(problem, with_="film-plugin")
    assert (asked[1]["lock"], asked[1]["install"], asked[1]["reach"]) == ("1234", "never", None)


def test_the_fit_of_an_object_runs_where_all_that_it_refers_to_is(
    one: JobService, asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    import packaging.version

    noted: list[str] = []
    note = Sending.note

    def heard(self: Sending, module: str | None, *, later: bool = False) -> Way:
        noted.append(str(module))
        return note(self, module, later=later)

    monkeypatch.setattr(Sending, "note", heard)
    with one.bind().service:
        park.Fit([Curve(packaging.version.Version("1")), Curve()], steps=3, with_="rich")
    (named,) = asked
    assert "packaging.version" in named["reach"].modules
    assert named["options"].taken == ("rich",)
    assert "bumps" in noted  # whatever the model itself needs
    (fit,) = one.jobs
    assert [each["type"].rpartition(".")[2] for each in fit["call"]["args"][0]] == ["Curve"] * 2


@pytest.mark.parametrize(
    ("value", "told"),
    [(1.5, "got float"), ([], "got list"), ([Curve(), {}], "got dict"), (b"", "got bytes")],
)
def test_what_cannot_be_fitted_is_refused_at_the_call(
    one: JobService, value: Any, told: str
) -> None:
    with one.bind().service, pytest.raises(UsageError, match=told):
        park.Fit(value)
    assert one.jobs == []


def test_a_fit_needs_bumps_here(one: JobService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_fit, "find_spec", lambda _: None)
    with one.bind().service, pytest.raises(UsageError, match="needs bumps") as told:
        park.Fit(Curve())
    assert told.value.hint == "python -m pip install bumps"


def test_a_script_is_loaded_here_and_without_a_service_it_is_fitted_here(
    one: JobService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = tmp_path / "model.py"
    script.write_text("")
    said: list[Any] = []
    monkeypatch.setattr(model_fit, "fit_of_script", lambda *what, **more: said.append((what, more)))
    monkeypatch.setattr(
        "park.model_script.fit_script", lambda *what, **more: said.append((what, more))
    )
    park.Fit(script, service=one.service, method="de", files="*.dat", args=["1"])
    park.Fit(str(script), method="de", args=["1"], resume="model.h5")
    (_, there), (what, here) = said
    assert (there["options"], there["files"], there["args"]) == (["--fit=de"], ["*.dat"], ["1"])
    assert what == (str(script),)
    assert (here["options"], here["arguments"]) == (["--fit=de"], ["1"])
    assert (here["folders"], here["session"]) == ([str(tmp_path)], "model.h5")
    with pytest.raises(UsageError, match=r"there is no model script .*none\.py"):
        park.Fit("none.py")
    with pytest.raises(UsageError, match="are for the fit of a model script"):
        park.Fit(Problem, resume="model.h5")


def test_a_fit_stops_by_itself_and_the_service_waits_for_that(one: JobService) -> None:
    with one.bind().service:
        problem = one.service.submit("mymodel:define_fit")
        fit = park.Fit(problem, good_enough=1, timeout=1, parallel=2, stalled_after=30)
        plain = park.Fit(problem, parallel=1)
    assert isinstance(fit, park.FitJob)
    assert isinstance(plain, park.FitJob)
    (_, stopping, without) = one.jobs
    assert stopping["call"]["kwargs"] == {"good_enough": 1, "timeout": 1, "parallel": 2}
    assert (stopping["timeout_s"], stopping["stalled_after_s"]) == (61, 30)
    assert without["call"]["kwargs"] == {}
    assert "timeout_s" not in without


def test_a_fit_here_stops_by_itself_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("park.fitting.fit", lambda problem, **options: (problem, options))
    found = park.Fit(Problem, good_enough=1.2, timeout=5)
    assert found == (Problem, {"good_enough": 1.2, "timeout": 5})


def test_a_script_is_told_what_bumps_has_and_when_to_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.py").write_text("")
    told: list[Any] = []
    monkeypatch.setattr(model_fit, "_script_here", lambda *given: told.append(given[-2:]))
    park.Fit(tmp_path / "model.py", parallel=2, good_enough=1.2)
    park.Fit(tmp_path / "model.py", timeout=9)
    assert told == [
        (["--parallel=2"], {"good_enough": 1.2, "timeout": None}),
        ([], {"good_enough": None, "timeout": 9}),
    ]
