"""The lock that a service hands out: pip and uv install from it as it is."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import uv

if TYPE_CHECKING:
    from pathlib import Path

    from support.services.park_client import Client
    from support.services.park_service import ParkService

PIP = [sys.executable, "-m", "pip", "--isolated", "install", "--no-deps", "-r", "{lock}"]
UV = [uv.find_uv_bin(), "pip", "install", "--no-config", "--no-deps", "--preview", "-r", "{lock}"]
UV_SYNC = [uv.find_uv_bin(), "pip", "sync", "--no-config", "--preview", "{lock}"]


@pytest.mark.parametrize("command", [PIP, UV, UV_SYNC], ids=["pip", "uv", "uv sync"])
def test_it_installs_with_pip_and_with_uv(
    command: list[str], installed: Client, service: ParkService, tmp_path: Path
) -> None:
    found = installed.json("install", "light_model")["lock_hash"]
    lock, netrc, target = (tmp_path / name for name in ("pylock.toml", "netrc", "target"))
    lock.write_text(service.request("GET", f"/api/v1/locks/{found}").text)
    host = urlsplit(service.url).hostname
    netrc.write_text(f"machine {host} login __token__ password {service.token}\n")
    netrc.chmod(0o600)
    assert service.token not in lock.read_text()

    subprocess.run(
        [*(part.format(lock=lock) for part in command), "--target", str(target)],
        check=True,
        env={**os.environ, "NETRC": str(netrc), "UV_CACHE_DIR": str(tmp_path / "cache")},
    )

    assert (target / "light_model.py").exists(), "a wheel of the service's own"
    assert (target / "sortedcontainers").is_dir(), "one that comes through the service"
