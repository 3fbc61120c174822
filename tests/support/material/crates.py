"""A small crate of one job, for tests of what reads crates."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from park.client.crates.crate_records import (
    FORMAT,
    CrateEnvironment,
    CrateJob,
    CrateRecord,
    NamedFile,
)
from park.client.crates.written_crate import files_below, write_crate
from park.digests import file_sha256
from park.wire import LocalWheel, PinRecord

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["JOB", "LOCK", "small_crate"]

JOB, LOCK = "01a2071c-2c6f-780c-a349-7e5f7c64364a", "ab" * 32


def small_crate(folder: Path, target: Path, **job: Any) -> CrateRecord:
    """Gather a job in ``folder``, write its crate to ``target``, and return what that says."""
    contents = {
        "pylock.abababababab.toml": "lock",
        "wheels/light_model-1.0-py3-none-any.whl": "wheel",
        "inputs/film/film.txt": "1.0 2.0\n",
        f"jobs/{JOB}/call.json": json.dumps({"args": [1], "kwargs": {}}),
        f"jobs/{JOB}/result.json": json.dumps({"chisq": 1.5}),
        f"jobs/{JOB}/outputs/fit 1.dat": "1.5\n",
        f"jobs/{JOB}/stdout": "fitted\n",
    }
    for path, text in contents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    record = CrateRecord(
        format=FORMAT,
        created="2026-11-27T12:00:00+00:00",
        park="0.1.0",
        job=JOB,
        environments=[_environment(folder)],
        jobs=[_job(folder, **job)],
        files=files_below(folder),
    )
    write_crate(record, folder, target)
    return record


def _named(folder: Path, name: str, path: str) -> NamedFile:
    return NamedFile(name=name, path=path, sha256=file_sha256(folder / path))


def _environment(folder: Path) -> CrateEnvironment:
    wheel = "light_model-1.0-py3-none-any.whl"
    path = folder / "wheels" / wheel
    return CrateEnvironment(
        lock_hash=LOCK,
        set_hash="cd" * 32,
        project="light-model",
        version="1.0",
        python="3.11",
        pins=[PinRecord(name="light-model", version="1.0")],
        lock="pylock.abababababab.toml",
        wheels=[
            LocalWheel(
                name="light-model",
                version="1.0",
                filename=wheel,
                sha256=file_sha256(path),
                size=path.stat().st_size,
            )
        ],
    )


def _job(folder: Path, **given: Any) -> CrateJob:
    values: dict[str, Any] = {
        "id": JOB,
        "entry_point": "light_model:fit",
        "label": "fit(film.txt)",
        "status": "completed",
        "service": "https://lab.example/park",
        "environment": LOCK,
        "set_hash": "cd" * 32,
        "call": f"jobs/{JOB}/call.json",
        "result": f"jobs/{JOB}/result.json",
        "error": None,
        "submitted": "2026-11-27T11:00:00Z",
        "started": "2026-11-27T11:00:01Z",
        "finished": "2026-11-27T11:00:02Z",
        "inputs": [_named(folder, "film.txt", "inputs/film/film.txt")],
        "outputs": [_named(folder, "fit 1.dat", f"jobs/{JOB}/outputs/fit 1.dat")],
        "logs": [_named(folder, "stdout", f"jobs/{JOB}/stdout")],
        "machine": [["cpu", "a processor"]],
    }
    return CrateJob(**(values | given))
