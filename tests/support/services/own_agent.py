"""The agent of a test: in a folder of its own, and gone with it."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from support.session.limits import LIMIT_S

from park.agent.client import AgentClient
from park.agent.messages import Keys, ListKeys, Stop
from park.errors import ServiceUnreachable

__all__ = ["agent_ends", "agent_process", "wait_for_the_end_of"]


def agent_process(client: AgentClient) -> int:
    """Return the process of the agent."""
    listed = client.ask(ListKeys())
    assert isinstance(listed, Keys)
    return listed.pid


def wait_for_the_end_of(pid: int) -> None:
    """Return once there is no such process."""
    with suppress(ProcessLookupError):
        descriptor = os.pidfd_open(pid)
        try:
            ready, _, _ = select.select([descriptor], [], [], LIMIT_S)
            assert ready
        finally:
            os.close(descriptor)


@contextmanager
def agent_ends(folder: Path) -> Iterator[AgentClient]:
    """Give the agent of ``folder``, whether it runs or not; it has ended after the block."""
    client = AgentClient(folder)
    try:
        yield client
    finally:
        if client.is_there():
            with suppress(ServiceUnreachable):
                pid = agent_process(client)
                client.ask(Stop())
                wait_for_the_end_of(pid)
