"""The install of a target: which of the things that a target can be it is."""

from __future__ import annotations

import time
import types
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.stand_ins.job_service import JobService

from park.build import local_set
from park.build.cache import user_cache
from park.build.known.evidence import evidence_of
from park.build.known.known_set import KnownSet, known_file, origin_of, stored
from park.client.access.config import Configuration
from park.client.installs import bundle, bundle_install, index_memory, request, target_install
from park.client.installs.outcome import Requested
from park.client.report import Silence
from park.local.set_options import SetOptions
from park.model.states import InstallState
from park.wire import InstallRecord, LocalWheel, encode

Called = list[tuple[str, Any]]


RECORD = InstallRecord(
    id="i", project="mymodel", version="1", python="3.11", set_hash="2" * 64, lock_hash="1" * 64,
    state=InstallState.READY, revision=1, missing=[],
)  # fmt: skip


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> Called:
    """Note what is done with a target, and return what is passed on."""
    seen: Called = []

    def taken(name: str, *, options: SetOptions, **_: object) -> Any:
        seen.append(("taken", (name, options.taken)))
        return types.SimpleNamespace(
            project=types.SimpleNamespace(name=name, root=None), module=None, is_whole=False
        )

    def completed(_: object, local: Any, __: object) -> Any:
        local.is_whole = True
        return local

    def requested(_: object, local: Any, __: object) -> Requested:
        assert local.is_whole
        seen.append(("requested", local.project.name))
        request = {"project": local.project.name}
        return Requested(record=RECORD, built=["built.whl"], uploaded=[], request=request)

    def followed(_: object, record: InstallRecord, __: object, *, until_compiled: bool) -> Any:
        seen.append(("followed", until_compiled))
        return record

    def install_bundle(_: object, read: str, __: object, *, until_compiled: bool) -> str:
        seen.append(("bundle installed", (read, until_compiled)))
        return "outcome of a bundle"

    def use_lock(_: object, __: str, project: str, lock: None) -> None:
        seen.append(("used no more", (project, lock)))

    monkeypatch.setattr(local_set, "local_set", taken)
    monkeypatch.setattr(index_memory, "completed", completed)
    monkeypatch.setattr(request, "requested", requested)
    monkeypatch.setattr(target_install, "followed", followed)
    monkeypatch.setattr(Configuration, "use_lock", use_lock)
    monkeypatch.setattr(bundle_install, "install_bundle", install_bundle)
    monkeypatch.setattr(bundle, "is_bundle", lambda path: path.suffix == ".park")
    monkeypatch.setattr(bundle, "read_bundle", lambda path: f"read {path.name}")
    return seen


def install(*arguments: Any, **options: Any) -> Any:
    return JobService().service.install(*arguments, **options)


def test_a_module_is_its_name_and_what_goes_along_is_taken_too(called: Called) -> None:
    outcome = install(types.ModuleType("mymodel"), with_="plugin")
    assert (outcome.lock_hash, outcome.built) == ("1" * 64, ["built.whl"])
    assert called == [
        ("taken", ("mymodel", ("plugin",))),
        ("requested", "mymodel"),
        ("followed", True),
        ("used no more", ("mymodel", None)),
    ]


def test_a_file_that_is_a_bundle_is_installed_as_one(called: Called, tmp_path: Path) -> None:
    file = tmp_path / "mine.park"
    file.write_text("")
    assert install(str(file), until_compiled=False) == "outcome of a bundle"
    assert called == [("bundle installed", ("read mine.park", False))]


def test_any_other_file_is_what_it_is_of(called: Called, tmp_path: Path) -> None:
    file = tmp_path / "demo-1.0-py3-none-any.whl"
    file.write_text("")
    assert install(str(file)).status == "ready"
    assert called[0] == ("taken", (str(file), ()))


class Asked(JobService):
    """A service that has every set, and lacks the wheels that are ``missing``."""

    def __init__(self, *missing: str) -> None:
        super().__init__()
        self.missing, self.requests, self.sent = list(missing), list[Any](), list[str]()

    def json(self, method: str, path: str, **arguments: Any) -> Any:
        assert (method, path) == ("POST", "/api/v1/installs")
        self.requests.append(arguments["json"])
        return encode(replace(RECORD, missing=self.missing))

    def upload(self, path: str, file: Path, form: dict[str, str]) -> None:
        assert (path, form["sha256_digest"]) == ("/legacy/", "3" * 64)
        self.sent.append(file.name)


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KnownSet:
    """Give what an install of a module here asked for, with its one wheel."""
    monkeypatch.setenv("PARK_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("known_target.py", "dep.py", "t-1-py3-none-any.whl", "wheel.json"):
        (tmp_path / name).write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    evidence = evidence_of([str(tmp_path / "dep.py")], started_ns=2 * time.time_ns())
    origin = origin_of("known_target")
    assert evidence is not None
    assert origin is not None
    wheel = LocalWheel(
        name="t", version="1", filename="t-1-py3-none-any.whl", sha256="3" * 64, size=0
    )
    return KnownSet(
        request={"project": "t", "wheels": [encode(wheel)]},
        files={wheel.filename: str(tmp_path / wheel.filename)},
        said=["not sent: a plugin"],
        origin=origin,
        trees={},
        in_use=[str(tmp_path / "wheel.json")],
        evidence=evidence,
    )


class Heard(Silence):
    """Keeps what is noted."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.mark.parametrize("missing", [(), ("t-1-py3-none-any.whl",)])
def test_a_set_that_is_known_is_asked_for_without_a_look_at_it(
    known: KnownSet, called: Called, missing: tuple[str, ...]
) -> None:
    service, heard = Asked(*missing), Heard()
    stored(known_file("known_target", service.address.url, user_cache()), known)
    outcome = service.service.install("known_target", report=heard)
    (asked,) = service.requests
    assert {**asked, "id": ""} == {**known.request, "id": ""}
    assert service.sent == outcome.uploaded == list(missing)
    assert outcome.built == []
    assert heard.notes == ["not sent: a plugin"]
    assert called == [("followed", True), ("used no more", ("t", None))]


def test_after_a_change_or_with_something_said_of_it_it_is_looked_at(
    known: KnownSet, called: Called, tmp_path: Path
) -> None:
    service = Asked()
    stored(known_file("known_target", service.address.url, user_cache()), known)
    service.service.install("known_target", with_="plugin")
    assert called[0] == ("taken", ("known_target", ("plugin",)))
    before = called.copy()
    (tmp_path / "dep.py").write_text("VALUE = 1")
    service.service.install("known_target")
    assert called[len(before)] == ("taken", ("known_target", ()))
    assert service.requests == []


@pytest.mark.parametrize("built", [[], ["built.whl"]], ids=["as before", "edited"])
def test_only_a_set_that_was_here_before_is_remembered(
    called: Called, monkeypatch: pytest.MonkeyPatch, built: list[str]
) -> None:
    def whole(name: str, **_: object) -> Any:
        return types.SimpleNamespace(
            project=types.SimpleNamespace(name=name, root=None), module=name
        )

    def requested(*_: object) -> Requested:
        return Requested(record=RECORD, built=built, uploaded=[], request={"project": "m"})

    monkeypatch.setattr(local_set, "local_set", whole)
    monkeypatch.setattr(request, "requested", requested)
    monkeypatch.setattr(target_install, "_remember", lambda *_, **__: called.append(("kept", None)))
    install("mymodel")
    assert (("kept", None) in called) is (not built)
