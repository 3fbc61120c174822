"""What of the disk is whose, from rows."""

from __future__ import annotations

from sqlalchemy import insert
from support.labs.rows import new_job, rows_in_memory

from park.model.states import JobState
from park_repo.tables import files
from park_server.db.tables import content_holders, job_files, results
from park_server.quotas.usage_rows import bytes_of, unfinished

SENT, LEFT = "5" * 64, "1" * 64


def test_what_a_user_has_is_counted_once() -> None:
    with rows_in_memory() as connection:
        for job, user in (("a", "ada"), ("b", "ada"), ("c", "bob")):
            new_job(connection, job, user=user)
            row = {"job": job, "name": "out", "sha256": LEFT, "size": 1_000}
            connection.execute(insert(job_files), row)
            connection.execute(insert(results), {"job": job, "document": "12345678"})
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
            "files": 1_500,
            "results": 2 * len('"12345678"'),
            "index": 7,
        }
        assert bytes_of(connection, "bob", sizes.get)["files"] == 1_000
        assert bytes_of(connection, "eve", sizes.get) == {"files": 0, "results": 0, "index": 0}


def test_all_that_have_not_ended_are_found_with_their_users() -> None:
    with rows_in_memory() as connection:
        assert unfinished(connection) == {}
        for state in JobState:
            new_job(connection, str(state), user="ada", state=state)
        new_job(connection, "another", user="bob")
        found = {user: set(jobs) for user, jobs in unfinished(connection).items()}
        assert found == {"ada": {"waiting", "queued", "running"}, "bob": {"another"}}
