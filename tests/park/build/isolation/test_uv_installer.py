"""`park.build.isolation.uv_installer`: uv makes build environments as pip would, or pip does."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.material.wheels import make_wheel

from park.build.cache import Cache
from park.build.isolation import uv_installer
from park.build.isolation.isolated_env import build_environment
from park.build.isolation.uv_installer import install_with_uv, uv_variables
from park.errors import BuildFailed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(root=tmp_path / "cache")


def installers(cache: Cache) -> set[str]:
    """Return what wrote ``INSTALLER`` into the build environments."""
    return {found.read_text().strip() for found in cache.environments.rglob("INSTALLER")}


def test_what_pip_is_told_is_said_to_uv() -> None:
    settings = {
        "index-url": "https://ada:secret@x.example.org/simple",
        "extra-index-url": "https://a/\nhttps://b/",
        "find-links": "/wheels /more",
        "retries": "3",
    }
    assert uv_variables(settings) == {
        "UV_DEFAULT_INDEX": "https://ada:secret@x.example.org/simple",
        "UV_INDEX": "https://a/ https://b/",
        "UV_FIND_LINKS": "/wheels,/more",
    }


def test_what_uv_has_no_word_for_is_left_to_pip() -> None:
    assert uv_variables({"client-cert": "/x.pem"}) is None


def test_wheels_come_from_where_pip_finds_them(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_wheel(tmp_path / "here", "park-test-backend".replace("-", "_"), "1.0")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "here"))
    environment = build_environment(["park-test-backend; python_version >= '3'"], cache=cache)
    assert [str(pin) for pin in environment.installed] == ["park-test-backend==1.0"]
    assert installers(cache) == {"uv"}


@pytest.mark.parametrize("version", [None, "uv 0.4.0", "something else"])
def test_without_a_recent_uv_pip_makes_the_environment(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str | None
) -> None:
    program = tmp_path / "uv"
    program.write_text(f"#!/bin/sh\necho '{version}'\n")
    program.chmod(0o755)
    monkeypatch.setattr(uv_installer, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path) if version else "/nowhere")
    make_wheel(tmp_path / "here", "park_test_backend")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "here"))
    build_environment(["park-test-backend"], cache=cache)
    assert installers(cache) == {"pip"}


def test_where_uv_fails_pip_has_the_word(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # uv has no variable for it
    with pytest.raises(BuildFailed, match="No matching distribution found for park-no-such"):
        build_environment(["park-no-such-project"], cache=cache)


def test_an_index_that_uv_is_told_counts_before_that_of_pip(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[dict[str, str]] = []

    def run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        seen.append(options["env"])  # type: ignore[arg-type]
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(uv_installer, "_program", lambda: "uv")
    monkeypatch.setattr(uv_installer, "pip_settings", lambda: {"index-url": "https://pip/"})
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setenv("UV_INDEX_URL", "https://own/")
    assert install_with_uv(sys.executable, ["x"])
    monkeypatch.delenv("UV_INDEX_URL")
    assert install_with_uv(sys.executable, ["x"])
    assert "UV_DEFAULT_INDEX" not in seen[0]
    assert seen[1]["UV_DEFAULT_INDEX"] == "https://pip/"
