"""``python -m park.agent FOLDER``: listen, go into the background, and answer.

It ends in the foreground once it answers, so that whoever started it need not wait or look.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

from park.agent.answering import State
from park.agent.confirming import confirmed
from park.agent.hardening import harden
from park.agent.keyring_store import KeyringStore
from park.agent.keys import Keys
from park.agent.places import claimed, kept_file, socket_in
from park.agent.refreshing import refreshed_token
from park.agent.service_requests import asked
from park.agent.talk import AgentServer, Outside
from park.errors import ParkError

__all__ = ["main"]

_BACKLOG = 64


def main(words: list[str]) -> int:
    """Be the agent of a folder; ``--foreground`` stays where it was started."""
    harden()
    folder = claimed(Path(words[0]))
    holder = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return 0  # another one was faster, and answers
    listener = _listening(socket_in(folder))
    if "--foreground" not in words and os.fork():
        os._exit(0)  # what is open is the child's now
    if "--foreground" not in words:
        _leave_the_terminal()
    store = KeyringStore(kept_file(folder))
    outside = Outside(
        confirm=confirmed, refresh=refreshed_token, keep=store.keep, forget=store.forget, ask=asked
    )
    keys = {key.service: key for key in store.load(time.time())}
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _leave)
    with listener:
        try:
            AgentServer(listener, outside, State(keys=Keys(MappingProxyType(keys)))).serve()
        finally:
            with suppress(OSError):
                socket_in(folder).unlink()
    return 0


def _listening(path: Path) -> socket.socket:
    """Return what listens at ``path``; the lock says that nobody else does."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))  # of mode 0700 by the umask
    listener.listen(_BACKLOG)
    return listener


def _leave_the_terminal() -> None:
    """Be nobody's child: a closed terminal ends no agent, and it holds no folder or pipe."""
    os.setsid()
    os.chdir("/")
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.close(nothing)


def _leave(*_: object) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (ParkError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
