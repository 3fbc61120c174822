"""The client of today reads what the service of each release answers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from support.material.wire_of_releases import RELEASES, missing, recorded

from park import wire
from park.wire import decode
from park.wire.api_version import HEADER, HERE, said, strangers

READ_AS = {
    "/api/v1": "ServiceRecord",
    "/api/v1/areas": "AreaRecord",
    "/api/v1/environments": "EnvironmentSummary",
    "/api/v1/fork-servers": "ForkServerRecord",
    "/api/v1/health": "HealthRecord",
    "/api/v1/installs": "InstallRecord",
    "/api/v1/installs/{id}": "InstallRecord",
    "/api/v1/jobs": "JobRecord",
    "/api/v1/jobs/{id}": "JobRecord",
    "/api/v1/jobs/{id}/why": "WhyRecord",
    "/api/v1/queues": "QueueRecord",
    "/api/v1/storage": "StorageRecord",
    "/api/v1/usage": "UsageRecord",
    "/api/v1/versions": "EnvironmentRecord",
    "/api/v1/whoami": "WhoRecord",
    "/api/v1/admin/users": "UserRecord",
}


def test_there_is_a_record_of_this_release_or_of_one_before() -> None:
    assert RELEASES
    release = re.match(r"[0-9.]+", HERE.release)
    assert release is not None
    assert RELEASES[-1] <= release[0]


@pytest.mark.parametrize("release", RELEASES)
def test_what_it_answers_is_read(release: str) -> None:
    document = recorded(release)
    service = said(document[HEADER])
    assert service is not None
    if strangers(HERE, service) is not None:
        return  # it is told so: test_api_version, test_request_headers
    read: set[str] = set()
    for each in document["exchanges"]:
        name = READ_AS.get(each["path"])
        if name is None:
            continue
        answers: list[dict[str, Any]] = each["answer"]
        for answer in answers if isinstance(answers, list) else [answers]:
            found = decode(getattr(wire, name), answer)
            known = [key for key in answer if hasattr(found, key)]
            assert known == list(answer), f"{each['path']}: {answer.keys() - set(known)} is unread"
            read.add(each["path"])
    assert read == READ_AS.keys()


@pytest.mark.parametrize(
    ("then", "now", "lines"),
    [
        ({"a": 1, "b": None}, {"a": 2.5, "b": [1], "c": 3}, []),
        ({"a": {"b": 1}}, {"a": {}}, ["x.a.b is gone"]),
        ([{"a": 1}], [{"a": "1"}], ["x[].a: float is str now"]),
        ({"kinds": {"a": 1}}, {"kinds": {}}, []),
        ({"a": True}, {"a": 1}, ["x.a: bool is float now"]),
    ],
)
def test_what_a_reader_would_miss_is_found(then: Any, now: Any, lines: list[str]) -> None:
    assert missing(then, now, "x") == lines
