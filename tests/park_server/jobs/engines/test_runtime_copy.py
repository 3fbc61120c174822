"""What the service brings into environments: whole, named by its content, made once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from park_server.jobs.engines.runtime_copy import copy_runtime, runtime_files, runtime_hash


def test_the_copy_is_named_by_its_content_and_made_once(tmp_path: Path) -> None:
    copy = copy_runtime(tmp_path / "runtime")
    inode = copy.program.stat().st_ino
    assert copy.folder.name == copy.sha256 == runtime_hash(runtime_files())
    assert copy_runtime(tmp_path / "runtime").program.stat().st_ino == inode
    assert {path.name for path in (copy.library / "park").iterdir()} >= {
        "__init__.py",
        "jobside.py",
    }
    assert os.listdir(tmp_path / "runtime") == [copy.sha256]  # noqa: PTH208 (names alone)


def test_a_copy_that_was_changed_is_replaced(tmp_path: Path) -> None:
    copy = copy_runtime(tmp_path)
    copy.program.write_text("import os")
    copy_runtime(tmp_path)
    assert copy.program.read_bytes() == runtime_files()["_park_runtime/__main__.py"]


@pytest.mark.parametrize("change", [{"b": b"2"}, {"a": b"2"}, {"c": b"1"}])
def test_the_hash_covers_names_and_contents(change: dict[str, bytes]) -> None:
    files = {"a": b"1", "b": b"1"}
    assert runtime_hash(files | change) != runtime_hash(files)
    assert runtime_hash(dict(reversed(files.items()))) == runtime_hash(files)


def test_all_may_read_a_copy_and_its_use_is_noted(tmp_path: Path) -> None:
    copy = copy_runtime(tmp_path)
    assert copy.folder.stat().st_mode & 0o777 == 0o755
    os.utime(copy.folder, (0, 0))
    copy_runtime(tmp_path)
    assert copy.folder.stat().st_mtime > 0


def test_what_the_machinery_and_the_job_side_need_is_in_the_copy() -> None:
    files = runtime_files()
    assert {name.split("/")[0] for name in files} == {"_park_runtime", "lib"}
    needed = {"_park_runtime/forkserver.py", "lib/park/calling.py", "lib/park/fitting/body.py"}
    assert needed <= {*files}


@pytest.mark.parametrize("name", ["remote_service", "plan"])
def test_what_submits_is_told_that_a_job_has_no_client(tmp_path: Path, name: str) -> None:
    library = copy_runtime(tmp_path).library
    code = f"import sys; sys.path.insert(0, {str(library)!r}); import park; park.{name}"
    argv = [sys.executable, "-I", "-S", "-c", code]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    said = f"ImportError: park.{name} is for whoever submits jobs, and inside of a job there is no"
    assert said in done.stderr
    assert done.stderr.count("Traceback") == 1
