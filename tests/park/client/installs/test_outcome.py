"""An install is followed until jobs can run, or until its bytecode is there as well."""

from __future__ import annotations

from typing import Any

import pytest
from support.stand_ins.job_service import JobService

from park.client.installs.outcome import followed
from park.errors import ResolutionFailed
from park.wire import InstallRecord, decode


class Installing(JobService):
    """A service that tells one state of an install after the other."""

    def __init__(self, *states: dict[str, Any]) -> None:
        super().__init__()
        self.states = [
            {"id": "i", "project": "demo", "version": "1", "python": "3.11", "set_hash": "2" * 64}
            | state
            | {"revision": revision}
            for revision, state in enumerate(states)
        ]

    def json(self, method: str, path: str, **arguments: Any) -> Any:
        assert (method, path) == ("GET", "/api/v1/installs/i")
        return self.states[arguments["params"]["after"] + 1]

    def followed(self, **options: Any) -> InstallRecord:
        first = decode(InstallRecord, self.states[0])
        return followed(self, first, Silent(), **options)


class Silent:
    """A report to nobody."""

    def step(self, text: str) -> None:
        """Say nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""

    def progress(self, stage: str, done: int, total: int, unit: str) -> None:
        """Say nothing."""


@pytest.mark.parametrize(("until_compiled", "revision"), [(False, 2), (True, 3)])
def test_bytecode_is_waited_for_where_that_is_asked(until_compiled: bool, revision: int) -> None:  # noqa: FBT001
    service = Installing(
        {"state": "resolving"},
        {"state": "realising"},
        {"state": "ready", "compiling": True, "lock_hash": "1" * 64},
        {"state": "ready", "compiling": False, "lock_hash": "1" * 64},
    )
    assert service.followed(until_compiled=until_compiled).revision == revision


def test_an_install_that_fails_raises_what_the_service_says() -> None:
    error = ResolutionFailed("no six 9.9", hint="take another").as_problem()
    service = Installing({"state": "resolving"}, {"state": "failed", "error": error})
    with pytest.raises(ResolutionFailed, match=r"no six 9\.9") as caught:
        service.followed()
    assert caught.value.hint == "take another"
