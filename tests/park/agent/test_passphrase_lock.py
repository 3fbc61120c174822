import pytest

from park.agent.passphrase_lock import Locked
from park.errors import NotPermitted, UsageError

SALT = b"0123456789abcdef"


def test_the_passphrase_opens_it_and_no_other() -> None:
    lock = Locked.by("hunter2", SALT)
    assert lock.opened("hunter2", 0.0) is None
    for wrong in ("", "hunter", "hunter2 ", "Hunter2", "\ud800"):
        assert lock.opened(wrong, 0.0) is not None
    assert "hunter2" not in repr(lock)
    assert b"hunter2" not in lock.digest


def test_each_wrong_one_doubles_the_pause_up_to_a_minute() -> None:
    lock, now, pauses = Locked.by("right", SALT), 0.0, []
    for _ in range(10):
        wrong = lock.opened("wrong", now)
        assert wrong is not None
        pauses.append(wrong.not_before - now)
        with pytest.raises(NotPermitted, match="the next is looked at in"):
            wrong.opened("right", wrong.not_before - 0.01)
        lock, now = wrong, wrong.not_before
    assert pauses[:4] == [0.5, 1.0, 2.0, 4.0]
    assert pauses[-1] == 60.0
    assert lock.opened("right", now) is None


def test_an_empty_one_locks_nothing() -> None:
    with pytest.raises(UsageError):
        Locked.by("", SALT)
