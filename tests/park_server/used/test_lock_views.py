from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.labs.environment_lab import fetch_from, lock_of
from support.labs.usage_lab import UsageLab
from support.material.wheels import make_wheel

from park.model.lock_hash import LockHash
from park_server.used import lock_views

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def lab(tmp_path: Path) -> UsageLab:
    """Give a home with an empty store."""
    return UsageLab(tmp_path / "home")


def wheels(tmp_path: Path) -> list[Path]:
    """Return two wheels with files in several places."""
    data = {"alpha/__init__.py": b"", "alpha-1.0.data/data/share/alpha.txt": b"a"}
    scripts = {"beta.py": b"", "beta-1.0.data/scripts/beta": b"#!/bin/sh\n"}
    return [
        make_wheel(tmp_path, "alpha", files=data),
        make_wheel(tmp_path, "beta", files=scripts),
    ]


def test_the_files_are_those_that_the_environment_will_have(lab: UsageLab, tmp_path: Path) -> None:
    found = wheels(tmp_path)
    view = lab.view(lab.lock(found))
    assert not list((lab.home / "envs" / "v1").iterdir())
    environment = lab.environments.realise(lock_of(found), lab.interpreter, fetch=fetch_from(found))
    assert {f"{view.site}/alpha/__init__.py", "share/alpha.txt", "bin/beta"} <= set(view.files)
    for path in view.files:
        if ".dist-info/" not in path:
            assert (environment.path / path).is_file(), path
    assert [each.info for each in view.wheels] == ["alpha-1.0.dist-info", "beta-1.0.dist-info"]


def test_a_view_is_kept(lab: UsageLab, tmp_path: Path) -> None:
    lock = lab.lock(wheels(tmp_path))
    assert lab.view(lock) is lab.view(lock)


def test_a_wheel_that_left_the_store(lab: UsageLab, tmp_path: Path) -> None:
    lock = lab.lock(wheels(tmp_path))
    entries = list(lab.store.entries())
    lab.store.remove(entries[0].key)
    assert lab.views.view(lock) is None
    assert lab.view(lab.lock(wheels(tmp_path))) is not None


def test_a_lock_that_nobody_knows(lab: UsageLab) -> None:
    lab.views._selected = lambda _: None
    assert lab.views.view(LockHash("0" * 64)) is None


def test_a_view_is_at_hand_once_it_was_made_and_for_a_while(
    lab: UsageLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = lab.view(lab.lock(wheels(tmp_path)))
    (lock_hash,) = lab.views._views
    assert lab.views.at_hand(lock_hash) is view
    assert lab.views.at_hand(LockHash("0" * 64)) is None
    monkeypatch.setattr(lock_views, "_TRUSTED_S", -1.0)
    assert lab.views.at_hand(lock_hash) is None
