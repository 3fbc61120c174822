"""What a script would submit is taken in place of the services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.stand_ins.job_service import JobService

import park
from park.client.access.dry_run import dry_run
from park.errors import (
    UsageError,
)

if TYPE_CHECKING:
    from park.client.submission.item import Item


@park.job
def add(*values: Any, more: Any = (), timeout: float = 0) -> Any:
    return sum(values) + sum(more) + timeout


@pytest.fixture
def one() -> JobService:
    return JobService()


class Notes:
    def __init__(self) -> None:
        self.items: list[Item] = []

    def take(self, item: Item) -> None:
        self.items.append(item)

    def environment(self, *_: Any, **__: Any) -> Any:
        return JobService().binding


def test_a_planner_takes_what_would_be_submitted(one: JobService) -> None:
    notes = Notes()
    token = dry_run.begin(notes)
    try:
        with one.service:
            first = add(1)
            upload = park.install_service("park")
            add(first, when=upload.iscompleted)
    finally:
        dry_run.end(token)
    assert [item.label for item in notes.items] == [f"{__name__}:add", "park", f"{__name__}:add"]
    assert one.asked == []
    with pytest.raises(UsageError, match="part of a plan"):
        first.result()
