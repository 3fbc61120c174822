import fcntl
import os
import stat
import threading
from pathlib import Path

import pytest

from park.errors import Conflict
from park_server.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.prepare()
    return home


def test_the_home_and_the_token_are_their_owners_alone(home: Home) -> None:
    token = home.token()
    assert stat.S_IMODE(home.path.stat().st_mode) == 0o700
    assert stat.S_IMODE(home.token_file.stat().st_mode) == 0o600
    assert home.token_file.read_text().strip() == token
    assert len(token) > 40


def test_the_token_stays(home: Home) -> None:
    assert home.token() == home.token()


def test_a_token_that_a_crash_left_unfinished_is_not_taken(home: Home) -> None:
    (home.path / ".token.0123").write_text("")
    assert len(home.token()) > 40


def test_one_service_has_a_home(home: Home) -> None:
    first = home.lock()
    with pytest.raises(Conflict, match="another park service runs on the home") as told:
        home.lock()
    assert "with --standby this one waits for it to end" in str(told.value.hint)
    first.release()
    home.lock().release()


def test_a_lock_that_outlives_a_killed_service_for_a_moment_is_waited_for(home: Home) -> None:
    descriptor = os.open(home.path / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    ends = threading.Timer(0.2, os.close, [descriptor])
    ends.start()
    home.lock().release()
    ends.join()


def test_a_token_that_is_rotated_is_in_the_file_that_is_hidden_from_jobs(home: Home) -> None:
    first, there = home.token(), home.token_file.stat().st_ino
    assert home.rotate_token() == home.token() != first
    assert home.token_file.stat().st_ino == there
