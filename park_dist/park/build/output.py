"""What a failed build says: the backend's own last lines, in one error."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from park.errors import BuildFailed

__all__ = ["build_failed", "last_lines", "paths_sought", "without_frames_of_tools"]

_LINES = 20

_MISSING = re.compile(
    r"no such file|not exist|not found|cannot (?:be found|open|access)", re.IGNORECASE
)

_PATH = re.compile(r"(?<!\w)(?:\.{1,2})?[/\\][^\s'\":;,)]+")
"""A path in what a program printed, as far as that can be told from other words."""

_QUOTED = re.compile(r"['\"]([^'\"\n/\\]+(?:[/\\][^'\"\n]*)?)['\"]")
"""A relative path in quotes: programs run in the folder of the tree."""


_TRACEBACK = re.compile(
    r"^(?P<head>[ \t]*Traceback \(most recent call last\):\n)(?P<frames>(?:[ \t]+\S.*\n)+)",
    re.MULTILINE,
)
_FRAME = re.compile(r"^[ \t]+File \".*\n(?:(?![ \t]+File \").*\n)*", re.MULTILINE)
_OF_TOOLS = re.compile(r"\A\s*File \"[^\"]*[/\\](?:site|dist)-packages[/\\]")


def last_lines(text: str, count: int = _LINES) -> str:
    """Return the last ``count`` lines of ``text`` that say something."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return "\n".join(lines[-count:])


def build_failed(what: str, cause: BaseException | None, *, hint: str | None = None) -> BuildFailed:
    """Return the error for ``what`` failed, with the last lines that the cause left.

    Its message has tracebacks without the frames of the tools around the tree; its detail
    ``output`` has all.
    """
    output = _output_of(cause)
    said = last_lines(without_frames_of_tools(output))
    message = f"{what}:\n{said}" if said else what
    return BuildFailed(message, hint=hint, details={"output": last_lines(output)})


def without_frames_of_tools(text: str) -> str:
    """Return ``text`` without the frames of installed packages in its tracebacks, but the last.

    The backend's way to a ``setup.py`` is as long as what a message has room for.
    """
    return _TRACEBACK.sub(_shortened, text)


def _shortened(traceback: re.Match[str]) -> str:
    frames = _FRAME.findall(traceback["frames"])
    kept = [frame for frame in frames[:-1] if not _OF_TOOLS.search(frame)]
    return traceback["head"] + "".join([*kept, *frames[-1:]])


def paths_sought(output: str, source: Path) -> tuple[str, ...]:
    """Return the paths that the build of the tree at ``source`` looked for and did not find.

    They are relative to it: below it, or above by ``..`` (as written, or in a folder around the
    tree); what else a build reads is in other places.
    """
    lines = "\n".join(filter(_MISSING.search, output.splitlines()))
    found = dict.fromkeys(
        _relative(text, source) for text in (*_PATH.findall(lines), *_QUOTED.findall(lines))
    )
    return tuple(path for path in found if path is not None)


def _relative(found: str, source: Path) -> str | None:
    path = Path(os.path.normpath(source / found))
    if path == source or path in source.parents:
        return None
    leads_out = ".." in found and found.startswith(("..", str(source)))
    if not leads_out and path.parent not in source.parents and not path.is_relative_to(source):
        return None
    return os.path.relpath(path, source).replace(os.sep, "/")


def _output_of(cause: BaseException | None) -> str:
    """Find what a process printed in the exceptions of `build` and `pyproject_hooks`."""
    inner = getattr(cause, "exception", None)
    if isinstance(inner, BaseException):
        return _output_of(inner)
    if isinstance(cause, subprocess.CalledProcessError):
        return "\n".join(_text(stream) for stream in (cause.stdout, cause.stderr))
    return "" if cause is None else str(cause)


def _text(stream: str | bytes | None) -> str:
    return stream.decode(errors="replace") if isinstance(stream, bytes) else stream or ""
