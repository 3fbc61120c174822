"""Processes beside a service: started with a socket, and heard of by their log."""

from __future__ import annotations

import gc
import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from park_server.jobs.engines.helper_process import connect, last_line, make_folder, started
from park_server.sockets.in_folder import listening


def test_a_folder_is_made_anew_for_its_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "below" / "helper"
    (folder / "left").mkdir(parents=True)
    make_folder(folder)
    assert not list(folder.iterdir())
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_process_has_the_socket_and_writes_its_log(tmp_path: Path) -> None:
    command = ["/bin/sh", "-c", "echo said; echo $NAMED; test -S /dev/fd/0 || echo no socket"]
    pid, connection = started(tmp_path, command, {"NAMED": "named"})
    with connection:
        os.waitpid(pid, 0)
    assert (tmp_path / "log").read_text().splitlines() == ["said", "named"]
    assert last_line(tmp_path / "log") == "named"


def test_a_program_that_is_not_there_leaves_no_connection(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        started(tmp_path, ["/no/such/program"], {})
    gc.collect()  # what is left open would be told
    assert connect(tmp_path) is None


def test_one_that_takes_nobody_holds_nobody(tmp_path: Path) -> None:
    """A fork server that was stopped, and by which services have started again and again."""
    with listening(tmp_path, 0), ExitStack() as waiting:
        while (connection := connect(tmp_path)) is not None:
            waiting.enter_context(connection)


@pytest.mark.parametrize(
    ("text", "last"), [(None, None), ("", None), ("a\nb\n\n  \n", "b"), ("only", "only")]
)
def test_the_last_line_that_says_something(
    tmp_path: Path, text: str | None, last: str | None
) -> None:
    if text is not None:
        (tmp_path / "log").write_text(text)
    assert last_line(tmp_path / "log") == last
