"""Rows become jobs column by column, with their states and kinds as enums."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from park.model.job_options import OPTION_NAMES, option_values
from park.model.states import JobKind, JobState
from park_server.db.tables import jobs
from park_server.jobs.stored_job import CHANGED, STORED, ChangedJob, StoredJob

ENUMS: dict[str, Any] = {"status": "running", "kind": "fetch"}


def row(columns: Any) -> list[Any]:
    """Return a row whose values are the names of its columns."""
    return [ENUMS.get(column.name, column.name) for column in columns]


def test_a_stored_job_has_every_column_of_the_table() -> None:
    assert {column.name for column in STORED} == {column.name for column in jobs.c}


@pytest.mark.parametrize(("record", "columns"), [(StoredJob, STORED), (ChangedJob, CHANGED)])
def test_each_field_has_the_value_of_its_column(record: Any, columns: Any) -> None:
    found = record.of(row(columns))
    for field in fields(record):
        if field.name == "options":
            assert option_values(found.options) == {name: name for name in OPTION_NAMES}
        else:
            assert getattr(found, field.name) == ENUMS.get(field.name, field.name)


def test_state_and_kind_are_enums() -> None:
    found = StoredJob.of(row(STORED))
    assert found.status is JobState.RUNNING
    assert found.kind is JobKind.FETCH


def test_what_stands_behind_the_columns_of_a_job_is_left_out() -> None:
    assert StoredJob.of([*row(STORED), "document"]) == StoredJob.of(row(STORED))
