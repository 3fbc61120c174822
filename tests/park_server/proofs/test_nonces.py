"""`park_server.proofs.nonces`: fresh ones, old ones, others' ones, and each proof once."""

from __future__ import annotations

import base64

import pytest

from park_server.proofs.nonces import LIFE_S, Nonces


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_nonce_is_good_for_its_life(clock: Clock) -> None:
    nonces = Nonces(clock)
    nonce = nonces.current()
    assert nonces.is_good(nonce)
    assert nonces.is_fresh(nonce)
    clock.now += LIFE_S / 2 + 1
    assert nonces.is_good(nonce)
    assert not nonces.is_fresh(nonce)
    assert nonces.is_fresh(nonces.current())
    clock.now += LIFE_S / 2
    assert not nonces.is_good(nonce)


def test_nobody_else_makes_one(clock: Clock) -> None:
    nonces = Nonces(clock)
    nonce = nonces.current()
    data = bytearray(base64.urlsafe_b64decode(nonce))
    data[7] ^= 1
    forged = base64.urlsafe_b64encode(data).decode()
    for other in (None, "", "x", "é", "A" * 32, forged, Nonces(clock).current()):
        assert not nonces.is_good(other)


def test_each_proof_of_a_holder_counts_once(clock: Clock) -> None:
    nonces = Nonces(clock)
    assert nonces.take("holder", "1")
    assert not nonces.take("holder", "1")
    assert nonces.take("holder", "2")
    assert nonces.take("another", "1")


def test_what_is_over_makes_room(clock: Clock) -> None:
    nonces = Nonces(clock, most_uses=10)
    for number in range(10):
        assert nonces.take("holder", str(number))
    clock.now += LIFE_S + 1
    nonce = nonces.current()
    assert nonces.take("holder", "new")
    assert nonces.is_good(nonce)
    assert len(nonces._used) == 1


def test_a_full_store_ends_all_nonces_so_that_nothing_comes_again(clock: Clock) -> None:
    nonces = Nonces(clock, most_uses=10)
    nonce = nonces.current()
    for number in range(11):
        assert nonces.take("holder", str(number))
    assert len(nonces._used) <= 10
    assert not nonces.is_good(nonce), "a proof that was forgotten could be used again"
    assert nonces.is_good(nonces.current())
