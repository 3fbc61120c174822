"""``park env``: what is done to an environment, and how each is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

import park.client.environment_queries as client
import park.client.environment_shell as shell
from park.cli.main import main
from park.model.states import EnvironmentState
from park.wire import (
    EnvironmentDetail,
    EnvironmentSummary,
    PinRecord,
    StorageRecord,
    VerificationRecord,
)

Said = pytest.CaptureFixture[str]


def summary(**changes: Any) -> EnvironmentSummary:
    facts: dict[str, Any] = {
        "lock_hash": "ab",
        "status": EnvironmentState.READY,
        "python": "3.11",
        "packages": 2,
        "size_bytes": 4096,
        "own_bytes": 1024,
        "created": "",
        "realised": "",
        "last_used": None,
        "projects": ["m==1"],
        "installed_by": ["ada"],
        "pinned_by": [],
    }
    return EnvironmentSummary(**facts | changes)


class Environments:
    """The environments of a service, which note what is done to them."""

    def __init__(self) -> None:
        self.done: list[Any] = []
        self.quota: int | None = None
        self.repaired = False
        self.older = 0
        self.path: str | None = "/envs/ab"

    def list(self, *, newest: int | None) -> Any:
        self.done.append(("list", newest))
        return [summary(pinned_by=["eve"], older=self.older)]

    def storage(self) -> StorageRecord:
        return StorageRecord(
            quota_bytes=self.quota, store_bytes=1024, environments_bytes=1024, wheels=3,
            environments=1,
        )  # fmt: skip

    def show(self, lock: str) -> EnvironmentDetail:
        self.done.append(("show", lock))
        return EnvironmentDetail(
            environment=summary(),
            packages=[PinRecord(name="m", version="1")],
            path=self.path,
            python_full="3.11.7",
            conflicts=["x/__init__.py (m, n)"],
        )

    def verify(self, lock: str, *, thorough: bool) -> VerificationRecord:
        self.done.append(("verify", lock, thorough))
        damages = ["x.py was changed"] * self.repaired
        return VerificationRecord(lock_hash="ab", damages=damages, repaired=self.repaired)

    def __getattr__(self, name: str) -> Any:
        def act(lock: str) -> EnvironmentSummary:
            self.done.append((name, lock))
            return summary()

        return act


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Environments:
    made = Environments()
    monkeypatch.setattr(client, "remote_environments", lambda _, **__: made)
    return made


@pytest.mark.parametrize(
    ("words", "done"),
    [
        (["pin", "ab"], ("pin", "ab")),
        (["unpin", "ab"], ("unpin", "ab")),
        (["remove", "ab"], ("remove", "ab")),
        (["verify", "ab"], ("verify", "ab", False)),
        (["verify", "ab", "--thorough"], ("verify", "ab", True)),
    ],
)
def test_each_action_is_one_request(
    there: Environments, words: list[str], done: tuple[Any, ...]
) -> None:
    assert main(["env", *words]) == 0
    assert there.done == [done]


@pytest.mark.parametrize(("quota", "said"), [(None, "no quota"), (1 << 20, "of 1.0 MB")])
def test_environments_are_listed_with_what_they_take(
    there: Environments, capsys: Said, quota: int | None, said: str
) -> None:
    there.quota = quota
    assert main(["env", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "ab  ready  Python 3.11  pinned by eve"
    assert lines[1] == "  m==1  by ada"
    assert lines[2].endswith("last used never")
    assert said.split(maxsplit=1)[0] in lines[3]
    assert "1 environments of 3 wheels" in lines[3]


def test_one_is_shown_with_where_it_is_and_what_is_in_it(there: Environments, capsys: Said) -> None:
    main(["env", "show", "ab"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[-3:] == [
        "  /envs/ab  Python 3.11.7  not all compiled yet",
        "  m==1",
        "  several wheels own x/__init__.py (m, n), the last is seen",
    ]
    there.path = None
    main(["env", "show", "ab"])
    assert "3.11.7" not in capsys.readouterr().out
    main(["env", "show", "ab", "--json"])
    assert json.loads(capsys.readouterr().out)["path"] is None


@pytest.mark.parametrize(
    ("repaired", "last"), [(True, "was changed, and is repaired"), (False, "is whole")]
)
def test_what_was_changed_is_told(
    there: Environments, capsys: Said, last: str, *, repaired: bool
) -> None:
    there.repaired = repaired
    main(["env", "verify", "ab"])
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["  x.py was changed"] * repaired + [f"environment ab {last}"]


@pytest.mark.parametrize("versions", [{"six": "2"}, {"six": "1"}])
def test_two_are_compared_package_by_package(
    there: Environments, capsys: Said, monkeypatch: pytest.MonkeyPatch, versions: dict[str, str]
) -> None:
    def contents_of(text: str, environments: Any) -> client.Contents:
        assert environments is there
        found: Any = {"six": "1"} if text == "one" else versions
        return client.Contents(label=f"label of {text}", python="3.11", versions=found)

    monkeypatch.setattr(client, "contents_of", contents_of)
    same = versions == {"six": "1"}
    assert main(["env", "diff", "one", "other"]) == 0
    line = "no difference" if same else "  six: 1 in a, 2 in b"
    assert capsys.readouterr().out.splitlines() == ["a: label of one", "b: label of other", line]
    main(["env", "diff", "one", "other", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["same"] is same
    assert found["differences"] == ([] if same else [{"name": "six", "a": "1", "b": "2"}])


def test_a_shell_gets_what_stands_behind_the_dashes(
    there: Environments, monkeypatch: pytest.MonkeyPatch
) -> None:
    became: list[Any] = []
    monkeypatch.setattr(shell, "become_shell", lambda _, command: became.append(command))
    assert main(["env", "shell", "ab", "--", "python", "-V"]) == 0
    assert became == [["python", "-V"]]
    assert there.done == [("show", "ab")]


def test_of_thousands_the_newest_are_listed_and_the_rest_counted(
    there: Environments, capsys: Said
) -> None:
    there.older = 4990
    assert main(["env", "list"]) == 0
    assert capsys.readouterr().out.splitlines()[3] == "… and 4990 older of m (--all)"
    assert main(["env", "list", "--all"]) == 0
    assert there.done == [("list", 10), ("list", None)]
