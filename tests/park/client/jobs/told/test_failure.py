"""What a failed job raises: where to look, and first where what it lacked is left behind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from park.client.access.address import Address
from park.client.access.transport import Transport
from park.client.jobs.told import failure as module
from park.client.jobs.told.failure import cancellation, failure
from park.errors import JobFailed, ServiceUnreachable
from park.model.states import JobState
from park.wire import JobRecord

INSTALL = {"id": "0200", "project": "m", "version": "1", "python": "3.11", "set_hash": "5e"}


class Service:
    """Answers with the install, or raises what it is."""

    def __init__(self, install: Any = None) -> None:
        self.install = install
        self.address = Address(url="https://lab.example.org", token=None)

    def json(self, method: str, path: str) -> Any:
        assert (method, path) == ("GET", "/api/v1/installs/0200")
        if isinstance(self.install, Exception):
            raise self.install
        return self.install


def cancelled(install: str | None) -> JobRecord:
    return JobRecord(
        id="0199", status=JobState.CANCELLED, entry_point="m:f", lock_hash=None, set_hash=None,
        install=install, environment=None, runtime_hash=None, attempt=0, pid=None,
        submitted="2026-11-28T00:00:00Z", started=None, finished=None, error="needs install 0200",
    )  # fmt: skip


def failed(error: str, traceback: str | None, *, entry_point: str = "m:f") -> JobFailed:
    record = replace(cancelled(None), status=JobState.FAILED, error=error)
    return failure(record, entry_point, traceback, cast("Transport", Service()))


@pytest.mark.parametrize(("default", "on"), [("lab", ""), ("sns", " -s lab")])
def test_it_says_where_to_look_and_has_the_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, default: str, on: str
) -> None:
    configuration = tmp_path / "config.toml"
    configuration.write_text(
        f'default = "{default}"\n[services.sns]\nurl = "https://sns.example.org"\n'
        '[services.lab]\nurl = "https://lab.example.org/"\n'
    )
    monkeypatch.setenv("PARK_CONFIG", str(configuration))
    monkeypatch.delenv("PARK_SERVICE", raising=False)
    error = failed("OSError: no", "Traceback …", entry_point="os:getcwd")
    assert error.message == "job 0199 failed: OSError: no"
    assert error.hint == f"park status{on} 0199 --traceback; park logs{on} 0199"
    assert error.details == {"traceback": "Traceback …"}


def test_what_was_left_behind_is_said_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "left_behind", lambda *_: "plugin is here, and stays here")
    hint = failed("ModuleNotFoundError: plugin", None).hint
    assert hint is not None
    assert hint.startswith("plugin is here, and stays here; park status")


@pytest.mark.parametrize(
    ("install", "hint"),
    [
        (INSTALL | {"state": "failed", "error": {"hint": "park publish"}}, "park publish"),
        (INSTALL | {"state": "failed", "error": {"hint": ["odd"]}}, None),
        (INSTALL | {"state": "ready"}, None),
        (ServiceUnreachable("it is gone"), None),
        ([], None),
    ],
)
def test_a_job_whose_install_failed_is_told_what_that_advises(
    install: Any, hint: str | None
) -> None:
    error = cancellation(cancelled("0200"), cast("Transport", Service(install)))
    assert error.message == "job 0199 was cancelled: needs install 0200"
    assert error.hint == hint


def test_a_job_that_waited_for_no_install_asks_nothing() -> None:
    error = cancellation(cancelled(None), cast("Transport", Service(AssertionError())))
    assert error.hint is None
