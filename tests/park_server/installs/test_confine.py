"""A command is confined before it begins, and is what it would be without."""

from __future__ import annotations

import json
import os
import resource
import tempfile
from typing import TYPE_CHECKING, Any

import pytest

from park_server.installs import confine

if TYPE_CHECKING:
    from pathlib import Path


def test_limits_come_before_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    done: list[Any] = []

    def note(*given: Any) -> bool:
        done.append(given)
        return True

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(resource, "setrlimit", note)
    monkeypatch.setattr(confine, "arrange_mounts", lambda arrange: arrange())
    monkeypatch.setattr(confine, "bind_read_only", note)
    monkeypatch.setattr(confine, "mount", note)
    monkeypatch.setattr(os, "execvp", note)
    limits = {"read_only": ["/srv"], "hidden": ["/srv/token"], "memory_bytes": 7}
    confine.main([json.dumps(limits), "build", "--wheel"])
    (empty,) = tmp_path.iterdir()
    assert done == [
        (resource.RLIMIT_DATA, (7, 7)),
        (["/srv"],),
        (str(empty), "/srv/token", 4096),
        (["/srv/token"],),
        ("build", ["build", "--wheel"]),
    ]
