"""What references became, as digests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert
from support.labs.rows import USER, new_job, rows_in_memory

from park.model.ids import JobId
from park.model.memo.call_key import shape_of
from park.model.references import Reference, What
from park_server.db.tables import results, staged
from park_server.jobs.memo.call_values import CallValues
from park_server.jobs.memo.decision import Asked

if TYPE_CHECKING:
    from sqlalchemy import Connection

SNS = "https://sns.example.org"


def call(job: str, *references: Reference) -> Asked:
    """Return a call that refers to ``references``."""
    shape = shape_of("m:use", {"args": [each.as_json() for each in references], "kwargs": {}})
    return Asked(
        job=JobId(job),
        user=USER,
        owner=USER,
        shape=shape,
        lock_hash="ab",
        timeout_s=None,
        stalled_after_s=None,
        memory_bytes=None,
        submitted="",
    )


def of_url(
    connection: Connection, job: str, needed: str, sha256: str, name: str = "run.refl"
) -> Any:
    """Return what the URL of a file of ``needed``, which is elsewhere, comes to for ``job``."""
    reference = Reference(job=needed, what=What.URL, service=SNS)
    new_job(connection, job)
    url = f"{SNS}/api/v1/jobs/{needed}/files/{name}"
    document = {"$park": "file-url", "url": url, "sha256": sha256, "name": name}
    connection.execute(
        insert(staged), {"job": job, "reference": reference.key, "document": document}
    )
    asked = call(job, reference)
    return CallValues(connection, [asked], {}).of(asked)


def test_a_url_elsewhere_is_what_is_in_the_file() -> None:
    with rows_in_memory() as connection:
        one = of_url(connection, "a", "r1", "12")
        assert of_url(connection, "b", "r2", "12") == one
        assert of_url(connection, "c", "r3", "34") != one
        assert of_url(connection, "d", "r4", "12", "other.refl") != one


def test_what_is_answered_just_now_has_what_its_answer_has() -> None:
    with rows_in_memory() as connection:
        for job, value in (("run", 1), ("other", 2)):
            new_job(connection, job)
            connection.execute(insert(results), {"job": job, "document": value})
        references = [Reference(job=job, what=What.VALUE) for job in ("run", "new")]
        asked = [call("a", references[0]), call("b", references[1])]
        values = CallValues(connection, asked, {"new": JobId("run")})
        assert values.of(asked[0]) == values.of(asked[1])
        assert values.new.keys() == {"run"}
        others = CallValues(connection, asked, {"new": JobId("other")})
        assert others.of(asked[0]) != others.of(asked[1])
