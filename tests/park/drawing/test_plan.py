"""Plans of what a script would do, on two services, without a request that changes anything."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from support.session.limits import LIMIT_S

import park
from park.client.access.address import Address
from park.client.access.transport import Transport
from park.client.installs.environment_plan import EnvironmentPlan
from park.client.service import Service
from park.drawing.plan import Plan
from park.model.pins import Difference

URLS = ("http://127.0.0.1:1/one", "http://127.0.0.1:1/two")
"""Where nobody answers: whatever is sent fails."""


@pytest.fixture
def services() -> tuple[Service, Service]:
    one, two = (Service(Transport(Address(url=url, token=None))) for url in URLS)
    return one, two


@pytest.fixture(autouse=True)
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Give an importable module of jobs, which no distribution has."""
    module = ModuleType("planned_model")

    def fit(*_: object) -> None:
        raise AssertionError("a plan runs nothing")

    fit.__module__, fit.__qualname__ = "planned_model", "fit"
    module.fit = fit  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "planned_model", module)
    return module


def test_the_pieces_are_shown_with_what_they_need(services: tuple[Service, Service]) -> None:
    one, two = services
    with park.plan() as plan:
        with one:
            first = one.submit("planned_model:fit", 1)
        with two:
            fetched = park.fetch_url(first.url)
            fit = two.submit("planned_model:fit", fetched.filename, when=first.iscompleted)
            two.submit("planned_model:fit", when=fit.isfailed | park.after(5))
    document = plan.as_json()
    assert [(piece["kind"], piece["stage"]) for piece in document["pieces"]] == [
        ("call", 0),
        ("fetch", 1),
        ("call", 2),
        ("call", 3),
    ]
    assert [piece["service"] for piece in document["pieces"]] == [URLS[0], *[URLS[1]] * 3]
    assert document["pieces"][2]["needs"] == [
        {"id": fetched.id, "how": "file"},
        {"id": first.id, "how": "completed"},
    ]
    assert document["ended"] is None
    text = str(plan)
    assert text.startswith("would run: 3 jobs, 1 fetch on 127.0.0.1:1")
    assert "failed | after 5 s" in text


def test_an_environment_that_nothing_can_be_said_of_says_why(
    services: tuple[Service, Service],
) -> None:
    with park.plan() as plan:
        services[0].submit("planned_model:fit")
        services[0].submit("planned_model:fit")
    (environment,) = plan.environments
    assert environment.error is not None
    assert "planned_model" in environment.error
    assert f"not known: {environment.error}" in str(plan)


def test_a_result_ends_the_plan_and_not_the_script(services: tuple[Service, Service]) -> None:
    reached = []
    with park.plan() as plan:
        job = services[0].submit("planned_model:fit")
        job.result()
        reached.append("what a plan cannot know")
    assert not reached
    assert plan.ended is not None
    assert "(fit())" in plan.ended
    assert f"ends there: {plan.ended}" in str(plan)


@pytest.mark.parametrize("act", ["files", "install", "cancel"])
def test_whatever_would_change_something_ends_the_plan(
    services: tuple[Service, Service], act: str, tmp_path: Path
) -> None:
    (tmp_path / "x").write_text("")
    with park.plan() as plan:
        if act == "files":
            services[0].files.put(tmp_path / "x", "~/x")
        elif act == "install":
            services[0].transport.json("POST", "/api/v1/installs", json={})
        else:
            services[0].transport.json("POST", "/api/v1/jobs/x/cancel")
    assert plan.ended is not None
    assert "may change something" in plan.ended


def test_an_error_of_the_script_is_its_own(services: tuple[Service, Service]) -> None:
    with pytest.raises(ZeroDivisionError), park.plan() as plan:
        services[0].submit("planned_model:fit", 1 / 0)
    assert plan.ended is None


def test_a_plan_is_of_its_thread_unless_it_is_of_the_process(
    services: tuple[Service, Service],
) -> None:
    def submit() -> None:
        services[0].submit("planned_model:fit")

    plan = Plan(everywhere=True)
    with plan:
        thread = threading.Thread(target=submit)
        thread.start()
        thread.join(LIMIT_S)
    assert len(plan.as_json()["pieces"]) == 1


def test_a_sweep_is_one_line(services: tuple[Service, Service]) -> None:
    with park.plan() as plan:
        jobs = services[0].map("planned_model:fit", range(100), "x" * 100)
    assert len(jobs) == 100
    assert "100 × planned_model:fit" in str(plan)  # noqa: RUF001
    assert repr(jobs[10:20]) == "<10 jobs of planned_model:fit>"


def test_a_map_ends_with_its_shortest_argument(services: tuple[Service, Service]) -> None:
    with park.plan():
        jobs = services[0].map("planned_model:fit", [1, 2, 3], [4, 5])
        condition = park.all_of(jobs)
    assert len(jobs) == 2
    assert len(condition.handles) == 2


def test_an_environment_is_told_with_what_would_be_done() -> None:
    there = EnvironmentPlan(service=URLS[0], what="model 1", lock_hash="3fa91c" * 10)
    assert list(there.lines()) == ["model 1 on 127.0.0.1:1: there (lock 3fa91c3fa91c)"]
    difference = Difference(name="bumps", local="1.0.1", service="1.0.0")
    new = EnvironmentPlan(
        service=URLS[0],
        what="model 2",
        instead="it differs from the nearest there, 1",
        differences=(difference,),
        build=("model==2",),
        send=("other-1-py3-none-any.whl",),
    )
    assert list(new.lines()) == [
        "model 2 on 127.0.0.1:1: would be installed; it differs from the nearest there, 1",
        f"  {difference}",
        "  build and send model==2",
        "  send other-1-py3-none-any.whl, unless it is there",
    ]


def test_a_notebook_shows_the_text_and_the_picture(services: tuple[Service, Service]) -> None:
    one, _ = services
    with park.plan() as plan, one:
        one.submit("planned_model:fit", "<b>")
    plan._environments = []  # nobody answers
    html = plan._repr_html_()
    assert "<pre>would run: 1 job" in html
    assert "<b>" not in html
    assert "data:image/svg+xml;base64," in html


def test_a_notebook_shows_a_plan_of_nothing_without_a_picture() -> None:
    assert park.plan()._repr_html_() == "<pre>would run: nothing on -</pre>"
