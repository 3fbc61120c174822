"""Records what jobs use: installed before anything of the user's, told when a job begins and ends.

What a fork server has used by the time of its first fork is its jobs', too. It is written once,
and each job that it forks names it by digest, and holds it by a hard link.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from contextlib import suppress
from typing import Any

from . import account
from .hook import Listener
from .lookups import Unfound
from .notes import Notes, Surroundings

__all__ = ["Recorder", "begin", "finish", "keep_base", "lend_base", "rehearse", "start"]

_LISTS = ("read", "listed", "missing", "spread", "libraries")


class Recorder:
    """Notes of this process. ``base`` is what its fork server had used, and where that is."""

    def __init__(self) -> None:
        self._surroundings = Surroundings.here()
        self._notes = Notes()
        self._listener = Listener(self._notes, self._surroundings)
        self._unfound = Unfound(self._notes, self._surroundings.environment)
        self._last_module: str | None = None
        self._libraries: frozenset[bytes] = frozenset()
        self._library_pages = b""
        self._base: tuple[str, str] | None = None
        self._faults, _ = account.children()
        self._variables = account.variables()

    def install(self) -> None:
        """Note from now on."""
        self._listener.install()
        self._unfound.install()

    def keep_base(self, folder: str) -> None:
        """Write what was used until now into ``folder``, for all jobs that are forked from here."""
        text = json.dumps(self._noted()).encode()
        digest = _sha256(text)
        path = f"{folder}/used-{digest}.json"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        with open(descriptor, "wb") as file:  # noqa: PTH123 (a descriptor)
            file.write(text)
        self._base = path, digest
        self._last_module = next(reversed(sys.modules))
        self._libraries = account.mapped_files()
        self._library_pages = account.library_pages()
        self._listener.rest()  # what is forked from here begins with notes of its own

    def begin(self, folder: str) -> None:
        """Let what comes be what the job in ``folder`` uses, itself."""
        self._surroundings = self._surroundings.of_job(folder)
        if self._base is not None:  # else all that this interpreter has loaded is the job's own
            self._notes = Notes()
            self._faults, _ = account.children()
        self._listener.notes = self._unfound.notes = self._notes
        self._listener.surroundings = self._surroundings
        self._listener.wake()

    def lend_base(self, place: str) -> None:
        """Link what this fork server has used at ``place``, of a job; raises `OSError`.

        The job itself could not: it sees its own folder alone.
        """
        if self._base is not None:
            with suppress(FileNotFoundError):
                os.unlink(place)  # noqa: PTH108 (an earlier attempt's, of another fork server)
            os.link(self._base[0], place)

    def finish(self) -> dict[str, Any]:
        """Return what the job has used besides what its fork server had, which is named."""
        record = self._noted()
        if self._base is not None:
            record["base"] = self._base[1]
        return record

    def _noted(self) -> dict[str, Any]:
        notes = self._notes
        account.note_modules(notes, self._surroundings, self._last_module)
        if account.library_pages() != self._library_pages:
            self._note_libraries()
        self._look_for_what_is_unheard()
        lists = {name: sorted(getattr(notes, name)) for name in _LISTS if getattr(notes, name)}
        return lists | {
            "metadata": notes.metadata,
            "variables": self._variables,
            "since_ns": notes.since_ns,
            "only_this_lock": notes.why_this_lock,
            "never": notes.why_never,
        }

    def _note_libraries(self) -> None:
        mapped = map(os.fsdecode, account.mapped_files() - self._libraries)
        self._notes.libraries.update(
            path
            for path in mapped
            if not self._surroundings.is_ignored(path) and path not in self._notes.written
        )

    def rehearse(self) -> None:
        """Do what a job's end will do, so that its memory is there by then."""
        kept = self._surroundings
        self.begin("/nowhere")
        json.dumps(self._noted())
        self._surroundings = kept
        if self._base is not None:
            self._listener.rest()

    def _look_for_what_is_unheard(self) -> None:
        notes = self._notes
        is_own = self._listener.notes is self._unfound.notes is notes
        if not (is_own and self._listener.is_heard() and self._unfound.is_asked):
            notes.only_this_lock("it undid what notes which files it uses")
        faults, has_one = account.children()
        if has_one or (faults != self._faults and not notes.asked_the_machine):
            notes.only_this_lock("it had another process, whose files nobody noted")
        for folder in sys.path:
            known = folder.startswith(self._surroundings.environment)
            if not known and not self._surroundings.is_ignored(f"{folder}/"):
                notes.only_this_lock(f"its modules may come from {folder}, outside the environment")


def _sha256(text: bytes) -> str:
    """Return the digest as `hashlib` does, which opens OpenSSL: each child would copy that."""
    for name in ("_sha2", "_sha256"):  # since Python 3.12, and before
        with suppress(ImportError):
            return str(importlib.import_module(name).sha256(text).hexdigest())
    import hashlib

    return hashlib.sha256(text).hexdigest()


_recorders: list[Recorder] = []
"""The one of this process, once `start` was called."""


def start() -> None:
    """Note from now on what this process uses, and what is forked from it."""
    found = Recorder()
    found.install()
    _recorders[:] = [found]


def keep_base(folder: str | None) -> None:
    """Write down what a fork server has used; without it, each job tells all by itself."""
    if folder is not None:
        for each in _recorders:
            with suppress(OSError):
                each.keep_base(folder)


def rehearse() -> None:
    """Do ahead what the job of this process will do."""
    for each in _recorders:
        each.rehearse()


def begin(folder: str) -> None:
    """Let what comes be what the job in ``folder`` uses."""
    for each in _recorders:
        each.begin(folder)


def lend_base(place: str) -> None:
    """Let the job whose folder has ``place`` refer to what this fork server has used."""
    for each in _recorders:
        with suppress(OSError):
            each.lend_base(place)


def finish() -> dict[str, Any] | None:
    """Return what the job has used (see `Recorder.finish`); None where nobody noted it."""
    for each in _recorders:
        return each.finish()
    return None
