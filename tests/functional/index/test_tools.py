"""Publishing with the tools that people have: poetry, hatch and flit, unmodified."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.material.index_tools import LOGIN, install_tools, run_tool, session_folder
from support.material.wheels import make_sdist, make_wheel
from support.neighbours.index_server import application, opened_index, serving

from park_repo.index import Index

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES = ["demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz"]


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with opened_index(tmp_path / "index") as index:
        yield index


@pytest.fixture
def url(index: Index) -> Iterator[str]:
    with serving(application(index)) as url:
        yield url


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with the scripts of poetry, hatch and flit."""
    return install_tools(session_folder(tmp_path_factory, "tools"), "poetry", "hatch", "flit")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make a project with its distributions built."""
    make_wheel(tmp_path / "project" / "dist")
    make_sdist(tmp_path / "project" / "dist")
    root = tmp_path / "project"
    (root / "pyproject.toml").write_text(
        '[project]\nname = "demo"\nversion = "1.0"\ndescription = "A demo"\n'
        'requires-python = ">=3.11"\n'
        '[build-system]\nrequires = ["flit_core>=3.12"]\nbuild-backend = "flit_core.buildapi"\n'
    )
    (root / "demo.py").write_text('"""A demo."""\n')
    return root


def published(index: Index) -> list[str]:
    return sorted(file.filename for file in index.project_files("demo"))


@pytest.mark.slow
def test_poetry_publishes(tools: Path, project: Path, url: str, index: Index) -> None:
    done = run_tool(
        tools / "poetry", "publish", "--repository", "park", "--no-interaction",
        home=project,
        POETRY_REPOSITORIES_PARK_URL=f"{url}/legacy/",
        POETRY_HTTP_BASIC_PARK_USERNAME=LOGIN[0],
        POETRY_HTTP_BASIC_PARK_PASSWORD=LOGIN[1],
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert published(index) == FILES


def test_hatch_publishes(tools: Path, project: Path, url: str, index: Index) -> None:
    done = run_tool(
        tools / "hatch", "publish", "--no-prompt", "--repo", f"{url}/legacy/",
        "--user", LOGIN[0], "--auth", LOGIN[1], *(project / "dist" / name for name in FILES),
        home=project,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert published(index) == FILES


@pytest.mark.slow
def test_flit_publishes(tools: Path, project: Path, url: str, index: Index) -> None:
    """flit builds by itself, so these are real files of a real backend."""
    done = run_tool(
        tools / "flit", "publish", "--no-use-vcs",
        home=project,
        FLIT_INDEX_URL=f"{url}/legacy/", FLIT_USERNAME=LOGIN[0], FLIT_PASSWORD=LOGIN[1],
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(published(index)) == 2
