"""An install on its way: waited for, told, and no value for a job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.stand_ins.job_service import JobService

import park
from park.client.background_install import Install, install_service
from park.client.by_value.module_ways import ModuleWays
from park.client.by_value.sending import Sending
from park.client.jobs.arguments import encode_call
from park.errors import BuildFailed, UsageError
from park.model.conditions import InstallIs, Phase
from park.model.states import InstallState
from park.wire import InstallRecord, encode


class Boxed:
    """Something that only a pickle can say."""

    def __init__(self, value: Any) -> None:
        self.value = value


PATH = "/api/v1/installs/i"


def record(state: InstallState, revision: int = 0, **facts: Any) -> dict[str, Any]:
    known = InstallRecord(
        id="i", state=state, project="m", version="1", python="3.11", set_hash="cd", **facts
    )
    return encode(known) | {"revision": revision}


class InTurn(JobService):
    """Answers for the install with one record after the other."""

    def __init__(self, *records: dict[str, Any]) -> None:
        super().__init__()
        self.records = list(records)

    def json(self, method: str, path: str, **arguments: Any) -> Any:
        self.asked.append((method, path, arguments.get("params")))
        return self.records.pop(0)


def install(*records: dict[str, Any]) -> tuple[Install, InTurn]:
    one = InTurn(*records)
    return Install(one.service, "i", "m"), one


def test_it_is_waited_for_from_what_was_seen_on() -> None:
    found, one = install(
        record(InstallState.RESOLVING, 3),
        record(InstallState.REALISING, 5),
        record(InstallState.READY, 6, lock_hash="ab"),
    )
    assert found.wait().state is InstallState.READY
    assert [query for _, _, query in one.asked] == [
        {},
        {"after": 3, "wait": 25.0, "pause": 0.1},
        {"after": 5, "wait": 25.0, "pause": 0.1},
    ]
    assert {path for _, path, _ in one.asked} == {PATH}


def test_a_wait_without_time_left_says_how_far_it_is() -> None:
    found, _ = install(record(InstallState.RESOLVING))
    with pytest.raises(TimeoutError, match=r"<Install i m> is resolving after 0 s"):
        found.wait(timeout=0)


def test_what_stopped_it_is_raised_as_what_it_was() -> None:
    problem = BuildFailed("no compiler", hint="install one").as_problem()
    found, _ = install(record(InstallState.FAILED, error=problem))
    with pytest.raises(BuildFailed, match="no compiler") as caught:
        found.result()
    assert caught.value.hint == "install one"


def test_its_state_is_asked_for() -> None:
    found, _ = install(record(InstallState.READY), record(InstallState.FAILED))
    assert [found.status, found.status] == [InstallState.READY, InstallState.FAILED]


def test_its_phases_are_conditions_of_its_service() -> None:
    found, one = install()
    leaf = InstallIs(install="i", phase=Phase.COMPLETED, service=one.service.url)
    assert found.leaf(Phase.COMPLETED) == leaf


def test_it_is_no_argument_and_is_pickled_by_its_service_elsewhere() -> None:
    found, one = install()
    assert found.__reduce__() == (Install, (one.service, "i", "m"))
    sending = Sending(ModuleWays())
    with pytest.raises(UsageError, match="is no value for a job") as caught:
        encode_call((Boxed(found),), {}, service=one.service.url, sending=sending)
    assert "when=install.iscompleted" in str(caught.value.hint)


def test_where_to_is_asked_for() -> None:
    with pytest.raises(UsageError, match="install m on which service"):
        install_service("m")


def test_a_bundle_is_installed_in_the_foreground(tmp_path: Path) -> None:
    (tmp_path / "m.zip").write_bytes(b"")
    with pytest.raises(UsageError, match="a bundle is not installed in the background"):
        install_service(str(tmp_path / "m.zip"), service=JobService().service)


def test_the_module_may_be_the_module_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    one = JobService()
    asked: list[str] = []
    bindings = one.service.connection.bindings
    monkeypatch.setattr(one.service.connection.outbox, "put", lambda _: None)  # nothing is sent
    monkeypatch.setattr(bindings, "install", lambda target, *_: asked.append(target))
    made = install_service(park, one.service)
    assert asked == ["park"]
    assert made.item is not None
    assert made.id == made.item.id
