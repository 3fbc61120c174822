"""`park_server.http.trust.approved_downloads`: a file is of what its own name says."""

from __future__ import annotations

from typing import Any, cast

import pytest
from packaging.utils import NormalizedName
from starlette.requests import Request

from park.errors import NotPermitted
from park.wire import TokenClass
from park_server.http.trust import approved_downloads
from park_server.http.trust.approved_downloads import ApprovedDownloads

DEMO = NormalizedName("demo")


class Approved:
    """Approvals of which `demo` 1.0 is one."""

    def require_upstream(self, user: str, project: str, version: str | None) -> None:
        assert user == "bob"
        if project != "demo" or version not in {None, "1.0"}:
            raise NotPermitted(f"{project} {version}")

    def upstream_versions(self, user: str, project: str) -> frozenset[str] | None:
        return frozenset({user, project})


@pytest.fixture
def rights() -> ApprovedDownloads:
    return ApprovedDownloads(cast("Any", Approved()))


def asked(monkeypatch: pytest.MonkeyPatch, kind: TokenClass) -> Request:
    caller = type("Caller", (), {"kind": kind, "user": "bob"})()
    monkeypatch.setattr(approved_downloads, "caller_of", lambda _: caller)
    return Request({"type": "http"})


@pytest.mark.parametrize(
    ("project", "filename"),
    [
        (DEMO, "demo-2.0-py3-none-any.whl"),
        (DEMO, "evil-1.0-py3-none-any.whl"),
        (NormalizedName("evil"), "demo-1.0-py3-none-any.whl"),
        (NormalizedName("evil"), None),
        (DEMO, "evil"),
    ],
)
def test_neither_the_url_nor_the_name_leads_to_what_is_not_approved(
    monkeypatch: pytest.MonkeyPatch,
    rights: ApprovedDownloads,
    project: NormalizedName,
    filename: str | None,
) -> None:
    request = asked(monkeypatch, TokenClass.USER)
    with pytest.raises(NotPermitted):
        rights.require(request, project, filename)
    rights.require(request, DEMO, "demo-1.0-py3-none-any.whl")
    rights.require(request, DEMO, None)
    rights.require(asked(monkeypatch, TokenClass.INTERNAL), project, filename)


def test_the_service_itself_sees_all_versions(
    monkeypatch: pytest.MonkeyPatch, rights: ApprovedDownloads
) -> None:
    told = rights.versions(asked(monkeypatch, TokenClass.USER), DEMO)
    assert told == frozenset({"bob", "demo"})
    assert rights.versions(asked(monkeypatch, TokenClass.INTERNAL), DEMO) is None
