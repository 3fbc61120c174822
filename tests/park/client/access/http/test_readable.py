"""Which sockets have something to be read."""

from __future__ import annotations

import select
import socket
from types import SimpleNamespace

import pytest

from park.client.access.http import readable as module
from park.client.access.http.readable import readable


@pytest.mark.parametrize("polls", [True, False], ids=["by poll", "as Windows does"])
def test_those_that_have_something_are_told_at_once_and_else_none_in_time(
    monkeypatch: pytest.MonkeyPatch, *, polls: bool
) -> None:
    if not polls:
        monkeypatch.setattr(module, "select", SimpleNamespace(select=select.select))
    one, to_one = socket.socketpair()
    other, to_other = socket.socketpair()
    with one, to_one, other, to_other:
        assert readable([one, other], 0.01) == []
        to_other.send(b"x")
        assert readable([one, other], 60.0) == [other]
        to_one.close()  # an end is something to be read as well
        assert readable([one, other], 60.0) == [one, other]
