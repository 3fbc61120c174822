"""What ``park grants`` and ``park admin rotate`` ask and print."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from park.cli.main import main
from park.cli.moments import local_second
from park.cli.services import admin, grants

Said = pytest.CaptureFixture[str]

OPEN = {
    "id": "01a2071c-2c6f-780c-a349-0000000000ab",
    "jobs": [f"01a2071c-2c6f-780c-a349-00000000000{digit}" for digit in "12345"],
    "files": ["~ada/run.refl"],
    "stops": ["01a2071c-2c6f-780c-a349-000000000001"],
    "created": "2026-11-27T09:00:00Z",
    "expires": "2999-11-28T09:00:00Z",
    "renewable_until": "2999-12-27T09:00:00Z",
    "holder": "K" * 43,
    "lent_to": "https://sns.example.org",
}
REVOKED = {**OPEN, "id": "01a2071c-2c6f-780c-a349-0000000000cd", "revoked": "2026-11-27T10:00:00Z"}
EXPIRED = {**OPEN, "expires": "2020-01-01T00:00:00Z", "holder": None, "jobs": [], "stops": []}


class Transport:
    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []

    def json(self, method: str, path: str, *, content: bytes = b"null", **_: Any) -> Any:
        self.asked.append((method, path, json.loads(content)))
        if path.endswith("rotate/identity"):
            return {"identity": "N" * 43}
        if path.endswith("peers/revoke"):
            return {"peer": "https://sns.example.org", "grants": 2, "keys": ["K" * 43]}
        return [OPEN, REVOKED, EXPIRED]

    def delete(self, path: str) -> None:
        self.asked.append(("DELETE", path, None))


@pytest.fixture
def transport(monkeypatch: pytest.MonkeyPatch) -> Transport:
    made = Transport()
    for module in (admin, grants):
        monkeypatch.setattr(module, "service_of", lambda _: SimpleNamespace(transport=made))
    return made


@pytest.mark.usefixtures("transport")
def test_grants_that_open_something_are_shown(capsys: Said) -> None:
    assert main(["grants"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    until = local_second("2999-11-28T09:00:00Z")
    assert line == (
        "…000000ab  https://sns.example.org (key KKKKKKKK…)  …00000001, …00000002, …00000003"
        f" and 3 more, may end 1  until {until}, renewed to 2999-12-27 while needed"
    )
    assert main(["grants", "--all"]) == 0
    _, revoked, expired = capsys.readouterr().out.splitlines()
    assert revoked.endswith(f"revoked {local_second('2026-11-27T10:00:00Z')}")
    over = local_second("2020-01-01T00:00:00Z")
    assert expired == f"…000000ab  whoever has it  ~ada/run.refl  expired {over}"
    assert main(["grants", "--json"]) == 0
    assert [each["id"] for each in json.loads(capsys.readouterr().out)] == [OPEN["id"]]


def test_one_is_revoked_by_the_end_of_its_id(transport: Transport, capsys: Said) -> None:
    assert main(["grants", "--revoke", "0000cd"]) == 0
    assert transport.asked[-1] == ("DELETE", f"/api/v1/grants/{REVOKED['id']}", None)
    assert "revoked" in capsys.readouterr().out
    assert main(["grants", "--revoke", "0000ab", "--json"]) == 0  # two end so: the service refuses
    assert transport.asked[-1] == ("DELETE", "/api/v1/grants/0000ab", None)
    assert json.loads(capsys.readouterr().out)["done"]


def test_another_key_is_made(transport: Transport, capsys: Said) -> None:
    assert main(["admin", "rotate", "--forget"]) == 0
    assert transport.asked[-1] == ("POST", "/api/v1/admin/rotate/identity", {"forget": True})
    assert f"by the key {'N' * 43} from now on" in capsys.readouterr().out
    assert main(["admin", "rotate", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["identity"] == "N" * 43


def test_all_that_another_service_was_lent_is_revoked(transport: Transport, capsys: Said) -> None:
    peer = "https://sns.example.org"
    assert main(["admin", "revoke-peer", peer]) == 0
    assert transport.asked[-1] == ("POST", "/api/v1/admin/peers/revoke", {"peer": peer})
    line = f"{peer} has nothing more of this service: 2 grants revoked, with 1 keys"
    assert capsys.readouterr().out == f"{line}\n"
    assert main(["admin", "revoke-peer", peer, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["grants"] == 2
