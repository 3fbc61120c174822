"""An environment is found whole, repaired where it is damaged, and made where there is none."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from support.labs.install_lab import checked_request

from park_server.envs.keeper import EnvironmentKeeper
from park_server.envs.realisation import Environments
from park_server.envs.supply import WheelSupply
from park_server.installs.lock_station import Locked
from park_server.installs.realise_station import Realised, RealiseStation

LOCKED = cast(
    "Locked", SimpleNamespace(document="document", selection=SimpleNamespace(hash="ab"), added=())
)


class Around:
    """Environments, their keeper and a supply."""

    def __init__(self, *, is_there: bool, is_whole: bool, has_bytecode: bool) -> None:
        self.is_there, self.whole, self.bytecode = is_there, is_whole, has_bytecode
        self.done: list[tuple[str, Any, Any, Any]] = []

    async def is_whole(self, lock_hash: str) -> bool:
        assert lock_hash == "ab"
        return self.whole

    def get(self, _: str) -> str | None:
        return "damaged" if self.is_there else None

    def realise(self, document: Any, interpreter: Any, *, fetch: Any, progress: Any) -> str:
        self.done.append(("realise", document, fetch, progress))
        del interpreter
        return "environment"

    def repair(self, document: Any, interpreter: Any, *, fetch: Any, progress: Any) -> str:
        self.done.append(("repair", document, fetch, progress))
        del interpreter
        return "environment"

    def has_bytecode(self, environment: str) -> bool:
        assert environment == "environment"
        return self.bytecode

    def for_user(self, user: str) -> str:
        return f"wheels of {user}"


def realised(around: Around) -> Realised:
    station = RealiseStation(
        cast("Environments", around), cast("EnvironmentKeeper", around), cast("WheelSupply", around)
    )
    return asyncio.run(station.realised(checked_request("demo==1.0"), LOCKED, print))


@pytest.mark.parametrize(
    ("is_there", "is_whole", "step", "is_new"),
    [
        (True, True, "repair", False),
        (True, False, "repair", True),
        (False, False, "realise", True),
    ],
)
def test_what_is_there_is_looked_at_and_what_is_not_is_made(
    step: str, *, is_there: bool, is_whole: bool, is_new: bool
) -> None:
    around = Around(is_there=is_there, is_whole=is_whole, has_bytecode=True)
    assert realised(around).is_new is is_new
    assert around.done == [(step, "document", "wheels of ada", print)]


@pytest.mark.parametrize("has_bytecode", [True, False])
def test_whether_it_is_compiled_is_told(*, has_bytecode: bool) -> None:
    found = realised(Around(is_there=False, is_whole=False, has_bytecode=has_bytecode))
    assert found.lacks_bytecode is not has_bytecode
