"""Install again at each saved change: what changed, and the loop that follows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from park.build.local_set import LocalSet
from park.client.installs.file_watch import Watch, Watcher
from park.errors import ParkError

__all__ = ["changes", "follow"]


def follow(
    take: Callable[[], LocalSet],
    install: Callable[[], None],
    *,
    watch: Watch,
    tell: Callable[[str], None],
    fail: Callable[[ParkError], None],
) -> None:
    """Install, and again after each change, until interrupted.

    ``take`` gives the local set as it is, ``install`` makes its environment, ``tell`` is
    given each change as a line, ``fail`` an error: a project that does not build at the
    moment is one that somebody is working on. Raises what the first ``take`` raises.
    """
    current = take()
    while True:
        # watched before it is installed: what is saved meanwhile is not lost
        with watch(_roots(current)) as watcher:
            try:
                install()
            except ParkError as error:
                fail(error)
            before, current = current, _next(current, take, watcher, fail)
        for line in changes(before, current):
            tell(line)


def changes(before: LocalSet, after: LocalSet) -> tuple[str, ...]:
    """Return a line for each file, and for each release, in which two local sets differ."""
    old, new = _contents(before), _contents(after)
    differing = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    return tuple(_line(key, old.get(key), new.get(key)) for key in differing)


def _next(
    before: LocalSet,
    take: Callable[[], LocalSet],
    watcher: Watcher,
    fail: Callable[[ParkError], None],
) -> LocalSet:
    """Return the local set as soon as it is another than ``before``."""
    while True:
        try:
            now = take()
        except ParkError as error:
            fail(error)
        else:
            if now.requirements != before.requirements:
                return now
        watcher.wait()


def _roots(local: LocalSet) -> Sequence[Path]:
    """Return where the local projects are; a copy's files are those that it was installed as."""
    return [source.snapshot.root for source in local.sources]


def _contents(local: LocalSet) -> dict[tuple[str, str], str]:
    """Return what decides about the set: files by project and path, releases by name."""
    files = {
        (str(source.project.name), file.path): f"{file.sha256} {file.executable}"
        for source in local.sources
        for file in source.snapshot.files
    }
    return files | dict(_releases(local))


def _releases(local: LocalSet) -> Iterator[tuple[tuple[str, str], str]]:
    own = {source.project.name for source in local.sources}
    for pin in local.requirements.pins:
        if pin.name not in own:
            yield (str(pin.name), ""), pin.version


def _line(key: tuple[str, str], old: str | None, new: str | None) -> str:
    project, path = key
    if not path:
        return f"{project} {old or 'absent'} became {new or 'absent'}"
    if old is None or new is None:
        return f"{'added' if old is None else 'removed'} {path} ({project})"
    return f"edited {path} ({project})"
