"""``park publish``: built by build, checked and uploaded by twine, installed by pip."""

from __future__ import annotations

import base64
import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
from support.material.index_tools import run
from support.material.projects import flit_project, write_tree
from support.neighbours.ports import free_port
from support.session.limits import LIMIT_S
from support.session.slow_cases import slow_after
from support.stand_ins.scripted_server import answer, scripted_server

from park.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.services.park_service import ParkService

pytestmark = pytest.mark.slow

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


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a home of twine's own settings, and a keyring that is a file below it."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "file_keyring.py").write_text(KEYRING)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PYTHONPATH", str(home))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "file_keyring.Keyring")
    monkeypatch.delenv("TWINE_REPOSITORY_URL")
    return home


KEYRING = """
import json, pathlib
from keyring.backend import KeyringBackend

class Keyring(KeyringBackend):
    priority = 1

    def get_password(self, service, username):
        kept = json.loads((pathlib.Path.home() / "keys.json").read_text())
        return kept.get(f"{username} {service}")

    def set_password(self, service, username, password):
        raise NotImplementedError
"""


@pytest.fixture
def pypi_server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Run a pypiserver that asks for no login; give its URL, and its folder."""
    folder, url = tmp_path / "packages", f"http://127.0.0.1:{(port := free_port())}"
    folder.mkdir()
    command = [sys.executable, "-m", "pypiserver", "run", "-i", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen([*command, "-P", ".", "-a", ".", str(folder)]) as process:
        try:
            transport = httpx2.HTTPTransport()
            with httpx2.Client(transport=transport, trust_env=False) as client:
                deadline = time.monotonic() + LIMIT_S
                while not _answers(client, url):
                    assert process.poll() is None
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
            yield url, folder
        finally:
            process.kill()


def _answers(client: httpx2.Client, url: str) -> bool:
    try:
        return client.get(url).is_success
    except httpx2.TransportError:
        return False


def test_a_section_of_pypirc_is_an_index_to_publish_to(
    tree: Path, home: Path, pypi_server: tuple[str, Path], capfd: pytest.CaptureFixture[str]
) -> None:
    url, folder = pypi_server
    pypirc = f"[distutils]\nindex-servers = lab\n[lab]\nrepository = {url}/\n"
    (home / ".pypirc").write_text(f"{pypirc}username = ada\npassword = any\n")
    assert main(["publish", str(tree), "--repository", "lab"]) == 0
    said = capfd.readouterr()
    assert f"{tree.name} 1.4: published to lab" in said.out
    assert "\x1b" not in said.out + said.err  # no terminal: neither colours nor bars
    assert len(list(folder.iterdir())) == 2
    assert main(["publish", str(tree), "--repository", "lab"]) == 5
    said = capfd.readouterr()
    assert "HTTPError: 4" in said.out + said.err
    assert "hint: --output DIR keeps the files" in said.err


def test_a_password_is_taken_from_the_keyring_and_attestations_go_along(
    tree: Path, home: Path, tmp_path: Path
) -> None:
    with scripted_server(lambda _: answer()) as server:
        url = f"{server.url}/legacy/"
        (home / "keys.json").write_text(json.dumps({f"ada {url}": "of the keyring"}))
        dist = tmp_path / "dist"
        assert main(["publish", str(tree), "--dry-run", "--output", str(dist)]) == 0
        files = sorted(str(path) for path in dist.iterdir())
        for file in files:
            Path(f"{file}.publish.attestation").write_text('{"version": 1, "of": "a test"}')
        (home / ".pypirc").write_text(
            f"[distutils]\nindex-servers = lab\n[lab]\nrepository = {url}\nusername = ada\n"
        )
        assert main(["publish", *files, "--repository", "lab"]) == 0
    login = base64.b64encode(b"ada:of the keyring").decode()
    uploads = [asked for asked in server.asked if asked.line.startswith("POST /legacy/ ")]
    assert [asked.headers["authorization"] for asked in uploads] == [f"Basic {login}"] * 2
    assert all(b'[{"version": 1, "of": "a test"}]' in asked.body for asked in uploads)


@pytest.mark.parametrize(
    "login", slow_after(1, [{"TWINE_USERNAME": "ada", "TWINE_PASSWORD": "any"}, {}])
)
def test_an_index_that_cannot_be_reached_is_no_traceback(
    tree: Path,
    home: Path,
    login: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (home / "keys.json").write_text("{}")
    for name, value in login.items():
        monkeypatch.setenv(name, value)
    url = f"http://127.0.0.1:{free_port()}/"
    assert main(["publish", str(tree), "--repository-url", url]) == 5
    said = capfd.readouterr()
    assert "Traceback" not in said.out + said.err
    assert f"{tree.name} 1.4 was not published to {url}: " in said.err
    assert ("Connection refused" if login else "Credential not found") in said.out + said.err
