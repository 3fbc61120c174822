"""``park admin``: what an operator asks for, and how it is read."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from park.cli.main import main
from park.cli.services import admin
from park.model.states import InstallState
from park.wire import CleanRecord, OfferRecord

Said = pytest.CaptureFixture[str]
LOCK = "3f9c0a1b"


class Service:
    """A service that notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def offer(self, request: Any) -> OfferRecord:
        self.asked.append(request)
        return offer(InstallState.RESOLVING)

    def offers(self) -> list[OfferRecord]:
        return [offer(InstallState.READY, lock_hash="ab"), offer(InstallState.FAILED, error="no")]

    def withdraw(self, *named: str) -> list[OfferRecord]:
        self.asked.append(named)
        return []

    def clean(self, seconds: float, *, dry_run: bool, **ages: float | None) -> CleanRecord:
        self.asked.append((seconds, dry_run))
        assert set(ages.values()) == {None}
        counts = {"logs": 0, "events": 0, "trees": 0, "environments": 0, "quarantined": 0}
        return CleanRecord(jobs=2, files=3, size_bytes=2048, **counts)

    def usage(self) -> Any:
        part = SimpleNamespace(name="jobs", size_bytes=2048, files=3)
        return SimpleNamespace(
            parts=[part], free_bytes=1 << 20, jobs=7, pinned=1, shares=[], users=[]
        )


def offer(state: InstallState, **facts: Any) -> OfferRecord:
    known: dict[str, Any] = {"lock_hash": None, "error": None} | facts
    return OfferRecord(
        project="m", version="1", python="3.11", install="i", state=state, created="", **known
    )


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Service:
    made = Service()
    monkeypatch.setattr(admin, "service_of", lambda _: made)
    monkeypatch.chdir(tmp_path)
    return made


def test_a_project_is_offered_at_a_version(service: Service, capsys: Said) -> None:
    assert main(["admin", "offer", "m == 1.0", "--python", "3.12"]) == 0
    (request,) = service.asked
    assert (request.project, request.version, request.python) == ("m", "1.0", "3.12")
    assert (request.lock, request.pylock) == (None, None)
    assert capsys.readouterr().out == "m==1  Python 3.11  resolving\n"


def test_a_lock_hash_names_an_environment_that_is_there(service: Service) -> None:
    assert main(["admin", "offer", "--lock", LOCK]) == 0
    assert main(["admin", "offer", "m==1.0", "--lock", LOCK]) == 0
    assert [(each.project, each.lock) for each in service.asked] == [(None, LOCK), ("m", LOCK)]


def test_a_file_of_that_name_is_a_lock_file_all_the_same(service: Service, tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text("lock-version = '1.0'")
    assert main(["admin", "offer", "m==1.0", "--lock", LOCK]) == 0
    (request,) = service.asked
    assert (request.lock, request.pylock) == (None, "lock-version = '1.0'")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["offer"], "an offer needs PROJECT==VERSION, or --lock HASH"),
        (["offer", "m"], "'m' is not of the form PROJECT==VERSION"),
        (["offer", "m=="], "is not of the form"),
        (["withdraw", "==1"], "is not of the form"),
        (["offer", "m==1", "--lock", "absent.toml"], "--lock absent.toml: No such file"),
        (["offer", "m==1", "--lock", "binary"], "is not a lock (PEP 751)"),
        (["clean", "--older-than", "long"], "--older-than 'long'"),
    ],
)
def test_what_cannot_be_read_is_told_before_anything_is_asked(
    service: Service, tmp_path: Path, capsys: Said, words: list[str], line: str
) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    assert main(["admin", *words]) == 2
    assert line in capsys.readouterr().err
    assert service.asked == []


@pytest.mark.usefixtures("service")
def test_offers_are_listed_with_their_lock_or_their_error(capsys: Said) -> None:
    assert main(["admin", "offers"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "m==1  Python 3.11  ready",
        "  lock ab",
        "m==1  Python 3.11  failed",
        "  no",
    ]
    assert main(["admin", "offers", "--json"]) == 0
    assert [each["error"] for each in json.loads(capsys.readouterr().out)] == [None, "no"]


def test_an_offer_is_withdrawn_by_its_version(service: Service) -> None:
    assert main(["admin", "withdraw", "m==1"]) == 0
    assert service.asked == [("m", "1")]


@pytest.mark.parametrize(("more", "verb"), [(["--dry-run"], "would remove"), ([], "removed")])
def test_a_look_says_that_it_is_one(
    service: Service, capsys: Said, more: list[str], verb: str
) -> None:
    assert main(["admin", "clean", "--older-than", "90d", *more]) == 0
    assert service.asked == [(90 * 86_400, bool(more))]
    said = capsys.readouterr().out
    assert said.startswith(f"{verb} 2 jobs, ")
    assert "3 files that nothing refers to" in said


@pytest.mark.usefixtures("service")
def test_what_the_disk_holds_is_shown(capsys: Said) -> None:
    assert main(["admin", "usage"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["jobs", "free", "7"]
    assert lines[0].endswith("3 files")
