"""Values over HTTP: submitted, handed on, returned and reported, they stay what they were."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support.labs.schedule_lab import lab, run, value_of
from support.material.json_values import JSON_VALUES

from park.client.access.answers import sendable
from park.model import conditions_json, encoded_call, references
from park.runtime import levels
from park.runtime.codec import decode, encode
from park.wire import FileRecord, JobRecord, json_body
from park.wire import decode as decode_record
from park_server.http.exact_json import ExactJson
from park_server.jobs.conditions import needs

ODD = [2.0, -0.0, 2**63 + 1, 10**400, 1e22, 5e-324, "\ud800", {"\udcff": [0.1 + 0.2]}]
DOCS = Path(__file__).parents[3] / "docs"


@settings(deadline=None)
@given(JSON_VALUES | st.sampled_from(ODD))
def test_a_value_crosses_the_wire_both_ways(value: Any) -> None:
    document = encode(value, set_hash=None)
    sent = json.loads(json_body({"args": [document]})["content"])
    answered = json.loads(bytes(ExactJson({"result": sent["args"][0]}).body))
    assert repr(decode(answered["result"], set_hash=None)) == repr(value)


def test_the_client_sends_text_that_utf8_has_not() -> None:
    sent = sendable({"json": {"a": "\ud800"}, "params": {"wait": 1}})
    assert (sent["content"], sent["params"]) == (b'{"a":"\\ud800"}', {"wait": 1})


def test_a_result_is_handed_to_the_next_job_as_it_was_returned(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("first", arguments={"odd": encode(ODD, set_hash=None)})
            await here.submit("next", value_of("first"))
            order = await here.started()
            given_to_first = here.call_of(order)["kwargs"]["odd"]
            here.complete(order, given_to_first)
            then = await here.started()
            assert repr(decode(here.call_of(then)["args"][0], set_hash=None)) == repr(ODD)

    run(test)


def test_a_record_keeps_what_a_job_reported(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.submit("a")
            order = await here.started()
            report = {"done": 1, "total": 2.0, "values": {"odd": ODD}}
            (order.directory / "progress.jsonl").write_text(json.dumps(report) + "\n")
            record = await here.until("a", lambda each: each.progress is not None)
            read = decode_record(JobRecord, json.loads(bytes(ExactJson(record).body)))
            assert read.progress is not None
            assert read.progress.pop("age_s") >= 0
            assert repr(read.progress) == repr(report)

    run(test)


def test_the_documented_limits_are_those_that_hold() -> None:
    page = (DOCS / "reference" / "http.md").read_text(encoding="utf-8")
    said = page.partition("400 names the limit")[2].partition("refused as well")[0]
    assert [int(number.replace(",", "")) for number in re.findall(r"most ([\d,]+)", said)] == [
        levels.MOST_LEVELS,
        encoded_call.MOST_NODES,
        references.MOST_STEPS,
        conditions_json.MOST_LEVELS,
        needs._LONGEST_NAME,
    ]
    assert f"and {conditions_json.MOST_NODES:,} nodes" in said


def test_what_is_large_is_written_when_it_is_sent_beside_the_loop() -> None:
    files = [FileRecord(name=f"{n}\ud800", sha256="ab", size=2**63 + n) for n in range(10_000)]
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def test() -> None:
        answer = ExactJson({"files": files, "odd": ODD}, status_code=201)
        assert bytes(answer.body) == b"null"  # nothing of it yet
        await answer({"type": "http", "user": "ada"}, sent.pop, send)

    run(test)
    body = sent[1]["body"]
    assert dict(sent[0]["headers"])[b"content-length"] == str(len(body)).encode("ascii")
    large = json.loads(body)
    assert (large["files"][7]["size"], large["odd"]) == (2**63 + 7, ODD)
    small = ExactJson({"files": files[:7], "odd": ODD})
    assert json.loads(bytes(small.body)) == {"files": large["files"][:7], "odd": ODD}
