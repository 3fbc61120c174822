"""What a model says about itself."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

import park
from park.jobside import job, job_directory, options_of, progress


def test_a_marked_function_is_the_function() -> None:
    def fit(x: int) -> int:
        return x + 1

    assert job(fit) is fit
    assert fit(1) == 2
    options = options_of(fit)
    assert options is not None
    assert options.entry_point == f"{__name__}:{fit.__qualname__}"
    assert (options.restartable, options.timeout_s) == (False, None)


def test_options_are_kept_as_data() -> None:
    @job(restartable=True, timeout=60)
    class Fit:
        pass

    class Special(Fit):
        pass

    options = options_of(Fit)
    assert options is not None
    assert (options.restartable, options.timeout_s) == (True, 60)
    assert options_of(Special) is None
    assert options_of(1) is None


def test_the_decorator_survives_an_import_of_its_module() -> None:
    importlib.import_module("park.jobside")

    @park.job
    def bare() -> None: ...

    @park.job(timeout=1)
    def called() -> None: ...

    assert options_of(bare) is not None
    assert options_of(called) is not None


def test_outside_a_job_progress_is_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PARK_PROGRESS_FILE", raising=False)
    monkeypatch.delenv("PARK_JOB_DIRECTORY", raising=False)
    monkeypatch.chdir(tmp_path)
    progress(1, 2)
    assert job_directory() == tmp_path
    assert list(tmp_path.iterdir()) == []


class Scalar:
    """As numpy's scalars and arrays convert."""

    def tolist(self) -> list[float]:
        return [1.5, float("inf")]


def test_in_a_job_each_report_is_a_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PARK_PROGRESS_FILE", str(tmp_path / "progress.jsonl"))
    monkeypatch.setenv("PARK_JOB_DIRECTORY", str(tmp_path / "work"))
    progress(1, 10, chisq=float("nan"), name="ü")
    progress(values_of=Scalar(), path=tmp_path, nested={1: (True, None)})
    lines = (tmp_path / "progress.jsonl").read_text().splitlines()
    first, second = (json.loads(line) for line in lines)
    assert (first["done"], first["total"]) == (1, 10)
    assert first["values"] == {"chisq": None, "name": "ü"}
    assert second["done"] is None
    assert second["values"] == {
        "values_of": [1.5, None],
        "path": str(tmp_path),
        "nested": {"1": [True, None]},
    }
    assert job_directory() == tmp_path / "work"
