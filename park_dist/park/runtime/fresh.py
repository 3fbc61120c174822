"""A fresh interpreter: replace the program, and take up there what it is to do.

That is the order of a job, or the listening socket of a fork server.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path
from typing import NoReturn

from . import child
from .compiled.shared_code import share_compiled_code
from .order import Order
from .preload import add_library
from .surroundings import prepare_streams
from .used import recorder as used

__all__ = ["begin_anew", "execute", "main", "taken_listener"]


def execute(role: str, argument: str) -> NoReturn:
    """Replace this program by a fresh interpreter in ``role`` (see ``__main__``).

    ``-B``: bytecode was compiled when the wheels were unpacked, and the store is read-only.
    """
    program = str(Path(__file__).with_name("__main__.py"))
    os.execv(sys.executable, [sys.executable, "-I", "-B", program, role, argument])  # noqa: S606 (no shell is wanted)


def taken_listener() -> socket.socket:
    """Move the listening socket away from standard input, where imports may look for one."""
    listener = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.chdir("/")
    return listener


def begin_anew(role: str, argument: str, listener: socket.socket) -> NoReturn:
    """Execute ``role`` with ``listener`` as standard input; orders wait in the socket."""
    os.dup2(listener.fileno(), 0)
    listener.close()
    execute(role, argument)


def main(argument: str) -> NoReturn:
    """Run the job whose order and channel are the descriptors named in ``argument``."""
    descriptors = json.loads(argument)
    with os.fdopen(descriptors["order"], encoding="utf-8") as file:
        order = Order(**json.load(file))
    channel = socket.socket(fileno=descriptors["channel"])
    channel.set_inheritable(False)
    used.start()
    add_library(os.environ.get("PARK_RUNTIME"))
    share_compiled_code()
    prepare_streams()
    child.run(order, channel)
