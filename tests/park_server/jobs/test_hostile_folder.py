"""The folder of a job, as the service reads and writes it, whatever the job puts there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.material.open_doors import of_the_service

from park.errors import UnknownItem
from park.model.ids import JobId
from park_server.areas.areas import Areas
from park_server.content import ContentStore
from park_server.jobs.conditions.progress_log import PROGRESS_FILE, Reports
from park_server.jobs.files.input_files import InputFiles
from park_server.jobs.folder import JobFolders, Marks

JOB = JobId("a")
CALL: dict[str, Any] = {"args": [], "kwargs": {}}


@pytest.fixture
def folders(tmp_path: Path) -> JobFolders:
    content = ContentStore(tmp_path / "files")
    (tmp_path / "jobs").mkdir()
    folders = JobFolders(
        tmp_path / "jobs",
        content,
        Areas(tmp_path / "areas", {}, of_the_service),
        InputFiles(content, lambda: True),
        owner_of=of_the_service,
    )
    folders.prepare(JOB, "ada", CALL)
    return folders


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text('{"done": 1, "attempt": 1, "timeout_s": 5}\n')
    return tmp_path / "secret"


Maker = Callable[[Path, Path], None]

INSTEAD: dict[str, Maker] = {
    "pipe": lambda path, _: os.mkfifo(path),
    "link": lambda path, secret: path.symlink_to(secret),
    "hard link": lambda path, secret: os.link(secret, path),
    "folder": lambda path, _: path.mkdir(),
}


@pytest.mark.parametrize("make", INSTEAD.values(), ids=INSTEAD)
def test_what_stands_in_the_place_of_a_file_is_not_read(
    folders: JobFolders, secret: Path, make: Maker
) -> None:
    for name in ("stdout", PROGRESS_FILE, "marks.json"):
        make(folders.path_of(JOB) / name, secret)
    with pytest.raises(UnknownItem, match=r"the stdout of job a is an? .* and not read"):
        folders.log(JOB, "stdout", 0, 100)
    assert folders.progress(JOB) is None
    assert folders.marks(JOB, 1) == Marks()
    assert not Reports(folders.path_of).any(JOB, "key", lambda _: True)


def test_a_folder_that_is_a_link_is_not_followed(folders: JobFolders, tmp_path: Path) -> None:
    folder = folders.path_of(JOB)
    (folder / "stdout").write_text("said")
    assert folders.log(JOB, "stdout", 1, 100) == b"aid"
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnknownItem, match="not read"):
        folders.log(JOB, "stdout", 0, 100)


def test_deep_json_is_no_report(folders: JobFolders) -> None:
    lines = ['{"done": 1}', '{"done": ' + "[" * 50_000, ""]
    (folders.path_of(JOB) / PROGRESS_FILE).write_text("\n".join(lines))
    assert folders.progress(JOB) == {"done": 1}
    assert not Reports(folders.path_of).any(JOB, "key", lambda report: report["done"] == 2)


@pytest.mark.parametrize("make", INSTEAD.values(), ids=INSTEAD)
def test_the_call_of_the_next_attempt_is_written_to_no_other_place(
    folders: JobFolders, secret: Path, make: Maker
) -> None:
    call = folders.path_of(JOB) / "call.json"
    call.unlink()
    make(call, secret)
    before = secret.read_text()
    folders.prepare(JOB, "ada", CALL)
    assert call.read_text() == '{"args": [], "kwargs": {}}'
    assert not call.is_symlink()
    assert secret.read_text() == before


def test_what_is_cleared_is_removed_however_deep_and_links_are_not_followed(
    folders: JobFolders, tmp_path: Path
) -> None:
    folder = folders.path_of(JOB)
    (folder / "stdout").write_text("said")
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "kept").write_text("")
    (folder / "link").symlink_to(tmp_path / "others")
    here = os.open(folder, os.O_RDONLY)
    for _ in range(1_200):
        os.mkdir("deep", dir_fd=here)
        inner = os.open("deep", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    folders.clear(JOB)
    folders._janitor.submit(int).result()  # one after the other
    folders.close()
    assert [path.name for path in folder.iterdir()] == ["stdout"]
    assert (tmp_path / "others" / "kept").exists()
