"""What a grant opens, by method and path, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from park.errors import NotPermitted
from park.model.conditions import At, Comparison, InstallIs, JobIs, Literal, Phase, Pool
from park.model.references import Reference, What
from park_server.grants.scope import Grant, check_leaf, check_request

if TYPE_CHECKING:
    from park.model.conditions import Leaf

GRANT = Grant(
    id="01a2071c-2c6f-780c-a349-7e5f7c64364a",
    user="ada",
    jobs=frozenset({"one", "two"}),
    files=frozenset({"~ada/shared/run.refl", "~ada/a b.txt", "/snsdata/RefL/run.nxs"}),
    created="2026-11-23T06:00:00.000000Z",
    expires="2026-11-30T06:00:00.000000Z",
)

OPEN = [
    ("GET", "/api/v1/jobs/one"),
    ("GET", "/api/v1/jobs/two/result"),
    ("GET", "/api/v1/jobs/one/files/sub/run.refl"),
    ("GET", "/api/v1/areas/files/~/shared/run.refl"),
    ("GET", "/api/v1/areas/files/~ada/shared/run.refl"),
    ("GET", "/api/v1/areas/files/~/a b.txt"),
    ("GET", "/api/v1/areas/files/snsdata/RefL/run.nxs"),
    ("POST", "/api/v1/follow"),
    ("DELETE", "/api/v1/grant"),
]
CLOSED = [
    ("GET", "/"),
    ("GET", "/simple/"),
    ("GET", "/api/v1"),
    ("GET", "/api/v1/jobs"),
    ("GET", "/api/v1/jobs/"),
    ("GET", "/api/v1/jobs/one/"),
    ("GET", "/api/v1/jobs/three"),
    ("GET", "/api/v1/jobs/three/one"),
    ("GET", "/api/v1/jobs/one/logs/stdout"),
    ("GET", "/api/v1/jobs/one/logs/one"),
    ("GET", "/api/v1/jobs/one/traceback"),
    ("GET", "/api/v1/jobs/three/files/one"),
    ("HEAD", "/api/v1/jobs/one"),
    ("POST", "/api/v1/jobs/one/cancel"),
    ("POST", "/api/v1/jobs"),
    ("GET", "/x/api/v1/jobs/one"),
    ("GET", "/api/v1/areas/files/~/shared/other.refl"),
    ("GET", "/api/v1/areas/files/~/shared/x/../run.refl"),
    ("GET", "/api/v1/areas/files/~bob/shared/run.refl"),
    ("GET", "/api/v1/areas/files/ada/shared/run.refl"),
    ("GET", "/api/v1/areas/files/snsdata/RefL/other.nxs"),
    ("GET", "/api/v1/areas/files/snsdata/RefL/../RefL/run.nxs"),
    ("GET", "/api/v1/areas/files/hfir/RefL/run.nxs"),
    ("GET", "/api/v1/areas/folders/snsdata/RefL"),
    ("PUT", "/api/v1/areas/files/snsdata/RefL/run.nxs"),
    ("PUT", "/api/v1/areas/files/~/shared/run.refl"),
    ("DELETE", "/api/v1/areas/files/~/shared/run.refl"),
    ("GET", "/api/v1/areas/folders/~/shared"),
    ("GET", "/api/v1/follow"),
    ("POST", "/api/v1/grants"),
    ("GET", "/api/v1/grants"),
    ("DELETE", "/api/v1/grants/01a2071c-2c6f-780c-a349-7e5f7c64364a"),
    ("GET", "/api/v1/grant"),
    ("GET", "/api/v1/events"),
    ("POST", "/legacy/"),
]


@pytest.mark.parametrize(("method", "path"), OPEN)
def test_a_grant_opens_what_it_is_for(method: str, path: str) -> None:
    check_request(GRANT, method, path)


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_a_grant_opens_nothing_else(method: str, path: str) -> None:
    with pytest.raises(NotPermitted) as caught:
        check_request(GRANT, method, path)
    assert "…64364a does not open" in caught.value.message
    assert caught.value.hint is not None
    assert (
        "it opens job one, job two, /snsdata/RefL/run.nxs, ~ada/a b.txt, ~ada/shared/run.refl"
        in caught.value.hint
    )


def progress(job: str) -> Leaf:
    left = Reference(job=job, what=What.PROGRESS, path=(("item", "chisq"),))
    return Comparison(left=left, operator="<", right=Literal(value=2))


@pytest.mark.parametrize(
    "leaf",
    [
        JobIs(job="one", phase=Phase.STARTED),
        InstallIs(install="one", phase=Phase.COMPLETED),
        progress("two"),
    ],
)
def test_leaves_of_its_jobs_can_be_followed(leaf: Leaf) -> None:
    check_leaf(GRANT, leaf)


@pytest.mark.parametrize(
    "leaf",
    [
        JobIs(job="three", phase=Phase.COMPLETED),
        progress("three"),
        InstallIs(install="three", phase=Phase.COMPLETED),
        Pool(name="license", count=1),
        At(moment=datetime(2026, 11, 23, tzinfo=UTC)),
    ],
)
def test_others_can_not(leaf: Leaf) -> None:
    with pytest.raises(NotPermitted, match="grant"):
        check_leaf(GRANT, leaf)


def test_a_comparison_of_two_jobs_needs_both() -> None:
    one = Reference(job="one", what=What.VALUE)
    two = Reference(job="two", what=What.VALUE)
    three = Reference(job="three", what=What.VALUE)
    check_leaf(GRANT, Comparison(left=one, operator="<", right=two))
    with pytest.raises(NotPermitted, match="does not open job three"):
        check_leaf(GRANT, Comparison(left=one, operator="<", right=three))


def test_a_grant_of_many_names_a_few() -> None:
    many = Grant(
        id=GRANT.id,
        user="ada",
        jobs=frozenset(f"j{n}" for n in range(10)),
        files=frozenset(),
        created=GRANT.created,
        expires=GRANT.expires,
    )
    with pytest.raises(NotPermitted) as caught:
        check_request(many, "GET", "/simple/")
    assert "it opens job j0, job j1, job j2, 7 more, to be read" in str(caught.value.hint)


def test_one_that_is_bounced_opens_itself_alone() -> None:
    bounced = replace(GRANT, bounced=True)
    for method, path in OPEN:
        if path == "/api/v1/grant":
            check_request(bounced, method, path)
        else:
            with pytest.raises(NotPermitted, match="is bounced"):
                check_request(bounced, method, path)
    with pytest.raises(NotPermitted, match="is bounced"):
        check_leaf(bounced, JobIs(job="one", phase=Phase.COMPLETED))


def test_a_pass_opens_one_method_and_path() -> None:
    only = replace(GRANT, only=("GET", "/api/v1/jobs/one"))
    check_request(only, "GET", "/api/v1/jobs/one")
    for method, path in OPEN[1:]:
        with pytest.raises(NotPermitted, match="this pass is for GET /api/v1/jobs/one"):
            check_request(only, method, path)
    wide = replace(GRANT, only=("GET", "/api/v1/jobs/three"))
    with pytest.raises(NotPermitted, match="does not open"):
        check_request(wide, "GET", "/api/v1/jobs/three")
