"""A row of an install that cannot be read fails that install, and stops no start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from support.labs.schedule_lab import USER, lab, run

from park.model.states import InstallState
from park_server.installs import install_rows
from park_server.installs.unreadable_installs import set_aside

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "damage", ["state = 'asleep'", "request = '{'", "added = '3'", "added = '{'", "error = '{'"]
)
def test_what_cannot_be_read_has_failed(tmp_path: Path, damage: str) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            await here.install("bad", InstallState.REALISING)
            await here.install("good", InstallState.REALISING)
            change = text(f"UPDATE installs SET {damage} WHERE id = 'bad'")  # noqa: S608 (above)
            await here.database.awrite(lambda c: c.execute(change))
            await here.database.awrite(set_aside)
            bad = here.database.read(lambda c: install_rows.get(c, "bad", USER))
            assert bad.state is InstallState.FAILED
            assert bad.error is not None
            assert bad.error["detail"] == "the row of the install could not be read"
            assert [each.id for each in here.database.read(install_rows.unfinished)] == ["good"]
            assert ("failed", {}) in here.history("bad")

    run(test)
