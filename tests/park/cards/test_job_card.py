"""The card of a job in a notebook."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.material.json_values import JSON_VALUES
from support.stand_ins.job_service import JobService

from park.cards.job_card import job_card, unknown_card
from park.errors import ServiceUnreachable
from park.model.states import JobState
from park.wire import FileRecord, JobRecord
from park.wire.form import decode

LAB = "https://lab.example"
REQUEST = {"id": "0199", "entry_point": "mymodel:fit"}


def record(**known: object) -> JobRecord:
    base = JobService().record(REQUEST, status="running")
    return replace(decode(JobRecord, base), **known)  # type: ignore[arg-type]  # as it is named


def words(html: str) -> str:
    """Return what is read of it, its spaces made one."""
    return " ".join(unescape(re.sub("<[^>]*>", " ", html)).split())


@pytest.mark.parametrize("state", list(JobState))
def test_each_state_is_told_by_a_word_a_sign_and_a_colour(state: JobState) -> None:
    html = job_card(record(status=state, label="film"), service=LAB)
    assert f"{state} film job 0199 at {LAB}" in words(html)
    others = [job_card(record(status=s), service=LAB) for s in JobState if s is not state]
    sign, colour = words(html)[0], re.findall("color:(#[0-9a-f]+)", html)[0]
    assert not [other for other in others if sign in words(other) or colour in other]


def test_how_far_one_is_that_runs() -> None:
    progress = {"done": 3, "total": 8, "values": {"chisq": 1.2345678}, "age_s": 0.1}
    shown = words(job_card(record(progress=progress, started="2026-11-27T12:00:00Z"), service=LAB))
    assert "progress 3 of 8, chisq 1.2346" in shown
    assert "since 2026-11-27T12:00:00Z" in shown
    ended = record(progress=progress, status=JobState.FAILED)
    assert "progress" not in words(job_card(ended, service=LAB))


def test_what_one_has_left_that_ended() -> None:
    files = [FileRecord(name=f"{n}.dat", sha256="0" * 64, size=2048) for n in range(12)]
    shown = words(job_card(record(
        status=JobState.COMPLETED, files=files, memoized_from="7f3a", asked_for="mymodel 1.1",
        started="2026-11-27T12:00:00Z", finished="2026-11-27T12:01:30Z",
    ), service=LAB))  # fmt: skip
    assert "memoized run 7f3a" in shown
    assert "asked for mymodel 1.1" in shown
    assert "ran for 1 min" in shown
    assert "0.dat" in shown
    assert "and 2 more" in shown


def test_nothing_of_a_job_is_drawn() -> None:
    """Labels, errors and names of files are whatever a job's code says: text, and no more."""
    attack = "<img src=x onerror=alert(1)>\"'"
    html = job_card(record(
        label=attack, error=attack, entry_point=attack, progress={"values": {attack: attack}},
        files=[FileRecord(name=attack, sha256="0" * 64, size=1)],
    ), service=LAB)  # fmt: skip
    seen: set[str] = set()

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, _: object) -> None:
            seen.add(tag)

    Tags().feed(html + unknown_card(attack, attack))
    assert seen == {"div", "span", "strong", "table", "tr", "td", "p"}
    assert words(html).count(attack) >= 3


def test_a_job_shows_itself_as_it_is_now_or_why_it_cannot() -> None:
    one = JobService()
    one.answers["/api/v1/jobs/0199"] = one.record(REQUEST, status="running")
    job = one.service.job("0199")
    assert "running" in words(job._repr_html_())
    one.answers["/api/v1/jobs/0199"] = one.record(REQUEST, status="completed")
    assert "completed" in words(job._repr_html_())


def test_one_whose_service_is_away_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    one = JobService()
    one.answers["/api/v1/jobs/0199"] = one.record(REQUEST, status="running")
    job = one.service.job("0199")

    def away(*_: object, **__: object) -> None:
        raise ServiceUnreachable("lab does not answer")

    monkeypatch.setattr(type(job), "refresh", away)
    assert "0199" in words(job._repr_html_())
    assert "lab does not answer" in words(job._repr_html_())


REPORTS = st.dictionaries(st.sampled_from(["done", "total", "values", "age_s"]), JSON_VALUES)


@given(REPORTS)
def test_whatever_stands_for_a_report_is_shown(progress: dict[str, Any]) -> None:
    running = record(progress=progress, started="2026-11-27T12:00:00Z")
    assert "running" in words(job_card(running, service=LAB))
