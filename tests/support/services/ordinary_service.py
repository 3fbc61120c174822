"""A service of an ordinary user of the machine, also where the tests run as root."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from support.faults.ordinary_user import give_to_ordinary_user
from support.services.park_service import ParkService

import park.runtime
from park.runtime.view import enter_command

__all__ = ["NOBODY", "OrdinaryService"]

NOBODY = 65_534


class OrdinaryService(ParkService):
    """It becomes that user before its first line; a closed way to this Python is opened for it.

    Its home is below ``root``, which it must be able to reach.
    """

    def command(self, *options: str) -> list[str]:
        """Return the command line that serves this home, as an ordinary user."""
        served = super().command(*options)
        if os.geteuid() != 0:
            return served
        self.home.parent.mkdir(exist_ok=True)
        give_to_ordinary_user(self.home.parent)
        program = os.path.join(park.runtime.__path__[0], "__main__.py")  # noqa: PTH118
        tree = Path(program).resolve().parents[3]
        reached = [tree, Path(sys.prefix), Path(sys.base_prefix), self.home.parent]
        words = [f"user={NOBODY}:{NOBODY}:", *(f"reach={path}" for path in reached)]
        way = enter_command(sys.executable, program, str(tree), [], strict=False, cage=words)
        return [*way, *served]

    def environ(self) -> dict[str, str]:
        """Return the environment that the service runs in: at home where it may be."""
        return super().environ() | {"HOME": str(self.home.parent)}
