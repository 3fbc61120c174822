"""What was fetched before, and who may ask whether it has changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, update
from support.labs.rows import new_job, rows_in_memory

from park.model.states import JobState
from park.wire import FetchRequest
from park_server.db.tables import jobs
from park_server.fetch_target import target_of
from park_server.fetches import fetch_rows
from park_server.fetches.partial import Source

URL = "https://h/run.refl"
SOURCE = Source(
    place="https://mirror/run.refl",
    name="run.refl",
    validator='"v1"',
    etag='"v1"',
    last_modified="Mon, 23 Nov 2026 08:00:00 GMT",
    total=3,
)


@pytest.fixture
def connection() -> Iterator[Connection]:
    with rows_in_memory() as connection:
        yield connection


def key(user: str = "ada", url: str = URL, secret: str | None = None) -> fetch_rows.Key:
    target = target_of(FetchRequest(url=url, authorization=secret))
    return fetch_rows.key_of(user, target, lambda text: f"digest of {text}")


def remembered(connection: Connection, by: fetch_rows.Key, **changes: Any) -> None:
    fetch_rows.remember(connection, by, replace(SOURCE, **changes), "ab", 3)


def test_a_credential_is_in_no_key() -> None:
    assert key(secret="Bearer x").credential == "digest of Bearer x"
    assert key().credential == ""


def test_what_was_fetched_is_found_by_its_user_and_its_url(connection: Connection) -> None:
    remembered(connection, key())
    found = fetch_rows.before(connection, key())
    assert found is not None
    assert (found.sha256, found.size, found.name, found.place) == ("ab", 3, *named(SOURCE))
    assert (found.known.etag, found.known.last_modified) == (SOURCE.etag, SOURCE.last_modified)
    assert fetch_rows.before(connection, key(user="eve")) is None
    assert fetch_rows.before(connection, key(url=f"{URL}?v=2")) is None


def named(source: Source) -> tuple[str, str]:
    return source.name, source.place


@pytest.mark.parametrize(
    ("etag", "asks"), [('"v1"', True), ('W/"v1"', False), ("v1", False), (None, False)]
)
def test_to_another_credential_only_a_strong_etag_is_the_same(
    connection: Connection, etag: str | None, *, asks: bool
) -> None:
    remembered(connection, key(secret="Bearer one"), etag=etag)
    found = fetch_rows.before(connection, key(secret="Bearer two"))
    assert (found is not None) is asks
    if found is not None:
        assert (found.known.etag, found.known.last_modified) == (etag, None)
    assert fetch_rows.before(connection, key(secret="Bearer one")) is not None


def test_a_credential_that_was_told_nothing_had_changed_is_known(connection: Connection) -> None:
    remembered(connection, key(secret="Bearer one"))
    before = fetch_rows.before(connection, key(secret="Bearer one"))
    assert before is not None
    fetch_rows.checked(connection, key(secret="Bearer two"), before)
    found = fetch_rows.before(connection, key(secret="Bearer two"))
    assert found is not None
    assert found.known.last_modified == SOURCE.last_modified


OF_JOB = "https://h/api/v1/jobs/{}/files/run.refl"
CONTENT = {"etag": '"ab"', "place": OF_JOB.format(1)}


def test_the_same_content_is_asked_for_at_another_url_of_its_server(connection: Connection) -> None:
    remembered(connection, key(url=OF_JOB.format(1), secret="Bearer one"), **CONTENT)
    new = key(url=OF_JOB.format(2), secret="Bearer two")
    found = fetch_rows.before(connection, new)
    assert found is not None
    assert (found.sha256, found.place, found.known.headers()) == (
        "ab",
        OF_JOB.format(2),
        {"If-None-Match": '"ab"'},
    )
    fetch_rows.checked(connection, new, found)
    assert fetch_rows.before(connection, new) == found


@pytest.mark.parametrize(
    ("by", "changes"),
    [
        (key(user="eve", url=OF_JOB.format(2)), CONTENT),
        (key(url=OF_JOB.format(2).replace("https://h/", "https://other/")), CONTENT),
        (key(url=OF_JOB.format(2).replace("https", "http")), CONTENT),
        (key(url=OF_JOB.format(2).replace("run.refl", "other.refl")), CONTENT),
        (key(url=OF_JOB.format(2)), {**CONTENT, "etag": '"v1"'}),
    ],
    ids=["user", "server", "scheme", "name", "an ETag that is no digest"],
)
def test_and_nobody_elses_no_other_servers_and_no_other_file(
    connection: Connection, by: fetch_rows.Key, changes: dict[str, str]
) -> None:
    remembered(connection, key(url=OF_JOB.format(1)), **changes)
    assert fetch_rows.before(connection, by) is None


def test_the_newest_takes_the_place_of_what_was_before(connection: Connection) -> None:
    remembered(connection, key())
    remembered(connection, key(), name="newer")
    found = fetch_rows.before(connection, key())
    assert found is not None
    assert found.name == "newer"


def test_what_cannot_be_asked_for_again_is_not_remembered(connection: Connection) -> None:
    remembered(connection, key())
    remembered(connection, key(), etag=None, last_modified=None)
    assert fetch_rows.before(connection, key()) is None


@pytest.mark.parametrize(("state", "stays"), [(state, not state.is_final) for state in JobState])
def test_a_part_is_wanted_as_long_as_its_job_has_not_ended(
    connection: Connection, state: JobState, *, stays: bool
) -> None:
    new_job(connection, "a", state=state)
    assert fetch_rows.unfinished(connection, ["a", "absent"]) == ({"a"} if stays else set())


@pytest.mark.parametrize(
    ("retries", "failures", "cancel", "may"),
    [(0, 0, False, False), (2, 1, False, True), (2, 2, False, False), (2, 0, True, False)],
)
def test_a_retry_is_left_until_all_are_used_or_it_is_cancelled(
    connection: Connection, retries: int, failures: int, *, cancel: bool, may: bool
) -> None:
    new_job(connection, "a", retries=retries)
    connection.execute(update(jobs).values(failures=failures, cancel_requested=cancel))
    assert fetch_rows.may_run_again(connection, "a") is may
    assert not fetch_rows.may_run_again(connection, "absent")
