"""Where a release goes: to a service's released projects, or to any other index."""

from __future__ import annotations

import configparser
from dataclasses import dataclass, field
from pathlib import Path

from park.errors import UsageError

__all__ = ["Destination", "of_index", "of_pypirc", "of_service"]


_SECTION = "park"


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """An index as twine is told of it.

    ``options`` are twine's own, which anybody on the machine can read; ``pypirc`` is the text of
    a configuration of its own, which has the login. ``shown`` is what people call it.
    ``is_service``: it is park's, nobody has to be asked for anything, and it says what is wrong
    as a problem document.
    """

    shown: str
    options: tuple[str, ...]
    pypirc: str | None = field(default=None, repr=False)
    is_service: bool = False


def of_service(name: str, upload_url: str, token: str | None) -> Destination:
    """Return the released projects of a service; ``name`` is how its user knows it."""
    lines = (
        *("[distutils]", f"index-servers = {_SECTION}", f"[{_SECTION}]"),
        *(f"repository = {upload_url}", "username = __token__", f"password = {token or ''}"),
    )
    options = ("--non-interactive", "--verbose", "--repository", _SECTION)
    pypirc = "".join(f"{line}\n" for line in lines)
    return Destination(shown=name, options=options, pypirc=pypirc, is_service=True)


def of_pypirc(section: str) -> Destination:
    """Return the index that a section of ``~/.pypirc`` describes; ``pypi`` needs none.

    The password is twine's to find: there, in the keyring, in ``TWINE_PASSWORD``, or by asking.
    Raises `UsageError` where that file has no such index: twine says it after the whole build.
    """
    known = _indexes_of(Path.home() / ".pypirc")
    if known is not None and section not in known:
        raise UsageError(
            f"~/.pypirc has no index {section!r}; it knows {', '.join(sorted(known))}",
            hint="name it in index-servers there, with a section of its own; or --repository-url",
        )
    return Destination(shown=section, options=("--repository", section))


def _indexes_of(file: Path) -> set[str] | None:
    """Return the indexes that twine finds in ``file``; None where it will say what is wrong."""
    read = configparser.RawConfigParser()
    try:
        read.read(file, encoding="utf-8")
        servers = read.get("distutils", "index-servers", fallback="pypi testpypi").split()
    except (OSError, ValueError, configparser.Error):
        return None
    built_in = {"pypi", *({"testpypi"} & set(servers))}
    return built_in | {each for each in servers if read.has_section(each)}


def of_index(url: str) -> Destination:
    """Return the index that takes uploads at ``url``: pypiserver, devpi, or any other."""
    return Destination(shown=url, options=("--repository-url", url))
