"""What is noted of a run: at once where others have used the same, in a thread elsewhere."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from park.model.ids import JobId
from park.model.memo.usage import Usage
from park.model.states import JobState
from park.wire import JobRequest
from park_repo.database import Database
from park_server.jobs.job_end import JobEnd
from park_server.jobs.memo import run_notes
from park_server.jobs.memo.run_notes import ServiceRunNotes
from park_server.jobs.run import Run

USED = Usage(files={"x": "1"})
END = JobEnd(status=JobState.COMPLETED)
SERVICE_FILE = {"$park": "service-file", "path": "~/data/x"}


class Notes:
    """Stands for the parts that are asked; ``known`` is what is known at once."""

    def __init__(self, known: Usage | None, view: object = "view") -> None:
        self.known = known
        self.view_at_hand = view
        self.threads: list[threading.Thread] = []

    def at_hand(self, _lock: object) -> object:
        return self.view_at_hand

    def view(self, _lock: object) -> object:
        return "view"

    def at_once(self, *_: object, **__: object) -> Usage | None:
        return self.known

    def collected(self, *_: object, **__: object) -> Usage:
        self.threads.append(threading.current_thread())
        return USED

    def noted(self, call: dict[str, Any]) -> JobEnd:
        """Return the end of a run of ``call``, with what is noted of it."""
        notes = ServiceRunNotes(
            database=cast("Database", SimpleNamespace(read=lambda _: None)),
            folders=cast("Any", SimpleNamespace(path_of=Path)),
            collection=cast("Any", self),
            views=cast("Any", self),
            files=cast("Any", None),
        )
        request = JobRequest(id=JobId("a"), entry_point="x:y", call=call, lock_hash="0" * 64)
        run = Run(job=request, user="eve", attempt=1, environment=Path("/env"), started="")
        return asyncio.run(notes.noted(run, END))


def test_what_is_known_at_once_takes_no_thread() -> None:
    notes = Notes(USED)
    assert notes.noted({"args": [{"a": [1, "service-file"]}]}).usage is USED
    assert notes.threads == []


@pytest.mark.parametrize(
    ("notes", "call"),
    [
        (Notes(None), {}),
        (Notes(USED, view=None), {}),
        (Notes(USED), {"args": [{"a": [1, SERVICE_FILE]}]}),
    ],
    ids=["new", "no view", "a file on the service"],
)
def test_all_else_is_read_in_a_thread(notes: Notes, call: dict[str, Any]) -> None:
    assert notes.noted(call).usage == USED
    (thread,) = notes.threads
    assert thread is not threading.main_thread()


def test_what_is_known_at_once_may_be_no_memo() -> None:
    found = Notes(Usage(never="it wrote /x")).noted({})
    assert (found.usage, found.unfit) == (None, "it wrote /x")
    nothing = Usage(only_this_lock="its process did not say what it used")
    assert Notes(nothing).noted({}) is END


def test_an_error_is_no_end_of_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_call: object) -> bool:
        raise RuntimeError

    monkeypatch.setattr(run_notes, "_names_files", broken)
    assert Notes(USED).noted({}).unfit == "the service could not note what it used"
