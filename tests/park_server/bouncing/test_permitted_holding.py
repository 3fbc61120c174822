"""`park_server.bouncing.permitted_holding`: what comes along opens nothing without an agent."""

from __future__ import annotations

from typing import Any

import pytest

from park.errors import NotPermitted
from park.wire import FETCH, CallDocument, FetchRequest, HeldGrant, JobRequest
from park_server.bouncing.permitted_holding import require_bounced

FAR = "https://far.example"
SHIPPED = HeldGrant(service=FAR, token="t", holder="h")
BOUNCED = HeldGrant(service=FAR, token="t", holder="h", bounced="g")


def job(*held: HeldGrant, authorization: str | None = None) -> JobRequest:
    fetch = FetchRequest(url=FAR, authorization=authorization)
    more: dict[str, Any] = {"grants": list(held), "fetch": fetch}
    return JobRequest(id="a", entry_point=FETCH, call=CallDocument(args=[], kwargs={}), **more)


def test_what_is_bounced_may_come_along() -> None:
    require_bounced([job(BOUNCED, authorization=f"DPoP-Bounced g {FAR}"), job()])
    require_bounced([job(authorization="Basic eDp5"), job(authorization="Bearer x")])


def test_what_is_shipped_is_refused_with_what_to_do() -> None:
    with pytest.raises(NotPermitted, match=r"https://far\.example came along") as caught:
        require_bounced([job(), job(BOUNCED, SHIPPED)])
    assert "lend='bounce'" in str(caught.value.hint)
    with pytest.raises(NotPermitted, match="came along"):
        require_bounced([job(authorization="dpop park_grant_x")])
