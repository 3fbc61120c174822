"""`park_server.proofs.identity`: the key of a service, kept, rotated, and signed with."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx2
import pytest

from park.errors import NotPermitted, UsageError
from park_server.proofs.identity import ServiceIdentity
from park_server.proofs.signed_uses import NonceWanted, Request, Uses

if TYPE_CHECKING:
    from pathlib import Path

URL = "http://lab.example/api/v1/grant"


def test_it_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "identity"
    first = ServiceIdentity(file).thumbprint
    assert file.stat().st_mode & 0o777 == 0o600
    assert ServiceIdentity(file).thumbprint == first


def test_a_key_of_somebody_else_is_not_taken(tmp_path: Path) -> None:
    file = tmp_path / "identity"
    file.symlink_to("/etc/hostname")
    with pytest.raises(NotPermitted):
        ServiceIdentity(file)
    file.unlink()
    file.write_text("no-key\n")
    with pytest.raises(UsageError):
        ServiceIdentity(file)


def test_another_key_takes_its_place_and_signs_for_what_was_bound_before(tmp_path: Path) -> None:
    file = tmp_path / "identity"
    identity = ServiceIdentity(file)
    first = identity.thumbprint
    second = identity.rotate()
    assert second == identity.thumbprint != first
    again = ServiceIdentity(file)
    assert [key.thumbprint for key in again.keys_of(None)] == [second, first]
    assert [key.thumbprint for key in again.keys_of(first)] == [first]
    assert (tmp_path / "identity.before").stat().st_mode & 0o777 == 0o600
    third = again.rotate(forget=True)
    assert [key.thumbprint for key in ServiceIdentity(file).keys_of(None)] == [third]
    # what is bound to a key that is gone is asked with the one that is there, and refused there
    assert [key.thumbprint for key in again.keys_of(first)] == [third]


def test_its_files_stay_the_ones_that_are_hidden_from_jobs(tmp_path: Path) -> None:
    file, before = tmp_path / "identity", tmp_path / "identity.before"
    identity = ServiceIdentity(file)
    those = [each.stat().st_ino for each in (file, before)]
    assert len(identity.keys_of(None)) == 1
    for forget in (False, True, False):
        identity.rotate(forget=forget)
        assert [each.stat().st_ino for each in (file, before)] == those
    assert len(ServiceIdentity(file).keys_of(None)) == 2


class Lender:
    """A service that looks at signed uses, and binds its grants to ``holder``."""

    def __init__(self, holder: str) -> None:
        self.holder = holder
        self.uses = Uses()
        self.asked: list[int] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        scheme, _, token = request.headers["authorization"].partition(" ")
        assert scheme == "DPoP"
        seen = Request(
            method=request.method,
            host=request.headers["host"],
            path=request.url.path,
            proofs=tuple(request.headers.get_list("dpop")),
        )
        try:
            use = self.uses.check(token, seen)
        except NonceWanted:
            headers = {
                "DPoP-Nonce": self.uses.nonce(),
                "WWW-Authenticate": 'DPoP error="use_dpop_nonce"',
            }
            return self._told(401, headers)
        return self._told(200 if use.holder == self.holder else 401, {})

    def _told(self, status: int, headers: dict[str, str]) -> httpx2.Response:
        self.asked.append(status)
        return httpx2.Response(status, headers=headers)


def asked(identity: ServiceIdentity, lender: Lender, holder: str | None, times: int = 1) -> int:
    async def ask() -> int:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(lender)) as client:
            for _ in range(times):
                answer = await client.delete(URL, auth=identity.use("t", holder))
            return answer.status_code

    return asyncio.run(ask())


def test_a_use_is_signed_again_with_the_nonce_that_is_wanted(tmp_path: Path) -> None:
    identity = ServiceIdentity(tmp_path / "identity")
    lender = Lender(identity.thumbprint)
    assert asked(identity, lender, identity.thumbprint, times=3) == 200
    assert lender.asked == [401, 200, 200, 200]


def test_the_key_of_before_is_tried_where_it_is_not_said_which(tmp_path: Path) -> None:
    identity = ServiceIdentity(tmp_path / "identity")
    lender = Lender(identity.thumbprint)
    identity.rotate()
    assert asked(identity, lender, None) == 200
    assert asked(identity, lender, lender.holder) == 200
    assert asked(identity, lender, identity.thumbprint) == 401
