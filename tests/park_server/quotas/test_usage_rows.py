"""What of the disk is whose, from rows."""

from __future__ import annotations

from sqlalchemy import insert, update
from support.labs.rows import new_job, rows_in_memory

from park.model.states import JobState
from park_repo.tables import files
from park_server.db.tables import (
    calls,
    content_holders,
    grants,
    installs,
    job_files,
    jobs,
    results,
)
from park_server.quotas.usage_rows import bytes_of, unfinished

SENT, LEFT = "5" * 64, "1" * 64


def test_what_a_user_has_is_counted_once() -> None:
    with rows_in_memory() as connection:
        for job, user in (("a", "ada"), ("b", "ada"), ("c", "bob")):
            new_job(connection, job, user=user)
            row = {"job": job, "name": "out", "sha256": LEFT, "size": 5_000}
            connection.execute(insert(job_files), row)
            connection.execute(insert(results), {"job": job, "document": "12345678"})
        connection.execute(update(calls).values(document={"args": ["x" * 100]}))
        for sha256 in (SENT, LEFT, "0" * 64):
            connection.execute(insert(content_holders), {"user": "ada", "sha256": sha256})
        uploaded = {
            **dict.fromkeys(("layer", "owner", "project", "version", "uploaded_at"), ""),
            "filename": "a",
            "key": "a",
            "size": 7,
            "sha256": SENT,
            "uploaded_by": "ada",
        }
        connection.execute(insert(files), uploaded)
        sizes = {SENT: 500}
        assert bytes_of(connection, "ada", sizes.get) == {
            "files": 4_096 + 8_192,
            "results": 2 * len('"12345678"'),
            "index": 7,
            "requests": 2 * (100 + len('{"args": [""]}')),
        }
        assert bytes_of(connection, "bob", sizes.get)["files"] == 8_192
        nothing = dict.fromkeys(("files", "results", "index", "requests"), 0)
        assert bytes_of(connection, "eve", sizes.get) == nothing


def test_what_a_user_has_written_down_is_counted_as_well() -> None:
    """Arguments, conditions, installs and grants of a megabyte each are no way past a limit."""
    with rows_in_memory() as connection:
        new_job(connection, "a", user="ada")
        much = "x" * 1_000
        connection.execute(update(jobs).values(condition={"all": [much]}))
        install = dict.fromkeys(
            ("project", "version", "python", "set_hash", "created", "updated"), ""
        ) | {"id": "i", "user": "ada", "state": "ready", "added": [], "realised": False}
        connection.execute(insert(installs), install | {"request": {"project": much}})
        grant = {"id": "g", "token_sha256": "", "user": "ada", "created": "", "expires": ""}
        connection.execute(insert(grants), grant | {"jobs": [much], "files": [much], "stops": []})
        assert bytes_of(connection, "ada", lambda _: None)["requests"] > 4_000
        assert bytes_of(connection, "bob", lambda _: None)["requests"] == 0


def test_files_take_whole_blocks() -> None:
    """A million empty files are four gigabytes, or all that the disk has names for."""
    with rows_in_memory() as connection:
        for number in range(1_000):
            row = {"user": "ada", "sha256": f"{number:064x}"}
            connection.execute(insert(content_holders), row)
        found = bytes_of(connection, "ada", lambda _: 0)
        assert found["files"] == 1_000 * 4_096


def test_all_that_have_not_ended_are_found_with_their_users() -> None:
    with rows_in_memory() as connection:
        assert unfinished(connection) == {}
        for state in JobState:
            new_job(connection, str(state), user="ada", state=state)
        new_job(connection, "another", user="bob")
        found = {user: set(jobs) for user, jobs in unfinished(connection).items()}
        assert found == {"ada": {"waiting", "queued", "running"}, "bob": {"another"}}
