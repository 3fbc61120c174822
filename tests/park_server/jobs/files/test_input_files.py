"""The files of a job's arguments: read-only, whole, and the job's own where they must be."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.labs.schedule_lab import lab, run

from park.errors import UnknownItem
from park.model.ids import JobId
from park_server import untrusted
from park_server.content import ContentStore
from park_server.jobs.files.input_files import InputFiles, is_protected

DATA = b"q R dR dq\n"
SHA256 = hashlib.sha256(DATA).hexdigest()


async def chunks() -> AsyncIterator[bytes]:
    yield DATA


@pytest.fixture
def store(tmp_path: Path) -> ContentStore:
    store = ContentStore(tmp_path / "files")
    asyncio.run(store.receive(SHA256, chunks()))
    return store


@pytest.fixture
def job(tmp_path: Path) -> Path:
    (tmp_path / "job").mkdir()
    return tmp_path / "job"


def call(name: str = "run.txt", sha256: str = SHA256) -> dict[str, Any]:
    return {"args": [[{"$park": "file", "sha256": sha256, "name": name}]], "kwargs": {}}


def put(store: ContentStore, job: Path, document: Any, *, protects: bool) -> None:
    with untrusted.folder(job, []) as inside:
        InputFiles(store, lambda: protects).put(inside, document)


@pytest.mark.parametrize("protects", [True, False])
def test_an_input_is_read_only_and_has_its_content(
    store: ContentStore, job: Path, *, protects: bool
) -> None:
    for _ in range(2):  # another attempt finds it anew
        put(store, job, call(), protects=protects)
        path = job / "inputs" / SHA256 / "run.txt"
        assert path.read_bytes() == DATA
        assert path.stat().st_mode & 0o777 == 0o400
        assert path.is_symlink() == protects


def test_what_a_job_does_to_its_own_copy_stays_with_it(store: ContentStore, job: Path) -> None:
    put(store, job, call(), protects=False)
    path = job / "inputs" / SHA256 / "run.txt"
    path.chmod(0o600)
    path.write_bytes(b"SECOND")
    assert store.path_of(SHA256).read_bytes() == DATA


def test_a_damaged_input_is_told_by_its_name(store: ContentStore, job: Path) -> None:
    place = store.path_of(SHA256)
    place.unlink()
    place.write_bytes(b"scribble")
    with pytest.raises(UnknownItem, match=r"its input 'run\.txt': .* was changed on the disk"):
        put(store, job, call(), protects=True)


@pytest.mark.parametrize("name", ["", "..", "a/b", "a\0", "\ud800"])
def test_a_name_that_no_file_has_is_refused(store: ContentStore, job: Path, name: str) -> None:
    with pytest.raises(UnknownItem, match="not the name of a file"):
        put(store, job, call(name), protects=True)


def test_a_node_without_its_fields_is_refused(store: ContentStore, job: Path) -> None:
    with pytest.raises(UnknownItem):
        put(store, job, [{"$park": "file"}], protects=True)


def test_what_an_attempt_put_in_the_place_of_its_inputs_is_not_followed(
    store: ContentStore, job: Path, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (job / "inputs").symlink_to(tmp_path / "elsewhere")
    put(store, job, call(), protects=True)
    assert not (job / "inputs").is_symlink()
    assert not list((tmp_path / "elsewhere").iterdir())


def test_whether_jobs_see_the_store_read_only_is_tried(tmp_path: Path) -> None:
    tried = "import sys; from park.runtime.protect import protect; print(protect(sys.argv[1:]))"
    command = [sys.executable, "-c", tried, str(tmp_path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert is_protected(tmp_path) == (answer == "True")
    assert not is_protected(tmp_path / "absent")


def test_a_job_with_input_files_is_prepared_beside_the_event_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.content.receive(SHA256, chunks())
            prepare, threads = here.folders.prepare, []

            def noted(*args: Any) -> None:
                threads.append(threading.current_thread() is threading.main_thread())
                prepare(*args)

            monkeypatch.setattr(here.folders, "prepare", noted)
            file = {"$park": "file", "sha256": SHA256, "name": "run.txt"}
            await here.submit("a", arguments={"data": file})
            await here.submit("b")
            orders = {each.job_id: each for each in [await here.started(), await here.started()]}
            read = orders[JobId("a")].directory / "inputs" / SHA256 / "run.txt"
            assert read.read_bytes() == DATA
            assert sorted(threads) == [False, True]

    run(test)
