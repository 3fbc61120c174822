"""Why a pin cannot be had here: what its project does offer for an interpreter.

Asked only after a resolver gave up, so that a person reads which versions would do in place
of a solver's proof that one does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import httpx2
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, NormalizedName, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from park.errors import ResolutionFailed, UpstreamFault, from_problem
from park.model.pins import Pin
from park_repo.simple import NOT_LISTED
from park_server.envs.interpreters import Interpreter

__all__ = ["Shortage", "index_pages", "shortage_error", "shortages"]

Page = Mapping[str, Any]
"""The JSON of a project's page in a simple index (PEP 691)."""

_JSON = "application/vnd.pypi.simple.v1+json"
_TIMEOUT_S = 60
"""Longer than the index waits for its upstream (40 s), so that its own words arrive."""

_AT_ONCE = 8
_SHOWN = 10
"""Versions in the message; ``details`` has them all."""


_BRING_A_WHEEL = (
    "have a wheel of it published in the service's index (twine upload), or install its source "
    "tree here with --editable: it is built here, or by a service with --allow-builds"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shortage:
    """A pin without a wheel that fits.

    ``wheels`` says what the wheels of that version are for (``cp312 on win_amd64``), empty
    where it has none; ``is_known`` is False where the index does not have the version at
    all. ``versions`` are those with a wheel that fits, newest first. ``not_listed`` says why
    the index does not offer files of that version which the one behind it has.
    """

    name: str
    version: str
    is_known: bool
    wheels: tuple[str, ...]
    versions: tuple[str, ...]
    not_listed: tuple[str, ...] = ()


def shortages(
    pins: Iterable[Pin], interpreter: Interpreter, page_of: Callable[[NormalizedName], Page | None]
) -> tuple[Shortage, ...]:
    """Return each of ``pins`` that has no wheel for ``interpreter``, in their order.

    ``page_of`` gives the page of a project, None where the index has no such project; it
    is called from several threads.
    """
    wanted = list(pins)
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        pages = threads.map(page_of, (pin.name for pin in wanted))
        found = [
            _shortage(pin, page or {}, interpreter) for pin, page in zip(wanted, pages, strict=True)
        ]
    return tuple(shortage for shortage in found if shortage is not None)


def shortage_error(found: Iterable[Shortage], interpreter: Interpreter) -> ResolutionFailed:
    """Return the error that names each shortage, and the versions that it could take."""
    every = list(found)
    target = interpreter.target
    platform = f"Python {target.python} on {target.platform}"
    first = next((shortage for shortage in every if shortage.versions), None)
    return ResolutionFailed(
        "\n".join(_sentence(shortage, platform) for shortage in every),
        hint=f"install a version here that the service can have, and ask again: "
        f"python -m pip install {first.name}=={first.versions[0]}; or {_BRING_A_WHEEL}"
        if first
        else _BRING_A_WHEEL,
        details={
            "python": target.python,
            "platform": target.platform,
            "unavailable": [asdict(shortage) for shortage in every],
        },
    )


@contextmanager
def index_pages(index_url: str) -> Iterator[Callable[[NormalizedName], Page | None]]:
    """Give what asks the simple index at ``index_url`` (credentials may be in it) for pages.

    It raises `UpstreamFault` where the index says that the one behind it failed. All pages are
    asked for by one client: a new one reads the machine's authorities first, 20 ms of a processor.
    """
    headers = {"Accept": _JSON}
    with httpx2.Client(headers=headers, timeout=_TIMEOUT_S, follow_redirects=True) as client:
        yield lambda name: _page(client.get(f"{index_url}{name}/"))


def _page(response: httpx2.Response) -> Page | None:
    if response.status_code == httpx2.codes.NOT_FOUND:
        return None
    if response.status_code == UpstreamFault.http_status:
        raise from_problem(response.json())
    response.raise_for_status()
    page: Page = response.json()
    return page


def _shortage(pin: Pin, page: Page, interpreter: Interpreter) -> Shortage | None:
    supported = frozenset(interpreter.tags)
    wheels = list(_wheels(page))
    fitting = {
        version
        for version, tags, entry in wheels
        if not supported.isdisjoint(map(str, tags)) and _is_usable(entry, interpreter)
    }
    if any(str(version) == pin.version for version in fitting):
        return None
    own = {tag for version, tags, _ in wheels if str(version) == pin.version for tag in tags}
    return Shortage(
        name=pin.name,
        version=pin.version,
        is_known=bool(own) or pin.version in _versions(page),
        wheels=tuple(sorted({f"{tag.interpreter} on {tag.platform}" for tag in own})),
        versions=tuple(map(str, sorted(fitting, reverse=True))),
        not_listed=tuple(
            f"{entry['filename']}: {entry['reason']}"
            for version, _, entry in _wheels({"files": page.get(NOT_LISTED, ())})
            if str(version) == pin.version
        ),
    )


def _wheels(page: Page) -> Iterator[tuple[Version, frozenset[Tag], Mapping[str, Any]]]:
    for entry in page.get("files", ()):
        try:
            _, version, _, tags = parse_wheel_filename(entry["filename"])
        except (InvalidWheelFilename, InvalidVersion):
            continue  # an sdist, or a file that no installer would take
        yield version, tags, entry


def _is_usable(entry: Mapping[str, Any], interpreter: Interpreter) -> bool:
    try:
        requires = SpecifierSet(entry.get("requires-python") or "")
    except InvalidSpecifier:
        requires = SpecifierSet()
    return not entry.get("yanked") and requires.contains(interpreter.version, prereleases=True)


def _versions(page: Page) -> frozenset[str]:
    """Return the versions that the page names, in their normalised spelling (PEP 700)."""
    named = (re.sub(r"\s", "", text) for text in page.get("versions", ()))
    return frozenset(str(Version(text)) for text in named if _is_version(text))


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


def _sentence(shortage: Shortage, platform: str) -> str:
    what = f"{shortage.name} {shortage.version}"
    if not shortage.is_known:
        lacks = f"the service's index does not have {what}"
        if shortage.not_listed:
            lacks = f"the service's index does not offer {shortage.not_listed[0]}"
    else:
        has = ", ".join(shortage.wheels[:_SHOWN]) or "only source"
        lacks = f"{what} has no wheel for {platform}; it has {has}"
    return f"{lacks}; {_offer(shortage, platform)}"


def _offer(shortage: Shortage, platform: str) -> str:
    if not shortage.versions:
        return f"no version of {shortage.name} has a wheel for {platform}"
    shown = ", ".join(shortage.versions[:_SHOWN])
    more = len(shortage.versions) - _SHOWN
    return f"versions that it could take: {shown}" + (f" and {more} more" if more > 0 else "")
