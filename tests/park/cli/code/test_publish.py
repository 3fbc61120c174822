"""``park publish``: what is refused before anything is built; functional/index/test_publish builds."""

from __future__ import annotations

from pathlib import Path

import pytest

from park.cli.main import main

Said = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def nobody_elses_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARK_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("PARK_STATE_DIR", str(tmp_path / "state"))


def test_one_tree_at_a_time(capsys: Said) -> None:
    assert main(["publish", "one", "two", "--dry-run"]) == 2
    assert "one tree at a time" in capsys.readouterr().err


def test_a_release_is_not_mixed_with_what_is_there(tmp_path: Path, capsys: Said) -> None:
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "old.whl").write_bytes(b"")
    assert main(["publish", ".", "--dry-run", "-o", str(tmp_path / "dist")]) == 2
    assert "has files already" in capsys.readouterr().err


def test_files_of_two_releases_are_refused_by_name(tmp_path: Path, capsys: Said) -> None:
    files = [tmp_path / "a-1.tar.gz", tmp_path / "a-2.tar.gz"]
    for file in files:
        file.write_bytes(b"")
    assert main(["publish", *map(str, files), "--dry-run"]) == 2
    assert "found a 1, a 2" in capsys.readouterr().err


def test_the_destination_is_one(capsys: Said) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["publish", ".", "--repository", "pypi", "--repository-url", "http://one"])
    assert "not allowed with" in capsys.readouterr().err
