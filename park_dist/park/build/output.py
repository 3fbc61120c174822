"""What a failed build says: the backend's own last lines, in one error."""

from __future__ import annotations

import subprocess

from park.errors import BuildFailed

__all__ = ["build_failed", "last_lines"]

_LINES = 20


def last_lines(text: str, count: int = _LINES) -> str:
    """Return the last ``count`` lines of ``text`` that say something."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return "\n".join(lines[-count:])


def build_failed(what: str, cause: BaseException | None, *, hint: str | None = None) -> BuildFailed:
    """Return the error for ``what`` failed, with the last lines that the cause left."""
    output = last_lines(_output_of(cause))
    message = f"{what}:\n{output}" if output else what
    return BuildFailed(message, hint=hint, details={"output": output})


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
