"""The folder of a job: its call and inputs before the start, logs and progress meanwhile."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from support.material.json_values import JSON_VALUES
from support.material.open_doors import of_the_service

import park
from park.errors import UnknownItem
from park.model.ids import JobId
from park_server.areas.areas import Areas
from park_server.content import ContentStore
from park_server.jobs.folder import JobFolders, Marks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JOB = JobId("0199")


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[JobFolders]:
    (tmp_path / "jobs").mkdir()
    areas = Areas(tmp_path / "areas", {}, of_the_service)
    made = JobFolders(
        tmp_path / "jobs", ContentStore(tmp_path / "files"), areas, owner_of=of_the_service
    )
    yield made
    made.close()


@pytest.fixture
def folder(folders: JobFolders) -> Path:
    folders.prepare(JOB, "ada", call())
    return folders.path_of(JOB)


def call(*args: Any) -> dict[str, Any]:
    return {"args": list(args), "kwargs": {}}


def test_the_call_stands_there_before_the_start_and_anew_before_a_retry(
    folders: JobFolders,
) -> None:
    for number in (1, 2):
        folders.prepare(JOB, "ada", call(number))
        written = json.loads((folders.path_of(JOB) / "call.json").read_text())
        assert written == call(number)


def test_a_small_call_goes_with_the_order_and_a_large_one_has_a_file(folders: JobFolders) -> None:
    text = folders.prepare_for_order(JOB, "ada", call(7))
    assert json.loads(str(text)) == call(7)
    assert list(folders.path_of(JOB).iterdir()) == []
    assert folders.prepare_for_order(JOB, "ada", call("x" * 20_000)) is None
    written = json.loads((folders.path_of(JOB) / "call.json").read_text())
    assert written == call("x" * 20_000)


def test_a_folder_made_while_nothing_ended_is_that_of_the_next_job(folders: JobFolders) -> None:
    folders.clear(JOB)
    folders._janitor.submit(lambda: None).result()
    assert folders.prepare_for_order(JOB, "ada", call(7)) is not None
    assert (folders.path_of(JOB) / "work").is_dir()
    assert folders.names() == [JOB]


def test_the_folder_of_an_account_is_made_by_itself(tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    content, areas = ContentStore(tmp_path / "files"), Areas(tmp_path / "areas", {}, of_the_service)
    own = os.getuid(), os.getgid()
    folders = JobFolders(tmp_path / "jobs", content, areas, owner_of=lambda _: own)
    folders.clear(JOB)
    folders._janitor.submit(lambda: None).result()
    folders.prepare_for_order(JOB, "ada", call(7))
    assert list(folders.path_of(JOB).iterdir()) == []
    folders.close()


def test_what_has_files_or_is_large_takes_time() -> None:
    assert not JobFolders.takes_time(call(1, {"a": [2]}))
    assert JobFolders.takes_time(call("a" * 1_000_000))
    assert JobFolders.takes_time(call([0.5] * 100_000))
    assert JobFolders.takes_time(call([{"$park": "file", "sha256": "0" * 64, "name": "a"}]))


def test_an_input_that_is_not_there_is_told(folders: JobFolders) -> None:
    with pytest.raises(UnknownItem):
        folders.prepare(JOB, "ada", call({"$park": "file", "sha256": "0" * 64, "name": "a"}))


def test_a_log_is_read_from_anywhere_and_is_empty_before_there_is_one(
    folders: JobFolders, folder: Path
) -> None:
    assert folders.log(JOB, "stdout", 0, 100) == b""
    (folder / "stdout").write_bytes(b"0123456789")
    assert folders.log(JOB, "stdout", 3, 4) == b"3456"
    assert folders.log(JOB, "stdout", 20, 4) == b""
    with pytest.raises(UnknownItem, match="a job has stdout and stderr"):
        folders.log(JOB, "outcome.json", 0, 100)


@pytest.mark.parametrize(
    ("written", "progress"),
    [
        ("", None),
        ('{"done": 1}\n{"done": 2}\n', {"done": 2}),
        ('{"done": 1}\n{"done": 2', {"done": 1}),  # one that is being written
        ('{"done": 1}\nnot JSON\n', {"done": 1}),
        ("[1]\n", None),
    ],
    ids=["none", "the last", "half", "broken", "no object"],
)
def test_progress_is_the_newest_report_that_is_whole(
    folders: JobFolders, folder: Path, written: str, progress: Any
) -> None:
    assert folders.progress(JOB) is None
    (folder / "progress.jsonl").write_text(written)
    assert folders.progress(JOB) == progress


@given(value=JSON_VALUES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_value_is_reported_as_it_is(folders: JobFolders, folder: Path, value: Any) -> None:
    """By type and digit: what `repr` shows of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARK_PROGRESS_FILE", str(folder / "progress.jsonl"))
        park.progress(1, 2, found=value)
    report = folders.progress(JOB)
    assert report is not None
    assert repr(report["values"]) == repr({"found": value})


def reported(folders: JobFolders, *said: Any, **values: Any) -> dict[str, Any]:
    """Return a report as it is read; None of the ``values`` may keep it from being one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARK_PROGRESS_FILE", str(folders.path_of(JOB) / "progress.jsonl"))
        park.progress(*said, **values)
    report = folders.progress(JOB)
    assert report is not None
    return report


def nested(levels: int) -> Any:
    value: Any = 2.0
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        (10**4299 - 1, 10**4299 - 1),
        (-(10**4300), None),
        (nested(98), nested(98)),
        ("x" * 70_000, None),
        ("a\0b\udcff", "a\0b\udcff"),
    ],
    ids=["most digits", "too many", "deep", "long", "text"],
)
@pytest.mark.usefixtures("folder")
def test_what_nobody_would_read_is_nothing_and_takes_nothing_else_along(
    folders: JobFolders, value: Any, seen: Any
) -> None:
    found = reported(folders, 1, 2, value=value, chisq=-0.0)
    assert repr(found["values"]) == repr({"value": seen, "chisq": -0.0})
    found = reported(folders, value, 2)
    assert repr((found["done"], found["total"])) == repr((seen, 2))


@pytest.mark.parametrize("levels", [99, 900, 100_000])
@pytest.mark.usefixtures("folder")
def test_what_is_nested_too_deep_is_cut_and_does_not_end_the_job(
    folders: JobFolders, levels: int
) -> None:
    found = reported(folders, 1, value=nested(levels), chisq=2.0)["values"]
    value, depth = found["value"], 0
    while value is not None:
        value, depth = value[0] if isinstance(value, list) else value["a"], depth + 1
    assert (depth, found["chisq"]) == (98, 2.0)


@pytest.mark.parametrize(
    ("written", "marks"),
    [
        (
            {"attempt": 2, "timeout_s": 60, "restartable": True},
            Marks(timeout_s=60.0, restartable=True),
        ),
        ({"attempt": 1, "timeout_s": 60, "restartable": True}, Marks()),
        ({"attempt": 2, "timeout_s": "long", "restartable": 1}, Marks()),
    ],
    ids=["of this attempt", "of the one before", "of other types"],
)
def test_what_is_said_of_a_callable_counts_for_its_attempt(
    folders: JobFolders, folder: Path, written: dict[str, Any], marks: Marks
) -> None:
    assert folders.marks(JOB, 2) == Marks()
    (folder / "marks.json").write_text(json.dumps(written))
    assert folders.marks(JOB, 2) == marks


def test_a_job_that_never_came_so_far_left_nothing(folders: JobFolders, folder: Path) -> None:
    assert asyncio.run(folders.collect(JOB, "ada")) == ()
    (folder / "work").mkdir()
    assert asyncio.run(folders.collect(JOB, "ada", "~/never-written.txt")) == ()


def test_when_it_has_ended_streams_and_progress_stay(folders: JobFolders, folder: Path) -> None:
    for name in ("stdout", "stderr", "progress.jsonl", "outcome.json"):
        (folder / name).write_text("")
    (folder / "work" / "deep").mkdir(parents=True)
    folders.clear(JOB)
    folders._janitor.submit(lambda: None).result()
    assert {path.name for path in folder.iterdir()} == {"stdout", "stderr", "progress.jsonl"}
    folders.remove(JOB)
    folders._janitor.submit(lambda: None).result()
    assert not folder.exists()


def test_whoever_tells_the_end_is_not_held_up_by_the_clearing(
    folders: JobFolders, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("park_server.jobs.folder.time.sleep", slept.append)
    go_on = threading.Event()
    folders._janitor.submit(go_on.wait)
    another = JobId("0200")
    folders.prepare(another, "ada", call())
    for job in (JOB, another, JobId("0201")):  # the last has no folder
        folders.clear(job)
    assert (folder / "call.json").exists()
    go_on.set()
    folders._janitor.submit(lambda: None).result()
    assert [*folder.iterdir(), *folders.path_of(another).iterdir()] == []
    assert slept == [0.02]  # once for all of them
