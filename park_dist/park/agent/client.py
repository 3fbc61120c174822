"""The agent as programs of its user reach it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from park.agent.messages import MOST_BYTES, Answer, Question, Refusal, decoded, encoded
from park.agent.places import agent_folder, claimed, kept_file, socket_in
from park.errors import (
    CannotSatisfy,
    ParkError,
    ServiceUnreachable,
    error_classes,
)

__all__ = ["AgentClient", "is_supported", "is_switched_off"]

_VARIABLE = "PARK_AGENT"
_OFF = frozenset({"off", "no", "0", "false"})

_LIMIT_S = 90.0
"""Longer than the agent waits for a person, or a service."""


def is_supported() -> bool:
    """Tell whether there can be an agent here: it needs Unix sockets that tell who asks."""
    return sys.platform != "win32" and hasattr(socket, "AF_UNIX")


def is_switched_off() -> bool:
    """Tell whether the environment says that there is to be none."""
    return os.environ.get(_VARIABLE, "").strip().lower() in _OFF


class AgentClient:
    """The agent of ``folder``, started where it is needed."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or agent_folder()

    def is_there(self) -> bool:
        """Tell whether it runs: a process listens at its socket, which a killed one leaves."""
        if not socket_in(self._folder).exists():
            return False
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(str(socket_in(self._folder)))
            return True
        return False

    def has_kept(self) -> bool:
        """Tell whether the keyring has keys for it, so that it is worth starting."""
        return kept_file(self._folder).exists()

    def ask(self, question: Question) -> Answer:
        """Return the answer; raises the error of a refusal, `ServiceUnreachable` without agent."""
        try:
            answer = decoded(self._exchanged(encoded(question)))
        except OSError as error:
            raise ServiceUnreachable(
                f"no agent answers at {socket_in(self._folder)}: {_reason(error)}",
                hint="park agent start",
            ) from None
        if isinstance(answer, Refusal):
            kind = error_classes().get(answer.kind, ParkError)
            raise kind(answer.message, hint=answer.hint)
        return answer  # type: ignore[return-value]  # a question as an answer is no one's business

    def _exchanged(self, line: bytes) -> bytes:
        from park.agent.peer_user import require_own_peer

        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_LIMIT_S)
            connection.connect(str(socket_in(self._folder)))
            require_own_peer(connection, os.geteuid())  # before anything secret is said
            connection.sendall(line)
            found = b""
            while not found.endswith(b"\n"):
                piece = connection.recv(MOST_BYTES)
                if not piece:
                    raise ConnectionAbortedError("it went away")
                found += piece
        return found

    def started(self) -> AgentClient:
        """Return it once it answers, started where it did not run.

        Raises `CannotSatisfy` where there can be none, or is to be none.
        """
        if not is_supported():
            raise CannotSatisfy(
                "there is no agent on this system: it needs Unix sockets",
                hint="a token in a file does: park init, or park service add … --token-file FILE",
            )
        if is_switched_off():
            raise CannotSatisfy(
                f"there is to be no agent: {_VARIABLE}={os.environ[_VARIABLE]}",
                hint="a token in a file, or PARK_TOKEN, needs none",
            )
        with _alone(claimed(self._folder) / "starting"):
            if not self.is_there():
                self._start()
        return self

    def _start(self) -> None:
        # nothing of ours that is secret goes along: the agent holds what it is told, and no more
        variables = {name: value for name, value in os.environ.items() if name != "PARK_TOKEN"}
        done = subprocess.run(
            [sys.executable, "-P", "-m", "park.agent", str(self._folder)],
            env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
            raise CannotSatisfy(f"the agent does not start: {last}", hint="PARK_AGENT=off: none")


def _reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "none was started"
    if isinstance(error, ConnectionRefusedError):
        return "it has ended, and what it held in memory went with it"
    return error.strerror or str(error)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock on the file ``path``: of several who want an agent, one starts it."""
    import fcntl

    holder = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(holder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(holder)
