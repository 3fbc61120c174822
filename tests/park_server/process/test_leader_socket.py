"""The socket of the service that leads: its user's alone, and in the place of an earlier one."""

from __future__ import annotations

import socket
import stat
from typing import TYPE_CHECKING

from park_server.process.leader_socket import bound, folder_of
from park_server.sockets.in_folder import short

if TYPE_CHECKING:
    from pathlib import Path


def test_only_its_user_comes_to_it(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    folder.mkdir(mode=0o777)
    with bound(folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_later_one_takes_its_place(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    bound(folder).close()
    with bound(folder) as listener, socket.socket(socket.AF_UNIX) as client:
        with short(folder) as path:
            client.connect(path)
        with listener.accept()[0] as accepted:
            accepted.sendall(b"x")
            assert client.recv(1) == b"x"
