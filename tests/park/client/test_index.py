"""What the index of a service is asked, whatever characters a name has."""

from __future__ import annotations

from typing import Any

import pytest
from support.stand_ins.job_service import JobService

from park.client.index import RemoteIndex
from park.wire import IndexFileRecord, IndexProjectRecord, encode

PATH = "/api/v1/index/projects"
FILE = IndexFileRecord(
    filename="m-1.whl",
    version="1",
    layer="released",
    size=3,
    sha256="ab",
    uploaded="2026-11-23",
    uploaded_by="ada",
    yanked=None,
)


class AnyPath(dict[str, Any]):
    """Answers for every path the same."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.answer = answer

    def __contains__(self, path: object) -> bool:
        return True

    def __getitem__(self, path: str) -> Any:
        return self.answer


@pytest.fixture
def record() -> IndexProjectRecord:
    return IndexProjectRecord(
        name="m", owned=True, claimed=False, status="active", reason=None, versions=1, trees=0,
        size=3, files=[FILE],
    )  # fmt: skip


def asked(call: Any, answer: Any) -> tuple[Any, tuple[str, str, Any]]:
    """Return what ``call`` returns, and the one request that it made."""
    service = JobService()
    service.answers = AnyPath(answer)
    found = call(RemoteIndex(service))
    (request,) = service.asked
    return found, request


@pytest.mark.parametrize(
    ("call", "request_"),
    [
        (lambda index: index.project("m"), ("GET", f"{PATH}/m", None)),
        (lambda index: index.claim("a/b c"), ("PUT", f"{PATH}/a%2Fb%20c/claim", None)),
        (
            lambda index: index.mark("m", "archived", "see n"),
            ("PUT", f"{PATH}/m/status", {"status": "archived", "reason": "see n"}),
        ),
        (
            lambda index: index.yank("m", "1.0+t1", "wrong"),
            ("PUT", f"{PATH}/m/versions/1.0%2Bt1/yank", {"reason": "wrong"}),
        ),
        (lambda index: index.unyank("m", "1"), ("DELETE", f"{PATH}/m/versions/1/yank", None)),
    ],
    ids=["project", "claim", "mark", "yank", "unyank"],
)
def test_a_project_is_answered_with(
    record: IndexProjectRecord, call: Any, request_: tuple[str, str, Any]
) -> None:
    assert asked(call, encode(record)) == (record, request_)


def test_lists_are_read_each_in_its_kind(record: IndexProjectRecord) -> None:
    projects = asked(lambda index: index.projects(), [encode(record)])
    assert projects == ([record], ("GET", PATH, None))
    removed = asked(lambda index: index.remove("m", "1"), [encode(FILE)])
    assert removed == ([FILE], ("DELETE", f"{PATH}/m/versions/1", None))


def test_a_name_is_given_back_without_an_answer() -> None:
    assert asked(lambda index: index.unclaim("m"), None) == (
        None,
        ("DELETE", f"{PATH}/m/claim", None),
    )
