from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from park_server.process.notify import notify

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("is_abstract", [False, True])
def test_the_supervisor_hears_it(tmp_path: Path, is_abstract: bool) -> None:  # noqa: FBT001 (pytest's)
    name = str(tmp_path / "notify")[-90:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(f"\0{name}" if is_abstract else name)
        notify("READY=1", {"NOTIFY_SOCKET": f"@{name}" if is_abstract else name})
        assert heard.recv(100) == b"READY=1"


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": "/nowhere/x"}, {"NOTIFY_SOCKET": "x"}])
def test_without_one_nothing_happens(environ: dict[str, str]) -> None:
    notify("READY=1", environ)
