"""The index with the programs that people use, unmodified: pip, uv and twine."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import tomllib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx2
import pytest
from support.material.index_tools import LOGIN, installed, run, upload, uv_install, with_login
from support.material.wheels import make_wheel
from support.stand_ins.index_behind import serving_behind

from park_repo.negotiation import JSON

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIX = "six-1.0-py3-none-any.whl"
TREE = "1.0+t0123456789abcdef"


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with serving_behind(tmp_path) as url:
        yield url


def twine(url: str, wheel: Path, home: Path) -> subprocess.CompletedProcess[str]:
    return run(
        "twine", "upload", "--non-interactive", "--verbose", "--disable-progress-bar",
        "--repository-url", f"{url}/legacy/", "-u", LOGIN[0], "-p", LOGIN[1], wheel,
        home=home,
    )  # fmt: skip


def test_twine_uploads_once_and_again_and_reads_why_not(url: str, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "a")
    for _ in range(2):
        done = twine(url, wheel, tmp_path)
        assert done.returncode == 0, done.stdout
    other = make_wheel(tmp_path / "b", files={"demo.py": b"other"})
    refused = twine(url, other, tmp_path)
    assert refused.returncode != 0
    assert "is here already with other bytes" in refused.stdout + refused.stderr


@pytest.mark.slow
def test_uv_publishes(url: str, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path)
    done = run(
        "uv", "publish", "--publish-url", f"{url}/legacy/", "--username", LOGIN[0],
        "--password", LOGIN[1], wheel,
        home=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert uv_install(url, "/simple/", "demo", home=tmp_path) == {"demo": "1.0"}


def test_pip_downloads_a_project_and_what_it_requires_of_upstream(url: str, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, requires=["six"])
    upload(url, wheel)
    done = run(
        "pip", "download", "--dest", tmp_path / "got", "--index-url",
        f"{with_login(url)}/simple/", "Demo",
        home=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "got").iterdir()} == {
        wheel.name,
        SIX,
    }
    assert (tmp_path / "got" / wheel.name).read_bytes() == wheel.read_bytes()
    assert f"{wheel.name}.metadata" in done.stdout  # PEP 658: resolved without the wheel


@pytest.mark.slow
def test_pip_locks_and_installs_the_lock(url: str, tmp_path: Path) -> None:
    upload(url, make_wheel(tmp_path, requires=["six"]))
    index = f"{with_login(url)}/simple/"
    lock, target = tmp_path / "pylock.toml", tmp_path / "installed"
    done = run("pip", "lock", "demo", "--index-url", index, "-o", lock, home=tmp_path)
    assert done.returncode == 0, done.stderr
    wheels = [p["wheels"][0] for p in tomllib.loads(lock.read_text())["packages"]]
    assert [wheel["name"] for wheel in wheels] == ["demo-1.0-py3-none-any.whl", SIX]
    # what upstream has comes through here as well, and no lock has the token in it
    assert all(wheel["url"].startswith(f"{url}/files/") for wheel in wheels)
    assert LOGIN[1] not in lock.read_text()
    done = run(
        "pip", "install", "-r", lock, "--target", target, "--index-url", index, home=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert installed(target) == {"demo": "1.0", "six": "1.0"}


@pytest.mark.slow
def test_uv_compiles_and_syncs(url: str, tmp_path: Path) -> None:
    upload(url, make_wheel(tmp_path, requires=["six"]))
    index = ("--default-index", f"{with_login(url)}/simple/")
    lock, target = tmp_path / "pylock.toml", tmp_path / "installed"
    (tmp_path / "requirements.in").write_text("demo\n")
    compiled = ("uv", "pip", "compile", "requirements.in", "--format", "pylock.toml", "-o", lock)
    done = run(*compiled, *index, home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert LOGIN[1] not in lock.read_text()
    synced = ("uv", "pip", "sync", lock, "--target", target, "--python", sys.executable)
    done = run(*synced, *index, home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert installed(target) == {"demo": "1.0", "six": "1.0"}


@pytest.mark.slow
def test_uv_installs_a_project_and_what_it_requires_of_upstream(url: str, tmp_path: Path) -> None:
    upload(url, make_wheel(tmp_path, requires=["six"]))
    installed = uv_install(url, "/simple/", "demo", home=tmp_path)
    assert installed == {"demo": "1.0", "six": "1.0"}


@pytest.mark.slow
def test_uv_sees_a_version_as_soon_as_it_is_uploaded(url: str, tmp_path: Path) -> None:
    for version in ("1.0", "1.1"):
        upload(url, make_wheel(tmp_path, version=version))
        installed = uv_install(url, "/simple/", "-U", "demo", home=tmp_path)
        assert installed == {"demo": version}


@pytest.mark.slow
def test_a_tree_is_installed_from_the_trees_and_never_offered_as_a_release(
    url: str, tmp_path: Path
) -> None:
    upload(url, make_wheel(tmp_path, version="1.0"))
    upload(url, make_wheel(tmp_path, version=TREE))
    assert uv_install(url, "/simple/", "demo", home=tmp_path) == {"demo": "1.0"}
    trees = uv_install(url, "/trees/simple/", f"demo=={TREE}", home=tmp_path)
    assert trees == {"demo": TREE}
    done = run(
        "pip", "download", "--no-deps", "--dest", tmp_path / "got", "--index-url",
        f"{with_login(url)}/trees/simple/", f"demo=={TREE}",
        home=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_of_eight_uploads_of_one_name_one_wins_and_no_reader_sees_half_a_file(
    url: str, tmp_path: Path
) -> None:
    noise = [os.urandom(300_000) for _ in range(8)]
    wheels = [
        make_wheel(tmp_path / str(n), files={"demo.bin": content})
        for n, content in enumerate(noise)
    ]
    is_over = threading.Event()
    with ThreadPoolExecutor(9) as pool:
        reader = pool.submit(read_until, is_over, url)
        statuses = [answer.status_code for answer in pool.map(upload, [url] * 8, wheels)]
        is_over.set()
        seen = reader.result()
    assert sorted(statuses) == [200] + [409] * 7
    winner = wheels[statuses.index(200)].read_bytes()
    assert seen <= {hashlib.sha256(winner).hexdigest()}
    assert read_once(url) == {hashlib.sha256(winner).hexdigest()}


def read_until(is_over: threading.Event, url: str) -> set[str]:
    seen: set[str] = set()
    while not is_over.is_set():
        seen |= read_once(url)
    return seen


def read_once(url: str) -> set[str]:
    """Return the digests on the project's page, after checking each against its file."""
    page = httpx2.get(f"{url}/simple/demo/", headers={"Accept": JSON}, auth=LOGIN)
    if page.status_code == 404:
        return set()
    files = page.json()["files"]
    for file in files:
        content = httpx2.get(str(page.url.join(file["url"])), auth=LOGIN).content
        assert hashlib.sha256(content).hexdigest() == file["hashes"]["sha256"]
        assert len(content) == file["size"]
    return {file["hashes"]["sha256"] for file in files}
