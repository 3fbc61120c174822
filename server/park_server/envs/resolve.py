"""Resolution: a client's pins, for this platform, to a PEP 751 document.

Two resolvers behind one Protocol: uv, and pip (``pip lock``), a second opinion that an
operator can choose. Both run as a process with nothing of the operator's own configuration,
see the service's index alone, take wheels only, and get credentials through their
environment, never in the command line, which everybody on the machine can read.
"""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import httpx2
import uv
from packaging.pylock import Pylock
from packaging.utils import canonicalize_name

from park.errors import ParkError, ResolutionFailed, ServiceFault, UpstreamFault
from park.model.pins import Pin, RequirementSet
from park_server.envs.available import index_pages, shortage_error, shortages
from park_server.envs.child_processes import ChildProcesses
from park_server.envs.interpreters import Interpreter
from park_server.envs.provenance import require_names_alone, require_provenance
from park_server.envs.pylock import load

__all__ = [
    "RESOLVERS",
    "PipResolver",
    "ResolutionRequest",
    "Resolver",
    "UvResolver",
    "requirement_lines",
]

_TIMEOUT_S = 600
"""uv needs 1 s for 46 projects from a cold cache; a stuck upstream must end somehow."""

_PIP_CAUSES = re.compile(r"(?:^The conflict is caused by:.*|\Z)", re.DOTALL | re.MULTILINE)
"""The part of pip's standard output that names what contradicts what; else the empty end."""

_UNREAD = re.compile(
    r"(?:Failed to fetch: .*?/(?:simple|files/upstream)/|No matching distribution found for )"
    r"([A-Za-z0-9]+(?:[._-]+[A-Za-z0-9]+)*)"
)
"""A project whose page or file uv could not read from our index, or pip found nothing on."""

_SERVER_ERROR = re.compile(r"server error \(5\d\d|\b5\d\d Server Error|HTTP error 5\d\d")
"""What uv and pip say of an answer that is the index's own fault."""

_CONFIGURATION = re.compile(r"(UV|PIP)_")
_KEPT = {"PIP_CERT", "PIP_DEFAULT_TIMEOUT", "UV_HTTP_TIMEOUT", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS"}
"""What an operator says about the network stays; what says where to look for wheels does not."""

_PATIENCE = {"UV_HTTP_TIMEOUT": "600", "PIP_DEFAULT_TIMEOUT": "600"}
"""Seconds. The service's index sends a file of another index on when all of it is there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolutionRequest:
    """What to resolve.

    ``trees`` are the wheels of working trees among ``pins``, by pin: never looked up, only
    taken from the given file. ``index_url`` is the simple API of the service's index and
    may bear credentials. ``cache`` is a folder that the resolver may fill. ``alone``: the pins
    and nothing else, whatever their projects require.
    """

    pins: RequirementSet
    interpreter: Interpreter
    index_url: str = field(repr=False)
    cache: Path
    trees: Mapping[Pin, Path] = field(default_factory=dict)
    alone: bool = False


class Resolver(Protocol):
    """Resolves pins under all constraints of their wheels."""

    def resolve(self, request: ResolutionRequest) -> Pylock:
        """Return the resolver's own document.

        Raises `ResolutionFailed` with the resolver's explanation, without credentials and
        paths of this machine, or where something is not from the index (see
        `park_server.envs.provenance`); `UpstreamFault` where an index failed, so that nobody
        knows.
        """

    def stop(self) -> None:
        """End what is resolved: the service stops."""


class _ByProcess:
    def __init__(self) -> None:
        self._processes = ChildProcesses()

    def stop(self) -> None:
        """See `Resolver`."""
        self._processes.stop()

    def _run(
        self,
        argv: list[str],
        variables: Mapping[str, str],
        request: ResolutionRequest,
        folder: str,
        *,
        stdin: str = "",
    ) -> subprocess.CompletedProcess[str]:
        require_names_alone(request.trees)
        request.cache.mkdir(parents=True, exist_ok=True)
        env = child_environment(os.environ, variables)
        try:
            return self._processes.run(argv, stdin=stdin, cwd=folder, env=env, timeout_s=_TIMEOUT_S)
        except subprocess.TimeoutExpired as err:
            raise ResolutionFailed(
                f"the resolver did not finish within {_TIMEOUT_S} s",
                hint="see whether the service's upstream index answers",
            ) from err


class UvResolver(_ByProcess):
    """``uv pip compile --format pylock.toml``."""

    def resolve(self, request: ResolutionRequest) -> Pylock:
        """Resolve with uv; see `Resolver`."""
        argv = [
            uv.find_uv_bin(),
            *("pip", "compile", "-", "--format", "pylock.toml", "--quiet"),
            # always the path: a name may be taken for a version, or for a folder
            *("--python", str(request.interpreter.executable)),
            *("--only-binary", ":all:", "--no-config", "--no-header", "--no-annotate"),
            *(["--no-deps"] if request.alone else []),
        ]
        variables = {
            "UV_DEFAULT_INDEX": request.index_url,
            "UV_CACHE_DIR": str(request.cache / "uv"),
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_NO_PROGRESS": "1",
        }
        with TemporaryDirectory() as folder:
            overrides = Path(folder, "overrides.txt")
            overrides.write_text(_lines(request, filter(_hides_its_version, request.trees)))
            argv += ["--overrides", str(overrides)]
            lines = requirement_lines(request)
            done = self._run(argv, variables, request, folder, stdin=lines)
            if done.returncode != 0:
                raise _failure(explanation(done.stderr, request, folder), request)
            return _parse(done.stdout, request)


class PipResolver(_ByProcess):
    """``pip lock``, with the pip that the service itself has."""

    def resolve(self, request: ResolutionRequest) -> Pylock:
        """Resolve with pip; see `Resolver`."""
        variables = {
            "PIP_INDEX_URL": request.index_url,
            "PIP_CACHE_DIR": str(request.cache / "pip"),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_INPUT": "1",
        }
        with TemporaryDirectory() as folder:
            requirements, lock = Path(folder, "requirements.txt"), Path(folder, "pylock.toml")
            requirements.write_text(requirement_lines(request))
            argv = [
                *(sys.executable, "-m", "pip", "--python", str(request.interpreter.executable)),
                *("lock", "-r", str(requirements), "-o", str(lock), "--only-binary", ":all:"),
                *(["--no-deps"] if request.alone else []),
            ]
            done = self._run(argv, variables, request, folder)
            if done.returncode != 0:
                said = done.stderr + _PIP_CAUSES.findall(done.stdout)[0]
                raise _failure(explanation(said, request, folder), request)
            return _parse(lock.read_text(), request)


RESOLVERS: Mapping[str, type[Resolver]] = {"uv": UvResolver, "pip": PipResolver}
"""By the names under which an operator chooses one."""


def requirement_lines(request: ResolutionRequest) -> str:
    """Return the requirements file: each pin, or the file of a tree's wheel (PEP 508)."""
    return _lines(request, request.pins.pins)


def _lines(request: ResolutionRequest, pins: Iterable[Pin]) -> str:
    lines = [
        f"{pin.name} @ {request.trees[pin].absolute().as_uri()}"
        if pin in request.trees
        else str(pin)
        for pin in pins
    ]
    return "".join(f"{line}\n" for line in lines)


def _hides_its_version(pin: Pin) -> bool:
    """Tell whether a tree's own version has a local part, such as ``2.1+cpu``.

    Where another project requires just that (``==2.1+cpu``), ``2.1+cpu.t…`` would not do.
    """
    return "." in pin.version.partition("+")[2]


def child_environment(own: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, str]:
    """Return ``variables`` over the part of ``own`` that does not say what to install."""
    kept = {k: v for k, v in own.items() if k in _KEPT or not _CONFIGURATION.match(k)}
    kept.pop("VIRTUAL_ENV", None)
    # no git for it: gitconfig(1), protocol.allow; uv runs it for a URL such as git+https
    return {**_PATIENCE, **kept, "GIT_ALLOW_PROTOCOL": "none", **variables}


def explanation(output: str, request: ResolutionRequest, folder: str) -> str:
    """Return what a resolver said, without credentials and the paths of this machine."""
    text = re.sub(r"//[^/@\s]+@", "//", output)
    for wheel in request.trees.values():
        for spelling in (wheel.absolute().as_uri(), str(wheel.absolute()), str(wheel)):
            text = text.replace(spelling, wheel.name)
    for path in (folder, str(request.cache)):
        text = text.replace(f"{path}/", "").replace(path, "")
    lines = [line for line in text.splitlines() if not line.startswith("WARNING: pip lock is")]
    return "\n".join(lines).strip().removeprefix("error: ").removeprefix("ERROR: ")


def _parse(document: str, request: ResolutionRequest) -> Pylock:
    try:
        lock = load(document.encode())
    except ParkError as err:
        raise ServiceFault(f"the resolver wrote no valid lock: {err}") from err
    return require_provenance(lock, index_url=request.index_url, trees=request.trees)


def _failure(reason: str, request: ResolutionRequest) -> ParkError:
    """Say why there is no lock; where nothing better is known, the resolver has the word.

    First what keeps anybody from knowing: an index behind this one that failed. Then the
    pins without a fitting wheel. Raises `OSError` where the disk is full.
    """
    if os.strerror(errno.ENOSPC) in reason:
        raise OSError(errno.ENOSPC, "the resolver found no room on the disk")
    released = [pin for pin in request.pins.pins if pin not in request.trees]
    try:
        with index_pages(request.index_url) as page_of:
            for name in sorted(set(_UNREAD.findall(reason))):
                page_of(canonicalize_name(name))
            lacking = shortages(released, request.interpreter, page_of)
    except UpstreamFault as fault:
        return fault
    except (httpx2.HTTPError, ValueError):  # the index does not answer, or not in JSON
        lacking = ()
    if _SERVER_ERROR.search(reason):
        return UpstreamFault(
            f"an index failed while the resolver read from it:\n{reason}",
            hint="try again; if it stays so, the service's operator should check its upstream",
        )
    return shortage_error(lacking, request.interpreter) if lacking else _no_lock(reason, request)


def _no_lock(reason: str, request: ResolutionRequest) -> ResolutionFailed:
    target = request.interpreter.target
    return ResolutionFailed(
        f"no lock holds all the pins for Python {target.python} on {target.platform}:\n{reason}",
        hint="change a pin that the explanation names; what the service has: park versions",
        details={"python": target.python, "platform": target.platform},
    )
