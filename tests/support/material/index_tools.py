"""The programs that people use with an index: each its own process, with no settings but ours."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import uv

if TYPE_CHECKING:
    import pytest

__all__ = [
    "LOGIN", "install_tools", "installed", "pip_install", "run", "run_tool", "session_folder",
    "tool_variables", "upload", "uv_install",
    "with_login",
]  # fmt: skip

LOGIN = ("__token__", "ada-token")
"""Who uploads and downloads, where a test does not say; as in `index_server.TOKENS`."""

_OUR_OWN = ("PIP_", "UV_", "TWINE_", "POETRY_", "FLIT_", "HATCH_", "DEVPI")
"""Settings of this machine's own tools, which would lead them to other indexes."""


@cache
def install_tools(folder: Path, *requirements: str) -> Path:
    """Install real tools from this machine's registry; return the folder of their scripts."""
    uv_bin, python = uv.find_uv_bin(), str(folder / "bin" / "python")
    subprocess.run([uv_bin, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    install = [uv_bin, "pip", "install", "--quiet", "--python", python, *requirements]
    subprocess.run(install, check=True)
    return folder / "bin"


def session_folder(factory: pytest.TempPathFactory, name: str) -> Path:
    """Return a folder that is the same for all tests of a run."""
    return factory.getbasetemp() / name


def tool_variables(home: Path) -> dict[str, str]:
    """Return the environment of a tool that has settings nowhere, and its caches in ``home``."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_OUR_OWN)}
    return kept | {
        "HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"), "NO_COLOR": "1",
        "XDG_CACHE_HOME": str(home / "cache"), "XDG_DATA_HOME": str(home / "data"),
        "PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1", "UV_CACHE_DIR": str(home / "uv"),
        "PIP_NO_CACHE_DIR": "1", "COLUMNS": "200", "NO_PROXY": "127.0.0.1",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }  # fmt: skip


def run_tool(
    *command: str | Path, home: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a program in ``home``."""
    return subprocess.run(
        command, env=tool_variables(home) | variables, cwd=home, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def run(*command: str | Path, home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a module of the tests' own interpreter: pip, uv or twine."""
    return run_tool(sys.executable, "-m", *command, home=home, **variables)


def with_login(url: str, token: str = LOGIN[1]) -> str:
    """Return ``url`` with a token in it."""
    return url.replace("://", f"://{LOGIN[0]}:{token}@")


def upload(url: str, file: Path, token: str = LOGIN[1]) -> httpx2.Response:
    """Upload ``file`` without any tool."""
    return httpx2.post(
        f"{url}/legacy/",
        data={":action": "file_upload", "protocol_version": "1"},
        files={"content": (file.name, file.read_bytes())},
        auth=(LOGIN[0], token),
        trust_env=False,
    )


def uv_install(
    url: str, page: str, *what: str, home: Path, token: str = LOGIN[1]
) -> dict[str, str]:
    """Install ``what`` into a folder and return the versions that are in it."""
    target = home / "installed"
    done = run(
        "uv", "pip", "install", "--python", sys.executable, "--target", target,
        "--default-index", f"{with_login(url, token)}{page}", *what,
        home=home,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return installed(target)


def pip_install(
    url: str, page: str, *what: str, home: Path, token: str = LOGIN[1]
) -> dict[str, str]:
    """Do the same with pip."""
    target = home / "installed-by-pip"
    done = run(
        "pip", "install", "--target", target, "--upgrade",
        "--index-url", f"{with_login(url, token)}{page}", *what,
        home=home,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return installed(target)


def installed(target: Path) -> dict[str, str]:
    """Return the versions of the projects that are installed in a folder."""
    names = (path.name.removesuffix(".dist-info") for path in target.glob("*.dist-info"))
    return dict(name.split("-") for name in names)
