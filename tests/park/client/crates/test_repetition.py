"""A repetition beside what was left the first time."""

from __future__ import annotations

import base64
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from support.material.crates import JOB, small_crate

from park.client.crates.crate_records import CrateJob
from park.client.crates.repetition import Reproduction, Run, compared
from park.model.parity.comparison import Tolerance, Verdict


def again(tmp_path: Path, *, job: dict[str, Any] | None = None, **run: Any) -> Reproduction:
    record = small_crate(tmp_path / "files", tmp_path / "crate", **(job or {}))
    left = tmp_path / "fit 1.dat"
    left.write_text(run.pop("text", "1.5\n"))
    values: dict[str, Any] = {
        "id": "again",
        "result": {"chisq": 1.5},
        "files": {"fit 1.dat": left},
    } | run
    return compared(record.jobs[0], tmp_path / "files", Run(**values), Tolerance(relative=1e-6))


def test_the_same_is_equal(tmp_path: Path) -> None:
    found = again(tmp_path, machine={"cpu": "another"})
    assert [(each.of, each.verdict) for each in found.comparisons] == [
        ("result", Verdict.EQUAL),
        ("fit 1.dat", Verdict.EQUAL),
    ]
    assert (found.verdict, found.there, found.here) == (
        Verdict.EQUAL,
        {"cpu": "a processor"},
        {"cpu": "another"},
    )


def test_the_worst_part_is_the_verdict(tmp_path: Path) -> None:
    assert again(tmp_path, result={"chisq": 1.5000001}).verdict is Verdict.CLOSE
    assert again(tmp_path, result={"chisq": 1.5000001}, text="2.5\n").verdict is Verdict.DIFFERENT


@pytest.mark.parametrize("files", [{}, {"fit 1.dat": Path(__file__), "more.dat": Path(__file__)}])
def test_a_file_too_few_or_too_many_differs(tmp_path: Path, files: dict[str, Path]) -> None:
    assert again(tmp_path, files=files).verdict is Verdict.DIFFERENT


def test_one_that_fails_in_place_of_a_result_differs(tmp_path: Path) -> None:
    found = again(tmp_path, result=None, error="ValueError: too thin")
    assert str(found.comparisons[0].deviation) == (
        "result: a result there, failed: ValueError: too thin here"
    )


def test_one_that_fails_as_it_did_is_equal_and_says_so(tmp_path: Path) -> None:
    failed = {"result": None, "error": "ValueError: too thin"}
    found = again(tmp_path, job=failed, **failed)
    assert found.verdict is Verdict.EQUAL
    assert found.comparisons[0].remarks == ["failed, as there: ValueError: too thin"]


def test_the_path_of_its_own_folder_is_the_same_wherever_that_is(tmp_path: Path) -> None:
    record = small_crate(tmp_path / "files", tmp_path / "crate")
    for here, verdict in (
        ("/x/again/work/fit.dat", Verdict.EQUAL),
        ("/x/again/work/other.dat", Verdict.DIFFERENT),
        ("/x/another/work/fit.dat", Verdict.DIFFERENT),
    ):
        left = [f"/srv/jobs/{JOB}/work/fit.dat", {"in": f"see /srv/jobs/{JOB}/work"}]
        (tmp_path / "files" / "jobs" / JOB / "result.json").write_text(json.dumps(left))
        run = Run(id="again", result=[here, {"in": "see /x/again/work"}])
        found = compared(record.jobs[0], tmp_path / "files", run, Tolerance())
        assert found.comparisons[0].verdict is verdict


class Planted:
    """Leaves a mark wherever it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.mark,))


def test_nothing_is_unpickled_to_compare_it(tmp_path: Path) -> None:
    mark = tmp_path / "unpickled"
    for there, here in (("a", "b"), ("a", "a")):
        node = {"$park": "pickle", "type": "Fit", "repr": there}
        planted = base64.b64encode(pickle.dumps(Planted(mark))).decode()
        other = base64.b64encode(pickle.dumps((Planted(mark), 1))).decode()
        result_is(tmp_path, node | {"base64": planted})
        run = Run(id="again", result=node | {"base64": other, "repr": here})
        found = compared(small(tmp_path), tmp_path / "files", run, Tolerance())
        assert any("compared as it is printed" in each for each in found.comparisons[0].remarks)
    assert not mark.exists()


def small(tmp_path: Path) -> CrateJob:
    return small_crate(tmp_path / "others", tmp_path / "crate").jobs[0]


def result_is(tmp_path: Path, document: Any) -> None:
    place = tmp_path / "files" / f"jobs/{JOB}/result.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(document if isinstance(document, str) else json.dumps(document))


@pytest.mark.parametrize(
    "document",
    [
        "[" * 100_000 + "]" * 100_000,
        "{",
        {"$park": "float"},
        {"$park": "float", "value": []},
        {"$park": "pickle"},
        {"$park": "set"},
        {"$park": "ndarray", "npy": "%"},
        [[[[]]]],
    ],
)
def test_a_result_that_no_job_left_differs_and_is_no_defect(tmp_path: Path, document: Any) -> None:
    """A crate is from anybody, and so is what a service answers."""
    result_is(tmp_path, document)
    other = {"$park": document["$park"]} if isinstance(document, dict) else 1
    run = Run(id="again", result=other)
    found = compared(small(tmp_path), tmp_path / "files", run, Tolerance())
    assert found.verdict is Verdict.DIFFERENT or document == other


def test_a_text_of_slashes_costs_one_look(tmp_path: Path) -> None:
    """Each of them could begin the path of the working folder, which a pattern tries in turn."""
    slashes = "/" * 1_000_000
    result_is(tmp_path, [f"{slashes}{JOB}/workers /srv/{JOB}/work, and /srv/{JOB}/work"])
    run = Run(id="again", result=[f"{slashes}{JOB}/workers /x/again/work, and /y/again/work"])
    found = compared(small(tmp_path), tmp_path / "files", run, Tolerance())
    assert found.comparisons[0].verdict is Verdict.EQUAL
