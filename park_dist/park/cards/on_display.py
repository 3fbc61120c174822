"""Cards on the display of a notebook: shown at once, and changed in their place until the end.

A kernel takes such changes for as long as it lives, also when the cell has long ended. Where
there is no kernel (IPython in a terminal, a plain prompt) the first state is printed as text.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from park.errors import ParkError
from park.inert_text import inert

__all__ = ["Shown", "pause_s", "show"]

_SHORTEST_S, _LONGEST_S, _SHARE = 1.0, 10.0, 20.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """One state of something: as ``html``, and as ``text`` for who draws none."""

    text: str
    html: str

    @property
    def bundle(self) -> dict[str, str]:
        """The state by media type, as the protocol of Jupyter has it."""
        return {"text/plain": self.text, "text/html": self.html}


def pause_s(begun: float) -> float:
    """Return how many seconds may pass until what was shown first at ``begun`` is asked again.

    A twentieth of its age: who looks at something for an hour need not see each second of it.
    ``begun`` is of `time.monotonic`.
    """
    return min(max((time.monotonic() - begun) / _SHARE, _SHORTEST_S), _LONGEST_S)


def show(states: Iterator[Shown]) -> None:
    """Show the first of ``states`` now, and in its place each that follows, in the background.

    The iterator is asked in a thread of its own that ends with the process. Where it raises a
    `ParkError`, the last card stays.
    """
    first = next(states)
    publish = _published()
    if publish is None:
        sys.stdout.write(inert(f"{first.text}\n"))
        return
    place = {"display_id": uuid4().hex}
    publish(first.bundle, transient=place)

    def follow() -> None:
        with suppress(ParkError):
            for state in states:
                publish(state.bundle, transient=place, update=True)

    threading.Thread(target=follow, name="park display", daemon=True).start()


def _published() -> Callable[..., object] | None:
    """Return what a kernel shows things by; None where there is none. Imports nothing for it."""
    interactive: Any = sys.modules.get("IPython")
    shell: Any = None if interactive is None else interactive.get_ipython()
    if shell is None or getattr(shell, "kernel", None) is None:
        return None
    publish: Callable[..., object] = shell.display_pub.publish
    return publish
