"""What a job asks of the machines that it runs on: one record, from a keyword to a row.

An engine gives it or refuses it; what no engine could give is refused here, before anything
is sent.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypedDict

from park.errors import UsageError
from park.model.durations import parse_duration
from park.model.sizes import parse_size, shown_size

__all__ = [
    "LEAST_MEMORY_BYTES",
    "NOTHING_ASKED",
    "RESOURCE_KEYWORDS",
    "ResourceKeywords",
    "Resources",
    "check_resources",
    "resources_from_json",
    "resources_said",
    "walltime_of",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Resources:
    """What a job asks for; what is not said is left to the engine.

    ``cpus`` and ``memory_bytes`` are of each node, ``gpus`` too; ``nodes`` how many there are.
    After ``walltime_s`` the job is ended. ``partition`` and ``account`` are names of the
    cluster's, ``licenses`` counts by name, ``extra`` further options of the engine, each as
    its command takes it (``--constraint=avx2``). ``engine`` names the engine itself. With
    ``reuse`` it may have a process that had jobs of the same user, environment and module
    before, where an engine has such: that of pilots.
    """

    cpus: int = 1
    memory_bytes: int | None = None
    gpus: int = 0
    nodes: int = 1
    walltime_s: float | None = None
    partition: str | None = None
    account: str | None = None
    licenses: dict[str, int] = field(default_factory=dict)
    extra: list[str] = field(default_factory=list)
    engine: str | None = None
    reuse: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return what is asked for, by name; nothing of what is not."""
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in found.items() if value != _UNSAID[name]}

    def __str__(self) -> str:
        """Say it for people, as its keywords: ``cpus=4, memory=4.0 GiB``."""
        said = self.as_json()
        if self.memory_bytes is not None:
            said["memory"] = shown_size(said.pop("memory_bytes"))
        if self.walltime_s is not None:
            said["walltime"] = f"{said.pop('walltime_s'):g} s"
        return ", ".join(f"{name}={value}" for name, value in said.items())


NOTHING_ASKED = Resources()

_UNSAID = {each.name: getattr(NOTHING_ASKED, each.name) for each in fields(Resources)}


class ResourceKeywords(TypedDict, total=False):
    """The keywords that say `Resources`; None is the same as nothing said."""

    cpus: int | None
    memory: int | str | None
    gpus: int | None
    nodes: int | None
    walltime: float | str | None
    partition: str | None
    account: str | None
    licenses: str | Mapping[str, int] | None
    extra: str | list[str] | tuple[str, ...] | None
    engine: str | None
    reuse: bool | None


RESOURCE_KEYWORDS = frozenset(ResourceKeywords.__optional_keys__)

_FEWEST = {"cpus": 1, "nodes": 1, "gpus": 0}
_MOST_OF_A_KIND = 1_000_000
"""More than any machine has, and few enough for every counter on the way."""

_LONGEST_WALLTIME_S = 366 * 86_400.0
_MOST_BYTES = 1 << 60
_MOST_EXTRA = 32
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.,@+:/-]{0,199}")
"""Names of partitions (several, with commas), accounts and engines, as clusters have them."""

_LICENSE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@/-]{0,99}")
_EXTRA = re.compile(r"--[a-z][a-z-]*(=[^\x00-\x1f\x7f]{1,500})?")

LEAST_MEMORY_BYTES = 1 << 20
"""The least that can be meant: the data of an idle Python takes five times that."""


def resources_said(said: Mapping[str, Any], marked: Mapping[str, Any] | None = None) -> Resources:
    """Return what the keywords ``said`` ask for, and else those that ``@park.job`` has ``marked``.

    Raises `UsageError` for what nobody can mean, and `TypeError` for a keyword that there is not.
    """
    if unknown := {*said, *(marked or {})} - RESOURCE_KEYWORDS:
        raise TypeError(f"no resource of a job is called {', '.join(sorted(unknown))}")
    given = _given(marked or {}) | _given(said)
    values: dict[str, Any] = {}
    for name, value in given.items():
        match name:
            case "memory":
                values["memory_bytes"] = _memory(value)
            case "walltime":
                values["walltime_s"] = walltime_of(value)
            case "licenses":
                values[name] = _licenses(value)
            case "extra":
                values[name] = [value] if isinstance(value, str) else list(value)
            case _:
                values[name] = value
    return check_resources(Resources(**values))


def _given(keywords: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in keywords.items() if value is not None}


def resources_from_json(said: Mapping[str, Any]) -> Resources:
    """Return the resources whose `Resources.as_json` is ``said``; what is not known is left out."""
    return Resources(**{name: said[name] for name in _UNSAID if name in said})


def check_resources(asked: Resources) -> Resources:
    """Return ``asked``; raises `UsageError` for what no machine can have."""
    for name, fewest in _FEWEST.items():
        count = getattr(asked, name)
        if type(count) is not int or not fewest <= count <= _MOST_OF_A_KIND:
            raise UsageError(
                f"{name}={count!r}: it is a whole number from {fewest} to {_MOST_OF_A_KIND}"
            )
    _check_memory(asked.memory_bytes)
    _check_walltime(asked.walltime_s)
    for name in ("partition", "account", "engine"):
        text = getattr(asked, name)
        if text is not None and (not isinstance(text, str) or not _NAME.fullmatch(text)):
            raise UsageError(
                f"{name}={text!r}: it is a name of letters, digits and _ . , @ + : / -",
                hint="`park queues` shows the engines and partitions of a service",
            )
    _check_licenses(asked.licenses)
    _check_extra(asked.extra)
    if type(asked.reuse) is not bool:
        raise UsageError(f"reuse={asked.reuse!r}: it is True or False")
    return asked


def _check_memory(size: Any) -> None:
    if size is None:
        return
    if type(size) is not int or not 0 < size <= _MOST_BYTES:
        raise UsageError(
            f"memory={size!r}: it is a whole number of bytes, above 0",
            hint='with a unit it is a text: memory="4G"',
        )
    if size < LEAST_MEMORY_BYTES:
        raise UsageError(
            f"memory={size}: in {size} bytes no Python starts",
            hint=f'a bare number is bytes: {size} GiB are memory="{size}G"',
        )


def _check_walltime(seconds: Any) -> None:
    if seconds is None:
        return
    is_number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    if not is_number or not math.isfinite(seconds) or not 0 < seconds <= _LONGEST_WALLTIME_S:
        raise UsageError(
            f"walltime={seconds!r}: above 0, and at most {_LONGEST_WALLTIME_S / 86_400:g} days",
            hint=_TIMES,
        )


def _check_licenses(licenses: Any) -> None:
    for name, count in licenses.items():
        is_count = type(count) is int and 0 < count <= _MOST_OF_A_KIND
        if not isinstance(name, str) or not _LICENSE.fullmatch(name) or not is_count:
            raise UsageError(f"licenses: {name!r}: {count!r} is no licence", hint=_LICENSES)


def _check_extra(extra: Any) -> None:
    for option in extra:
        if not isinstance(option, str) or not _EXTRA.fullmatch(option):
            raise UsageError(
                f"extra={option!r}: each is one long option, with its value after a =",
                hint='extra=["--constraint=avx2"]',
            )
    if len(extra) > _MOST_EXTRA:
        raise UsageError(f"extra: {len(extra)} options, and at most {_MOST_EXTRA} are taken")


def _memory(said: Any) -> Any:
    if not isinstance(said, str):
        return said
    try:
        return parse_size(said)
    except ValueError as error:
        raise UsageError(f"memory={said!r}: {error}", hint='memory="4G", or "512M"') from error


_TIMES = 'seconds, or a text: walltime="2h", "90m", "02:00:00" or "1-12:00:00"'
_CLOCK = re.compile(r"(?:(\d+)-)?(\d+):(\d{1,2}):(\d{1,2})")


def walltime_of(said: Any) -> Any:
    """Return the seconds of a time as people and clusters write it; a number is seconds.

    >>> walltime_of("2h"), walltime_of("02:00:00"), walltime_of("1-12:00:00"), walltime_of(90)
    (7200.0, 7200.0, 129600.0, 90)

    Raises `UsageError` for other texts. Two numbers with one colon are no time: some clusters
    take them for minutes and seconds, people for hours and minutes.
    """
    if not isinstance(said, str):
        return said
    text = said.strip()
    if found := _CLOCK.fullmatch(text):
        days, hours, minutes, seconds = (int(each or 0) for each in found.groups())
        if max(minutes, seconds) < 60:  # noqa: PLR2004 (of an hour, of a minute)
            return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
    else:
        try:
            return float(text) if text.isdecimal() else parse_duration(text)
        except ValueError:
            pass
    raise UsageError(f"walltime={said!r}: it is no time", hint=_TIMES)


_LICENSES = 'licenses="matlab:2,disk", or {"matlab": 2, "disk": 1}'


def _licenses(said: Any) -> dict[Any, Any]:
    if isinstance(said, Mapping):
        return dict(said)
    if not isinstance(said, str):
        raise UsageError(f"licenses={said!r}: they are names with counts", hint=_LICENSES)
    found: dict[str, int] = {}
    for part in said.split(","):
        name, _, count = part.strip().partition(":")
        if not name or not (count or "1").isdecimal():
            raise UsageError(f"licenses={said!r}: {part!r} is no licence", hint=_LICENSES)
        found[name] = int(count or 1)
    return found
