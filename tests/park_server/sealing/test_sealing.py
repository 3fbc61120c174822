"""`park_server.sealing.sealing`: the key of a home, rotated, lost, and put back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from park.errors import CannotSatisfy, NotPermitted, UsageError
from park_server.sealing.sealing import Sealing

if TYPE_CHECKING:
    from pathlib import Path


def test_its_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "sealing-key"
    sealed = Sealing(file).seal("secret")
    assert file.stat().st_mode & 0o777 == 0o600
    assert Sealing(file).opened(sealed) == "secret"


def test_a_new_key_is_settled_once_all_was_sealed(tmp_path: Path) -> None:
    file = tmp_path / "sealing-key"
    sealing = Sealing(file)
    assert not sealing.is_settled  # an earlier park may have left what is in clear
    assert not Sealing(file).is_settled
    sealing.settled()
    assert Sealing(file).is_settled


def test_a_key_of_somebody_else_is_not_taken(tmp_path: Path) -> None:
    file = tmp_path / "sealing-key"
    file.symlink_to("/etc/hostname")
    with pytest.raises(NotPermitted):
        Sealing(file)
    file.unlink()
    file.write_text("no-key\n")
    with pytest.raises(UsageError):
        Sealing(file)


def test_after_a_rotation_both_keys_open_and_the_new_one_seals(tmp_path: Path) -> None:
    file = tmp_path / "sealing-key"
    sealing = Sealing(file)
    sealing.settled()
    first = sealing.seal("secret")
    sealing.rotate()
    assert sealing.seal("secret") != first
    assert not sealing.is_settled
    for again in (sealing, Sealing(file)):
        assert again.opened(first) == "secret"
        assert again.sealed_anew(first) == again.seal("secret")
    sealing.settled()
    assert sealing.opened(first) == "secret"  # of what is under way
    with pytest.raises(CannotSatisfy, match="a key that is not in the home"):
        Sealing(file).opened(first)


def test_what_no_key_opens_stays_as_it_is_until_that_is_put_back(tmp_path: Path) -> None:
    of_backup, new = tmp_path / "a", tmp_path / "b"
    kept = Sealing(of_backup).seal("secret")
    restored = Sealing(new)
    restored.settled()
    assert restored.sealed_anew(kept) == kept
    assert not restored.opens(kept)
    of_backup.rename(tmp_path / "b.before")
    assert not Sealing(new).is_settled
    assert Sealing(new).sealed_anew(kept) == restored.seal("secret")


def test_its_files_stay_the_ones_that_are_hidden_from_jobs(tmp_path: Path) -> None:
    file, before = tmp_path / "key", tmp_path / "key.before"
    sealing = Sealing(file)
    those = [each.stat().st_ino for each in (file, before)]
    for change in (sealing.settled, sealing.rotate, sealing.rotate, sealing.settled):
        change()
        assert [each.stat().st_ino for each in (file, before)] == those


def test_what_is_in_clear_is_sealed(tmp_path: Path) -> None:
    sealing = Sealing(tmp_path / "key")
    assert sealing.sealed_anew("secret") == sealing.seal("secret")
