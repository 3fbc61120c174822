"""What of a PostgreSQL database is opened for a home, and what is refused."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from support.labs.databases import empty_url
from support.labs.rows import add_job
from support.neighbours.postgresql import server

from park.errors import CannotSatisfy
from park_server.db.server_opening import opened_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sqlalchemy.engine import URL


@pytest.fixture
def url(tmp_path: Path) -> Iterator[URL]:
    found = empty_url(tmp_path)
    yield found
    server().drop(str(found.database))


@pytest.fixture
def beside(tmp_path: Path) -> Mapping[str, Path]:
    (tmp_path / "jobs").mkdir()
    return {"folders of jobs": tmp_path / "jobs"}


def refusal(url: URL, beside: Mapping[str, Path]) -> str:
    with pytest.raises(CannotSatisfy) as refused:
        opened_at(url, beside, instead_of=beside["folders of jobs"].parent / "park.sqlite")
    return f"{refused.value}\n{refused.value.hint}"


def opened_once(url: URL, beside: Mapping[str, Path], *jobs: str) -> None:
    database = opened_at(url, beside, instead_of=beside["folders of jobs"] / "park.sqlite")
    for job in jobs:
        database.write(partial(add_job, job=job, user="ada", arguments=[])).result()
    database.close()


def test_an_empty_one_gets_its_tables_and_is_opened_again(
    url: URL, beside: Mapping[str, Path]
) -> None:
    opened_once(url, beside)
    opened_once(url, beside)


def test_one_that_is_empty_beside_a_full_home_is_refused(
    url: URL, beside: Mapping[str, Path]
) -> None:
    (beside["folders of jobs"] / "a").mkdir()
    assert "is empty, but the home has 1 folder of jobs" in refusal(url, beside)


def test_one_of_another_home_is_refused(url: URL, beside: Mapping[str, Path]) -> None:
    opened_once(url, beside, "a")
    assert "has jobs, of which the home knows nothing" in refusal(url, beside)
    (beside["folders of jobs"] / "a").mkdir()
    opened_once(url, beside)


def test_one_that_is_not_of_park_is_refused(url: URL, beside: Mapping[str, Path]) -> None:
    server().tell("CREATE TABLE birds (name text)", str(url.database))
    assert "not those of a park service" in refusal(url, beside)


def test_one_of_a_newer_park_is_refused(url: URL, beside: Mapping[str, Path]) -> None:
    opened_once(url, beside)
    server().tell("UPDATE alembic_version SET version_num = '9999'", str(url.database))
    assert "has the schema 9999, of a newer park" in refusal(url, beside)


def test_a_home_with_a_database_of_its_own_keeps_it(url: URL, beside: Mapping[str, Path]) -> None:
    (beside["folders of jobs"].parent / "park.sqlite").write_text("full")
    assert "the home has a database of its own" in refusal(url, beside)


def test_one_that_does_not_keep_all_text_is_refused(url: URL, beside: Mapping[str, Path]) -> None:
    name = f"{url.database}_latin"
    make = f"CREATE DATABASE \"{name}\" ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
    server().tell(make)
    assert "keeps text as LATIN1" in refusal(server().url(name), beside)
    server().drop(name)


def test_one_that_is_not_there_is_told(url: URL, beside: Mapping[str, Path]) -> None:
    assert "cannot be opened" in refusal(url.set(database="nowhere"), beside)
