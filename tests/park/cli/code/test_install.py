"""``park install``: once, or at each change; for people, and for programs."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from packaging.utils import canonicalize_name

from park.cli.code import install
from park.cli.main import main
from park.client.choosing.use import keep_use, kept_use
from park.client.installs import changes, target_install, used_version
from park.client.installs.outcome import InstallOutcome
from park.errors import BuildFailed

Said = pytest.CaptureFixture[str]


def outcome(**said: Any) -> InstallOutcome:
    known: dict[str, Any] = dict.fromkeys(InstallOutcome.__dataclass_fields__) | {
        "project": "m", "version": "1", "python": "3.11", "lock_hash": "ab", "realised": True,
        "added": (),
    }  # fmt: skip
    return InstallOutcome(**known | said)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Any:
    found = SimpleNamespace(asked=[], outcome=outcome())

    def made(
        transport: Any, target: str, options: Any, report: Any, *, until_compiled: bool
    ) -> InstallOutcome:
        assert transport is found
        assert report is not None
        found.asked.append((target, options.taken, until_compiled))
        done: InstallOutcome = found.outcome
        return done

    monkeypatch.setattr(target_install, "install_target", made)
    monkeypatch.setattr(install, "transport_of", lambda _: found)
    return found


@pytest.mark.parametrize(
    ("realised", "line"), [(True, "environment made"), (False, "environment already there")]
)
def test_what_was_done_is_told(service: Any, capsys: Said, line: str, *, realised: bool) -> None:
    service.outcome = outcome(realised=realised, added=("colorama 0.4",))
    assert main(["install", "m"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"m 1 on Python 3.11: {line}",
        "lock ab",
        "added by the service's platform: colorama 0.4",
    ]
    assert service.asked == [("m", (), True)]


def test_who_does_not_wait_gets_it_before_it_is_compiled(service: Any) -> None:
    assert main(["install", "m", "--with", "plugin", "--no-wait"]) == 0
    assert service.asked == [("m", ("plugin",), False)]


def test_at_each_change_it_is_installed_again_whatever_failed(
    service: Any, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    def follow(_set: Any, act: Any, *, tell: Any, fail: Any, **_: Any) -> None:
        act()
        fail(BuildFailed("no compiler", hint="install one"))
        tell("m.py changed")
        act()

    monkeypatch.setattr(changes, "follow", follow)
    assert main(["install", "m", "--watch", "--json"]) == 0
    said = capsys.readouterr()
    assert [json.loads(line)["lock_hash"] for line in said.out.splitlines()] == ["ab", "ab"]
    lines = said.err.splitlines()
    assert lines[:3] == [
        "park: error: no compiler",
        "hint: install one",
        "waiting for the next change",
    ]
    assert lines[3] == "m.py changed"
    assert len(service.asked) == 2


def test_another_version_is_used_and_the_way_back_is_told(
    service: Any, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = SimpleNamespace(project="m", version="1.2", python="3.11", lock_hash="ab" * 32)
    service.address, asked = SimpleNamespace(url="http://h"), []

    def kept(*what: Any) -> Any:
        asked.append(what)
        return record

    monkeypatch.setattr(used_version, "keep_lock", kept)
    assert main(["install", "m", "--use", "ababab"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "jobs of m run as 1.2 on Python 3.11 at http://h",
        f"lock {record.lock_hash}",
        "`park install m --use here` goes back to the version of here",
    ]
    assert asked == [(service, "m", "ababab")]
    assert service.asked == []
    main(["install", "m", "--use", "ababab", "--json"])
    shown = json.loads(capsys.readouterr().out)
    assert shown == {"project": "m", "version": "1.2", "lock_hash": record.lock_hash}


def test_the_way_back_is_gone_without_the_service(
    service: Any, capsys: Said, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One that is locked down refuses an install, which would have been the only way."""
    monkeypatch.setenv("PARK_CONFIG", str(tmp_path / "config.toml"))
    service.address = SimpleNamespace(url="http://h")
    keep_use("http://h", canonicalize_name("not-here"), "ab" * 32)
    assert main(["install", "not-here", "--use", "here"]) == 0
    assert capsys.readouterr().out == "jobs of not-here run as it is here, at http://h\n"
    assert kept_use("http://h", canonicalize_name("not-here")) is None
    main(["install", "not-here", "--use", "here", "--json"])
    assert json.loads(capsys.readouterr().out)["lock_hash"] is None
    assert service.asked == []
