"""What of a usage is not the same in another lock, in words for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from park.model.memo.file_view import FileView, WheelFiles, is_code
from park.model.memo.usage import Usage

__all__ = ["Difference", "difference"]

_SHOWN = 3
"""Changes that fit into a line; more of them are counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """What differs, a phrase for each: ``mymodel/layers.py changed``; ``used`` counts files."""

    changes: tuple[str, ...]
    used: int = 0

    def __str__(self) -> str:
        shown = "; ".join(self.changes[:_SHOWN])
        if len(self.changes) <= _SHOWN:
            return shown
        of = f" (of its {self.used} files)" if self.used else ""
        return f"{shown}; and {len(self.changes) - _SHOWN} more differ{of}"


def difference(usage: Usage, view: FileView, then: FileView | None = None) -> Difference | None:
    """Return what of ``usage`` differs in ``view``; None where all of it is the same there.

    ``then`` are the files of the lock in which the run was, where they are still known: with
    them single files are named where whole wheels count.
    """
    changes = tuple(dict.fromkeys(_changes(usage, view, then)))
    return Difference(changes=changes, used=_used(usage, view)) if changes else None


def _used(usage: Usage, view: FileView) -> int:
    """Return how many files of an environment count, those of whole wheels included."""
    whole = (view.wheel(name) for name in usage.wheels)
    single = sum(sha256 is not None for sha256 in usage.files.values())
    return single + sum(len(it.files) for it in whole if it is not None)


def _changes(usage: Usage, view: FileView, then: FileView | None) -> Iterator[str]:
    yield from _whole_environment(usage, view)
    yield from _files(usage, view)
    yield from _folders(usage, view, then)
    for stem, forms in usage.modules.items():
        yield from _module(stem, forms, view)
    for name, digest in usage.wheels.items():
        now = view.wheel(name)
        if now is None or now.digest != digest:
            yield from _wheel(name, now, view, then, look=False)
    for name, digest in usage.packages.items():
        now = view.wheel(name)
        if now is None or now.look != digest:
            yield from _wheel(name, now, view, then, look=True)


def _folders(usage: Usage, view: FileView, then: FileView | None) -> Iterator[str]:
    for folder, digest in usage.folders.items():
        if view.names_digest(folder) != digest:
            yield f"{_shown(folder, view)} lists other files"
    for folder, digest in usage.trees.items():
        if view.tree(folder) != digest:
            yield from _looks(folder, view, then)


def _looks(folder: str, view: FileView, then: FileView | None) -> Iterator[str]:
    """Say what a look below ``folder`` tells."""
    if then is None:
        yield f"other files are below {_shown(folder, view)}"
    else:
        yield from _seen(then.below(folder), view.below(folder), view, look=True)


def _files(usage: Usage, view: FileView) -> Iterator[str]:
    for path, sha256 in usage.files.items():
        now = view.files.get(path)
        if now != sha256:
            happened = "is there now" if sha256 is None else "is gone" if now is None else "changed"
            yield f"{_shown(path, view)} {happened}"


def _module(stem: str, forms: tuple[str, ...], view: FileView) -> Iterator[str]:
    now = view.forms(stem)
    if now == forms:
        return
    name = _shown(stem, view).replace("/", ".")
    if not forms:
        yield f"{name} can be imported now"
    elif not now:
        yield f"{name} can be imported no longer"
    else:
        yield f"{name} is imported from another file"


def _wheel(
    name: str, now: WheelFiles | None, view: FileView, then: FileView | None, *, look: bool
) -> Iterator[str]:
    before = None if then is None else then.wheel(name)
    if now is None:
        yield f"{name} is not in the environment any more"
    elif before is None:
        yield f"files of {name} changed"
    else:
        yield from _seen(before.files, now.files, view, look=look)


def _seen(
    before: Mapping[str, str], now: Mapping[str, str], view: FileView, *, look: bool
) -> Iterator[str]:
    """Say which files are others; where only a ``look`` counts, not those whose code is."""
    for path, happened in _compared(before, now):
        if ".dist-info/" not in path and not (look and happened == "changed" and is_code(path)):
            yield f"{_shown(path, view)} {happened}"


def _compared(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for path in sorted(before.keys() | now.keys()):
        if before.get(path) != now.get(path):
            happened = (
                "is new" if path not in before else "is gone" if path not in now else "changed"
            )
            yield path, happened


def _whole_environment(usage: Usage, view: FileView) -> Iterator[str]:
    if usage.interpreter != view.interpreter:
        yield "the Python interpreter is another"
    if usage.startup != view.startup:
        yield "what runs as the interpreter starts (.pth files, sitecustomize) changed"
    if usage.distributions is not None and usage.distributions != view.distributions:
        yield "distributions, or their entry points (plugins), are others"
    if usage.data != view.data:
        yield "data files, or commands, in the environment are others, which it may have looked at"


def _shown(path: str, view: FileView) -> str:
    return path.removeprefix(f"{view.site}/")
