"""pip, uv and twine, unmodified, against the index of a running service."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx2
import pytest
from support.material.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from support.services.park_client import Client
    from support.services.park_service import ParkService

OUR_OWN = ("PIP_", "UV_", "TWINE_")
"""Settings of this machine's own tools, which would lead them to other indexes."""


def run(*command: str | Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a tool of this interpreter, with no configuration but what it is given."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(OUR_OWN)}
    environ |= {
        "HOME": str(home),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_CACHE_DIR": "1",
        "UV_NO_CONFIG": "1",
        "UV_CACHE_DIR": str(home / "uv"),
        "NO_COLOR": "1",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }
    done = subprocess.run(
        [sys.executable, "-m", *command],
        env=environ,
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done


def with_login(service: ParkService, page: str) -> str:
    return service.url.replace("://", f"://__token__:{service.token}@") + page


def twine_upload(service: ParkService, wheel: Path, home: Path) -> None:
    run(
        *("twine", "upload", "--non-interactive", "--disable-progress-bar"),
        *("--repository-url", f"{service.url}/legacy/"),
        *("-u", "__token__", "-p", service.token, wheel),
        home=home,
    )


def uv_install(service: ParkService, page: str, *what: str, home: Path) -> dict[str, str]:
    """Install ``what`` with uv into a folder; return the versions that are in it."""
    target = home / "installed"
    run(
        *("uv", "pip", "install", "--python", sys.executable, "--target", target),
        *("--index-url", with_login(service, page), *what),
        home=home,
    )
    listed = run("uv", "pip", "list", "--target", target, "--format", "json", home=home)
    return {item["name"]: item["version"] for item in json.loads(listed.stdout)}


def test_what_twine_uploads_pip_and_uv_install_with_what_it_requires_of_upstream(
    service: ParkService, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path, "park_released", requires=["sortedcontainers"])
    twine_upload(service, wheel, tmp_path)
    run(
        *("pip", "download", "--dest", tmp_path / "got"),
        *("--index-url", with_login(service, "/simple/"), "park-released"),
        home=tmp_path,
    )
    got = {path.name.partition("-")[0]: path for path in (tmp_path / "got").iterdir()}
    assert set(got) == {"park_released", "sortedcontainers"}
    assert got["park_released"].read_bytes() == wheel.read_bytes()
    installed = uv_install(service, "/simple/", "park-released", home=tmp_path)
    assert installed.keys() == {"park-released", "sortedcontainers"}


@pytest.mark.slow
def test_the_tree_that_park_uploaded_is_on_the_user_s_own_pages_only(
    installed: Client, service: ParkService, tmp_path: Path
) -> None:
    version = installed.json("install", "light_model")["version"]
    listing = httpx2.get(
        f"{service.url}/simple/",
        headers={"Accept": "application/vnd.pypi.simple.v1+json"},
        auth=("__token__", service.token),
    ).json()
    assert "light-model" not in {project["name"] for project in listing["projects"]}
    versions = uv_install(
        service, "/trees/simple/", "--no-deps", f"light-model=={version}", home=tmp_path
    )
    assert versions == {"light-model": version}
    run(
        *("pip", "download", "--no-deps", "--dest", tmp_path / "got"),
        *("--index-url", with_login(service, "/trees/simple/"), f"light-model=={version}"),
        home=tmp_path,
    )
    assert len(list((tmp_path / "got").iterdir())) == 1


def test_the_token_as_bearer_reads_and_uploads(service: ParkService, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "park_bearer")
    headers = {"Authorization": f"Bearer {service.token}"}
    answer = httpx2.post(
        f"{service.url}/legacy/",
        headers=headers,
        data={":action": "file_upload", "protocol_version": "1"},
        files={"content": (wheel.name, wheel.read_bytes())},
    )
    assert answer.status_code == 200, answer.text
    page = httpx2.get(
        f"{service.url}/simple/park-bearer/",
        headers={**headers, "Accept": "application/vnd.pypi.simple.v1+json"},
    )
    (file,) = page.json()["files"]
    content = httpx2.get(str(page.url.join(file["url"])), headers=headers).content
    assert content == wheel.read_bytes()


@pytest.mark.slow
def test_a_released_version_that_twine_uploaded_is_installed_by_park(
    service: ParkService, client: Client, tmp_path: Path
) -> None:
    wheel = make_wheel(
        tmp_path, "park_answer", "2.0", files={"park_answer.py": b"def answer():\n    return 2\n"}
    )
    twine_upload(service, wheel, tmp_path)
    # as it would be installed on a laptop that uses the service's index
    site = tmp_path / "site"
    run(
        *("pip", "install", "--target", site),
        *("--index-url", with_login(service, "/simple/"), "park-answer"),
        home=tmp_path,
    )
    scientist = client.with_variables(PYTHONPATH=str(site))
    outcome = scientist.json("install", "park_answer")
    assert (outcome["version"], outcome["built"], outcome["uploaded"]) == ("2.0", [], [])
    assert scientist.call("park_answer:answer") == 2
