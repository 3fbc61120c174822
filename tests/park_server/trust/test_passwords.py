from __future__ import annotations

import asyncio
import threading

import pytest
from argon2 import PasswordHasher
from support.session.limits import LIMIT_S

from park.errors import TooManyAttempts, UsageError
from park_server.trust.passwords import Passwords

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def test_a_password_is_hashed_and_known_again() -> None:
    async def tried() -> tuple[bool, bool, bool]:
        passwords = Passwords(QUICK)
        encoded = await passwords.hashed("correct horse")
        assert encoded.startswith("$argon2id$")
        assert "correct horse" not in encoded
        return (
            await passwords.is_right(encoded, "correct horse"),
            await passwords.is_right(encoded, "correct hors"),
            await passwords.is_right(encoded, "x" * 10_000),
        )

    assert asyncio.run(tried()) == (True, False, False)


def test_nobody_and_a_damaged_row_know_no_password() -> None:
    passwords = Passwords(QUICK)

    async def tried() -> list[bool]:
        return [await passwords.is_right(each, "nobody's password") for each in (None, "", "$x")]

    assert asyncio.run(tried()) == [False, False, False]


@pytest.mark.parametrize("password", ["", "short", "x" * 1025])
def test_what_no_password_may_be_is_said(password: str) -> None:
    with pytest.raises(UsageError, match="a password has 8 to 1024 characters"):
        asyncio.run(Passwords(QUICK).hashed(password))


class Held(PasswordHasher):
    """A hasher whose hashes take until the test lets them go, and which counts them."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.go = threading.Event()
        self.begun = threading.Semaphore(0)
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        self.begun.release()
        assert self.go.wait(LIMIT_S)
        with self._lock:
            self._now -= 1
        return super().hash(password, salt=salt)


def test_two_are_computed_at_a_time_beside_the_loop_and_few_may_wait() -> None:
    hasher = Held()

    async def tried() -> None:
        passwords = Passwords(hasher)
        tasks = [asyncio.create_task(passwords.hashed("correct horse")) for _ in range(16)]
        for _ in range(2):  # the loop goes on meanwhile
            assert await asyncio.to_thread(hasher.begun.acquire, timeout=LIMIT_S)
        with pytest.raises(TooManyAttempts, match="too many logins"):
            await passwords.hashed("correct horse")
        hasher.go.set()
        assert len(await asyncio.gather(*tasks)) == 16

    asyncio.run(tried())
    assert hasher.most == 2
