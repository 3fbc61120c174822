"""The environments of jobs of which all that they rest on is as it was: known by one look at files.

What a job needs of its set is its hash, and the folders of its trees. Both are remembered with all
that they rest on (`park.build.known`), so that whoever submits again walks no closure, and loads
nothing of what would.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from park.build.cache import user_cache
from park.build.known.known_set import known_file, recalled, stored
from park.client.submission.binding import Binding
from park.wire import API

if TYPE_CHECKING:
    from collections.abc import Sequence

    from park.build.known.known_set import KnownSet
    from park.build.local_set import LocalSet
    from park.client.access.transport import Transport
    from park.client.report import Report
    from park.model.entry_point import EntryPoint

__all__ = ["KnownBindings", "is_of_python"]

_PYTHON = ":python"
"""In the place of a module: any of the standard library's, whose jobs have one environment."""


def is_of_python(entry_point: EntryPoint) -> bool:
    """Tell whether a job calls what every Python has."""
    return entry_point.module.partition(".")[0] in sys.stdlib_module_names


class KnownBindings:
    """What is remembered of the sets of jobs, as the service of ``transport`` has them."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def recalled(self, entry_point: EntryPoint) -> KnownSet | None:
        """Return what is remembered of the set of ``entry_point`` while it is current."""
        top = entry_point.module.partition(".")[0]
        return recalled(self._file(entry_point), top, user_cache())

    def binding(self, known: KnownSet, report: Report) -> Binding | None:
        """Return the environment of ``known`` on the service, None where it has none any more."""
        wanted = {name: known.request[name] for name in ("project", "set_hash")}
        found = self._transport.json("GET", f"{API}/versions", params=wanted)
        if not found:
            return None
        for line in known.said:
            report.note(line)
        return Binding(lock_hash=str(found[0]["lock_hash"]), set_hash=wanted["set_hash"])

    def remember(
        self, entry_point: EntryPoint, here: LocalSet, said: Sequence[str], started_ns: int
    ) -> None:
        """Remember that the service has ``here``, as it was looked at from ``started_ns`` on.

        ``said`` is what was told of it.
        """
        from park.build.known.remembering import known_set
        from park.client.installs.index_memory import memory_of_index

        request = {
            "project": here.project.name,
            "version": here.version,
            "set_hash": here.requirements.hash,
            "wheels": [],
        }
        url = self._transport.address.url
        known = known_set(
            here,
            request,
            {},
            said,
            besides=[str(memory_of_index(user_cache(), url))],
            started_ns=started_ns,
            target=entry_point.module.partition(".")[0],
        )
        if known is not None:
            stored(self._file(entry_point), known)

    def _file(self, entry_point: EntryPoint) -> Path:
        module = _PYTHON if is_of_python(entry_point) else f"{entry_point.module}:"
        return known_file(module, self._transport.address.url, user_cache())
