"""Trees as repositories have them, from an editable install here to a job there."""

from __future__ import annotations

import socket
import subprocess
import sys
import zipfile
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from support.material.projects import make_git_checkout, write_tree
from support.material.wheels import make_wheel
from support.services.park_client import Client, make_virtualenv, uv_install
from support.session.slow_cases import slow_after

if TYPE_CHECKING:
    from support.services.park_service import ParkService

pytestmark = pytest.mark.slow

LIKE_BUMPS = {
    "pyproject.toml": """
        [project]
        name = "like-bumps"
        dynamic = ["version"]
        [build-system]
        requires = ["setuptools", "versioningit"]
        build-backend = "setuptools.build_meta"
        [tool.setuptools]
        packages = ["like_bumps"]
        [tool.versioningit.vcs]
        method = "git"
        default-tag = "v0.0.0"
        [tool.versioningit.write]
        file = "like_bumps/_version.py"
    """,
    "like_bumps/__init__.py": """
        from like_bumps._version import __version__
        def version():
            return __version__
    """,
    ".gitignore": "_version.py\n*.egg-info\n",
    "LICENSE.txt": "Public domain.\n",
}
"""What the git trees of bumps and refl1d have: links that lead nowhere, a version from tags."""

FRAMEWORK = "extra/app_folder_template/film.app/Contents/Frameworks/python.framework"


def like_bumps(folder: Path) -> Path:
    files = {path: dedent(text).lstrip() for path, text in LIKE_BUMPS.items()}
    root = write_tree(folder / "like-bumps", files)
    links = {
        f"{FRAMEWORK}/Versions/A/python": "/Users/paul/miniconda3/envs/film/lib/libpython.dylib",
        f"{FRAMEWORK}/Versions/Current": "A",
        f"{FRAMEWORK}/Resources": "Versions/Current/Resources",
        "like_bumps/LICENSE": "../LICENSE.txt",
        "like_bumps/loop": ".",
    }
    for path, target in links.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).symlink_to(target)
    make_git_checkout(root, tag="v1.0.5")
    (root / "LICENSE.txt").write_text("Public domain, still.\n")
    subprocess.run(
        ["git", "-c", "user.name=A", "-c", "user.email=a@e.org", "commit", "-qam", "more"],
        cwd=root,
        check=True,
    )
    return root


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_virtualenv(tmp_path_factory.mktemp("client") / "venv")


@pytest.fixture
def client(python: Path, tmp_path: Path, client_cache: Path, service: ParkService) -> Client:
    return Client.of(python, tmp_path / "client", cache=client_cache, service=service)


def test_the_tree_of_a_repository_installs_builds_and_runs(client: Client, tmp_path: Path) -> None:
    uv_install(client.python, like_bumps(tmp_path))
    version = client.json("install", "like_bumps")["version"]
    assert version.startswith("1.0.5.post1+g")
    assert client.call("like_bumps:version") == version.rpartition(".t")[0]


COMMON = {
    "pyproject.toml": """
        [project]
        name = "common-film"
        version = "1.0"
        description = "What they share."
        [build-system]
        requires = ["flit_core"]
        build-backend = "flit_core.buildapi"
    """,
    "common_film.py": '"""What they share."""\ndef sld():\n    return 2.0\n',
}
POETRY = """
    [tool.poetry]
    name = "poetic-film"
    version = "1.0"
    description = ""
    authors = []
    packages = [{include = "poetic_film.py"}]
    [tool.poetry.dependencies]
    python = "^3.11"
    common-film = {path = "../common", develop = true}
    [build-system]
    requires = ["poetry-core"]
    build-backend = "poetry.core.masonry.api"
"""
FLIT = """
    [project]
    name = "other-film"
    version = "1.0"
    description = "A film."
    dependencies = ["common-film @ REFERENCE"]
    [build-system]
    requires = ["flit_core"]
    build-backend = "flit_core.buildapi"
"""
MODULE = '"""A film."""\nimport common_film\ndef sld():\n    return common_film.sld()\n'


def common(folder: Path) -> Path:
    return write_tree(folder / "common", {p: dedent(t).lstrip() for p, t in COMMON.items()})


def test_a_relative_path_of_poetry(client: Client, tmp_path: Path) -> None:
    files = {"pyproject.toml": dedent(POETRY), "poetic_film.py": MODULE}
    root = write_tree(tmp_path / "poetic", files)
    uv_install(client.python, common(tmp_path), root)
    assert client.call("poetic_film:sld") == 2.0
    client.run("build", root, "--output", tmp_path / "dist")
    (wheel,) = (tmp_path / "dist").glob("poetic_film-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith("/METADATA"))
        assert b"\nRequires-Dist: common-film\n" in archive.read(name)
    check = [sys.executable, "-m", "twine", "check", str(wheel)]
    subprocess.run(check, check=True, capture_output=True)


@pytest.mark.parametrize("kind", slow_after(1, ["file", "git", "wheel"]))
def test_a_direct_reference(client: Client, tmp_path: Path, kind: str) -> None:
    shared = common(tmp_path)
    make_git_checkout(shared, tag="v1")
    built = make_wheel(
        tmp_path, "common_film", "1.0", files={"common_film.py": b"def sld():\n    return 2.0\n"}
    )
    where = {
        "file": shared.as_uri(),
        "git": f"git+{shared.as_uri()}@v1",
        "wheel": built.as_uri(),
    }
    files = {
        "pyproject.toml": dedent(FLIT).replace("REFERENCE", where[kind]),
        "other_film.py": MODULE,
    }
    uv_install(client.python, write_tree(tmp_path / "other", files), options=("--reinstall",))
    assert client.call("other_film:sld") == 2.0


def test_modules_that_differ_in_case_only(client: Client, tmp_path: Path) -> None:
    files = {
        "pyproject.toml": dedent(COMMON["pyproject.toml"]).replace("common-film", "twin-film"),
        "twin_film/__init__.py": '"""Twins."""\nfrom twin_film import Film, film\n'
        "def both():\n    return [Film.SLD, film.SLD]\n",
        "twin_film/Film.py": "SLD = 1\n",
        "twin_film/film.py": "SLD = 2\n",
    }
    uv_install(client.python, write_tree(tmp_path / "twin", files))
    assert client.call("twin_film:both") == [1, 2]


def test_a_url_is_followed_by_nobody_there(client: Client, tmp_path: Path) -> None:
    """Here six of the index is installed, whatever the metadata say; so that is what runs."""
    with socket.create_server(("127.0.0.1", 0)) as bait:
        bait.setblocking(False)
        url = f"http://127.0.0.1:{bait.getsockname()[1]}/six-1.17.0-py2.py3-none-any.whl"
        module = '"""A film."""\nimport six\ndef version():\n    return six.__version__\n'
        pyproject = dedent(FLIT).replace("common-film @ REFERENCE", f"six @ {url}")
        pyproject = pyproject.replace("other-film", "lured-film")
        root = write_tree(tmp_path, {"pyproject.toml": pyproject, "lured_film.py": module})
        uv_install(client.python, "six==1.17.0")
        uv_install(client.python, root, options=("--no-deps",))
        assert client.call("lured_film:version") == "1.17.0"
        with pytest.raises(BlockingIOError):  # nobody came
            bait.accept()
