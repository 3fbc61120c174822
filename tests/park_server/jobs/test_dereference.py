"""Files and outputs that jobs leave for others; jobs elsewhere; fetches; what people ask."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support.labs.schedule_lab import BASE_URL, LIMIT_S, USER, Lab, lab, run, value_of

from park.errors import CannotSatisfy, ParkError, UnknownItem, UsageError
from park.model.conditions import At, Comparison, JobIs, Literal, Phase, Pool, any_of
from park.model.ids import JobId
from park.model.references import Reference, What
from park.model.states import InstallState
from park.model.truth import TRUE, Truth, never
from park.wire import FETCH, FetchRequest, FileRecord, HeldGrant
from park_server.db.tables import staged
from park_server.jobs import job_rows, job_view
from park_server.jobs.dereference import file_meant
from park_server.jobs.graph import graph
from park_server.jobs.leaf_polls import Asked
from park_server.jobs.seams import FetchedFile

ELSEWHERE = "https://sns.example.org/park"


def file_of(job: str, what: What = What.FILE, **more: Any) -> Reference:
    return Reference(job=job, what=what, **more)


def write(path: str, text: str) -> None:
    Path(path).write_text(text)


def link(path: str, target: str) -> None:
    Path(path).symlink_to(target)


def record_of(name: str) -> FileRecord:
    return FileRecord(name=name, sha256="ab", size=1)


# -- files


@pytest.mark.parametrize(
    ("there", "name", "hints", "meant"),
    [
        (["a.txt"], None, [], "a.txt"),
        (["a.txt", "b.txt"], "b.txt", [], "b.txt"),
        (["sub/a.txt", "b.txt"], "a.txt", [], "sub/a.txt"),
        (["sub/a.txt", "a.txt"], "a.txt", [], "a.txt"),
        (["a.txt", "b.txt"], None, ["~/shared/b.txt"], "b.txt"),
        (["a.txt", "b.txt"], None, [None, "/work/a.txt"], "a.txt"),
        (["a.txt", "b.txt"], None, ["c.txt", "b.txt"], "b.txt"),
    ],
)
def test_the_file_that_is_meant(
    there: list[str], name: str | None, hints: list[str | None], meant: str
) -> None:
    files = [record_of(each) for each in there]
    assert file_meant("job", files, name, *hints).name == meant


@pytest.mark.parametrize(
    ("there", "name", "line"),
    [
        ([], None, "job job left no file"),
        ([], "a.txt", "job job left no file 'a.txt'; it left: none"),
        (["a", "b"], None, "job job left 2 files: a, b"),
        (["x/a", "y/a"], None, "job job left 2 files: x/a, y/a"),
        (["x/a", "y/a"], "a", "job job left no file 'a'; it left: x/a, y/a"),
    ],
)
def test_what_is_not_clear_is_told_with_what_there_is(
    there: list[str], name: str | None, line: str
) -> None:
    with pytest.raises(UnknownItem) as caught:
        file_meant("job", [record_of(each) for each in there], name, "c", None)
    assert caught.value.message == line


def test_an_output_is_collected_and_meant(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            output = {"$park": "service-file", "path": "~/shared/run.refl"}
            await here.submit("a", arguments={"outfile": output})
            await here.submit("b", file_of("a"), file_of("a", What.URL))
            order = await here.started()
            write(here.call_of(order)["kwargs"]["outfile"], "q R")
            (order.directory / "work").mkdir()
            (order.directory / "work" / "log.txt").write_text("log")
            (order.directory / "work" / "run.refl").write_text("not this one")
            here.complete(order)
            record = await here.final("a")
            assert [file.name for file in record.files] == ["log.txt", "run.refl"]
            sha256 = record.files[1].sha256
            assert here.content.path_of(sha256).read_text() == "q R"
            node, url = here.call_of(await here.started())["args"]
            assert node == {"$park": "file", "sha256": sha256, "name": "run.refl"}
            assert url == f"{BASE_URL}/api/v1/jobs/a/files/run.refl"

    run(test)


def test_an_output_that_was_not_written_or_is_a_link_is_none(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            for job in ("absent", "link"):
                output = {"$park": "service-file", "path": f"~/{job}"}
                await here.submit(job, arguments={"outfile": output})
                await here.submit(f"reads-{job}", file_of(job))
            for _ in "12":
                order = await here.started()
                if order.job_id == "link":
                    link(here.call_of(order)["kwargs"]["outfile"], "/etc/passwd")
                here.complete(order)
            for job in ("absent", "link"):
                record = await here.final(f"reads-{job}")
                assert record.status == "failed"
                assert "left no file" in str(record.error)

    run(test)


# -- other services


class ToldPeers:
    """Notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def watch(self, job: str) -> None:
        self.asked.append(("watch", job))

    def stage(self, job: str) -> None:
        self.asked.append(("stage", job))

    def release(self, job: str) -> None:
        self.asked.append(("release", job))

    def remark(self, job: str) -> str:
        return f"sns.example.org has not answered {job}"


GRANT = [HeldGrant(service=ELSEWHERE, token="secret")]


def test_what_lives_elsewhere_is_followed_staged_and_released(tmp_path: Path) -> None:
    async def test() -> None:
        peers = ToldPeers()
        async with lab(tmp_path, peers=peers) as here:
            there = Reference(job="far", what=What.VALUE, service=ELSEWHERE)
            await here.submit("a", there, grants=GRANT)
            assert peers.asked == [("watch", "a")]
            why = here.database.read(lambda c: here.scheduler.explainer().why(c, "a", USER))
            assert why.line == (
                f"waits: job far completed on {ELSEWHERE} (sns.example.org has not answered a)"
            )
            await here.events.leaf_decided(JobId("a"), 0, TRUE)
            await here.events.leaf_decided(JobId("a"), 0, TRUE)  # told twice
            assert (peers.asked[1:], here.status("a")) == ([("stage", "a")], ["waiting"])
            why = here.database.read(lambda c: here.scheduler.explainer().why(c, "a", USER))
            assert why.line.startswith(f"brings here what it refers to on {ELSEWHERE}")
            reference = json.dumps(there.as_json(), sort_keys=True)
            row = {"job": "a", "reference": reference, "document": 42}
            here.database.write(lambda c: c.execute(staged.insert(), row)).result()
            await here.events.staged(JobId("a"))
            order = await here.started()
            assert here.call_of(order)["args"] == [42]
            here.complete(order)
            await here.final("a")
            assert peers.asked[-1] == ("release", "a")

    run(test)


def test_what_is_never_elsewhere_cancels_here(tmp_path: Path) -> None:
    async def test() -> None:
        peers = ToldPeers()
        async with lab(tmp_path, peers=peers) as here:
            far = JobIs(job="far", phase=Phase.COMPLETED, service=ELSEWHERE)
            near = JobIs(job="near", phase=Phase.COMPLETED)
            await here.submit("near")
            await here.submit("all", when=far)
            await here.submit("any", when=any_of([far, near]))
            await here.submit("stage", Reference(job="far", what=What.FILE, service=ELSEWHERE))
            for job in ("all", "any"):
                await here.events.leaf_decided(JobId(job), 0, never("it failed there"))
            assert here.status("all", "any") == ["cancelled", "waiting"]
            assert here.scheduler.record(JobId("all"), USER).error == "it failed there"
            await here.events.leaf_decided(JobId("stage"), 0, TRUE)
            await here.events.cannot_stage(JobId("stage"), "404 for run.refl")
            assert here.scheduler.record(JobId("stage"), USER).error == "404 for run.refl"
            assert await here.run_next() == "near"
            assert await here.run_next() == "any"

    run(test)


def test_peers_are_asked_again_after_a_restart(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, peers=ToldPeers()) as before:
            far = JobIs(job="far", phase=Phase.COMPLETED, service=ELSEWHERE)
            await before.submit("watch", when=far, grants=GRANT)
            await before.submit("stage", Reference(job="far", what=What.URL, service=ELSEWHERE))
            await before.submit("evaluated", when=any_of([far, far]))
            await before.events.leaf_decided(JobId("stage"), 0, TRUE)
            await before.events.leaf_decided(JobId("evaluated"), 0, TRUE)
            await before.submit("ended", when=far, grants=GRANT)
            await before.scheduler.cancel(JobId("ended"), USER)
        peers = ToldPeers()
        async with lab(tmp_path, peers=peers) as here:
            assert set(peers.asked) == {
                ("watch", "watch"),
                ("stage", "stage"),
                ("release", "ended"),
            }
            assert (await here.started()).job_id == "evaluated"

    run(test)


# -- fetches


class ToldFetcher:
    """Answers as it is told; an answer None never comes."""

    def __init__(self, *answers: FetchedFile | ParkError | None) -> None:
        self.answers = list(answers)
        self.requests: list[FetchRequest] = []
        self.came = asyncio.Event()

    async def fetch(self, job: str, user: str, request: FetchRequest) -> FetchedFile:
        assert (bool(job), user) == (True, USER)
        self.requests.append(request)
        self.came.set()
        answer = self.answers.pop(0)
        if answer is None:
            await asyncio.Event().wait()
        if isinstance(answer, ParkError):
            raise answer
        assert answer is not None
        return answer


FILE = FetchedFile(url="https://example.org/run.zip", sha256="ab" * 32, size=3, name="run.zip")


async def submit_fetch(here: Lab, job: str, url: Any = FILE.url, **more: Any) -> Any:
    fetch = FetchRequest(url=url, authorization="Bearer s", origin="https://example.org:443")
    return await here.submit(job, fetch=fetch, entry_point=FETCH, **more)


def authorization(here: Lab, job: str) -> str | None:
    return here.database.read(lambda c: job_rows.fetch_of(c, JobId(job))).authorization


def test_a_fetch_is_a_job_whose_file_others_get(tmp_path: Path) -> None:
    async def test() -> None:
        fetcher = ToldFetcher(CannotSatisfy("503"), FILE)
        async with lab(tmp_path, fetcher=fetcher) as here:
            place = tmp_path / "files" / "ab"
            place.mkdir()
            (place / FILE.sha256).write_text("zip")
            record = await submit_fetch(here, "f", retries=1, backoff_s=0.01)
            assert record.kind == "fetch"
            await here.submit("a", file_of("f"), when=JobIs(job="f", phase=Phase.COMPLETED))
            done = await here.final("f")
            assert (done.status, done.failures, done.attempt) == ("completed", 1, 2)
            assert [file.name for file in done.files] == ["run.zip"]
            assert here.database.read(lambda c: job_rows.result_of(c, JobId("f"))) == {
                "url": FILE.url,
                "sha256": FILE.sha256,
                "size": 3,
                "name": "run.zip",
            }
            assert [each.authorization for each in fetcher.requests] == ["Bearer s"] * 2
            assert authorization(here, "f") is None
            node = here.call_of(await here.started())["args"][0]
            assert node["name"] == "run.zip"

    run(test)


def test_a_fetch_of_what_a_job_leaves_waits_for_it(tmp_path: Path) -> None:
    async def test() -> None:
        fetcher = ToldFetcher(FILE)
        async with lab(tmp_path, fetcher=fetcher) as here:
            await here.submit("a")
            await submit_fetch(here, "f", file_of("a", What.URL).as_json())
            order = await here.started()
            (order.directory / "work").mkdir()
            (order.directory / "work" / "a b.txt").write_text("text")
            here.complete(order)
            await here.final("f")
            assert fetcher.requests[0].url == f"{BASE_URL}/api/v1/jobs/a/files/a%20b.txt"

    run(test)


def test_a_fetch_fails_in_one_line_and_is_cancelled_at_any_time(tmp_path: Path) -> None:
    async def test() -> None:
        fetcher = ToldFetcher(CannotSatisfy("404 for x", hint="ask for y"), None, None)
        async with lab(tmp_path, fetcher=fetcher) as here:
            await submit_fetch(here, "gone")
            await here.submit("waits", file_of("gone"))
            assert (await here.final("gone")).error == "404 for x (ask for y)"
            assert (await here.final("waits")).error == (
                "needs fetch gone completed; it failed: 404 for x (ask for y)"
            )
            await submit_fetch(here, "slow")
            await here.until("slow", lambda r: r.status == "running")
            record = await here.scheduler.cancel(JobId("slow"), USER)
            assert (record.status, record.error) == ("cancelled", "cancelled on request")
            assert authorization(here, "slow") is None
            await submit_fetch(here, "late", timeout_s=0.01)
            assert (await here.final("late")).error == "ran longer than its 0.01 s and was stopped"

    run(test)


def test_a_fetch_goes_on_after_a_restart_and_no_more_than_four_run(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, fetcher=ToldFetcher(*[None] * 4)) as before:
            for n in range(6):
                await submit_fetch(before, f"f{n}")
            await before.until("f3", lambda r: r.status == "running")
            await before.in_the_meantime()
            assert before.status("f4", "f5") == ["queued", "queued"]
        fetcher = ToldFetcher(*[FILE] * 6)
        async with lab(tmp_path, fetcher=fetcher) as here:
            for n in range(6):
                assert (await here.final(f"f{n}")).status == "completed"
            assert here.scheduler.record(JobId("f0"), USER).attempt == 1

    run(test)


# -- following, graphs and reasons


async def follow(here: Lab, *leaves: Any, wait_s: float = LIMIT_S) -> list[Truth]:
    asked = [Asked(leaf=leaf, user=USER) for leaf in leaves]
    return [each.truth for each in await here.leaf_polls.follow(asked, wait_s)]


def test_followed_leaves_are_answered_when_one_is_decided(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=2, pools={"licence": 1}) as here:
            await here.submit("a")
            await here.submit("b", when=Pool(name="licence", count=1))
            a, b = await here.started(), await here.started()
            done = JobIs(job="a", phase=Phase.FINISHED)
            failed = JobIs(job="a", phase=Phase.FAILED)
            assert await follow(here, done, failed, wait_s=0) == [Truth.NOT_YET] * 2
            pool = asyncio.create_task(follow(here, Pool(name="licence", count=1)))
            both = asyncio.create_task(follow(here, done, failed))
            await here.in_the_meantime()
            orders = {a.job_id: a, b.job_id: b}
            here.complete(orders[JobId("a")])
            assert await both == [Truth.TRUE, Truth.NEVER]
            assert not pool.done()
            here.complete(orders[JobId("b")])
            assert await pool == [Truth.TRUE]

    run(test)


def test_starts_progress_and_moments_are_followed(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            await here.submit("blocker")
            await here.submit("a")
            started = asyncio.create_task(follow(here, JobIs(job="a", phase=Phase.STARTED)))
            chisq = Reference(job="a", what=What.PROGRESS).item("chisq")
            good = Comparison(left=chisq, operator="<", right=Literal(value=2))
            progressed = asyncio.create_task(follow(here, good))
            await here.run_next()
            assert await started == [Truth.TRUE]
            order = await here.started()
            (order.directory / "progress.jsonl").write_text('{"values": {"chisq": 1}}\n')
            assert await progressed == [Truth.TRUE]
            soon = At(moment=datetime.now(UTC) + timedelta(seconds=0.05))
            assert await follow(here, soon) == [Truth.TRUE]

    run(test)


def test_who_may_not_see_is_told_never(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            leaf = JobIs(job="a", phase=Phase.FINISHED)
            asked = [Asked(leaf=leaf, user="bob"), Asked(leaf=leaf, user="", refused="it expired")]
            found = await here.leaf_polls.follow(asked, 0)
            assert [(each.truth, each.why) for each in found] == [
                (Truth.NEVER, "no job a on this service"),
                (Truth.NEVER, "it expired"),
            ]

    run(test)


def test_a_stop_answers_whoever_follows(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            task = asyncio.create_task(follow(here, JobIs(job="a", phase=Phase.FINISHED)))
            await here.in_the_meantime()
            here.bus.wake_all()
            assert await asyncio.wait_for(task, LIMIT_S) == [Truth.NOT_YET]

    run(test)


def why(here: Lab, job: str) -> tuple[str, list[str]]:
    found = here.database.read(lambda c: here.scheduler.explainer().why(c, job, USER))
    return found.line, found.chain


def test_why_a_job_is_where_it_is(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1, pools={"licence": 1}) as here:
            await here.submit("a", when=Pool(name="licence", count=1))
            await here.submit("queued")
            await here.submit("b", value_of("a"))
            await here.submit("c", value_of("b"))
            await here.submit("pool", when=Pool(name="licence", count=1))
            order = await here.started()
            assert why(here, "a")[0].startswith("runs since ")
            assert why(here, "queued") == ("waits for a free slot: 1 of 1 are taken", [])
            assert why(here, "c") == (
                "waits: job b (mymodel:fit) is waiting",
                [
                    "job b completed: job b (mymodel:fit) is waiting",
                    "  job a completed: job a (mymodel:fit) is running",
                ],
            )
            assert why(here, "pool")[0] == "waits for 1 of licence (0 free)"
            await here.submit("late", when=At(moment=datetime(2100, 1, 1, tzinfo=UTC)))
            moment = "at 2100-01-01 00:00:00 UTC"
            assert why(here, "late") == (f"waits: {moment}", [moment])
            here.fail(order, "no luck")
            await here.final("c")
            line, chain = why(here, "c")
            assert line.endswith("it failed: no luck")
            assert [each.strip().split(" ")[1] for each in chain] == ["b", "a"]
            assert chain[1].startswith("  job a (mymodel:fit) failed: no luck")

    run(test)


def test_why_an_install_is_where_it_is(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.install("made", InstallState.REALISING)
            assert why(here, "made") == ("mymodel==1.0: its environment is made", [])
            await here.install("made", InstallState.READY)
            assert why(here, "made")[0] == "mymodel==1.0 is there (lock ab)"
            error = {"detail": "no wheel of numpy 3"}
            await here.install("made", InstallState.FAILED, error=error)
            assert why(here, "made")[0] == "mymodel==1.0 failed: no wheel of numpy 3"
            with pytest.raises(UnknownItem, match="no job made"):
                here.database.read(lambda c: here.scheduler.explainer().why(c, "made", "bob"))
            assert here.database.read(lambda c: job_view.full_id(c, "ll-of-ab", USER)) == "ll-of-ab"
            with_installs = partial(job_view.full_id, text="ll-of-ab", user=USER, installs_too=True)
            assert here.database.read(with_installs) == "install-of-ab"

    run(test)


def test_a_graph_of_an_install_is_the_install(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a", install="install-of-ab")
            found = here.database.read(
                lambda c: graph(c, USER, ["install-of-ab"], here.scheduler.explainer().line)
            )
            assert [(each.id, each.kind) for each in found.nodes] == [("install-of-ab", "install")]

    run(test)


def test_a_cause_stands_right_below_what_it_caused(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            await here.submit("a")
            await here.submit("b", value_of("a"))
            await here.submit("c")
            await here.submit("d", value_of("b"), value_of("c"))
            order = await here.started()
            await here.scheduler.cancel(JobId("c"), USER)
            here.fail(order, "no luck")
            await here.final("b")
            _, chain = why(here, "d")
            assert [each.split(": ")[0] for each in chain] == [
                "job b (mymodel:fit) cancelled",
                "  job a (mymodel:fit) failed",
                "job c (mymodel:fit) cancelled",
            ]

    run(test)


def test_a_graph_is_what_is_connected(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.install("i", InstallState.RESOLVING)
            far = Reference(job="far", what=What.FILE, service=ELSEWHERE)
            await here.submit("stranger", install="i")
            await here.submit("a", install="i")
            await here.submit("b", value_of("a"), far)
            await here.submit("c", when=JobIs(job="b", phase=Phase.FAILED))

            def line(connection: Any, row: Any) -> str:
                return here.scheduler.explainer().line(connection, row)

            found = here.database.read(lambda c: graph(c, USER, ["b"], line))
            assert {(node.id, node.kind, node.status) for node in found.nodes} == {
                ("a", "call", "waiting"),
                ("b", "call", "waiting"),
                ("c", "call", "waiting"),
                ("i", "install", "resolving"),
                ("far", "remote", "remote"),
            }
            assert {(edge.job, edge.needed, edge.how) for edge in found.edges} == {
                ("a", "i", "completed"),
                ("b", "a", "value"),
                ("b", "far", "file"),
                ("c", "b", "failed"),
            }
            assert found.complete
            assert here.database.read(lambda c: graph(c, USER, [], line)) == found
            with pytest.raises(UnknownItem):
                here.database.read(lambda c: graph(c, "bob", ["b"], line))

    run(test)


def test_a_large_graph_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("park_server.jobs.graph.MOST_NODES", 3)

    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            for job in "bcdef":
                await here.submit(job, value_of("a"))
            found = here.database.read(lambda c: graph(c, USER, ["a"], lambda *_: ""))
            assert (len(found.nodes), found.complete) == (3, False)

    run(test)


def test_a_job_is_found_by_the_end_of_its_id(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            one, other = "0199-one-abcdef", "0199-two-abcdef"
            await here.submit(one)

            def found(text: str) -> str:
                return here.database.read(lambda c: job_view.full_id(c, text, USER))

            assert found("abcdef") == found("…abcdef") == one
            assert (found("cdef"), found("%bcdef")) == ("cdef", "%bcdef")
            await here.submit(other)
            with pytest.raises(UsageError, match="2 of your jobs end in abcdef"):
                found("abcdef")
            assert here.database.read(lambda c: job_view.full_id(c, "one-abcdef", "bob")) == (
                "one-abcdef"
            )

    run(test)
