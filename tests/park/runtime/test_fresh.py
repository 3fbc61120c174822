"""A fresh interpreter takes up the order that it was handed, in the place of the old program."""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

import park.runtime
from park.runtime import child, fresh
from park.runtime.order import Order


class Gone(Exception):
    """The process would be another program, or have ended."""


def test_the_program_is_replaced_by_a_bare_interpreter_in_a_role(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    became: list[Any] = []

    def execv(*given: Any) -> None:
        became.append(given)
        raise Gone

    monkeypatch.setattr(os, "execv", execv)
    with pytest.raises(Gone):
        fresh.execute("job", "{}")
    program = str(Path(park.runtime.__path__[0]) / "__main__.py")
    assert became == [(sys.executable, [sys.executable, "-I", "-B", program, "job", "{}"])]


def test_the_order_and_the_channel_come_as_descriptors(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    order = Order(job_id="a", attempt=2, directory="/jobs/a", entry_point="m:f", set_hash=None)
    (tmp_path / "order").write_text(json.dumps(order.as_record()))
    ours, theirs = socket.socketpair()
    theirs.set_inheritable(True)
    descriptor = os.open(tmp_path / "order", os.O_RDONLY)
    argument = json.dumps({"order": descriptor, "channel": theirs.detach()})
    done: list[Any] = []

    def run(order: Order, channel: socket.socket) -> None:
        done.append((order, channel.get_inheritable()))
        channel.send(b"f")
        channel.close()
        raise Gone

    monkeypatch.setattr(child, "run", run)
    monkeypatch.setattr(fresh, "prepare_streams", lambda: done.append("streams"))
    monkeypatch.setattr(fresh, "add_library", done.append)
    monkeypatch.setenv("PARK_RUNTIME", "/runtime/lib")
    with pytest.raises(Gone):
        fresh.main(argument)
    # the job's own children inherit nothing of it
    assert done == ["/runtime/lib", "streams", (order, False)]
    assert ours.recv(9) == b"f"
    ours.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
