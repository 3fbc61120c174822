"""Projects that got here in other ways than ``--editable``: what is taken is what runs here."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uv
from support.material.projects import (
    copy_package,
    install_distribution,
    make_git_checkout,
    write_tree,
)
from support.services.park_client import Client, make_virtualenv

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.services.park_service import ParkService

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_virtualenv(tmp_path_factory.mktemp("client") / "venv")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def client(python: Path, tmp_path: Path, cache: Path, service: ParkService) -> Client:
    return Client.of(python, tmp_path / "client", cache=cache, service=service)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return copy_package("hatchling-src", tmp_path)


def with_pip(python: Path, what: str) -> None:
    run(sys.executable, "-m", "pip", "--python", python, "install", "--force-reinstall", what)


def with_uv(python: Path, what: str) -> None:
    run(uv.find_uv_bin(), "pip", "install", "--reinstall", "--python", python, what)


def run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def built(client: Client, target: str, output: Path) -> tuple[dict[str, Any], Path]:
    """Return the account of ``target``, and the wheel."""
    document = client.json("build", target, "--output", str(output))
    (account,) = document["wheels"]
    return account, output / account["wheel"]["filename"]


def sld_in(wheel: Path) -> str:
    with zipfile.ZipFile(wheel) as archive:
        return archive.read("hatchling_src/__init__.py").decode()


@pytest.mark.parametrize("install", [with_pip, with_uv])
def test_from_version_control(
    client: Client, root: Path, tmp_path: Path, install: Callable[[Path, str], None]
) -> None:
    make_git_checkout(root)
    install(client.python, f"git+{root.as_uri()}")
    account, wheel = built(client, "hatchling_src", tmp_path / "dist")
    assert account["kind"] == "copy"
    assert account["declared"] == "1.4.2"
    assert account["origin"].startswith(f"installed from git+{root.as_uri()}@")
    assert sld_in(wheel) == "FILM_SLD = 2.0\n"
    outcome = client.json("install", "hatchling_src")
    assert (outcome["version"], outcome["status"]) == (account["version"], "ready")


@pytest.mark.parametrize("install", [with_pip, with_uv])
def test_a_copy_that_its_folder_has_left_behind(
    client: Client, root: Path, tmp_path: Path, install: Callable[[Path, str], None]
) -> None:
    install(client.python, str(root))
    (root / "src/hatchling_src/__init__.py").write_text("FILM_SLD = 3.0\n")
    account, copy = built(client, "hatchling_src", tmp_path / "dist")
    assert account["origin"] == f"installed from {root}, not editable"
    assert sld_in(copy) == "FILM_SLD = 2.0\n"  # what `import` gets here
    _, tree = built(client, str(root), tmp_path / "dist")
    assert sld_in(tree) == "FILM_SLD = 3.0\n"  # a path is what it says


def test_both_installers_leave_the_same_copy(client: Client, root: Path, tmp_path: Path) -> None:
    versions = []
    for install in (with_pip, with_uv):
        install(client.python, str(root))
        account, _ = built(client, "hatchling_src", tmp_path / "dist")
        versions.append(account["version"])
    assert versions[0] == versions[1]


def test_from_a_wheel_file(client: Client, root: Path, tmp_path: Path) -> None:
    run(uv.find_uv_bin(), "build", "--wheel", "--out-dir", tmp_path / "made", root)
    (made,) = (tmp_path / "made").glob("*.whl")
    by_path, _ = built(client, str(made), tmp_path / "dist")
    assert (by_path["kind"], by_path["declared"]) == ("wheel", "1.4.2")
    outcome = client.json("install", str(made))
    assert outcome["version"] == by_path["version"]
    with_pip(client.python, str(made))
    installed, _ = built(client, "hatchling_src", tmp_path / "dist")
    assert installed["kind"] == "copy"
    assert installed["origin"] == f"installed from {made.as_uri()}"


def test_a_copied_command_runs_from_its_wheel(client: Client, tmp_path: Path) -> None:
    pyproject = """
        [build-system]
        requires = ["setuptools>=77"]
        build-backend = "setuptools.build_meta"
        [project]
        name = "with-commands"
        version = "1"
        scripts = { by-entry-point = "with_commands:main" }
        [tool.setuptools]
        py-modules = ["with_commands"]
        script-files = ["as-a-file"]
    """
    script = "#!/usr/bin/env python\nimport with_commands\nwith_commands.main()\n"
    module = "def main():\n    print('hello')\n"
    files = {"pyproject.toml": pyproject, "as-a-file": script, "with_commands.py": module}
    with_pip(client.python, str(write_tree(tmp_path / "tree", files)))
    _, wheel = built(client, "with_commands", tmp_path / "dist")
    other = make_virtualenv(tmp_path / "other", str(wheel))
    for command in ("as-a-file", "by-entry-point"):
        done = subprocess.run([other.with_name(command)], capture_output=True, check=True)
        assert done.stdout == b"hello\n"


def site_of(python: Path) -> Path:
    base = str(python.parents[1])
    return Path(sysconfig.get_path("purelib", "venv", {"base": base, "platbase": base}))


def as_by_conda(python: Path, name: str, version: str) -> None:
    """Leave what conda does: the files of a release, with the address of its build farm."""
    farm = {"url": "file:///home/conda/feedstock_root/work", "dir_info": {}}
    files = {f"{name}/__init__.py": ""}
    install_distribution(
        site_of(python), name, version, files=files, installer="conda", direct_url=farm
    )


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Make a tree that needs what conda installed."""
    root = copy_package("flit-flat", tmp_path)
    pyproject = (root / "pyproject.toml").read_text()
    (root / "pyproject.toml").write_text(
        pyproject.replace("[project]\n", '[project]\ndependencies = ["sortedcontainers"]\n')
    )
    return root


@pytest.fixture
def conda(tmp_path: Path, cache: Path, service: ParkService) -> Client:
    python = make_virtualenv(tmp_path / "conda")
    return Client.of(python, tmp_path / "client", cache=cache, service=service)


def test_of_what_conda_installed_the_release_is_taken(conda: Client, model: Path) -> None:
    as_by_conda(conda.python, "sortedcontainers", "2.4.0")
    outcome = conda.json("install", str(model))
    lock = conda.json("lock", str(model))
    assert lock["pins"]["sortedcontainers"] == "2.4.0"
    assert [name.split("-")[0] for name in outcome["uploaded"]] == ["flit_flat"]


def test_a_version_that_only_conda_has(conda: Client, model: Path) -> None:
    as_by_conda(conda.python, "sortedcontainers", "2.4.99")
    message = conda.error("install", str(model), status=5)
    first, hint = message.splitlines()
    assert first.startswith("the service's index does not have sortedcontainers 2.4.99; ")
    assert "versions that it could take: 2.4.0" in first
    assert hint.startswith("hint: conda installed sortedcontainers 2.4.99, and has builds that ")
    assert "python -m pip install sortedcontainers==2.4.0; or have a wheel of it" in hint


def test_a_compiled_release_without_a_wheel_for_the_service(conda: Client, model: Path) -> None:
    pyproject = (model / "pyproject.toml").read_text()
    (model / "pyproject.toml").write_text(pyproject.replace("sortedcontainers", "pywin32"))
    install_distribution(site_of(conda.python), "pywin32", "311", files={"win32.py": ""})
    message = conda.error("install", str(model), status=5)
    assert message.startswith("pywin32 311 has no wheel for Python ")
    assert " on win_amd64" in message
    assert "no version of pywin32 has a wheel for Python" in message
