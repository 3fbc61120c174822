"""A service as its board watches it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from support.material.now import line, now

from park.client.workflows.service_news import ServiceNews
from park.wire import API, encode


class Answering:
    """A transport and a service that say what goes on, and one job."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.transport = self

    def json(self, method: str, path: str) -> Any:
        self.asked.append((method, path))
        return encode(now(running=[line("a", "running")]))

    def job(self, name: str) -> Any:
        return SimpleNamespace(
            refresh=lambda: SimpleNamespace(label=f"fit {name}"),
            cancel=lambda: "cancelled",
            follow=lambda: iter([("stdout", "one"), ("stderr", "two")]),
        )


def test_it_looks_at_once_and_then_after_a_moment() -> None:
    service, pauses = Answering(), list[float]()
    source = ServiceNews(service, pause=pauses.append)  # type: ignore[arg-type]
    assert [job.id for job in source.now().running] == ["a"]
    assert pauses == []
    source.now()
    assert len(pauses) == 1
    assert service.asked == [("GET", f"{API}/now")] * 2


def test_it_reads_logs_and_cancels() -> None:
    source = ServiceNews(Answering())  # type: ignore[arg-type]
    assert list(source.log("a")) == ["one", "two"]
    assert source.cancel("a") == "fit a is cancelled"
