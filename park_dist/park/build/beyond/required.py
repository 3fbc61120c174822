"""What a service is to resolve by itself: releases that need not be installed here.

An exact release is a pin. Anything else (an extra, a range, a name alone) is written as the
requirements of a wheel with nothing in it, so that the service's resolver reads it as it
would read those of any project, and the lock that comes of it is kept under its content.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from park.atomic import write_atomically
from park.local.distributions import look_up
from park.local.project import LocalProject, ProjectKind
from park.local.script import script_project
from park.local.set_options import exact_pin, parsed_requirement

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from park.build.cache import Cache
    from park.model.pins import Pin

__all__ = ["as_requirement", "required_projects"]

_ORIGIN = "required of the service's index"
_SHOWN_DIGITS = 12


def as_requirement(text: str) -> str | None:
    """Return ``text`` if it says which release of a project is meant, such as ``refl1d==1.0.1``.

    None for a module, a path, and a name alone: that is first looked for here.

    >>> as_requirement("refl1d==1.0.1"), as_requirement("mymodel[fast]"), as_requirement("./x")
    ('refl1d==1.0.1', None, None)
    """
    if not any(sign in text for sign in "=<>~!"):
        return None
    return str(parsed_requirement(text))


def required_projects(texts: Iterable[str], *, cache: Cache) -> tuple[LocalProject, ...]:
    """Return the requirements ``texts`` as projects, for a closure; raises `UsageError`."""
    texts = tuple(texts)
    exact = {text: pin for text in texts if (pin := exact_pin(text)) is not None}
    others = [text for text in texts if text not in exact]
    found = [_released(pin) for pin in exact.values()]
    return (*found, _of_requirements(others, cache)) if others else tuple(found)


def _released(pin: Pin) -> LocalProject:
    """Return a release: with what it requires if it is the one that is installed here."""
    here = look_up(pin.name)
    if here is not None and not here.is_local and here.version == pin.version:
        return here
    return LocalProject(
        name=pin.name,
        version=pin.version,
        kind=ProjectKind.RELEASED,
        origin=_ORIGIN,
        module=pin.name.replace("-", "_"),
        is_followed=False,
    )


def _of_requirements(texts: Sequence[str], cache: Cache) -> LocalProject:
    lines = sorted(str(parsed_requirement(text)) for text in texts)
    listed = "".join(f"#   {_quoted(line)},\n" for line in lines)
    content = f"# /// script\n# dependencies = [\n{listed}# ]\n# ///\n"
    names = sorted({canonicalize_name(parsed_requirement(text).name) for text in texts})
    digest = hashlib.sha256(content.encode()).hexdigest()[:_SHOWN_DIGITS]
    file = cache.root / "requirements-v1" / f"requires_{names[0].replace('-', '_')}_{digest}.py"
    if not file.exists():
        write_atomically(file, content)
    return replace(script_project(file), is_followed=False, origin=_ORIGIN)


def _quoted(text: str) -> str:
    """Return ``text`` as a TOML string; markers may have quotes of either kind."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
