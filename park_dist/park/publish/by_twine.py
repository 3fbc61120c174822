"""Checks and uploads of releases, by twine: run beside, since its commands are what it promises."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from park.build.output import last_lines
from park.errors import CannotSatisfy, UsageError
from park.inert_text import inert_log
from park.publish.destination import Destination
from park.publish.release_files import Release

__all__ = ["advice", "check", "raised", "reason", "require_twine", "twine_environ", "upload"]

_ELSEWHERE = {"TWINE_REPOSITORY", "TWINE_REPOSITORY_URL"}
"""What would lead an upload elsewhere than where it was said to go."""

_LOGIN = {"TWINE_USERNAME", "TWINE_PASSWORD"}
"""What would be taken in place of the login that is meant."""

_OF_PARK = {"PARK_TOKEN"}

_TRACEBACK = "Traceback (most recent call last):"

_MORE = "--output DIR keeps the files, and `twine upload --verbose` with them says more"

_PROBLEM = re.compile(r"\{.*\}")

_ONE_LINE_EACH = {"COLUMNS": "100000", "NO_COLOR": "1"}
"""Have twine, which speaks through rich, write no line in two, and no colours."""


def require_twine() -> None:
    """Raise `UsageError` where twine is not installed beside park."""
    if importlib.util.find_spec("twine") is None:
        raise UsageError(
            f"twine, which publishes, is not installed for {sys.executable}",
            hint="pip install 'park-dist[publish]'",
        )


def check(release: Release) -> None:
    """Have the files and their READMEs checked; raises `CannotSatisfy` with what is wrong."""
    done = subprocess.run(
        _command("--no-color", "check", "--strict", *map(str, release.files)),
        env=twine_environ(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip()
        raise CannotSatisfy(
            f"{release} does not pass the checks of twine:\n{said}", hint=advice(said)
        )


def advice(said: str) -> str:
    """Return what to do about what ``twine check`` said."""
    if "`long_description` missing" in said:
        return 'give it a README: readme = "README.md" in [project] of its pyproject.toml'
    return _MORE


def upload(release: Release, destination: Destination) -> None:
    """Upload the files, and their attestations where they lie beside them.

    To any other index than a service twine speaks on this terminal, also to ask for a password.
    Raises `CannotSatisfy`.
    """
    attested = [Path(f"{file}.publish.attestation") for file in release.files]
    beside = [str(path) for path in attested if path.exists()]
    more = ["--attestations", *beside] if beside else []
    words = [*destination.options, *more, *map(str, release.files)]
    environ = twine_environ(os.environ)
    what = f"{release} was not published to {destination.shown}"
    if destination.is_service:
        done = _logged_in(words, destination.pypirc or "", environ)
        why, hint = reason(done.stdout)
    else:
        done = _seen(words, environ)
        why, hint = raised(done.stderr), _MORE
    if done.returncode:
        raise CannotSatisfy(f"{what}: {why}", hint=hint)


def _seen(words: Sequence[str], environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run an upload that speaks on this terminal; where there is none, in lines alone.

    Its standard error is passed on at the end, but for the traceback of what it did not expect.
    """
    is_seen = sys.stdout.isatty()
    plain = () if is_seen and not environ.get("NO_COLOR") else ("--no-color",)
    lines = () if is_seen else ("--disable-progress-bar",)
    alone = () if sys.stdin.isatty() else ("--non-interactive",)
    sys.stdout.flush()
    done = subprocess.run(
        _command(*plain, "upload", *lines, *alone, *words),
        env=environ,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    sys.stderr.write(inert_log(done.stderr.partition(_TRACEBACK)[0]))
    return done


def raised(stderr: str) -> str:
    """Return why an upload failed: what twine raised, where it has not said it itself."""
    _, traceback, rest = stderr.partition(_TRACEBACK)
    return last_lines(rest, 1) if traceback else "twine says why above"


def _logged_in(
    words: Sequence[str], pypirc: str, environ: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run an upload with a login that is in a file of this user's alone, for as long as it takes.

    Not in its environment: whatever a program starts inherits that.
    """
    with TemporaryDirectory(prefix="park-") as folder:  # of mode 0700
        file = Path(folder) / "pypirc"
        file.touch(mode=0o600)
        file.write_text(pypirc, encoding="utf-8")
        return subprocess.run(
            _command("upload", "--config-file", str(file), *words),
            env={name: environ[name] for name in environ.keys() - _LOGIN} | _ONE_LINE_EACH,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


def reason(output: str) -> tuple[str, str | None]:
    """Return why an upload failed, and a hint, from what ``twine upload --verbose`` printed.

    A service answers with a problem document (RFC 9457).
    """
    documents = (_PROBLEM.search(line) for line in reversed(output.splitlines()))
    found = next(filter(None, documents), None)
    try:
        problem = json.loads(found[0]) if found else {}
    except ValueError:
        problem = {}
    if "detail" in problem:
        return str(problem["detail"]), problem.get("hint")
    return last_lines(output), None


def twine_environ(outer: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of twine: the outer one, but for what names another index.

    Nor has it a token of a service in it, which is none of twine's business.
    """
    return {name: value for name, value in outer.items() if name not in _ELSEWHERE | _OF_PARK}


def _command(*words: str) -> Sequence[str]:
    return [sys.executable, "-m", "twine", *words]
