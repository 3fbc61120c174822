"""What the index of a service has of what is installed here: asked once for each release.

A release without a wheel there (a local version of another index, a project that has only
source) is sent from the files that are installed here, as the user's own; where these are
not whole, from the wheel that they came from, if an installer's cache has it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion

from park.atomic import write_atomically
from park.build.cache import user_cache
from park.build.local_set import LocalSet, with_copies
from park.errors import LocalSetError, ParkError, UnknownItem
from park.local.origin import CONDA
from park.model.pins import Pin, normalized_version, parse_pin
from park.wire import API, decode

if TYPE_CHECKING:
    from park.build.cache import Cache
    from park.client.access.transport import Transport
    from park.client.report import Report
    from park.local.project import LocalProject

__all__ = ["completed", "fits", "known_lacking", "memory_of_index"]

_JSON = "application/vnd.pypi.simple.v1+json"
_AT_ONCE = 8
_OLDEST_STABLE_ABI = 2  # CPython 3.2: PEP 384


@dataclass(frozen=True, kw_only=True, slots=True)
class _Memory:
    """Pins as text: those that the index has a fitting wheel of, and those sent from here."""

    had: frozenset[str] = frozenset()
    lacking: frozenset[str] = frozenset()


def known_lacking(url: str) -> frozenset[Pin]:
    """Return the releases that the index of the service at ``url`` was found to lack."""
    texts = _remembered(memory_of_index(user_cache(), url)).lacking
    return frozenset(parse_pin(*text.split("==")) for text in texts)


def completed(transport: Transport, here: LocalSet, report: Report) -> LocalSet:
    """Return ``here`` with copies of the releases that the service's index has no wheel of.

    Each release is asked for once; where the index does not answer, its resolver will say so.
    """
    store = memory_of_index(user_cache(), transport.address.url)
    memory = _remembered(store)
    released = {str(m.pin): m for m in here.members if not m.is_local and m.is_followed}
    doubtful = [pin for pin in released if pin not in memory.had and pin not in memory.lacking]
    if doubtful:
        memory = _asked(transport, here, memory, [released[pin] for pin in doubtful], report)
        write_atomically(store, _as_text(memory))
    names = [m.name for pin, m in released.items() if pin in memory.lacking]
    for name in names:
        report.step(f"{name} is sent from here: the service's index has no wheel of this version")
    return with_copies(here, names, cache=user_cache(), progress=report.step) if names else here


def _asked(
    transport: Transport,
    here: LocalSet,
    memory: _Memory,
    doubtful: Collection[LocalProject],
    report: Report,
) -> _Memory:
    from park.wire import ServiceRecord  # most installs ask nothing

    try:
        about = decode(ServiceRecord, transport.json("GET", API))
    except ParkError:
        return memory  # what is wrong is told by the request itself
    from park.side_by_side import side_by_side  # only where there is something to ask

    python = here.requirements.python
    platforms = frozenset(about.platforms.get(python, ()))

    def state(project: LocalProject) -> bool | None:
        return _has(transport, project.pin, python, platforms)

    def told(done: int, total: int) -> None:
        report.progress("index", done, total, "projects")

    found = side_by_side(state, doubtful, at_once=_AT_ONCE, told=told)
    states = dict(zip(doubtful, found, strict=True))
    had = {str(each.pin) for each, has in states.items() if has}
    lacking = {
        str(each.pin)
        for each, has in states.items()
        if has is False and _can_be_sent(each, python, platforms)
    }
    return _Memory(had=memory.had | had, lacking=memory.lacking | lacking)


def _has(transport: Transport, pin: Pin, python: str, platforms: frozenset[str]) -> bool | None:
    """Tell whether the index has a wheel of ``pin`` that fits; None where it cannot tell."""
    try:
        answer = transport.bytes(f"/simple/{pin.name}/", headers={"Accept": _JSON})
        page: Mapping[str, Any] = answer.json()
    except UnknownItem:
        return False
    except (ParkError, ValueError):
        return None
    return any(_is_of(entry, pin, python, platforms) for entry in page.get("files", ()))


def _is_of(entry: Mapping[str, Any], pin: Pin, python: str, platforms: frozenset[str]) -> bool:
    try:
        _, version, _, tags = parse_wheel_filename(entry["filename"])
    except (InvalidWheelFilename, InvalidVersion, KeyError):
        return False  # an sdist, or what no installer takes
    return normalized_version(str(version)) == pin.version and fits(tags, python, platforms)


def fits(tags: Iterable[Tag], python: str, platforms: Collection[str]) -> bool:
    """Tell whether a wheel with ``tags`` runs on CPython ``python`` on one of ``platforms``."""
    minor = int(python.partition(".")[2])
    return any(_runs(tag, minor) and tag.platform in {"any", *platforms} for tag in tags)


def _runs(tag: Tag, minor: int) -> bool:
    kind, number = tag.interpreter[:2], tag.interpreter[2:]
    if kind not in {"py", "cp"} or not number.startswith("3"):
        return False
    own = int(number[1:]) if number[1:].isdigit() else 0
    if kind == "cp" and tag.abi == "abi3":
        return _OLDEST_STABLE_ABI <= own <= minor
    if kind == "cp":
        return own == minor
    return own <= minor


def _can_be_sent(project: LocalProject, python: str, platforms: frozenset[str]) -> bool:
    """Tell whether the installed files make a wheel that the service can run.

    What conda installed is built against what else conda installed.
    """
    if project.origin == CONDA:
        return False
    from park.build.copied import copied_source  # for the few that an index lacks

    try:
        copied = copied_source(project, cache=user_cache())
    except LocalSetError:
        return False
    return fits(copied.tags, python, platforms)


def memory_of_index(cache: Cache, url: str) -> Path:
    """Return where it is remembered what the index of the service at ``url`` has."""
    return cache.root / "indexes-v1" / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.json"


def _remembered(store: Path) -> _Memory:
    with suppress(OSError, ValueError, KeyError):
        known = json.loads(store.read_bytes())
        return _Memory(had=frozenset(known["had"]), lacking=frozenset(known["lacking"]))
    return _Memory()


def _as_text(memory: _Memory) -> str:
    return json.dumps({"had": sorted(memory.had), "lacking": sorted(memory.lacking)})
