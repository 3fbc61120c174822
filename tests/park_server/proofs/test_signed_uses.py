"""`park_server.proofs.signed_uses`: signed uses as a service looks at them, each once."""

from __future__ import annotations

import time
from typing import Any

import pytest
from support.stand_ins.bound import Holder

from park.errors import NotAuthenticated
from park_server.proofs.nonces import LIFE_S
from park_server.proofs.signed_uses import NonceWanted, Request, Uses

URL = "http://lab.example/api/v1/jobs/x"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def request(*proofs: str, **other: Any) -> Request:
    facts = {"method": "GET", "host": "lab.example", "path": "/api/v1/jobs/x"} | other
    return Request(proofs=proofs, **facts)


def test_a_use_is_signed_with_a_nonce_and_counts_once() -> None:
    uses, holder = Uses(), Holder()
    with pytest.raises(NonceWanted):
        uses.check("t", request(holder.proof("GET", URL, "t")))
    holder.nonce = uses.nonce()
    proof = holder.proof("GET", URL, "t")
    found = uses.check("t", request(proof))
    assert (found.holder, found.nonce) == (holder.name, None)
    with pytest.raises(NotAuthenticated, match="was used before"):
        uses.check("t", request(proof))


def test_an_old_nonce_is_told_in_time_and_then_refused() -> None:
    clock = Clock()
    uses, holder = Uses(steady=clock), Holder()
    holder.nonce = uses.nonce()
    clock.now = LIFE_S * 0.75
    told = uses.check("t", request(holder.proof("GET", URL, "t"))).nonce
    assert told == uses.nonce()
    clock.now = LIFE_S * 1.5
    with pytest.raises(NonceWanted):
        uses.check("t", request(holder.proof("GET", URL, "t")))
    holder.nonce = told
    assert uses.check("t", request(holder.proof("GET", URL, "t"))).holder == holder.name


def test_a_service_behind_a_prefix_knows_its_own_url() -> None:
    uses, holder = Uses("https://lab.example/park/"), Holder()
    holder.nonce = uses.nonce()
    url = "https://lab.example/park/api/v1/jobs/x"
    proof = holder.proof("GET", url, "t")
    assert uses.check("t", request(proof, host="inside:8000")).holder == holder.name


@pytest.mark.parametrize("off", [3600, -3600])
def test_clocks_that_are_far_apart_are_told(off: int) -> None:
    uses, holder = Uses(), Holder()
    holder.nonce = uses.nonce()
    proof = holder.proof("GET", URL, "t", moment=time.time() + off)
    with pytest.raises(NotAuthenticated, match="by the clock of this service") as caught:
        uses.check("t", request(proof))
    assert "clocks" in str(caught.value.hint)


def test_one_proof_comes_with_a_request_and_an_older_peer_is_told_what_to_do() -> None:
    uses, holder = Uses(), Holder()
    holder.nonce = uses.nonce()
    one, two = (holder.proof("GET", URL, "t") for _ in range(2))
    for proofs in ((), (one, two)):
        with pytest.raises(NotAuthenticated, match="proof of possession") as caught:
            uses.check("t", request(*proofs))
        assert "update it" in str(caught.value.hint)
