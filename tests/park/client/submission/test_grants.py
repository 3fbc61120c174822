"""The client's side of grants: what is sent, and what is made of the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from park.client.submission.grants import grant, grants, revoke

if TYPE_CHECKING:
    from park.client.access.transport import Transport

RECORD = {
    "id": "g1",
    "jobs": ["one"],
    "files": ["~ada/shared/run.refl"],
    "created": "2026-11-23T06:00:00.000000Z",
    "expires": "2026-11-30T06:00:00.000000Z",
    "revoked": None,
    "token": "park_grant_secret",
}


class Recorded:
    """A transport that remembers what it was asked, and answers as it was told."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str, Any]] = []

    def json(self, method: str, path: str, *, json: Any = None) -> Any:
        self.asked.append((method, path, json))
        return self.answer

    def delete(self, path: str) -> None:
        self.asked.append(("DELETE", path, None))


def as_transport(recorded: Recorded) -> Transport:
    return cast("Transport", recorded)


def test_a_grant_is_made() -> None:
    recorded = Recorded(RECORD)
    made = grant(as_transport(recorded), jobs=("one",), files=["~/shared/run.refl"])
    body: dict[str, object] = {"jobs": ["one"], "files": ["~/shared/run.refl"], "stops": []}
    body |= {"expires_s": 86_400.0, "renewable_s": 30 * 86_400.0}
    body |= {"holder": None, "lent_to": None, "bounced": None}
    assert recorded.asked == [("POST", "/api/v1/grants", body)]
    assert (made.id, made.token) == ("g1", "park_grant_secret")


def test_the_token_does_not_show() -> None:
    assert "secret" not in repr(grant(as_transport(Recorded(RECORD)), jobs=["one"]))


def test_grants_are_listed_and_revoked() -> None:
    recorded = Recorded([RECORD])
    assert [each.id for each in grants(as_transport(recorded))] == ["g1"]
    revoke(as_transport(recorded), "g1")
    assert recorded.asked == [
        ("GET", "/api/v1/grants", None),
        ("DELETE", "/api/v1/grants/g1", None),
    ]
