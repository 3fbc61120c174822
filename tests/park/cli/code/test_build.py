from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from support.material.projects import copy_package, make_git_checkout, write_tree

from park.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PARK_CACHE_DIR", str(tmp_path / "cache"))
    root = copy_package("offline", tmp_path)
    junk = {f"offline/part{n}/__pycache__/a.pyc": "" for n in range(2)}
    parts = {f"offline/part{n}/__init__.py": "" for n in range(50)}
    write_tree(root, {**junk, **parts, ".gitignore": "notes.txt\n", "notes.txt": ""})
    make_git_checkout(root)
    return root


def test_what_would_be_built_and_why(
    root: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["build", str(root), "--output", str(tmp_path / "dist")]) == 0
    captured = capsys.readouterr()
    (wheel,) = (tmp_path / "dist").iterdir()
    version = wheel.name.split("-")[1]
    assert f"building offline {version}" in captured.err
    lines = [line.strip() for line in captured.out.splitlines()]
    assert lines[:2] == [f"offline {version}", f"the source tree {root}"]
    assert "version: 1.0 as declared, and the hash of 54 files" in lines
    assert any(line.startswith(f"wheel: {wheel.name} (") for line in lines)
    assert any(line.endswith("  offline/__init__.py") for line in lines)
    assert "… and 15 more (--json has them all)" in lines
    assert (
        "pyproject.toml"
        in lines[lines.index("in the tree, and not shipped by the build backend:") :]
    )
    assert "__pycache__/ in 2 folders  (never part of a project)" in lines
    assert "notes.txt  (ignored by git)" in lines


def test_the_same_for_programs(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["build", str(root), "--json"])
    main(["build", str(root), "--json"])
    text = capsys.readouterr().out
    document = json.loads(text[text.rindex("\n{\n") :])
    (wheel,) = document["wheels"]
    assert document["project"] == wheel["name"] == "offline"
    assert document["version"] == wheel["version"]
    assert wheel["wheel"]["built"] is False
    assert len(wheel["members"]) == 55
    assert {"path": "notes.txt", "reason": "ignored by git"} in wheel["left_out"]


def test_a_release_is_not_built(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PARK_CACHE_DIR", str(tmp_path / "cache"))
    assert main(["build", "packaging"]) == 0
    assert "is a release, installed from an index: nothing is built" in capsys.readouterr().out
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("target", "status", "message"),
    [
        ("park_t_missing", 5, "no module named park_t_missing"),
        ("json", 5, "part of Python's standard library"),
        ("./nowhere", 5, "does not exist"),
    ],
)
def test_an_error_is_one_message_with_a_hint(
    target: str, status: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["build", target]) == status
    captured = capsys.readouterr()
    assert message in captured.err
    assert "\nhint: " in captured.err
    assert captured.out == ""
