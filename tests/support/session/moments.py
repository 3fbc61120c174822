"""To ask again until something is so, where nobody tells when it is."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["moments"]

_PAUSE_S = 0.05


def moments() -> Iterator[None]:
    """Yield now and again, and fail when the generous limit of the tests is over."""
    end = time.monotonic() + LIMIT_S
    pause = threading.Event()
    while time.monotonic() < end:
        yield
        pause.wait(_PAUSE_S)
    raise AssertionError(f"it is not so after {LIMIT_S} s")
