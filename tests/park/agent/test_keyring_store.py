"""Keys in a keyring, which here is one in memory."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from park.agent.keyring_store import KeyringStore
from park.agent.keys import Key
from park.errors import CannotSatisfy

KEY = Key(service="https://lab", token="park_marked", since=1.0, kept=True, confirm=True)


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], str]:
    held: dict[tuple[str, str], str] = {}
    fake = SimpleNamespace(
        set_password=lambda name, user, value: held.__setitem__((name, user), value),
        get_password=lambda name, user: held.get((name, user)),
        delete_password=lambda name, user: held.pop((name, user)),
    )
    monkeypatch.setitem(sys.modules, "keyring", fake)
    return held


def test_what_is_kept_comes_back_after_a_restart(
    tmp_path: Path, ring: dict[tuple[str, str], str]
) -> None:
    file = tmp_path / "kept"
    KeyringStore(file).keep(KEY)
    assert "park_marked" in ring["park", "https://lab"]
    assert "marked" not in file.read_text()  # the secret is in the keyring alone
    (again,) = KeyringStore(file).load(1.0)
    assert again == KEY
    KeyringStore(file).forget("https://lab")
    assert (ring, list(KeyringStore(file).load(1.0))) == ({}, [])


@pytest.mark.usefixtures("ring")
def test_what_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "kept"
    store = KeyringStore(file)
    assert list(store.load(1.0)) == []
    for text in ("[", "{}", "7", '["https://gone", 7]'):
        file.write_text(text)
        assert list(store.load(1.0)) == []


def test_without_a_keyring_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(CannotSatisfy, match="is not installed") as caught:
        KeyringStore(tmp_path / "kept").keep(KEY)
    assert "park-dist[keyring]" in str(caught.value.hint)


def test_a_keyring_that_fails_is_told_without_the_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*words: str) -> None:
        raise RuntimeError(str(words))

    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(set_password=failing))
    with pytest.raises(CannotSatisfy, match="RuntimeError") as caught:
        KeyringStore(tmp_path / "kept").keep(KEY)
    assert "marked" not in f"{caught.value}{caught.value.__cause__}"
    assert not (tmp_path / "kept").exists()
