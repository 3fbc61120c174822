"""``park publish``: built by build, checked and uploaded by twine, installed by pip."""

from __future__ import annotations

import itertools
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.material.index_tools import run
from support.material.projects import flit_project, write_tree

from park.cli.main import main

if TYPE_CHECKING:
    from support.services.park_service import ParkService

NUMBERS = itertools.count()


@pytest.fixture(autouse=True)
def publisher(service: ParkService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a user of the service, whose own settings of twine lead elsewhere."""
    for variable in [name for name in os.environ if name.startswith("TWINE_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("TWINE_REPOSITORY_URL", "http://127.0.0.1:9/elsewhere")
    monkeypatch.setenv("PARK_SERVICE", service.url)
    monkeypatch.setenv("PARK_TOKEN", service.token)
    monkeypatch.setenv("PARK_CONFIG", str(tmp_path / "config.toml"))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Write a project that is ready for its release."""
    name = f"released-{os.getpid()}-{next(NUMBERS)}"
    readme = 'readme = {text = "# A model", content-type = "text/markdown"}'
    text = flit_project(name).replace('version = "1"', f'version = "1.4"\n{readme}')
    module = f"{name.replace('-', '_')}.py"
    return write_tree(tmp_path / name, {"pyproject.toml": text, module: '"""A model."""\n'})


def test_a_tree_is_released_once_and_pip_installs_it(
    tree: Path, service: ParkService, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["publish", str(tree), "--output", str(tmp_path / "dist")]) == 0
    said = capfd.readouterr().out
    assert f"{tree.name} 1.4: published to {service.url}" in said
    assert service.token not in said
    files = sorted(path.name for path in (tmp_path / "dist").iterdir())
    assert [name.rpartition("1.4")[2] for name in files] == ["-py2.py3-none-any.whl", ".tar.gz"]
    login = service.url.replace("://", f"://__token__:{service.token}@")
    got = run(
        *("pip", "download", "--no-deps", "--dest", tmp_path / "got"),
        *("--index-url", f"{login}/simple/", f"{tree.name}==1.4"),
        home=tmp_path,
    )
    assert got.returncode == 0, got.stderr
    # the very files again are no fault, and no other bytes get their names
    assert main(["publish", *(str(tmp_path / "dist" / name) for name in files)]) == 0
    module = next(tree.glob("*.py"))
    module.write_text(module.read_text() + "EDITED = True\n")
    capfd.readouterr()
    assert main(["publish", str(tree)]) == 5
    refused = capfd.readouterr().err
    assert f"{tree.name} 1.4 was not published to {service.url}: " in refused
    assert "is here already with other bytes" in refused
    assert "hint: a file name is immutable" in refused


def test_a_dry_run_sends_nothing(tree: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["publish", str(tree), "--dry-run", "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert (document["version"], document["published_to"]) == ("1.4", None)
    assert len(document["files"]) == 2
    assert main(["index", "list", tree.name]) == 2


def test_a_readme_that_no_index_shows_is_refused_before_anything_is_sent(
    tree: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    project = tree / "pyproject.toml"
    broken = project.read_text().replace("# A model", "A\\n==\\n\\n.. nonsense::")
    project.write_text(broken.replace("text/markdown", "text/x-rst"))
    assert main(["publish", str(tree)]) == 5
    assert "does not pass the checks of twine" in capfd.readouterr().err
    assert main(["index", "list", tree.name]) == 2


def test_a_tree_that_does_not_build_is_told_by_its_last_lines(
    tree: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    next(tree.glob("*.py")).unlink()
    assert main(["publish", str(tree)]) != 0
    said = capfd.readouterr().err
    assert "the release could not be built" in said
    assert "Traceback" not in said.partition("the release could not be built")[0]


def test_what_is_installed_from_an_index_is_no_tree(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["publish", "packaging"]) != 0
    said = capfd.readouterr().err
    assert "nothing of it can be built" in said
    assert sys.executable not in said
