"""HTTP to another service: what counts as an answer, and where a token goes."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from support.session.limits import LIMIT_S
from support.stand_ins.elsewhere import URL, Elsewhere, leaf

from park.errors import CannotSatisfy, NotAuthenticated, UnknownItem, UsageError
from park.model.truth import NOT_YET, TRUE
from park.wire import PassAnswer
from park_server.bouncing.wanted_passes import WantedPassBook
from park_server.bus import Bus
from park_server.egress.addresses import AddressPolicy
from park_server.egress.guarded_transport import GuardedTransport
from park_server.peers import link as link_module
from park_server.peers.lent import Lent
from park_server.peers.link import Barred, Followed, Link, Silent
from park_server.peers.outage import Outage
from park_server.peers.urls import file_url, normalised

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable


def asking(elsewhere: Elsewhere, ask: Callable[[Link], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with elsewhere.client() as client:
            return await ask(Link(URL, client, str))

    return asyncio.run(run())


def followed(job: str) -> Followed:
    return Followed(leaf(job), Lent("good"))


def test_verdicts_come_in_the_order_of_the_leaves() -> None:
    elsewhere = Elsewhere(verdicts={"b": ("true", "")})
    found = asking(elsewhere, lambda link: link.follow([followed("a"), followed("b")], 1))
    assert found == [NOT_YET, TRUE]


def test_what_is_asked_for_a_job_bears_the_id_of_the_request_that_it_came_by() -> None:
    decided = {"a": ("true", ""), "b": ("true", "")}
    elsewhere = Elsewhere(results={"a": 1}, verdicts=decided)
    mine, yours = Lent("good", request_id="mine"), Lent("good", request_id="yours")

    async def ask(link: Link) -> None:
        await link.job("a", mine)
        await link.follow([Followed(leaf("a"), mine), Followed(leaf("b"), mine)], 0)
        await link.follow([Followed(leaf("a"), mine), Followed(leaf("b"), yours)], 0)
        await link.job("a", Lent("good"))

    asking(elsewhere, ask)
    told = [each.headers.get("x-request-id") for each in elsewhere.requests]
    assert told == ["mine", "mine", None, None]


def test_what_the_service_refuses_is_its_own_error() -> None:
    with pytest.raises(UnknownItem, match="no job x"):
        asking(Elsewhere(), lambda link: link.job("x", Lent("good")))
    with pytest.raises(NotAuthenticated, match="expired"):
        asking(Elsewhere(), lambda link: link.job("x", Lent("bad")))


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(404, text="<html>"),
        httpx2.Response(404, json={"type": "about:blank", "status": 404}),
        httpx2.Response(500, json={"type": "urn:park:problem:service-fault"}),
        httpx2.Response(503, json={"type": "urn:park:problem:service-unreachable"}),
        httpx2.Response(429, json={"type": "urn:park:problem:usage-error"}),
        httpx2.Response(200, text="not JSON"),
        httpx2.Response(200, json=[]),
        httpx2.Response(200, json=["x"]),
        httpx2.Response(200, json=[{"truth": "perhaps"}]),
        httpx2.Response(200, json=3),
    ],
)
def test_what_another_attempt_may_answer_is_silence(answer: httpx2.Response) -> None:
    with pytest.raises(Silent):
        asking(Elsewhere(answer=lambda _: answer), lambda link: link.follow([followed("a")], 1))


@pytest.mark.parametrize("hint", [{"a": 1}, ["x"] * 1_000, "x" * 100_000, 3, None])
def test_what_a_refusal_says_is_a_line_or_nothing(hint: Any) -> None:
    said = {"type": "urn:park:problem:unknown-item", "detail": ["x" * 9_000], "hint": hint}
    answer = httpx2.Response(404, json=said | {"details": {"much": "x" * 9_000}, "status": "odd"})
    with pytest.raises(UnknownItem) as refused:
        asking(Elsewhere(answer=lambda _: answer), lambda link: link.job("x", Lent("good")))
    assert len(str(refused.value)) < 5_000
    assert refused.value.details == {}
    assert isinstance(refused.value.hint, str | None)


def test_what_is_compressed_is_not_looked_at() -> None:
    """A thousand bytes become a million, or a thousand million."""
    bomb = gzip.compress(bytes(1 << 20))
    answer = httpx2.Response(200, content=_in_pieces(bomb), headers={"Content-Encoding": "gzip"})
    with pytest.raises(Silent, match="compressed"):
        asking(Elsewhere(answer=lambda _: answer), lambda link: link.job("x", Lent("good")))


@pytest.mark.parametrize("ask", ["follow", "refusal"])
def test_what_is_larger_than_any_such_answer_is_read_no_further(ask: str) -> None:
    taken = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            taken.append(1)
            yield bytes(1 << 16)

    answer = httpx2.Response(200 if ask == "follow" else 404, content=endless())
    with pytest.raises(CannotSatisfy, match="more than 16 MiB"):
        asking(Elsewhere(answer=lambda _: answer), lambda link: link.follow([followed("a")], 1))
    assert len(taken) == (16 << 4) + 1


@pytest.mark.parametrize("depth", [10_000, 1_000_000])
def test_an_answer_that_is_nested_beyond_reading_is_refused_and_not_waited_for(depth: int) -> None:
    deep = Elsewhere(answer=lambda _: httpx2.Response(200, text=depth * "[" + depth * "]"))
    with pytest.raises(CannotSatisfy, match="nested too deep"):
        asking(deep, lambda link: link.follow([followed("a")], 1))


def test_an_answer_that_comes_by_drops_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "_WHOLE_S", 0.0)

    async def drops() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0)
            yield b" "

    answer = httpx2.Response(200, content=drops())
    with pytest.raises(Silent, match="did not end"):
        asking(Elsewhere(answer=lambda _: answer), lambda link: link.job("x", Lent("good")))


def test_a_large_answer_is_read_beside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarter of a gigabyte of JSON takes seconds, in which nobody else was answered."""
    threads = []

    def loads(body: bytes) -> Any:
        threads.append(threading.get_ident())
        return json.loads(body)

    monkeypatch.setattr(link_module, "loads", loads)
    elsewhere = Elsewhere(results={"small": 1, "large": ["x" * 100] * 1_000})

    async def ask(link: Link) -> None:
        await link.job("small", Lent("good"))
        await link.job("large", Lent("good"))

    asking(elsewhere, ask)
    assert [each == threading.get_ident() for each in threads] == [True, False]


async def _in_pieces(data: bytes) -> AsyncIterator[bytes]:
    yield data


def test_a_token_goes_nowhere_else_on_a_redirect() -> None:
    away = httpx2.Response(307, headers={"Location": "https://thief.example/park/api/v1/follow"})
    elsewhere = Elsewhere(answer=lambda _: away)
    with pytest.raises(Silent, match="307"):
        asking(elsewhere, lambda link: link.follow([followed("a")], 1))
    assert [each.url.host for each in elsewhere.requests] == ["elsewhere.example"]


def test_a_private_address_is_said_to_be_barred() -> None:
    async def run() -> None:
        transport = GuardedTransport(AddressPolicy())
        async with httpx2.AsyncClient(transport=transport) as client:
            await Link("http://127.0.0.1:9", client, str).job("x", Lent("good"))

    with pytest.raises(Barred, match=r"127\.0\.0\.1: .* --allow-address 127\.0\.0\.1"):
        asyncio.run(run())


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://SNS.example.org/service/", "https://sns.example.org/service"),
        ("https://sns.example.org:443", "https://sns.example.org"),
        ("http://sns.example.org:80/", "http://sns.example.org"),
        ("http://[::1]:8000/park", "http://[::1]:8000/park"),
    ],
)
def test_urls_of_one_service_are_one(url: str, same: str) -> None:
    assert normalised(url) == same


@pytest.mark.parametrize(
    "url",
    [
        "",
        "sns",
        "file:///etc",
        "http://",
        "http://u:p@h/",
        "http://h/?q",
        "http://h:x/",
        "http://h#f",
    ],
)
def test_what_is_no_url_of_a_service_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="not the URL of a service"):
        normalised(url)


def test_the_url_of_a_file_is_quoted() -> None:
    assert file_url("http://h/park/", "j", "a/b c#.refl") == (
        "http://h/park/api/v1/jobs/j/files/a/b%20c%23.refl"
    )


def test_pauses_grow_to_half_a_second_and_after_minutes_to_five() -> None:
    outage = Outage(since="2026-11-23T12:00:30.000000Z", began_s=100.0, reason="refused")
    pauses = []
    for _ in range(6):
        pauses.append(outage.pause_s(101.0))
        outage = outage.again("refused")
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.5, 0.5]
    assert outage.pause_s(401.0) == 5.0
    assert outage.told("h") == "h has not answered since 2026-11-23 12:00 UTC: refused"


BOUNCED = Lent("shipped", None, bounced="g", user="ada", job="j")


def test_a_pass_is_wanted_for_each_use_and_tried_again_where_no_answer_came() -> None:
    """The connection breaks twice; the second time the pass had arrived."""
    answers: list[Exception | int] = [httpx2.ReadError("cut"), 401, 200]
    made: list[str] = []
    sent: list[str] = []

    def answered(request: httpx2.Request) -> httpx2.Response:
        sent.append(request.headers["authorization"].removeprefix("Bearer "))
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return httpx2.Response(answer, json=[{"truth": "true"}])

    async def agent(book: WantedPassBook) -> None:
        while True:
            for wanted in await book.listen("ada", "one", LIMIT_S):
                assert (wanted.method, wanted.path) == ("POST", "/api/v1/follow")
                assert (wanted.grant, wanted.service, wanted.job) == ("g", URL, "j")
                made.append(f"pass{len(made)}")
                book.answer(wanted.id, "ada", PassAnswer(token=made[-1]))

    async def run() -> Any:
        book = WantedPassBook(Bus())
        answering = asyncio.create_task(agent(book))
        elsewhere = Elsewhere(answer=answered)
        try:
            async with elsewhere.client() as client:
                link = Link(URL, client, str, passes=book)
                ask = [Followed(leaf("a"), BOUNCED)]
                for _ in range(2):
                    with pytest.raises(Silent):
                        await link.follow(ask, 1)
                return await link.follow(ask, 1), elsewhere.requests[-1]
        finally:
            answering.cancel()

    verdicts, last = asyncio.run(run())
    assert verdicts == [TRUE]
    assert sent == ["pass0", "pass0", "pass1"]
    assert json.loads(last.content)["leaves"] == [{"leaf": leaf("a"), "token": None}]


def test_a_grant_that_is_bounced_is_given_back_without_a_pass() -> None:
    elsewhere = Elsewhere(answer=lambda _: httpx2.Response(204))
    asking(elsewhere, lambda link: link.give_back(BOUNCED))
    assert elsewhere.requests[-1].headers["authorization"] == "Bearer shipped"
