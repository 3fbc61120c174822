"""A script whose service is away: it hears so at once, and its exit status says so."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.services.park_client import Client, Scientist

BEGIN = """
import signal, sys, park, light_model
# a test run in the background has SIGINT ignored, and its children inherit that
signal.signal(signal.SIGINT, signal.default_int_handler)
service = park.remote_service(sys.argv[1])
"""
FORGETS = BEGIN + "service.submit(light_model.answer); print('end')"
WAITS = BEGIN + "with service: service.submit(light_model.answer)"


@pytest.fixture
def away() -> Iterator[str]:
    """The URL of a service that does not run: a port that is ours, where nobody listens."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{reserved.getsockname()[1]}"


@contextmanager
def script(client: Client, text: str, url: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [client.python, "-u", "-c", text, url],
        env=client.environ(),
        cwd=client.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        yield running


def test_a_submission_that_failed_while_nobody_asked_is_an_exit_status(
    scientist: Scientist, away: str
) -> None:
    with script(scientist.client, FORGETS, away) as running:
        out, err = running.communicate(timeout=LIMIT_S)
    assert (out, running.returncode) == ("end\n", 120)
    first, *_, told, hint, status = err.splitlines()
    assert first.startswith(f"park: nothing answers at {away}: ")
    assert "Ctrl-C" in first
    assert told.startswith("park: error: job ")
    assert "was not submitted: nothing answers" in told
    assert status == "park: for that the exit status is 120"
    assert hint.startswith("hint: is the service running")


def test_it_stands_in_place_of_the_status_that_the_script_chose_and_is_said(
    scientist: Scientist, away: str
) -> None:
    with script(scientist.client, f"{FORGETS}; sys.exit(7)", away) as running:
        _, err = running.communicate(timeout=LIMIT_S)
    assert running.returncode == 120
    assert "park: for that the exit status is 120" in err.splitlines()


@pytest.mark.parametrize("text", [FORGETS, WAITS], ids=["at the end", "in the block"])
def test_it_is_said_at_once_and_ctrl_c_ends_the_wait(
    scientist: Scientist, away: str, text: str
) -> None:
    with script(scientist.client, text, away) as running:
        assert running.stderr is not None
        assert running.stderr.readline().startswith(f"park: nothing answers at {away}")
        os.kill(running.pid, signal.SIGINT)
        _, err = running.communicate(timeout=LIMIT_S)
    assert running.returncode not in {0, None}
    assert "was not submitted: interrupted" in err  # and not: nothing answers, ten seconds later
