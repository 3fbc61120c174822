"""What a client asks for, parsed and checked once: what every station of an install takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from packaging.utils import NormalizedName, parse_wheel_filename

from park.errors import CannotSatisfy, UsageError
from park.model.ids import check_id
from park.model.lock_hash import LockHash
from park.model.pins import Pin, RequirementSet, SetHash, is_tree_version, parse_pin
from park.wire import InstallRequest
from park_server.envs.interpreters import Interpreter, interpreter_for

__all__ = ["CheckedRequest", "TreeSource", "TreeWheel", "checked", "tree_wheels"]


@dataclass(frozen=True, kw_only=True, slots=True)
class TreeWheel:
    """The wheel of a working tree, by its SHA-256 in hex; ``size`` in bytes."""

    pin: Pin
    filename: str
    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class TreeSource:
    """The source distribution of a working tree, for the service to build; see `SourceArchive`."""

    pin: Pin
    filename: str
    sha256: str
    build_pins: tuple[Pin, ...] = ()
    pretended_version: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedRequest:
    """An install that ``user`` asks for, without contradictions, and the interpreter for it.

    ``version`` of the project is spelled as the client spells it.
    """

    id: str
    user: str
    project: NormalizedName
    version: str
    requirements: RequirementSet
    interpreter: Interpreter
    wheels: tuple[TreeWheel, ...] = ()
    sources: tuple[TreeSource, ...] = ()
    as_installed: bool = False
    """The pins alone, whatever their projects require."""
    lock: LockHash | None = None
    """The lock that it is realised under, where that is settled: nothing is resolved then."""

    @property
    def set_hash(self) -> SetHash:
        """The hash of the pins."""
        return self.requirements.hash

    @property
    def digests(self) -> list[str]:
        """The SHA-256 of every file that the client brings, sorted."""
        return sorted([*(w.sha256 for w in self.wheels), *(s.sha256 for s in self.sources)])


def checked(
    user: str,
    request: InstallRequest,
    interpreters: Mapping[str, Interpreter],
    *,
    lock: LockHash | None = None,
) -> CheckedRequest:
    """Parse what ``user`` asks for, under ``lock`` if that is settled.

    Raises `UsageError` for a request that contradicts itself, `NoInterpreter`, and
    `CannotSatisfy` for a wheel of another platform.
    """
    check_id(request.id)
    pins = [parse_pin(pin.name, pin.version) for pin in request.pins]
    wheels = tree_wheels(request)
    sources = _sources(request)
    root = parse_pin(request.project, request.version)
    brought = {wheel.pin for wheel in wheels} | {source.pin for source in sources}
    _require_one_story(root, pins, brought)
    requirements = RequirementSet.of(request.python, pins)
    interpreter = interpreter_for(interpreters, request.python)
    _require_fitting(wheels, interpreter)
    return CheckedRequest(
        id=request.id,
        user=user,
        project=root.name,
        version=request.version,
        requirements=requirements,
        interpreter=interpreter,
        wheels=wheels,
        sources=sources,
        as_installed=request.as_installed,
        lock=lock,
    )


def tree_wheels(request: InstallRequest) -> tuple[TreeWheel, ...]:
    """Return the wheels of ``request``, with their pins in normalised spelling."""
    return tuple(
        TreeWheel(
            pin=parse_pin(wheel.name, wheel.version),
            filename=wheel.filename,
            sha256=wheel.sha256,
            size=wheel.size,
        )
        for wheel in request.wheels
    )


def _sources(request: InstallRequest) -> tuple[TreeSource, ...]:
    return tuple(
        TreeSource(
            pin=parse_pin(source.name, source.version),
            filename=source.filename,
            sha256=source.sha256,
            build_pins=tuple(parse_pin(pin.name, pin.version) for pin in source.build_pins),
            pretended_version=source.pretended_version,
        )
        for source in request.sources
    )


def _require_one_story(root: Pin, pins: Iterable[Pin], brought: set[Pin]) -> None:
    """See that pins, project and the files that the client brings agree."""
    pins = set(pins)
    trees = {pin for pin in pins if is_tree_version(pin.version)}
    if strangers := sorted(brought - pins):
        raise UsageError(f"wheels that no pin asks for: {', '.join(map(str, strangers))}")
    if bare := sorted(trees - brought):
        raise UsageError(f"working trees without a wheel: {', '.join(map(str, bare))}")
    if root not in pins:
        raise UsageError(f"the project {root} is not among its own pins")


def _require_fitting(wheels: Iterable[TreeWheel], interpreter: Interpreter) -> None:
    """Raise `CannotSatisfy` where a wheel of the client's can never be installed here."""
    supported = frozenset(interpreter.tags)
    for wheel in wheels:
        try:
            tags = set(map(str, parse_wheel_filename(wheel.filename)[3]))
        except ValueError as error:  # `InvalidWheelFilename`, or a version of too many digits
            raise UsageError(f"not the file name of a wheel: {wheel.filename!r}") from error
        if supported.isdisjoint(tags):
            target = interpreter.target
            raise CannotSatisfy(
                f"{wheel.filename} is for {', '.join(sorted(tags))}; this service runs "
                f"Python {target.python} on {target.platform}",
                hint="send its source to a service that builds, or a wheel for that platform",
            )
