"""What a service remembers of calls: asked for, and forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlencode

from park.client.access.transport import Transport
from park.client.jobs.told.looked_up import looked_up
from park.wire import API, ForgottenRecord, MemoRecord, MemoStatsRecord, WhyRecord, decode

__all__ = ["explanation", "forget", "remembered", "stats"]


def explanation(transport: Transport, job: str) -> WhyRecord:
    """Return why ``job`` ran, or did not; raises `UnknownItem`."""
    with looked_up(transport.address.url):
        answer = transport.json("GET", f"{API}/jobs/{quote(job, safe='')}/explain")
    return decode(WhyRecord, answer)


def remembered(
    transport: Transport, *, entry_point: str | None = None, limit: int = 50
) -> list[MemoRecord]:
    """Return your newest runs that answer the same call, newest first."""
    asked = {"limit": str(limit)} | ({} if entry_point is None else {"entry_point": entry_point})
    answer = transport.json("GET", f"{API}/memo?{urlencode(asked)}")
    return [decode(MemoRecord, each) for each in answer]


def stats(transport: Transport) -> MemoStatsRecord:
    """Return how much is remembered for you, and what that has saved."""
    return decode(MemoStatsRecord, transport.json("GET", f"{API}/memo/stats"))


def forget(
    transport: Transport,
    *,
    jobs: Sequence[str] = (),
    entry_point: str | None = None,
    everything: bool = False,
) -> int:
    """Have runs of yours answer no later call; return how many."""
    asked = [("job", job) for job in jobs]
    asked += [] if entry_point is None else [("entry_point", entry_point)]
    asked += [("everything", "true")] if everything else []
    answer = transport.json("DELETE", f"{API}/memo?{urlencode(asked)}")
    return decode(ForgottenRecord, answer).forgotten
