"""Values and files of other services are brought here, whole or not at all."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from support.labs.peer_lab import NO_GRANT, Lab, run, to
from support.stand_ins.elsewhere import URL

from park.model.ids import JobId
from park.model.references import What
from park_server.peers import peer_rows

if TYPE_CHECKING:
    from pathlib import Path

DATA = bytes(range(256)) * 100
HERE = JobId("here")
SHA256 = hashlib.sha256(DATA).hexdigest()


def file_record(name: str, data: bytes = DATA) -> dict[str, Any]:
    return {"name": name, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}


def test_values_files_and_urls_are_staged(tmp_path: Path) -> None:
    async def scenario(lab: Lab) -> None:
        lab.other.results["r"] = {"chisq": 1.5}
        lab.other.records["r"] = [file_record("out/run.refl")]
        lab.other.files["r"] = {"out/run.refl": DATA}
        value = to("r", What.VALUE, path=(("item", "chisq"),))
        lab.job("here", to("r", What.FILE), to("r", What.URL), value)
        lab.peers.stage(HERE)
        await lab.listener.count(1)
        assert lab.listener.staged_jobs == ["here"]
        assert lab.documents("here") == [
            {"$park": "selected", "value": {"chisq": 1.5}, "path": [["item", "chisq"]]},
            {"$park": "file", "sha256": SHA256, "name": "run.refl"},
            {
                "$park": "file-url",
                "url": f"{URL}/api/v1/jobs/r/files/out/run.refl",
                "sha256": SHA256,
                "name": "run.refl",
            },
        ]
        assert lab.content.path_of(SHA256).read_bytes() == DATA
        assert lab.other.asked("GET", "/jobs/r/result") == 1

    run(tmp_path, scenario)


def test_a_download_goes_on_where_it_broke(tmp_path: Path) -> None:
    async def scenario(lab: Lab) -> None:
        lab.other.results["r"] = None
        lab.other.records["r"] = [file_record("f")]
        lab.other.files["r"] = {"f": DATA}
        lab.other.cut_after = [5000, 10_000]
        lab.job("here", to("r", What.FILE))
        lab.peers.stage(HERE)
        await lab.listener.count(1)
        assert lab.listener.staged_jobs == ["here"]
        ranges = [
            each.headers.get("range")
            for each in lab.other.requests
            if each.url.path.endswith("/files/f")
        ]
        assert ranges == [None, "bytes=5000-", "bytes=15000-"]
        assert lab.content.path_of(SHA256).read_bytes() == DATA

    run(tmp_path, scenario)


def test_several_jobs_share_one_download(tmp_path: Path) -> None:
    async def scenario(lab: Lab) -> None:
        lab.other.results["r"] = None
        lab.other.records["r"] = [file_record("f")]
        lab.other.files["r"] = {"f": DATA}
        for n in range(20):
            lab.job(f"here{n}", to("r", What.FILE))
            lab.peers.stage(JobId(f"here{n}"))
        await lab.listener.count(20)
        assert len(lab.listener.staged_jobs) == 20
        assert lab.other.asked("GET", "/jobs/r/files/f") == 1

    run(tmp_path, scenario)


def test_where_one_jobs_grant_fails_the_others_use_their_own(tmp_path: Path) -> None:
    async def scenario(lab: Lab) -> None:
        lab.other.results["r"] = None
        lab.other.records["r"] = [file_record("f")]
        lab.other.files["r"] = {"f": DATA}
        lab.other.tokens = {"first", "second"}
        lab.job("a", to("r", What.FILE), token="first")
        lab.job("b", to("r", What.FILE), token="second")
        asks, both = asyncio.Event(), asyncio.Event()

        async def answer(request: Any) -> Any:
            is_second = "second" in request.headers["authorization"]
            if request.url.path.endswith("/result") and is_second:
                await asks.wait()  # else the first had the file of the second
                both.set()
            if request.url.path.endswith("/files/f"):
                asks.set()
                await both.wait()
                lab.other.tokens.discard("first")  # revoked between record and file
            return await original(request)

        original = lab.other.usual
        lab.other.answer = answer
        lab.peers.stage(JobId("a"))
        lab.peers.stage(JobId("b"))
        await lab.listener.count(2)
        assert lab.listener.staged_jobs == ["b"]
        assert "the grant first expired" in lab.listener.failed["a"]

    run(tmp_path, scenario)


@pytest.mark.parametrize(
    ("records", "served", "reference", "why"),
    [
        ([file_record("f")], b"x" * len(DATA), {}, "expected"),
        ([file_record("f", b"short")], DATA, {}, "f has more than 5 bytes"),
        ([file_record("f")], DATA, {"name": "g"}, "left no file 'g'; it left: f"),
        ([], DATA, {}, "left no file"),
        ([{"name": "f"}], DATA, {}, "its answer cannot be read"),
    ],
)
def test_what_will_not_heal_is_told(
    tmp_path: Path,
    records: list[dict[str, Any]],
    served: bytes,
    reference: dict[str, Any],
    why: str,
) -> None:
    async def scenario(lab: Lab) -> None:
        lab.other.results["r"] = None
        lab.other.records["r"] = records
        lab.other.files["r"] = {"f": served}
        lab.job("here", to("r", What.FILE, **reference))
        lab.peers.stage(HERE)
        await lab.listener.count(1)
        assert why in lab.listener.failed["here"]
        assert "\n" not in lab.listener.failed["here"]
        assert lab.documents("here") == []
        assert not lab.content.has(SHA256)

    run(tmp_path, scenario)


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (NO_GRANT, f"no grant of {URL} came with the job"),
        ("bad", "job r on elsewhere.example: the grant bad expired"),
        ("good", "job r on elsewhere.example: no job r on this service"),
    ],
)
def test_without_a_grant_or_a_job_nothing_is_staged(
    tmp_path: Path, token: str | None, why: str
) -> None:
    async def scenario(lab: Lab) -> None:
        lab.job("here", to("r", What.VALUE), token=token)
        lab.peers.stage(HERE)
        await lab.listener.count(1)
        assert lab.listener.failed == {"here": why}

    run(tmp_path, scenario)


PICKLED = {"$park": "pickle", "base64": "gASVAAAA", "set_hash": "of this job", "type": "x"}


@pytest.mark.parametrize("own", [False, True])
def test_what_another_service_pickled_is_read_where_that_is_the_users_own(
    tmp_path: Path, *, own: bool
) -> None:
    """A pickle is code: its set hash, which anybody may know, says nothing of who made it."""
    reference = replace(to("r", What.VALUE), own=own)

    async def scenario(lab: Lab) -> None:
        lab.other.results["r"] = {"of": {"$park": "tuple", "items": [1, PICKLED]}, "chisq": 1.5}
        lab.job("here", reference)
        lab.peers.stage(HERE)
        await lab.listener.count(1)
        failed = lab.listener.failed.get("here", "")
        assert ("its result is pickled, which is code of elsewhere.example" in failed) is not own
        assert ("park service add NAME URL --own" in failed) is not own

    run(tmp_path, scenario)


def test_a_part_that_is_data_is_had_of_a_result_that_is_pickled_elsewhere(tmp_path: Path) -> None:
    async def scenario(lab: Lab) -> None:
        lab.other.results["r"] = {"fit": PICKLED, "chisq": {"$park": "float", "value": "inf"}}
        lab.job("here", to("r", What.VALUE).item("chisq"))
        lab.peers.stage(HERE)
        await lab.listener.count(1)
        assert lab.listener.failed == {}

    run(tmp_path, scenario)


@pytest.mark.parametrize("what", [What.FILE, What.FILES])
def test_more_than_its_user_has_room_for_is_not_brought(tmp_path: Path, what: What) -> None:
    async def scenario(lab: Lab) -> None:
        lab.room.most = 1_000
        lab.other.results["r"] = None
        lab.other.records["r"] = [file_record("f") | {"size": 1_001}]
        lab.job("here", to("r", what, name="f" if what is What.FILE else None))
        lab.peers.stage(HERE)
        await lab.listener.count(1)
        assert "ada has room for 1000 bytes, and not for 1001" in lab.listener.failed["here"]
        assert lab.other.asked("GET", "/jobs/r/files/f") == 0

    run(tmp_path, scenario)


@pytest.mark.parametrize("what", [What.FILE, What.FILES])
def test_more_than_anybody_fetches_is_not_brought(tmp_path: Path, what: What) -> None:
    """How large a file is says who has it: it could fill the disk of all."""

    async def scenario(lab: Lab) -> None:
        lab.other.results["r"] = None
        lab.other.records["r"] = [file_record("f") | {"size": 1 << 60}]
        lab.job("here", to("r", what, name="f" if what is What.FILE else None))
        lab.peers.stage(HERE)
        await lab.listener.count(1)
        assert "at most 20.0 GiB are brought here" in lab.listener.failed["here"]
        assert lab.other.asked("GET", "/jobs/r/files/f") == 0

    run(tmp_path, scenario)


@pytest.mark.parametrize("kind", ["file", "service-file", "reference", "function", "of-tomorrow"])
def test_a_result_cannot_have_this_service_open_files(tmp_path: Path, kind: str) -> None:
    async def scenario(lab: Lab) -> None:
        lab.other.results["r"] = {"deep": [{"$park": kind, "path": "~/secret"}]}
        lab.job("here", to("r", What.VALUE))
        lab.peers.stage(HERE)
        await lab.listener.count(1)
        assert f"a node of kind '{kind}', which is refused" in lab.listener.failed["here"]

    run(tmp_path, scenario)


def test_staging_waits_for_a_service_that_is_down_and_says_so(tmp_path: Path) -> None:
    async def scenario(lab: Lab) -> None:
        lab.other.results["r"] = 1
        lab.other.is_up = False
        lab.job("here", to("r", What.VALUE))
        lab.peers.stage(HERE)
        await lab.other.until_asked("GET", "")
        assert lab.peers.remark(HERE).startswith("elsewhere.example has not answered since")
        assert lab.peers.remark(JobId("another")) == ""
        lab.other.come_back()
        await lab.listener.count(1)
        assert lab.listener.staged_jobs == ["here"]
        assert lab.peers.remark(HERE) == ""

    run(tmp_path, scenario)


ODD = [2.0, -0.0, 2**63 + 1, 5e-324, "\ud800"]


def test_a_value_from_elsewhere_stays_what_it_was(tmp_path: Path) -> None:
    async def scenario(lab: Lab) -> None:
        lab.other.results["far"] = ODD
        lab.job("here", to("far", What.VALUE))
        lab.peers.stage(JobId("here"))
        await lab.listener.count(1)
        assert [repr(each["value"]) for each in lab.documents("here")] == [repr(ODD)]

    run(tmp_path, scenario)


@pytest.mark.parametrize("levels", [101, 500])
def test_a_value_that_is_nested_too_deep_is_the_end_of_the_job(tmp_path: Path, levels: int) -> None:
    async def scenario(lab: Lab) -> None:
        value: Any = json.loads("[" * levels + "]" * levels)
        lab.other.results["far"] = value
        lab.job("here", to("far", What.VALUE))
        lab.peers.stage(JobId("here"))
        await lab.listener.count(1)
        assert "nested" in str(lab.listener.failed)

    run(tmp_path, scenario)


def test_whatever_raises_while_staging_is_the_end_of_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError("odd")

    async def scenario(lab: Lab) -> None:
        monkeypatch.setattr(peer_rows, "write_staged", fails)
        lab.other.results["far"] = 1
        lab.job("here", to("far", What.VALUE))
        lab.peers.stage(JobId("here"))
        await lab.listener.count(1)
        assert "the service failed to bring here" in str(lab.listener.failed)

    run(tmp_path, scenario)
