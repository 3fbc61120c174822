"""`park_repo.pages`: built once for each change, and never older than the last one."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest
from packaging.utils import NormalizedName
from support.session.limits import LIMIT_S

from park_repo import pages as module
from park_repo.file_records import PROJECTS, trees_of
from park_repo.negotiation import HTML, JSON
from park_repo.pages import Pages

if TYPE_CHECKING:
    from collections.abc import Callable

    from park_repo.simple import Page

DEMO, OTHER = NormalizedName("demo"), NormalizedName("other")


class FakeDatabase:
    """Counts the builds; a document says how many there were before it, on ``body`` bytes."""

    def __init__(self, *, body: int = 0) -> None:
        self.builds = 0
        self.body = body
        self.is_there = True
        self.begun = threading.Event()
        self.may_end = threading.Event()
        self.may_end.set()

    def read(self, _: Callable[..., Any]) -> dict[str, Any] | None:
        self.builds += 1
        build = self.builds
        self.begun.set()
        assert self.may_end.wait(LIMIT_S)
        if not self.is_there:
            return None
        about = {"api-version": "1.4", "build": build, "body": "x" * self.body}
        return {"meta": about, "name": "demo", "files": [], "versions": []}


def pages_of(database: Any) -> Pages:
    return Pages(database)


async def built(pages: Pages, project: NormalizedName = DEMO, media_type: str = JSON) -> Page:
    page = await pages.page(PROJECTS, project, media_type)
    assert page is not None
    return page


def test_a_page_is_built_once_until_its_project_changes() -> None:
    async def ask() -> None:
        database = FakeDatabase()
        pages = pages_of(database)
        first = await built(pages)
        assert await built(pages) is first
        assert pages.ready(PROJECTS, "demo", JSON) is first
        assert pages.ready(PROJECTS, "demo", HTML) is None
        pages.changed(PROJECTS, OTHER)
        pages.changed(trees_of("ada"), DEMO)
        assert await built(pages) is first
        pages.changed(PROJECTS, DEMO)
        assert pages.ready(PROJECTS, "demo", JSON) is None
        assert (await built(pages)).body != first.body
        assert database.builds == 2

    asyncio.run(ask())


def test_a_project_that_is_not_here_is_looked_for_each_time() -> None:
    async def ask() -> None:
        database = FakeDatabase()
        database.is_there = False
        pages = pages_of(database)
        for _ in range(2):
            assert await pages.page(PROJECTS, DEMO, JSON) is None
        assert database.builds == 2

    asyncio.run(ask())


def test_a_build_that_a_change_overtook_is_neither_kept_nor_shared() -> None:
    async def ask() -> None:
        database = FakeDatabase()
        pages = pages_of(database)
        database.may_end.clear()
        before = asyncio.create_task(built(pages))
        await asyncio.to_thread(database.begun.wait, 60)
        pages.changed(PROJECTS, DEMO)
        after = asyncio.create_task(built(pages))
        database.may_end.set()
        old, new = await asyncio.gather(before, after)
        assert old.body != new.body
        assert pages.ready(PROJECTS, "demo", JSON) is new

    asyncio.run(ask())


def test_memory_has_an_end_and_the_oldest_page_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask() -> None:
        monkeypatch.setattr(module, "_KEPT_BYTES", 2500)
        pages = pages_of(FakeDatabase(body=1000))
        for project in ("a", "b", "c"):
            await built(pages, NormalizedName(project))
        kept = [pages.ready(PROJECTS, name, JSON) is not None for name in "abc"]
        assert kept == [False, True, True]

    asyncio.run(ask())
