"""``park lock``: its output is what pip and uv install, wheels from here included."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest
import uv
from packaging.pylock import Pylock
from support.material.projects import copy_package, write_tree

from park.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = '# /// script\n# dependencies = ["httpx2[zstd]"]\n# ///\ndef fit(): return 42\n'


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARK_CACHE_DIR", str(tmp_path / "cache"))


def test_the_closure_of_a_tree_installs_with_pip_and_with_uv(tmp_path: Path) -> None:
    root = copy_package("offline", tmp_path)
    lock = tmp_path / "lock/pylock.toml"
    assert main(["lock", str(root), "--output", str(lock)]) == 0
    Pylock.from_dict(tomllib.loads(lock.read_text()))
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--target", str(tmp_path / "pip")]
    subprocess.run([*pip, "-r", str(lock)], check=True, capture_output=True)
    uv_pip = [uv.find_uv_bin(), "pip", "install", "--no-deps", "--target", str(tmp_path / "uv")]
    flags = ["--preview", "--python", sys.executable]
    subprocess.run([*uv_pip, *flags, "-r", str(lock)], check=True, capture_output=True)
    for target in (tmp_path / "pip", tmp_path / "uv"):
        assert (target / "offline/__init__.py").exists()
        assert (target / "packaging").is_dir()


def test_the_closure_of_a_script_for_programs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = write_tree(tmp_path, {"fit.py": SCRIPT.replace("[zstd]", "")}) / "fit.py"
    assert main(["lock", str(script), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    lock = tomllib.loads(document["lock"])
    versions = {package["name"]: package["version"] for package in lock["packages"]}
    assert versions == document["pins"]
    assert {"fit", "httpx2", "h11"} <= versions.keys()
    assert all(wheel["hashes"]["sha256"] for p in lock["packages"] for wheel in p["wheels"])


def test_a_script_whose_requirement_is_not_installed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SCRIPT.replace("httpx2[zstd]", "park-no-such-project>=2")
    script = write_tree(tmp_path, {"fit.py": text}) / "fit.py"
    assert main(["lock", str(script)]) == 5
    error = capsys.readouterr().err
    assert "fit 0 requires park-no-such-project>=2, which is not installed" in error
    assert 'hint: repair this environment: python -m pip install "park-no-such-project>=2"' in error


def test_a_release_that_the_index_does_not_have(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    root = copy_package("offline", tmp_path)
    assert main(["lock", str(root)]) == 5
    error = capsys.readouterr().err
    assert "no lock holds all that is installed here:" in error
    assert "packaging" in error
    assert "hint: a project from conda or a private index" in error
