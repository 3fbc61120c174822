"""Every error of park, in one tree.

::

    ParkError
    ├── UsageError                the request itself is wrong
    │   ├── InvalidEntryPoint     not of the form ``package.module:qualname``
    │   ├── InvalidUpload         a file that the index refuses
    │   │   └── TooLarge          … because of its size
    │   ├── InsecureTransport     a token would leave this machine unencrypted
    │   ├── Misdirected           a name that the service does not go by
    │   ├── NotAcceptable         no form of the page that the client takes
    │   ├── PreconditionFailed    what is there is not what a request expects
    │   ├── PlanEnds              a script needs more than a plan can know
    │   └── UnknownItem           no such job, environment, project, file or service name
    ├── ServiceUnreachable        nothing answers at the service's URL
    ├── ServiceFault              the service failed to do what it should have done
    │   ├── OddAnswer             it answered something else than its API says
    │   └── UpstreamFault         the index behind the service's own failed
    ├── NotPermitted              the token does not allow it
    │   └── NotAuthenticated      no token, or one that the service does not know
    │       └── TooManyAttempts   … and guessing: nothing more is tried for a while
    ├── OverLimit                 more than one may have at a time
    │   ├── NoRoom                … of the disk of a service
    │   ├── TooFast               … of requests in a second
    │   └── TooManyAtOnce         … in one request, whatever else one has
    ├── CannotSatisfy             valid and permitted, but impossible here
    │   ├── LocalSetError         what is installed here cannot be pinned
    │   │   ├── NotImportable     no such module in this interpreter
    │   │   └── NoDistribution    no distribution behind the module, and no source tree
    │   ├── BuildFailed           the build backend failed
    │   ├── ResolutionFailed      no lock holds all the pins on the service's platform
    │   ├── NoInterpreter         the service does not have this Python
    │   ├── ApiMismatch           client and service are of releases too far apart
    │   ├── EnvironmentMismatch   no environment, or not the one that the job is bound to
    │   └── StaleSession          a module was edited after this session imported it
    ├── Conflict                  the name is taken by something else
    └── JobFailed                 the job ended, but not with a result
        └── JobCancelled

A message says what, where, and expected and found; ``hint`` says what to do. Each class
carries the exit status of the command line and the HTTP status of the service, so that
the two tables cannot drift apart. Nothing outside the standard library is imported here.
"""

from __future__ import annotations

from typing import Any, ClassVar

from park.inert_text import inert

__all__ = [
    "PROBLEM_TYPE",
    "ApiMismatch",
    "BuildFailed",
    "CannotSatisfy",
    "Conflict",
    "EnvironmentMismatch",
    "InsecureTransport",
    "InvalidEntryPoint",
    "InvalidUpload",
    "JobCancelled",
    "JobFailed",
    "LocalSetError",
    "Misdirected",
    "NoDistribution",
    "NoInterpreter",
    "NoRoom",
    "NotAcceptable",
    "NotAuthenticated",
    "NotImportable",
    "NotPermitted",
    "OverLimit",
    "ParkError",
    "PlanEnds",
    "PreconditionFailed",
    "ResolutionFailed",
    "ServiceFault",
    "ServiceUnreachable",
    "StaleSession",
    "StaleSessionWarning",
    "TooFast",
    "TooLarge",
    "TooManyAtOnce",
    "TooManyAttempts",
    "UnknownItem",
    "UpstreamFault",
    "UsageError",
    "as_raised_here",
]

PROBLEM_TYPE = "urn:park:problem:"
"""With what the ``type`` of every problem document of park begins (RFC 9457, 3.1.1)."""


class ParkError(Exception):
    """Anything that park reports to a person.

    What it says may come of a job, a service or a file, so nothing in it is for a terminal.
    ``hint`` is one sentence that says what to do, or None; a traceback shows it as a note.
    ``details`` is JSON data that a program can use (say, the differences of two sets).
    """

    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500

    def __init__(
        self, message: str, *, hint: str | None = None, details: dict[str, Any] | None = None
    ) -> None:
        self.message = inert(message)
        super().__init__(self.message)
        self.hint = inert(hint) if hint else hint
        self.details = details or {}
        if hint:
            self.add_note(f"hint: {self.hint}")

    def __str__(self) -> str:
        return self.message

    @property
    def type_name(self) -> str:
        """The class name in kebab case: the last part of a problem document's ``type``."""
        name = type(self).__name__
        return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-")

    def as_problem(self) -> dict[str, Any]:
        """Return the RFC 9457 problem document of this error, with ``hint`` and ``details``."""
        problem: dict[str, Any] = {
            "type": f"{PROBLEM_TYPE}{self.type_name}",
            "title": type(self).__name__,
            "status": self.http_status,
            "detail": self.message,
        }
        if self.hint:
            problem["hint"] = self.hint
        if self.details:
            problem["details"] = self.details
        return problem


class UsageError(ParkError):
    """The request itself is wrong."""

    exit_code = 2
    http_status = 400


class InvalidEntryPoint(UsageError):
    """An entry point that is not of the form ``package.module:qualname``."""


class InvalidUpload(UsageError):
    """A file that the index refuses; the message names the member and the rule."""


class TooLarge(InvalidUpload):
    """An upload over the size limit of the index."""

    http_status = 413


class InsecureTransport(UsageError):
    """A token would leave this machine by plain HTTP, for anybody on the way to read."""


class Misdirected(UsageError):
    """The request was sent to a name that the service does not go by (RFC 9110, 15.5.20)."""

    http_status = 421


class NotAcceptable(UsageError):
    """No representation of the page fits the request's ``Accept``."""

    http_status = 406


class PreconditionFailed(UsageError):
    """What is there is not what the condition of a request says (RFC 9110, section 13)."""

    http_status = 412


class PlanEnds(UsageError):
    """A script needs more than a plan can know, or would do more than submit."""


class UnknownItem(UsageError):
    """No such job, environment, project, file or service name."""

    http_status = 404


class ServiceUnreachable(ParkError):
    """Nothing answers at the service's URL."""

    exit_code = 3
    http_status = 503


class ServiceFault(ParkError):
    """The service failed to do what it should have done: a defect of it, or of its machine."""


class OddAnswer(ServiceFault, ValueError):
    """The service answered something else than its API says."""

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = "is this the URL of a park service? `park service list` shows yours",
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message, hint=hint, details=details)


class UpstreamFault(ServiceFault):
    """The index behind the service's own failed, or did not answer.

    Never told as "no such project": an installer would then take another version, or
    another project, for what is only a network fault.
    """

    http_status = 502


class NotPermitted(ParkError):
    """The token does not allow it."""

    exit_code = 4
    http_status = 403


class NotAuthenticated(NotPermitted):
    """No token, or one that the service does not know."""

    http_status = 401


class TooManyAttempts(NotAuthenticated):
    """Too many wrong passwords: no more are tried until ``details["retry_after_s"]`` passed."""

    http_status = 429


class OverLimit(ParkError):
    """More was asked for than is answered at a time; later there will be room again."""

    exit_code = 4
    http_status = 429


class NoRoom(OverLimit):
    """The user has as much of the service's disk as he may."""

    http_status = 507


class TooFast(OverLimit):
    """More requests in a second than the user may make; ``details`` has ``retry_after_s``."""


class TooManyAtOnce(OverLimit):
    """More in one request than the user may send, whatever else he has."""

    http_status = 413


class CannotSatisfy(ParkError):
    """Valid and permitted, but impossible here."""

    exit_code = 5
    http_status = 422


class LocalSetError(CannotSatisfy):
    """What is installed here cannot be pinned."""


class NotImportable(LocalSetError):
    """No such module in this interpreter."""


class NoDistribution(LocalSetError):
    """No distribution behind the module, and no source tree."""


class BuildFailed(CannotSatisfy):
    """The build backend failed; ``details["output"]`` has its last lines."""


class ResolutionFailed(CannotSatisfy):
    """No lock holds all the pins on the service's platform."""


class NoInterpreter(CannotSatisfy):
    """The service does not have this Python."""


class ApiMismatch(CannotSatisfy):
    """Client and service speak versions of the API that do not meet."""


class EnvironmentMismatch(CannotSatisfy):
    """No environment matches, or it is not the one that the job is bound to."""

    http_status = 409


class StaleSession(CannotSatisfy):
    """A module's file has changed since this session imported it, and that is not wanted."""

    http_status = 409


class StaleSessionWarning(UserWarning):
    """A module's file has changed since this session imported it: the service runs the file."""


class Conflict(ParkError):
    """The name is taken by something else."""

    exit_code = 5
    http_status = 409


class JobFailed(ParkError):
    """The job ended, but not with a result; ``details`` may have ``traceback``."""


class JobCancelled(JobFailed):
    """The job was cancelled before it had a result."""


def error_classes() -> dict[str, type[ParkError]]:
    """Return every class of the tree by its ``type_name``."""

    def walk(cls: type[ParkError]) -> list[type[ParkError]]:
        return [cls, *(found for sub in cls.__subclasses__() for found in walk(sub))]

    return {cls("").type_name: cls for cls in walk(ParkError)}


def as_raised_here(error: BaseException) -> BaseException:
    """Return ``error``, which came up in the background, for whoever asks to raise it anew.

    The line of an error of park says all. So the traceback of the thread that met it and the
    errors behind it are left out, and the line that asked stands right above it. Whatever else
    it is, a defect most likely, keeps them.
    """
    if not isinstance(error, ParkError):
        return error
    error.__cause__, error.__suppress_context__ = None, True
    return error.with_traceback(None)


def from_problem(problem: dict[str, Any]) -> ParkError:
    """Rebuild the error that a service described in a problem document.

    An unknown ``type`` becomes the nearest class by its status: 401, 403, 404, 4xx, else a
    `ServiceFault`. What has another form than it should is left out: anybody may have written it.
    """
    slug = str(problem.get("type", "")).rpartition(":")[2]
    said, hint, details = (problem.get(name) for name in ("status", "hint", "details"))
    status = said if isinstance(said, int) else 500
    by_status = {401: NotAuthenticated, 403: NotPermitted, 404: UnknownItem}
    fallback = by_status.get(status, UsageError if 400 <= status < 500 else ServiceFault)  # noqa: PLR2004 (HTTP's own ranges)
    return error_classes().get(slug, fallback)(
        str(problem.get("detail") or problem.get("title") or f"the service answered {status}"),
        hint=hint if isinstance(hint, str) else None,
        details=details if isinstance(details, dict) else None,
    )
