"""What a request pays for its token, role and limits; a signed use; a turn for a slot."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from park.model.ids import JobId, new_id
from park.wire import API
from park_repo.database import Database
from park_server.db.tables import metadata
from park_server.grants.passes import Passes
from park_server.http.auth import Authentication
from park_server.jobs.turns.turns import Turns
from park_server.proofs.dpop import Use
from park_server.proofs.identity import ServiceIdentity
from park_server.proofs.signed_uses import Request, Uses
from park_server.quotas.disk_use import DiskUse
from park_server.quotas.quotas import Quotas
from park_server.trust import held_token, token_rows, user_rows
from park_server.trust.held_token import Secret
from park_server.trust.identity import Tokens
from park_server.trust.rights import Rights
from park_server.trust.trust import trust_of
from park_server.trust.under_way import UnderWay

ROUNDS = 5_000
LIMIT_S = 0.0002
SIGNED_LIMIT_S = 0.001
MOST_SIGNED = 2_000
OPEN_PASSES = 49_000
SIZES = ((1, 1), (1_000, 10_000))
WAITING = ((1, 100), (1, 100_000), (1_000, 100_000))


def measure(rounds: int | None) -> dict[str, Any]:
    """Return the seconds of a request behind the gate, less those of one with no gate."""
    found = {
        f"{users} users, {tokens} tokens": asyncio.run(_cost(rounds or ROUNDS, users, tokens))
        for users, tokens in SIZES
    }
    return {
        "yardstick": "the same application without a gate",
        "seconds_more": found,
        "limit_seconds": LIMIT_S,
        "signed_use_of_a_grant": _signed_use(min(rounds or ROUNDS, MOST_SIGNED)),
        "pass_of_a_bounced_grant": _pass(min(rounds or ROUNDS, MOST_SIGNED)),
        "signed_use_limit_seconds": SIGNED_LIMIT_S,
        "seconds_of_a_turn": {
            f"{users} users, {jobs:,} jobs waiting": _turn(rounds or ROUNDS, users, jobs)
            for users, jobs in WAITING
        },
        "holds": max(found.values()) < LIMIT_S,
    }


def _turn(rounds: int, users: int, jobs: int) -> float:
    """Return the seconds in which it is found whose job is the next, and noted that it ran."""
    turns = Turns(Quotas.without_limits())
    lanes = turns.lanes
    lanes.add((f"user{number % users}", JobId(str(number))) for number in range(jobs))
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        user = lanes.turn()
        if user is None:
            raise RuntimeError("nobody waits")
        job = lanes.pop(user)
        turns.took(user, job)
        turns.gave_back(job)
        times.append(time.perf_counter() - start)
        lanes.add([(user, job)])
    return round(statistics.median(times), 7)


def _signed_use(rounds: int) -> dict[str, Any]:
    """Return the seconds in which a use is signed, and those in which it is looked at."""
    with tempfile.TemporaryDirectory() as folder:
        identity, uses = ServiceIdentity(Path(folder) / "identity"), Uses()
        (key,) = identity.keys_of(None)
        url = f"http://127.0.0.1:8000{API}/jobs/x/result"
        identity.heard(url, uses.nonce())
        use = Use(method="GET", url=url, token=Secret.new().text)
        signing, looking = [], []
        for _ in range(rounds):
            start = time.perf_counter()
            proof = identity.proof(key, use)
            between = time.perf_counter()
            request = Request(
                method="GET", host="127.0.0.1:8000", path=f"{API}/jobs/x/result", proofs=(proof,)
            )
            uses.check(use.token, request)
            looking.append(time.perf_counter() - between)
            signing.append(between - start)
    medians = statistics.median(signing), statistics.median(looking)
    return {
        "signing_seconds": round(medians[0], 7),
        "looking_seconds": round(medians[1], 7),
        "holds": sum(medians) <= SIGNED_LIMIT_S,
    }


def _pass(rounds: int) -> dict[str, Any]:
    """Return the seconds in which a pass is made, and those in which it is found and spent.

    Among as many as there may be: other grants have theirs.
    """
    passes = Passes()
    for number in range(OPEN_PASSES):
        passes.made(f"grant{number % 100}", "GET", f"{API}/jobs/x/result")
    making, using = [], []
    for _ in range(rounds):
        start = time.perf_counter()
        token = passes.made("mine", "GET", f"{API}/jobs/x/result")
        between = time.perf_counter()
        if passes.of(token) is None:
            raise RuntimeError("a pass is good once")
        passes.spend(token)
        using.append(time.perf_counter() - between)
        making.append(between - start)
    medians = statistics.median(making), statistics.median(using)
    return {
        "making_seconds": round(medians[0], 7),
        "using_seconds": round(medians[1], 7),
        "holds": sum(medians) <= SIGNED_LIMIT_S,
    }


async def _cost(rounds: int, users: int, tokens: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        database = Database.sqlite(Path(folder) / "park.sqlite")
        try:
            token = _filled(database, users, tokens)
            fixed = Tokens.of_service("root", home="home", internal="internal")
            under_way = UnderWay()
            policy = Path(folder) / "policy.toml"
            policy.write_text("[everybody.limits]\nrequests = 1_000_000\n")
            trust = trust_of(database, policy, fixed, under_way)
            disk = DiskUse(lambda _: {}, time.monotonic)
            quotas = Quotas(trust.directory.allowance_of, disk, time.monotonic)
            gate = Authentication(
                _answer,
                tokens=trust.callers,
                grants=None,
                under_way=under_way,
                admit=quotas.ask,
            )
            guarded, bare = (
                await _seconds(rounds, gate, token),
                await _seconds(rounds, _answer, token),
            )
        finally:
            database.close()
    return round(guarded - bare, 7)


def _filled(database: Database, users: int, tokens: int) -> str:
    """Write so many users and tokens; return one of the last user's tokens."""
    database.write(metadata.create_all).result()
    secrets = [Secret.new() for _ in range(tokens)]
    moment = datetime.now(UTC)

    def fill(connection: Any) -> None:
        for number in range(users):
            user_rows.add(connection, f"user{number}", None, Rights.of(["upload:lab-*"]))
        for number, secret in enumerate(secrets):
            token = held_token.login(new_id(), f"user{number % users}", "", moment)
            token_rows.add(connection, token, secret.digest)

    database.write(fill).result()
    return secrets[-1].text


async def _answer(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def _seconds(rounds: int, app: Any, token: str) -> float:
    """Return the median of the seconds that ``app`` takes for a request."""
    headers = [(b"authorization", f"Bearer {token}".encode())]
    statuses: list[int] = []

    async def send(message: Any) -> None:
        if "status" in message:
            statuses.append(message["status"])

    times = []
    for _ in range(rounds):
        scope = {"type": "http", "method": "GET", "path": f"{API}/jobs/x/result"}
        start = time.perf_counter()
        await app(scope | {"headers": headers}, None, send)
        times.append(time.perf_counter() - start)
    if set(statuses) != {200}:
        raise RuntimeError(f"answered {set(statuses)}")
    return statistics.median(times)
