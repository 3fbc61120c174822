"""Sockets in folders, however deep these are."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from park_server.sockets.in_folder import listening, short


def connected(folder: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    with short(folder) as path:
        connection.connect(path)
    return connection


def test_a_socket_is_its_owner_s_at_any_depth_and_takes_the_place_of_an_earlier(
    tmp_path: Path,
) -> None:
    folder = tmp_path.joinpath(*["deep" * 10] * 5)
    folder.mkdir(parents=True)
    listening(folder, 1).close()
    with listening(folder, 1), connected(folder):
        assert (folder / "socket").stat().st_mode & 0o777 == 0o600


def test_where_there_is_no_folder_nothing_listens(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        listening(tmp_path / "nowhere", 1)
