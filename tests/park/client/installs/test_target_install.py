"""The install of a target: which of the things that a target can be it is."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Any

import pytest
from support.services.job_service import JobService

from park.client.installs import bundle, bundle_install, target_install
from park.local.set_options import SetOptions

Called = list[tuple[str, Any]]


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> Called:
    """Note what is done with a target, and return what is passed on."""
    seen: Called = []

    def local_set(name: str, *, options: SetOptions, **_: object) -> Any:
        seen.append(("taken", (name, options.taken)))
        return types.SimpleNamespace(project=types.SimpleNamespace(name=name), is_whole=False)

    def completed(_: object, local: Any, __: object) -> Any:
        local.is_whole = True
        return local

    def install(_: object, local: Any, __: object, *, until_compiled: bool) -> str:
        assert local.is_whole
        seen.append(("installed", (local.project.name, until_compiled)))
        return "outcome"

    def install_bundle(_: object, read: str, __: object, *, until_compiled: bool) -> str:
        seen.append(("bundle installed", (read, until_compiled)))
        return "outcome of a bundle"

    def keep_use(_: str, project: str, lock: None) -> None:
        seen.append(("used no more", (project, lock)))

    for each in (local_set, completed, install, keep_use):
        monkeypatch.setattr(target_install, each.__name__, each)
    monkeypatch.setattr(bundle_install, "install_bundle", install_bundle)
    monkeypatch.setattr(bundle, "is_bundle", lambda path: path.suffix == ".park")
    monkeypatch.setattr(bundle, "read_bundle", lambda path: f"read {path.name}")
    return seen


def install(*arguments: Any, **options: Any) -> object:
    return JobService().service.install(*arguments, **options)


def test_a_module_is_its_name_and_what_goes_along_is_taken_too(called: Called) -> None:
    assert install(types.ModuleType("mymodel"), with_="plugin") == "outcome"
    assert called == [
        ("taken", ("mymodel", ("plugin",))),
        ("installed", ("mymodel", True)),
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
    assert install(str(file)) == "outcome"
    assert called[0] == ("taken", (str(file), ()))
