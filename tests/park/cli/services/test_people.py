"""What ``park admin`` about users, ``park token`` and ``park share`` ask and print."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from park.cli.main import main
from park.cli.moments import local_second
from park.cli.services import admin, people, share, token

Said = pytest.CaptureFixture[str]

USER = {"name": "ada", "roles": ["query"], "groups": ["lab"], "has_password": True}
DONE, LATE = local_second("2026-11-27T09:00:00Z"), local_second("2999-11-28T09:00:00Z")

TOKEN = {
    "id": "01a2071c-2c6f-780c-a349-0000000000ab",
    "kind": "user",
    "user": "ada",
    "scopes": ["query"],
    "audience": "service",
    "created": "2026-11-27T09:00:00Z",
    "expires_at": "2999-11-28T09:00:00Z",
    "note": "CI",
}
ENTRY = {
    "seq": 7,
    "time": "2026-11-27T09:00:00.000001Z",
    "user": "root",
    "token": None,
    "address": "::1",
    "action": "user.add",
    "subject": "ada",
    "data": {"roles": ["query"]},
}
POLICY = {"file": "/home/policy.toml", "text": "", "everybody": ["query"]}
WHO = {
    "user": "ada",
    "roles": ["query"],
    "groups": [],
    "kind": "user",
    "audience": "service",
    "id": None,
    "expires_at": None,
}
ANSWERS: dict[tuple[str, str], Any] = {
    ("GET", "admin/users"): [USER, {**USER, "name": "bob", "removed": "2026-11-27T09:00:00Z"}],
    ("POST", "admin/users"): USER,
    ("PUT", "admin/users/ada/password"): USER,
    ("PUT", "admin/users/ada/roles"): USER,
    ("DELETE", "admin/users/ada"): {"user": "ada", "tokens": 2, "grants": 1, "jobs": 3},
    ("POST", "admin/users/ada/revoke"): {"user": "ada", "tokens": 2, "grants": 1, "jobs": 3},
    ("GET", "admin/groups"): [{"name": "lab", "members": ["ada"], "roles": []}],
    ("PUT", "admin/groups/lab/members/ada"): {"name": "lab", "members": ["ada"], "roles": []},
    ("GET", "admin/tokens?user=ada"): [TOKEN, {**TOKEN, "revoked": "2026-11-27T09:30:00Z"}],
    ("POST", "admin/users/ada/tokens"): {**TOKEN, "token": "park_secret"},
    ("POST", "admin/rotate"): {"token_file": "/home/token"},
    ("POST", "admin/quarantine/abc"): {"sha256": "abc", "environments": ["l"], "jobs": 2},
    ("GET", "admin/policy"): POLICY,
    ("POST", "admin/policy/check"): POLICY,
    ("POST", "admin/policy/reload"): POLICY,
    ("GET", "admin/audit?user=ada&limit=100"): [ENTRY],
    ("GET", "tokens"): [{**TOKEN, "expires_at": "2020-01-01T00:00:00Z"}],
    ("POST", "tokens"): {**TOKEN, "token": "park_secret"},
    ("GET", "whoami"): WHO,
    ("PUT", "index/projects/mymodel/shares/bob"): [],
    ("DELETE", "index/projects/mymodel/shares/eve"): [],
    ("GET", "index/projects/mymodel/shares"): [
        {"project": "mymodel", "owner": "ada", "whom": "user:bob", "created": "2026-11-27T09"}
    ],
    ("GET", "index/projects/mine/shares"): [],
}


class Transport:
    """A service that answers as its documentation says, and notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []

    def json(self, method: str, path: str, *, content: bytes = b"null", **_: Any) -> Any:
        path = path.removeprefix("/api/v1/")
        self.asked.append((method, path, json.loads(content)))
        return ANSWERS[method, path]

    def delete(self, path: str) -> None:
        self.asked.append(("DELETE", path.removeprefix("/api/v1/"), None))


@pytest.fixture
def transport(monkeypatch: pytest.MonkeyPatch) -> Transport:
    made = Transport()
    for module in (admin, token, share):
        monkeypatch.setattr(module, "service_of", lambda _: SimpleNamespace(transport=made))
    return made


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("admin user list", "ada              query  in lab"),
        ("admin user list", "removed 2026-11-27"),
        ("admin user remove ada", "ada: 2 tokens and 1 grants revoked, 3 jobs ended"),
        ("admin user revoke ada", "ada: 2 tokens and 1 grants revoked, 3 jobs ended"),
        ("admin user roles ada query", "ada              query"),
        ("admin group list", "lab              ada  may nothing more"),
        ("admin group add lab ada", "ada in lab"),
        ("admin group remove lab ada", "ada not in lab any more"),
        (
            "admin token list --user ada",
            f"…000000ab  ada          user  until {LATE}",
        ),
        ("admin token list --user ada", f"revoked {local_second('2026-11-27T09:30:00Z')}"),
        ("admin token revoke 000000ab", "token …000000ab revoked, with what was made of it"),
        ("admin token rotate", "the operator's new token is in /home/token"),
        ("admin quarantine abc", "abc… is set aside: 1 environments evicted, 2 jobs ended"),
        ("admin policy show", "# no file /home/policy.toml: each user may query"),
        ("admin policy reload", "/home/policy.toml read again: everybody may query"),
        (
            "admin audit --user ada",
            f"{DONE}  root         user.add       ada  ::1",
        ),
        ("token list", f"expired {local_second('2020-01-01T00:00:00Z')}  never used  query  CI"),
        ("token revoke 000000ab", "token …000000ab revoked"),
        ("token who", "with a token of the class user, for the service, without an end"),
        ("share mymodel --with bob --without eve", "mymodel with user bob since 2026-11-27"),
        ("share mine", "mine is yours alone"),
    ],
)
def test_what_was_done_is_said(transport: Transport, capsys: Said, command: str, line: str) -> None:
    assert main(command.split()) == 0
    assert line in capsys.readouterr().out
    assert transport.asked


@pytest.mark.parametrize(
    "command",
    ["admin user list", "admin policy show", "admin audit --user ada", "token who", "share mine"],
)
def test_programs_get_json(transport: Transport, capsys: Said, command: str) -> None:
    assert main([*command.split(), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) is not None
    assert transport.asked


def test_a_password_comes_from_a_file_or_from_stdin_and_never_from_an_argument(
    transport: Transport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "password"
    file.write_text("correct horse\nsecond line")
    assert main(["admin", "user", "add", "ada", "--password-file", str(file)]) == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("battery staple\n"))
    assert main(["admin", "user", "password", "ada", "--password-file", "-"]) == 0
    assert [body["password"] for _, _, body in transport.asked] == [
        *("correct horse", "battery staple"),
    ]


def test_where_nobody_can_be_asked_that_is_said(
    transport: Transport, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert main(["admin", "user", "add", "ada"]) == 2
    assert "stdin is no terminal" in capsys.readouterr().err
    assert not transport.asked


class Terminal(io.StringIO):
    """Somebody at a terminal."""

    def isatty(self) -> bool:
        return True


def test_on_a_terminal_it_is_asked_for_twice(
    transport: Transport, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal())
    said = iter(["correct horse", "correct horse", "one", "another"])
    monkeypatch.setattr(people, "getpass", lambda _: next(said))
    assert main(["admin", "user", "add", "ada", "--role", "operate"]) == 0
    (asked,) = transport.asked
    assert asked[2] == {
        "name": "ada",
        "password": "correct horse",
        "roles": ["operate"],
        "again": False,
    }
    assert main(["admin", "user", "add", "ada"]) == 2
    assert "the two passwords differ" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["admin token make ada", "token make"])
def test_a_new_token_is_alone_on_stdout(transport: Transport, capsys: Said, command: str) -> None:
    options = ["--role", "query", "--for", "90d", "--note", "CI", "--audience", "index"]
    assert main([*command.split(), *options]) == 0
    said = capsys.readouterr()
    assert said.out == "park_secret\n"
    assert "park_secret" not in said.err
    (asked,) = transport.asked
    assert asked[2] == {
        "kind": "user",
        "scopes": ["query"],
        "audience": "index",
        "lifetime_s": 90 * 86_400,
        "note": "CI",
    }


def test_a_policy_file_is_sent_as_it_is(transport: Transport, capsys: Said, tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text("[everybody]\nroles = []\n")
    assert main(["admin", "policy", "check", str(file)]) == 0
    assert transport.asked[0][2] == {"text": "[everybody]\nroles = []\n"}
    assert "is understood: everybody may query" in capsys.readouterr().out
    assert main(["admin", "policy", "check", str(tmp_path / "none")]) == 2
    assert "No such file" in capsys.readouterr().err


def test_with_and_without_the_same_is_a_slip(transport: Transport, capsys: Said) -> None:
    assert main(["share", "mymodel", "--with", "bob", "--without", "bob"]) == 2
    assert "bob: with, and without" in capsys.readouterr().err
    assert not transport.asked
