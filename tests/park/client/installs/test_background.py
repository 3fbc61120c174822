"""The environments of what is submitted: looked for in the background, each once."""

from __future__ import annotations

import os
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from support.session.limits import LIMIT_S
from support.stand_ins.job_service import JobService

import park
from park.client.installs import matching
from park.client.installs.background import Bindings
from park.client.installs.outcome import Requested
from park.client.submission.binding import Binding
from park.errors import BuildFailed, EnvironmentMismatch, NoDistribution, UsageError
from park.model.states import InstallState
from park.wire import InstallRecord, encode

if TYPE_CHECKING:
    from collections.abc import Callable

SET = "5" * 64


class Lab:
    """A service in memory whose environments are found as they really are, but for the looking."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.one = JobService()
        self.looked: list[str] = []
        self.may_look = threading.Event()
        self.may_look.set()
        self.found: list[str] = []
        self.requests: list[str] = []
        self.install_error: Exception | None = None
        self.state = InstallState.RESOLVING
        connection = self.one.service.connection
        connection.bindings = Bindings(self.one, connection.outbox)
        monkeypatch.setattr(
            "park.build.local_set.local_set", lambda target, **_: self._look(target)
        )
        monkeypatch.setattr(matching, "local_set_for", lambda point, _: self._look(point.module))
        monkeypatch.setattr(matching, "binding_here", self._find)
        monkeypatch.setattr("park.client.installs.request.requested", self._request)
        monkeypatch.setattr("park.client.installs.index_memory.completed", lambda _, here, __: here)

    def _look(self, target: str) -> Any:
        assert self.may_look.wait(LIMIT_S)
        self.looked.append(target)
        if target == "absent":
            raise NoDistribution("absent is not installed")
        return SimpleNamespace(
            requirements=SimpleNamespace(hash=SET), sources=(), project=SimpleNamespace(name=target)
        )

    def _find(self, _: Any, __: Any, install: str, ___: Any, **_how: Any) -> Binding:
        self.found.append(install)
        if install == "never":
            raise EnvironmentMismatch("no environment that matches")
        return Binding(lock_hash="1" * 64, set_hash=SET)

    def _request(
        self,
        _: Any,
        __: Any,
        ___: Any,
        *,
        id: str,  # noqa: A002 (as it is)
        accepted: Callable[[InstallRecord], object],
    ) -> Requested:
        self.requests.append(id)
        if self.install_error is not None:
            raise self.install_error
        record = InstallRecord(
            id=id, state=self.state, project="m", version="1", python="3.11", set_hash=SET
        )
        self.one.answers[f"/api/v1/installs/{id}"] = encode(record)
        accepted(record)
        return Requested(record=record, built=["m.whl"], uploaded=[])


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Lab:
    return Lab(monkeypatch)


def test_what_is_here_is_looked_at_once_until_nothing_is_left_to_send(lab: Lab) -> None:
    lab.may_look.clear()
    jobs = [lab.one.service.submit("m:f", n) for n in range(3)]
    assert lab.looked == []
    lab.may_look.set()
    lab.one.service.flush(10)
    assert (lab.looked, lab.found) == (["m"], ["auto"])
    assert {job["lock_hash"] for job in lab.one.jobs} == {"1" * 64}
    jobs[0].confirm()
    lab.one.service.connection.bindings.forget()  # as it is told, soon, in the background
    lab.one.service.submit("m:f").confirm(10)
    assert lab.looked == ["m", "m"]


def test_jobs_of_an_install_are_bound_to_it_by_its_id(lab: Lab) -> None:
    with lab.one.service:
        install = park.install_service("m")
        job = lab.one.service.submit("m:f")
    assert lab.requests == [install.id]
    assert lab.found == []
    (sent,) = lab.one.jobs
    assert (sent["id"], sent["install"], sent["set_hash"]) == (job.id, install.id, SET)
    assert install.status == "resolving"
    record = lab.one.answers[f"/api/v1/installs/{install.id}"]
    record |= {"state": "ready", "lock_hash": "7" * 64}
    assert (install.result().lock_hash, install.result().built) == ("7" * 64, ["m.whl"])
    lab.one.service.submit("m:f").confirm(10)
    assert lab.one.jobs[-1]["lock_hash"] == "7" * 64
    record |= {"state": "failed", "lock_hash": None, "error": {"detail": "no lock", "status": 422}}
    lab.one.service.connection.bindings.forget()
    lab.one.service.submit("m:f").confirm(10)
    assert lab.found == ["auto"]


def test_an_install_that_cannot_be_asked_for_fails_with_its_jobs(lab: Lab) -> None:
    lab.install_error = BuildFailed("the backend failed")
    with pytest.raises(BuildFailed), lab.one.service:  # noqa: PT012 (its end raises)
        install = park.install_service("m")
        job = lab.one.service.submit("m:f")
    for thing in (install, job):
        with pytest.raises(BuildFailed, match="the backend failed"):
            thing.confirm()
    assert lab.one.jobs == []


def test_errors_of_looking_and_finding_are_told_by_the_job(lab: Lab) -> None:
    absent = lab.one.service.submit("absent:f")
    never = lab.one.service.submit("m:f", install="never")
    fine = lab.one.service.submit("m:f")
    with pytest.raises(NoDistribution):
        absent.confirm(10)
    with pytest.raises(EnvironmentMismatch):
        never.confirm(10)
    fine.confirm(10)
    with pytest.raises(UsageError, match="not of both"):
        lab.one.service.submit("m:f", lock="1", offer="m").confirm(10)


def test_a_whole_lock_hash_asks_for_nothing_but_the_job(lab: Lab) -> None:
    lab.one.service.submit("m:f", lock="1" * 64).confirm(LIMIT_S)
    assert [(method, path) for method, path, _ in lab.one.asked] == [("POST", "/api/v1/jobs")]
    assert lab.looked == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_looks_for_itself_while_its_parent_looks(lab: Lab) -> None:
    lab.may_look.clear()
    parents = lab.one.service.submit("m:f")
    pid = os.fork()
    if pid == 0:  # pragma: no cover (in the child)
        lab.may_look.set()
        status = 1
        try:
            lab.one.service.submit("m:f").confirm(10)
            status = 0
        finally:
            os._exit(status)  # whatever it was: the child is no runner of tests
    assert os.waitpid(pid, 0)[1] == 0
    lab.may_look.set()
    parents.confirm(10)
