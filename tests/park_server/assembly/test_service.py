"""A whole service, without HTTP: what a start sweeps, and that it starts and stops again."""

from __future__ import annotations

import asyncio
import errno
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from park.cli.services import doctor
from park_repo.database import Database
from park_server.assembly.ahead import asked_ahead
from park_server.assembly.foundation import foundation_of
from park_server.assembly.service import AssembledService
from park_server.assembly.start_stages import Stages
from park_server.db.migrate import migrate
from park_server.endpoints import Endpoints
from park_server.home import Home
from park_server.jobs.engines.runtime_copy import copy_runtime
from park_server.jobs.job_view import JobFilter
from park_server.leftovers import UNUSED_FOR_S
from park_server.settings import Settings
from park_server.trust.identity import Tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LONG_AGO = time.time() - UNUSED_FOR_S - 3600


def folder(path: Path, *, modified: float | None = None) -> Path:
    """Make a folder with something in it, last modified long ago or at ``modified``."""
    path.mkdir(parents=True)
    (path / "compiled").write_bytes(b"")
    when = LONG_AGO if modified is None else modified
    os.utime(path, (when, when))
    return path


def home_of_long_ago(path: Path) -> Home:
    """Return one that a service of before has left."""
    home = Home(path)
    home.prepare()
    database = Database.sqlite(home.database)
    migrate(database.engine)
    database.close()
    return home


TOKENS = Tokens.of_service("ada", home="h", internal="i")


async def start_and_stop(home: Home, stages: Stages | None = None) -> None:
    settings = Settings.of(home=home.path, upstream="none", slots=1)
    endpoints = Endpoints.of("http://127.0.0.1:1", "token")
    told = stages or Stages()
    with asked_ahead(settings, home) as asked:
        found = foundation_of(settings, home, endpoints, TOKENS, asked=asked, stages=told)
    service = AssembledService(found, told)
    async with service.running() as parts:
        assert list(parts.jobs.listed("ada", JobFilter(), limit=1)) == []


def test_a_home_that_takes_no_hard_links_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    home = home_of_long_ago(tmp_path / "home")
    monkeypatch.setattr(os, "link", refuse)
    settings = Settings.of(home=home.path, upstream="none", slots=1)
    endpoints = Endpoints.of("http://127.0.0.1:1", "token")
    with asked_ahead(settings, home) as asked:
        found = foundation_of(settings, home, endpoints, TOKENS, asked=asked, stages=Stages())
    made = AssembledService(found, Stages())
    asyncio.run(found.close())
    assert made.about.environments == "none"
    finding = doctor._environments(made.about)
    assert not finding.ok
    assert "takes no hard links (Operation not permitted)" in finding.detail
    assert "move the service's home" in str(finding.hint)


def names(path: Path) -> list[str]:
    return sorted(each.name for each in path.iterdir())


def test_a_start_sweeps_what_was_unused_for_long_and_nothing_else(tmp_path: Path) -> None:
    home = home_of_long_ago(tmp_path / "home")
    runtime = home.path / "runtime"
    folder(runtime / "of-long-ago")
    folder(runtime / "of-yesterday", modified=time.time() - 86_400)
    own = copy_runtime(runtime).folder
    os.utime(own, (LONG_AGO, LONG_AGO))

    asyncio.run(start_and_stop(home))

    assert names(runtime) == sorted([own.name, "of-yesterday"])


def test_a_start_that_takes_long_says_what_it_does(
    tmp_path: Path,
) -> None:
    told: list[str] = []

    class EachStage(Stages):
        """Has every stage tell, as if each took longer than a second."""

        @contextmanager
        def at(self, what: str | Callable[[], str]) -> Iterator[None]:
            told.append(what if isinstance(what, str) else what())
            yield

    asyncio.run(start_and_stop(home_of_long_ago(tmp_path / "home"), EachStage()))
    for words in (
        "bringing its schema up to date",
        "how environments can be laid out",
        "the Python interpreters of this machine",
        "taking up its environments",
        "taking up 0 running and 0 waiting jobs",
    ):
        assert any(words in each for each in told), (words, told)
