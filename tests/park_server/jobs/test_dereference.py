"""The files and outputs that jobs leave for others."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from support.labs.schedule_lab import BASE_URL, USER, lab, run, value_of

from park.errors import UnknownItem
from park.model.ids import JobId
from park.model.references import Reference, What
from park.wire import FileRecord
from park_server.jobs.attempts import starts
from park_server.jobs.dereference import (
    file_meant,
    little_values,
    output_of,
    replaced,
    resolved,
)
from park_server.json_pieces import LARGE_BYTES


@pytest.mark.of_sqlite  # its driver tells each statement
@pytest.mark.parametrize(
    ("is_little", "tables"), [(True, ["jobs"]), (False, ["jobs", "results"] * 2)]
)
def test_what_is_here_is_read_by_its_keys_and_no_more(
    tmp_path: Path, *, is_little: bool, tables: list[str]
) -> None:
    said: list[str] = []

    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("first")
            await here.run_next()
            await here.submit("second", value_of("first"))
            job = await here.started()
            call = here.request("second", value_of("first"), value_of("first")).call

            def read_whole(connection: Connection) -> Any:
                known = little_values(connection, call) if is_little else {}
                return resolved(
                    connection, JobId(job.job_id), USER, call, BASE_URL, known=known or {}
                )

            def read(connection: Connection) -> Any:
                driver: Any = connection.connection.driver_connection
                driver.set_trace_callback(said.append)
                try:
                    return read_whole(connection)
                finally:
                    driver.set_trace_callback(None)

            assert here.database.read(read)["args"] == [7, 7]

    run(test)
    asked = [" ".join(each.split()).partition(" FROM ")[2].split(" ")[0] for each in said]
    assert asked == tables


def test_a_loop_reads_what_is_little_and_here(tmp_path: Path) -> None:
    elsewhere = Reference(job="small", what=What.VALUE, service="http://sns.example")

    async def test() -> None:
        async with lab(tmp_path) as here:
            for job, result in (("small", [1.5]), ("large", "x" * LARGE_BYTES)):
                await here.submit(job)
                await here.run_next(result)

            def is_little(*references: Reference) -> bool:
                call = here.request("asks", *references).call
                return here.database.read(lambda c: little_values(c, call) is not None)

            small, large = value_of("small"), value_of("large")
            assert is_little()
            assert is_little(small, small, file_of("large"))
            assert not is_little(large)
            assert not is_little(small, large.item(0))
            assert not is_little(small, elsewhere)

    run(test)


def test_a_start_reads_what_is_large_beside_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_loop = []

    def noted(*given: Any, **named: Any) -> Any:
        in_loop.append(threading.current_thread() is threading.main_thread())
        return resolved(*given, **named)

    monkeypatch.setattr(starts, "resolved", noted)

    async def test() -> None:
        async with lab(tmp_path) as here:
            for job, result in (("small", [1.5]), ("large", "x" * LARGE_BYTES)):
                await here.submit(job)
                await here.run_next(result)
                await here.submit(f"after-{job}", value_of(job))
                order = await here.started()
                assert here.call_of(order)["args"] == [result]
                here.complete(order)
                await here.final(order.job_id)

    run(test)
    assert in_loop == [True, False]


def file_of(job: str, what: What = What.FILE, **more: Any) -> Reference:
    return Reference(job=job, what=what, **more)


def write(path: str, text: str) -> None:
    Path(path).write_text(text)


def link(path: str, target: str) -> None:
    Path(path).symlink_to(target)


def record_of(name: str) -> FileRecord:
    return FileRecord(name=name, sha256="ab", size=1)


# -- files


@pytest.mark.parametrize(
    ("there", "name", "hints", "meant"),
    [
        (["a.txt"], None, [], "a.txt"),
        (["a.txt", "b.txt"], "b.txt", [], "b.txt"),
        (["sub/a.txt", "b.txt"], "a.txt", [], "sub/a.txt"),
        (["sub/a.txt", "a.txt"], "a.txt", [], "a.txt"),
        (["a.txt", "b.txt"], None, ["~/shared/b.txt"], "b.txt"),
        (["a.txt", "b.txt"], None, [None, "/work/a.txt"], "a.txt"),
        (["a.txt", "b.txt"], None, ["c.txt", "b.txt"], "b.txt"),
    ],
)
def test_the_file_that_is_meant(
    there: list[str], name: str | None, hints: list[str | None], meant: str
) -> None:
    files = [record_of(each) for each in there]
    assert file_meant("job", files, name, *hints).name == meant


@pytest.mark.parametrize(
    ("there", "name", "line"),
    [
        ([], None, "job job left no file"),
        ([], "a.txt", "job job left no file 'a.txt'; it left: none"),
        (["a", "b"], None, "job job left 2 files: a, b"),
        (["x/a", "y/a"], None, "job job left 2 files: x/a, y/a"),
        (["x/a", "y/a"], "a", "job job left no file 'a'; it left: x/a, y/a"),
    ],
)
def test_what_is_not_clear_is_told_with_what_there_is(
    there: list[str], name: str | None, line: str
) -> None:
    with pytest.raises(UnknownItem) as caught:
        file_meant("job", [record_of(each) for each in there], name, "c", None)
    assert caught.value.message == line


def test_an_output_is_collected_and_meant(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            output = {"$park": "service-file", "path": "~/shared/run.refl"}
            await here.submit("a", arguments={"outfile": output})
            await here.submit("b", file_of("a"), file_of("a", What.URL))
            order = await here.started()
            write(here.call_of(order)["kwargs"]["outfile"], "q R")
            (order.directory / "work").mkdir(exist_ok=True)
            (order.directory / "work" / "log.txt").write_text("log")
            (order.directory / "work" / "run.refl").write_text("not this one")
            here.complete(order)
            record = await here.final("a")
            assert [file.name for file in record.files] == ["log.txt", "run.refl"]
            sha256 = record.files[1].sha256
            assert here.content.path_of(sha256).read_text() == "q R"
            node, url = here.call_of(await here.started())["args"]
            assert node == {"$park": "file", "sha256": sha256, "name": "run.refl"}
            assert url == f"{BASE_URL}/api/v1/jobs/a/files/run.refl"

    run(test)


def test_an_output_that_was_not_written_or_is_a_link_is_none(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            for job in ("absent", "link"):
                output = {"$park": "service-file", "path": f"~/{job}"}
                await here.submit(job, arguments={"outfile": output})
                await here.submit(f"reads-{job}", file_of(job))
            for _ in "12":
                order = await here.started()
                if order.job_id == "link":
                    link(here.call_of(order)["kwargs"]["outfile"], "/etc/passwd")
                here.complete(order)
            for job in ("absent", "link"):
                record = await here.final(f"reads-{job}")
                assert record.status == "failed"
                assert "left no file" in str(record.error)

    run(test)


# -- references in what a job gets


def test_each_reference_is_replaced_wherever_it_stands_and_nothing_else_is() -> None:
    node = {"$park": "reference", "job": "a", "what": "value"}
    tagged = {"$park": "path", "value": "a"}
    document = {"args": [node, [node, 1]], "kwargs": {"x": {"y": node}, "z": tagged}}
    found = replaced(document, lambda reference: f"of {reference.job}")
    assert found == {
        "args": ["of a", ["of a", 1]],
        "kwargs": {"x": {"y": "of a"}, "z": tagged},
    }


def test_an_output_is_the_file_of_the_service_that_the_call_names() -> None:
    output = {"$park": "service-file", "path": "~/run.refl"}
    assert output_of({"args": [], "kwargs": {"outfile": output}}) == "~/run.refl"
    assert output_of({"args": [], "kwargs": {"infile": output}}) is None
    assert output_of({"args": [], "kwargs": {"outfile": "here.refl"}}) is None
    assert output_of({"args": []}) is None
    below_a_root = {"$park": "service-file", "path": "/scratch/run.refl", "or_text": True}
    assert output_of({"args": [], "kwargs": {"outfile": below_a_root}}) is None
