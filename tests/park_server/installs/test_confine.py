"""A command is confined before it begins, and is what it would be without."""

from __future__ import annotations

import json
import os
import resource
from typing import TYPE_CHECKING, Any

from park_server.installs import confine

if TYPE_CHECKING:
    import pytest


def test_limits_come_before_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[Any] = []

    def note(name: str) -> Any:
        return lambda *given: done.append((name, *given))

    words = ["alone", "hide=/srv", "show=/srv/builds/one"]
    monkeypatch.setattr(resource, "setrlimit", note("limit"))
    monkeypatch.setattr(confine, "arrange_mounts", lambda arrange: arrange())
    monkeypatch.setattr(confine, "arrange_covers", note("cover"))
    monkeypatch.setattr(confine, "_unshared", note("unshare"))
    monkeypatch.setattr(confine, "leave_powers", note("leave"))
    monkeypatch.setattr(os, "execvp", note("become"))
    limits = {"home": "/srv", "shown": ["/srv/builds/one"], "network": False, "memory_bytes": 7}
    confine.main([json.dumps(limits), "build", "--wheel"])
    assert done == [
        ("limit", resource.RLIMIT_DATA, (7, 7)),
        ("unshare", 0x40000000),
        ("unshare", 0x08000000),
        ("unshare", 0x20000000),
        ("cover", words),
        ("leave", words),
        ("become", "build", ["build", "--wheel"]),
    ]
