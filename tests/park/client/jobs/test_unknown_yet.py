"""References and operators: each gives the value, makes a condition, or refuses by name."""

from __future__ import annotations

import copy
import json
import math
import operator
import os
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from support.stand_ins.job_service import JobService

import park
from park.client.jobs.when import Condition
from park.errors import ParkError, UsageError
from park.runtime import codec

if TYPE_CHECKING:
    from collections.abc import Callable

    from park.client.jobs.submitted_job import Job


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JobService:
    monkeypatch.setenv("PARK_CACHE_DIR", str(tmp_path / "cache"))
    return JobService().bind()


@pytest.fixture
def job(one: JobService) -> Job:
    return one.service.submit("m:f")


REFUSED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "len": (len, "the length of"),
    "iteration": (list, "the items of"),
    "unpacking": (lambda ref: [*ref], "the items of"),
    "in": (lambda ref: 1 in ref, "1 in the items of"),
    "reversed": (reversed, "the items of"),
    "slice": (lambda ref: ref[1:3], "[1:3] of"),
    "slices": (lambda ref: ref[::2, 0, ...], "[::2, 0, ...] of"),
    "key": (lambda ref: ref[1.5], "named by a text or a number"),
    "setting an attribute": (lambda ref: setattr(ref, "a", 1), ".a = … of"),
    "setting": (lambda ref: ref.__setitem__("a", 1), "['a'] = …"),
    "ref + 1": (lambda ref: ref + 1, "arithmetic (add)"),
    "1 + ref": (lambda ref: 1 + ref, "arithmetic (add)"),
    "text + ref": (lambda ref: "a" + ref, "arithmetic (add)"),
    "ref * ref": (lambda ref: ref * ref, "arithmetic (mul)"),
    "-ref": (lambda ref: -ref, "arithmetic (neg)"),
    "abs": (abs, "arithmetic (abs)"),
    "round": (round, "arithmetic (round)"),
    "ref ** 2": (lambda ref: ref**2, "arithmetic (pow)"),
    "ref & ref": (lambda ref: ref & ref, "arithmetic (and)"),
    "sum": (lambda ref: sum([ref, ref]), "arithmetic (add)"),
    "index": (lambda ref: [1, 2][ref], "an index of"),
    "bool": (bool, "has no truth value"),
    "sorted": (lambda ref: sorted([ref, ref]), "the values are not known yet"),
    "max": (lambda ref: max([ref, ref]), "max, sorted or a < b < c need them: .get() of each"),
    "in a list": (lambda ref: ref in [1, 2], "if, in, max"),
    "a < b < c": (lambda ref: 0 < ref < 2, "a < b < c need them"),
    "where": (lambda ref: np.where(ref > 1), "has no truth value"),
    "json": (json.dumps, "ValueReference is not JSON serializable"),
    "call": (lambda ref: ref.mean(), "a call of <value['x'].mean of job"),
    "keys": (lambda ref: dict(**ref), "a call of <value['x'].keys of job"),
    "bytes": (bytes, "the bytes of <value['x'] of job"),
    "truth of a condition": (lambda ref: bool(ref.ndim == 0), ".get() of each waits for it"),
    "get of a dict": (lambda ref: ref.get("a"), "a part is ['a']"),
}


@pytest.mark.parametrize("use", REFUSED)
def test_what_would_lose_the_reference_is_refused_by_name(
    one: JobService, job: Job, use: str
) -> None:
    act, said = REFUSED[use]
    with pytest.raises((TypeError, ParkError)) as told:
        act(job.output["x"])
    assert said in str(told.value)
    assert not [path for method, path, _ in one.asked if method == "GET"], "it waited"


VALUES: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "str": (str, "2.25"),
    "format": ("{:.1f}".format, "2.2"),
    "float": (float, 2.25),
    "int": (int, 2),
    "complex": (complex, 2.25 + 0j),
    "math": (math.sqrt, 1.5),
    "floor": (math.floor, 2),
    "%": (lambda ref: "%s" % ref, "2.25"),  # noqa: UP031 (it is tried)
    "get": (lambda ref: ref.get(), 2.25),
}


@pytest.mark.parametrize("use", VALUES)
def test_what_asks_for_the_value_waits_and_gets_it(one: JobService, job: Job, use: str) -> None:
    one.end(job.id, result={"x": 2.25})
    act, value = VALUES[use]
    with one.service:
        assert act(job.output["x"]) == value


@pytest.mark.parametrize("act", [operator.add, operator.matmul, operator.pow, operator.sub])
def test_an_array_on_either_side_has_numpy_count_with_the_value(
    one: JobService, job: Job, act: Callable[[Any, Any], Any]
) -> None:
    array, value = np.array([[1, 2], [3, 4]]), np.array([[2, 0], [1, 2]])
    one.end(job.id, result={"x": value.tolist()})
    reference = job.output["x"]
    assert (act(reference, array) == act(value, array)).all()
    assert (act(array, reference) == act(array, value)).all()


def _matched(job: Any) -> str:
    match job:
        case 1:
            return "one"
        case _:
            return "another"


OF_A_JOB: dict[str, tuple[Callable[[Any], Any], str]] = {
    "len": (len, "the length of"),
    "in": (lambda job: 1 in job, "1 in the items of"),
    "call": (lambda job: job(), "a call of"),
    "float": (float, "the number of"),
    "int": (int, "the number of"),
    "format": ("{:.2f}".format, "the text '.2f' of"),
    "part": (lambda job: job["chisq"], "job.result()['chisq'] waits for it"),
    "slice": (lambda job: job[1:], "job.output[1:] stands for that"),
    "attribute": (lambda job: job.chisq, "job.result().chisq waits for it"),
    "job + 1": (lambda job: job + 1, "arithmetic (add) of"),
    "1 - job": (lambda job: 1 - job, "arithmetic (sub) of"),
    "-job": (lambda job: -job, "arithmetic (neg) of"),
    "sum": (lambda job: sum([job, job]), "arithmetic (add) of"),
    "iteration": (list, "the items of"),
    "unpacking": (lambda job: [*job], "the items of"),
    "job == 1": (lambda job: job == 1, "== 1: a job is not what it returns"),
    "'a' != job": (lambda job: "a" != job, "!= 'a': a job is not"),  # noqa: SIM300 (it is tried)
    "job == list": (lambda job: job == [1], "== [1]: a job is not"),
    "numpy == job": (lambda job: np.float64(1) == job, "== 1.0: a job is not"),
    "in a list": (lambda job: job in [1, 2], "== 1: a job is not"),
    "job < 1": (lambda job: job < 1, "< 1: a job is not"),
    "1 <= job": (lambda job: 1 <= job, ">= 1: a job is not"),  # noqa: SIM300 (it is tried)
    "sorted": (lambda job: sorted([job, job]), "a job is not what it returns"),
    "max": (lambda job: max([job, 2]), "2: a job is not"),
    "match": (_matched, "== 1: a job is not"),
    "index": (lambda job: [1, 2][job], "an index of"),
    "range": (range, "an index of"),
}


FILES_OF_A_JOB: dict[str, Callable[[Any], Any]] = {"open": open, "Path": Path, "fspath": os.fspath}


@pytest.mark.parametrize("use", FILES_OF_A_JOB)
def test_a_job_is_not_the_file_that_it_leaves(one: JobService, job: Job, use: str) -> None:
    with pytest.raises(UsageError, match=r"which is no file\s+hint: job\.filename stands for"):
        FILES_OF_A_JOB[use](job)
    assert not [path for method, path, _ in one.asked if method == "GET"], "it waited"


@pytest.mark.parametrize("use", OF_A_JOB)
def test_a_job_is_not_what_it_returns(one: JobService, job: Job, use: str) -> None:
    act, said = OF_A_JOB[use]
    with pytest.raises((TypeError, AttributeError)) as told:
        act(job)
    assert said in str(told.value)
    assert "job.output" in str(told.value)
    assert not [path for method, path, _ in one.asked if method == "GET"], "it waited"


@pytest.mark.parametrize("value", [False, 2, 2.5, "text", None, {"a": 1}, 1j], ids=repr)
def test_jobs_without_dimensions_are_no_items_of_an_array(
    one: JobService, job: Job, value: Any
) -> None:
    """numpy takes such items by other means: false was true, and a dict the job itself."""
    one.end(job.id, result=codec.encode(value, set_hash=None))
    with pytest.raises(TypeError, match=r"an array of <Job .* not what it returns: job.output"):
        np.array([job, job])


@pytest.mark.parametrize("value", [False, "text", None, {"a": 1}, 1j], ids=repr)
def test_no_array_has_another_value_than_what_a_reference_stands_for(
    one: JobService, job: Job, value: Any
) -> None:
    one.end(job.id, result=codec.encode(value, set_hash=None))
    with pytest.raises((TypeError, ValueError)) as told:
        np.array([job.output, job.output])
    assert "<value of job" in str(told.value) + str(told.value.__cause__)


def test_numbers_and_arrays_are_items_of_an_array(one: JobService, job: Job) -> None:
    one.end(job.id, result={"x": 2.5, "a": [1.0, 2.0]})
    assert np.array([job.output["x"], 1]).tolist() == [2.5, 1]
    assert np.array([job.output["a"]]).tolist() == [[1.0, 2.0]]
    assert np.asarray(job.output["x"]) == 2.5


@pytest.mark.parametrize(
    ("name", "said"), [("get", "it is .result()"), ("done", "it is .isfinished.now")]
)
def test_a_word_of_another_library_is_told_the_one_here(job: Job, name: str, said: str) -> None:
    with pytest.raises(AttributeError, match=f"has no attribute '{name}'; ") as told:
        getattr(job, name)
    assert said in str(told.value)


def test_a_job_is_there_and_is_itself(job: Job) -> None:
    assert job
    assert f"{job}" == str(job)
    assert not hasattr(job, "_repr_latex_")
    assert job in [None, job]
    assert job != object()
    with pytest.raises(UsageError, match="cannot be compared with a Job"):
        assert job == job.output


def test_comparisons_are_conditions_and_copies_are_the_same(job: Job) -> None:
    reference = job.output["x"]
    assert isinstance(reference < 1, Condition)
    assert isinstance(reference == job.output["y"], Condition)
    assert copy.copy(reference) is copy.deepcopy([reference])[0] is reference
    assert copy.copy(job) is copy.deepcopy({1: job})[1] is job
    assert {reference: 1}[reference] == 1


PATHS: dict[str, Callable[[Any], Any]] = {
    "f-string": lambda ref: f"{ref}/x",
    "format": "{}".format,
    "join": lambda ref: os.path.join(ref, "x"),  # noqa: PTH118 (it is tried)
    "Path": Path,
    "fspath": os.fspath,
    "str": str,
    "%": lambda ref: "%s" % ref,  # noqa: UP031 (it is tried)
    "open": open,
}


@pytest.mark.parametrize("use", PATHS)
def test_texts_and_paths_of_files_are_refused_where_a_workflow_is_written(
    one: JobService, job: Job, use: str
) -> None:
    for block in (one.service, park.plan()):
        with block, pytest.raises(UsageError) as told:
            PATHS[use](job.filename)
        assert "pass the reference itself" in str(told.value.hint)
    assert not [path for method, path, _ in one.asked if method == "GET"], "it waited"


NO_TEXT: dict[str, tuple[Callable[[Any], Any], str]] = {
    "ref == text": (lambda ref: ref == "film.txt", "a comparison with 'film.txt' of"),
    "path != ref": (lambda ref: Path("a") != ref, "a comparison with PosixPath('a') of"),
    "ref in names": (lambda ref: ref in ["a", "b"], "a comparison with 'a' of"),
    "ref + text": (lambda ref: ref + ".bak", "arithmetic (add) of"),
    "text + ref": (lambda ref: "x/" + ref, "arithmetic (add) of"),
    "ref / text": (lambda ref: ref / "x", "arithmetic (truediv) of"),
    "ref % text": (lambda ref: ref % "x", "arithmetic (mod) of"),
    "iteration": (list, "the items of"),
    "in": (lambda ref: "x" in ref, "'x' in the text of"),
    "slice": (lambda ref: ref[-4:], "[-4:] of"),
    "len": (len, "the length of"),
    "array": (lambda ref: np.array([ref, "a"]), "an array of"),
    "request": (urllib.request.urlopen, ".timeout = … of"),
    "method": (lambda ref: ref.endswith(".dat"), "has no attribute 'endswith': "),
    "of a path": (lambda ref: ref.parent, "has no attribute 'parent': "),
}


@pytest.mark.parametrize("use", NO_TEXT)
def test_a_file_and_a_url_are_no_texts(job: Job, use: str) -> None:
    act, what = NO_TEXT[use]
    for reference in (job.filename, job.url):
        with pytest.raises((TypeError, AttributeError)) as told:
            act(reference)
        assert what in str(told.value)
        assert "is no text here: pass the reference itself" in str(told.value)
        assert copy.deepcopy(reference) is reference
        assert bool(reference)


def test_the_text_of_a_url_is_refused_there_as_well(one: JobService, job: Job) -> None:
    with one.service, pytest.raises(UsageError, match="the text of"):
        str(job.url)
    with pytest.raises(UsageError, match="is known to the job alone"):
        f"{job.filename}"


def test_a_path_of_this_machines_copy_is_refused_as_an_argument(
    one: JobService, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one, "download", lambda _, target: target.write_bytes(b"a"))
    sha256 = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    one.end(job.id, files=[{"name": "a.txt", "sha256": sha256, "size": 1}])
    path = Path(job.filename)
    for argument in (path, str(path), path.parent / "x", [str(path)]):
        with pytest.raises(UsageError, match="of this machine") as told:
            one.service.submit("m:g", argument)
        assert "park.File" in str(told.value.hint)
    one.service.submit("m:g", park.File(path))
