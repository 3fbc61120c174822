"""Files that a service keeps, in the call of a job that leaves it."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from park.client.crates.area_files import named_there, require_as_it_was, taken_along
from park.errors import UsageError
from park.wire import AreaEntry, JobRecord

KEPT = {"$park": "service-file", "path": "~/data/run.refl"}
CALL: dict[str, Any] = {
    "args": [KEPT, {"$park": "tuple", "items": [KEPT, 3]}],
    "kwargs": {"outfile": {"$park": "service-file", "path": "~/out/fit.txt"}, "title": "a"},
}
ENTRY = AreaEntry(name="run.refl", kind="file", size=3, modified="2026-11-27T10:00:00Z")
FILE = {"$park": "file", "sha256": "f" * 64, "name": "run.refl"}


def job(**known: Any) -> JobRecord:
    names = {field.name for field in fields(JobRecord)}
    return JobRecord(**{**dict.fromkeys(names), "id": "j", **known})


def test_what_is_read_becomes_an_input_and_what_is_written_a_name() -> None:
    assert list(named_there(CALL)) == ["~/data/run.refl"]
    assert taken_along(CALL, {"~/data/run.refl": "f" * 64}) == {
        "args": [FILE, {"$park": "tuple", "items": [FILE, 3]}],
        "kwargs": {"outfile": "fit.txt", "title": "a"},
    }


def test_what_a_job_has_read_is_what_was_there_before_it_began() -> None:
    require_as_it_was(job(started="2026-11-27T10:00:00.5Z"), "~/data/run.refl", ENTRY)
    answered = job(started=None, submitted="2026-11-27T10:00:01Z")  # by what is remembered
    require_as_it_was(answered, "~/data/run.refl", ENTRY)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (ENTRY, "has changed since the job began: at 2026-11-27T10:00:00Z"),
        (replace(ENTRY, kind="folder"), "is a folder, and no file"),
        (None, "is not there any more"),
    ],
)
def test_nothing_else_goes_along(found: AreaEntry | None, said: str) -> None:
    with pytest.raises(UsageError, match=f"~/data/run.refl on its service, and that {said}"):
        require_as_it_was(job(started="2026-11-27T09:59:59Z"), "~/data/run.refl", found)
