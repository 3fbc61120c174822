"""Conditions as objects: combined, asked, waited for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from html import unescape
from typing import TYPE_CHECKING, Any, cast

import pytest
from support.stand_ins.job_service import JobService

import park
from park.cards import on_display
from park.client.jobs.when import Condition
from park.errors import ServiceUnreachable, UsageError
from park.model.conditions_json import condition_from_json

if TYPE_CHECKING:
    from park.client.jobs.submitted_job import Job


@pytest.fixture
def one() -> JobService:
    return JobService().bind()


@pytest.fixture
def job(one: JobService) -> Job:
    return one.service.submit("m:f")


def node(condition: Condition, service: str | None = None) -> Any:
    return condition.as_json(service)["condition"]


def test_each_test_of_a_job_is_a_leaf(one: JobService, job: Job) -> None:
    found = {
        phase: node(getattr(job, f"is{phase}"), one.service.url)
        for phase in ("completed", "failed", "cancelled", "started", "finished")
    }
    assert found == {phase: {"job": job.id, "is": phase} for phase in found}
    assert node(job.iscompleted)["service"] == one.service.url


def test_operators_and_functions_combine(job: Job) -> None:
    a, b = job.iscompleted, job.isfailed
    assert node(a & b & a) == {"all": [node(a), node(b), node(a)]}
    assert node(a | -b) == {"any": [node(a), {"not": node(b)}]}
    assert node(~(a & b)) == {"any": [{"not": node(a)}, {"not": node(b)}]}
    assert node(park.all_of(job, b)) == node(park.all_of([job, b])) == node(a & b)
    assert node(park.any_of(each for each in (a, b))) == node(a | b)
    assert node(a & job) == node(job.iscompleted & a)
    assert node(job & b) == node(a & b)
    assert node(job & job | b) == node((a & a) | b)
    assert node(job | b) == node(a | b)
    two_of = node(park.at_least(2, a, b, job))
    assert two_of == {"at_least": 2, "of": [node(a), node(b), node(a)]}
    assert condition_from_json((a | b).as_json()) == (a | b).expression


def test_what_would_lose_a_side_raises(job: Job) -> None:
    with pytest.raises(TypeError, match=r"&, \| and ~ .* \.now tells"):
        _ = job.iscompleted and job.isfailed
    with pytest.raises(TypeError):
        _ = not job.iscompleted
    with pytest.raises(TypeError, match="decided here and now: combine conditions with &"):
        _ = job.iscompleted & True
    with pytest.raises(TypeError, match=r"no truth value.*\.now tells"):
        _ = job.iscompleted == True  # noqa: E712 (it is tried)
    with pytest.raises(TypeError, match=r"when it is compared: job\.output"):
        _ = job.iscompleted | job.output["x"]
    with pytest.raises(UsageError, match="neither a condition") as told:
        park.any_of(job, [job.isfailed])
    assert "park.all_of" in str(told.value.hint)
    with pytest.raises(UsageError, match="neither a condition nor a job"):
        park.all_of(job, 1)
    with pytest.raises(UsageError, match="of nothing"):
        park.any_of([])
    with pytest.raises(UsageError, match="always or never"):
        park.at_least(3, job, job)
    with pytest.raises(UsageError, match="always or never"):
        park.at_least(1, [])


def test_all_of_none_is_true() -> None:
    assert park.all_of([]).now
    assert park.all_of([]).wait()
    assert node(park.all_of([])) == {"all": []}


def test_time_and_resources(one: JobService) -> None:
    moment = datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert node(park.at(moment)) == {"at": "2026-11-23T08:00:00Z"}
    assert node(~park.at(moment)) == {"before": "2026-11-23T08:00:00Z"}
    local = datetime(2026, 11, 23, 8)  # noqa: DTZ001 (local time is meant)
    assert node(park.at(local)) == node(park.at(local.astimezone()))
    assert node(park.after(timedelta(minutes=1))) == node(park.after(60)) == {"after": 60.0}
    assert node(park.available("license:fitter", 2)) == {"pool": "license:fitter", "count": 2}
    with pytest.raises(UsageError):
        park.after(-1)
    with pytest.raises(UsageError):
        park.available("a b")
    with pytest.raises(UsageError, match="cannot be negated"):
        _ = -park.after(1)
    with pytest.raises(UsageError, match=r"which service has 1 of license:fitter\? It is not said"):
        _ = park.available("license:fitter").now
    with one.service:
        free = park.available("license:fitter")
    one.verdicts = [{"truth": "true"}]
    assert free.now


def test_an_install_elsewhere_is_opened_by_a_grant(one: JobService) -> None:
    from park.client.background_install import Install

    two = JobService("http://two.example").bind()
    install = Install(two.service, "0199", "mymodel")
    one.service.submit("m:f", when=install.iscompleted).confirm(10)
    (sent,) = one.jobs
    leaf = {"install": "0199", "is": "completed", "service": two.service.url}
    assert sent["when"]["condition"] == leaf
    assert [body["jobs"] for _, path, body in two.asked if path.endswith("grants")] == [["0199"]]
    two.service.submit("m:f", when=install.iscompleted & install.isfinished).confirm(10)
    assert "grants" not in two.jobs[0]


def test_an_install_needs_a_service() -> None:
    with pytest.raises(UsageError, match="on which service"):
        park.install_service("mymodel")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda _: park.at("tomorrow"), "no moment in ISO 8601"),
        (lambda _: park.at(cast("Any", 5)), "expected a datetime, or its text"),
        (
            lambda _: park.at(datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))),
            "no moment in UTC",
        ),
        (lambda _: park.after(cast("Any", "5")), "a timedelta or seconds"),
        (lambda _: park.after(-1), "not below 0"),
        (lambda _: park.after(float("inf")), "not below 0"),
        (lambda _: park.after(1e18), "a century at most"),
        (lambda _: park.all_of(1), "1 is neither a condition nor a job"),
        (lambda job: job.output["x"] < -float("inf"), "no such number"),
        (lambda job: job.output["x"] == [1.0, float("nan")], "no such number"),
        (lambda job: job.output["x"] == "x" * 20_000, "characters as JSON, at most 10000"),
    ],
)
def test_what_no_service_takes_is_refused_where_it_is_written(
    job: Job, make: Any, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        make(job)


def test_nesting_has_an_end(job: Job) -> None:
    def nested(levels: int) -> Condition:
        condition = job.iscompleted
        for _ in range(levels):
            condition = ~(condition | job.isfailed)
        return condition

    nested(50).as_json()
    for levels in (100, 5_000):
        with pytest.raises(UsageError, match="at most 64 levels"):
            nested(levels).as_json()


def test_what_holds_has_no_reason_not_to(one: JobService, job: Job) -> None:
    one.verdicts = [{"truth": "never", "why": "needs job completed; it failed"}]
    assert (~job.iscompleted).now
    assert (~job.iscompleted).why == ""
    assert job.iscompleted.why == "needs job completed; it failed"


def test_a_displayed_condition_is_asked_until_it_is_decided(
    one: JobService, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.confirm()
    monkeypatch.setattr(on_display, "pause_s", lambda _: 0.0)
    states = job.iscompleted._displayed()
    one.verdicts = [{"truth": "not-yet", "why": "it is running"}]
    first = next(states)
    assert "it is running" in first.html
    assert first.text == repr(job.iscompleted)
    one.verdicts = [{"truth": "true"}]
    (last,) = states
    assert ">true</span>" in last.html


def test_a_condition_of_what_does_not_answer_says_so(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    condition = job.iscompleted

    def refuse(_: object) -> None:
        raise ServiceUnreachable("nothing answers")

    monkeypatch.setattr(Condition, "verdict", refuse)
    assert "nothing answers" in condition._repr_html_()


def test_a_condition_names_few_jobs_by_what_people_call_them(one: JobService) -> None:
    fit, thin = one.service.submit("m:fit", 3, label="the film"), one.service.submit("m:fit", 4)
    condition = fit.iscompleted & (thin.output["x"] > 2)
    one.verdicts = [{"truth": "not-yet", "why": "it runs"}] * 2
    words = (
        f"job …{fit.id[-6:]} (the film) completed & value of job …{thin.id[-6:]} (fit(4))['x'] > 2"
    )
    assert repr(condition) == f"<Condition {words}>"
    assert words in unescape(condition._repr_html_())
    for job in (fit, thin):  # what was sent is not kept here
        job.confirm()
    assert repr(condition) == f"<Condition {words}>"
    many = park.all_of([one.service.submit("m:fit", n) for n in range(13)])
    assert "fit(" not in repr(many)
