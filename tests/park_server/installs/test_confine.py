"""A command is confined before it begins, and is what it would be without."""

from __future__ import annotations

import json
import os
import resource
from typing import Any

import pytest

from park_server.installs import confine


def test_limits_come_before_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[Any] = []
    monkeypatch.setattr(resource, "setrlimit", lambda *given: done.append(given))
    monkeypatch.setattr(confine, "protect", done.append)
    monkeypatch.setattr(os, "execvp", lambda *given: done.append(given))
    confine.main([json.dumps({"read_only": ["/srv"], "memory_bytes": 7}), "build", "--wheel"])
    assert done == [
        (resource.RLIMIT_DATA, (7, 7)),
        ["/srv"],
        ("build", ["build", "--wheel"]),
    ]
