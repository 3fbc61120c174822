"""Fits as jobs: what they have left, as text, as a picture, and in a notebook."""

from __future__ import annotations

import json
import pickle
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from support.stand_ins.job_service import JobService

import park
from park.client.jobs.kinds.fit_job import FIT_ENTRY_POINT, FitJob
from park.errors import UnknownItem

if TYPE_CHECKING:
    from pathlib import Path

RESULT = {
    "chisq": 1.25, "points": 40, "method": "lm", "steps": 7, "labels": ["<m>"],
    "values": [2.0], "uncertainties": [0.1], "converged": True, "why": "met the tolerance of lm",
    "stopped": None,
}  # fmt: skip
FILES = {"fit.json": json.dumps(RESULT), "fit.svg": "<svg>curve</svg>"}


@pytest.fixture
def one(monkeypatch: pytest.MonkeyPatch) -> JobService:
    one = JobService()

    def content(path: str, **_: Any) -> Any:
        name = path.rpartition("/")[2]
        if name not in FILES:
            raise UnknownItem(f"no file {name}")
        return SimpleNamespace(content=FILES[name].encode())

    monkeypatch.setattr(one, "bytes", content)
    return one


def fit(one: JobService, status: str, **known: Any) -> FitJob:
    record = one.record({"id": "0199", "entry_point": FIT_ENTRY_POINT}, status=status, **known)
    one.answers["/api/v1/jobs/0199"] = record
    found = one.service.job("0199")
    assert isinstance(found, park.FitJob)
    return found


def test_what_it_left_is_there_as_data_as_text_and_as_a_picture(
    one: JobService, tmp_path: Path
) -> None:
    job = fit(one, "completed")
    assert job.left() == RESULT
    assert job.summary() == (
        "chisq 1.25 of 40 points, lm, 7 steps: converged, met the tolerance of lm\n"
        "  <m>  2.00 ± 0.10"
    )
    picture = job.plot(tmp_path / "fit.svg")
    assert isinstance(picture, park.FitPicture)
    assert picture._repr_svg_() == (tmp_path / "fit.svg").read_text() == "<svg>curve</svg>"
    assert "16 characters of SVG" in repr(picture)


def test_of_a_cancelled_one_is_there_what_it_had(one: JobService) -> None:
    job = fit(one, "cancelled", error="cancelled on request")
    assert job.left()["values"] == [2.0]
    assert job.plot().svg == "<svg>curve</svg>"


def test_a_notebook_shows_parameters_and_picture(one: JobService) -> None:
    shown = fit(one, "completed")._repr_html_()
    assert "chisq 1.25 of 40 points" in shown
    assert "&lt;m&gt;" in shown
    assert shown.endswith("<svg>curve</svg>")


def test_a_notebook_shows_how_far_it_is(one: JobService) -> None:
    progress = {"done": 3, "total": 9, "values": {"chisq": 2.5}, "age_s": 725.0}
    shown = fit(one, "running", progress=progress)._repr_html_()
    assert "running" in shown
    assert "3 of 9, chisq 2.5, last report 12 min ago" in shown
    shown = fit(one, "failed", error="no <minimum>")._repr_html_()
    assert "failed" in shown
    assert "no &lt;minimum&gt;" in shown


def test_what_is_wrong_is_shown_and_not_raised_in_a_notebook(
    one: JobService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(FILES, "fit.json")
    assert "no file fit.json" in fit(one, "completed")._repr_html_()
    with pytest.raises(UnknownItem):
        fit(one, "completed").left()


def test_its_pickle_names_what_does_not_move_when_files_do(one: JobService) -> None:
    assert b"parkFitJob" in pickle.dumps(fit(one, "completed"), protocol=0).replace(b"\n", b"")
