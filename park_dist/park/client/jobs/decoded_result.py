"""Results on their way back from a service."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from park.client.jobs.plain_result import nodes_in, pickled_bytes, pickled_types
from park.errors import EnvironmentMismatch, InvalidEntryPoint, LocalSetError
from park.model.entry_point import EntryPoint
from park.runtime import codec

if TYPE_CHECKING:
    from park.client.access.transport import Transport

__all__ = ["decode_result", "set_hash_here", "set_of_job"]

_MAIN = b"__main__"
_AS_DATA = 'job.result(as_="json") has it as data and text'
_OF_A_SESSION = (
    f"{_AS_DATA}; the session that submitted the job gets the object, and what a module of a "
    "project defines comes back anywhere with the same versions"
)


def decode_result(
    document: Any,
    *,
    entry_point: str,
    set_hash: str | None,
    here: Callable[[], str | None],
    is_of_session: bool = False,
) -> Any:
    """Return the value of an encoded result of a job of ``entry_point``.

    A pickle is read only where ``here``, which says what set of versions this process has for
    that entry point, returns the ``set_hash`` of the job; one that names what a script defines
    only with ``is_of_session``: where this process submitted the job. Raises
    `EnvironmentMismatch` elsewhere, and for numpy data where numpy is absent.
    """
    types = pickled_types(document)
    if types and not is_of_session and _is_of_a_script(document):
        raise EnvironmentMismatch(
            f"the result of {entry_point} has a pickle of {', '.join(types)}, which belongs to the "
            "script or notebook that submitted the job, in another session than this",
            hint=_OF_A_SESSION,
        )
    found = here() if types and set_hash is not None else None
    if types and (found is None or found != set_hash):
        raise EnvironmentMismatch(
            f"the result of {entry_point} has a pickle of {', '.join(types)}, made under the set "
            f"{_short(set_hash)}; {_what_is_here(entry_point, found)}",
            hint=f"{_AS_DATA}; where the same versions are "
            "installed result() returns the object, and so gets it a job that runs under the "
            'same lock: service.submit("module:function", job, lock=job.lock_hash)',
        )
    try:
        return codec.decode(document, set_hash=found)
    except codec.CodecError as error:
        raise EnvironmentMismatch(
            f"the result cannot be read here: {error}",
            hint=_AS_DATA,
        ) from None


def _is_of_a_script(document: Any) -> bool:
    """Tell whether a pickle in the result names ``__main__``.

    Each process has another one: a class of the same name there would be taken for this one.
    """
    return any(_MAIN in pickled_bytes(node) for node in nodes_in(document, "pickle"))


def set_hash_here(entry_point: str) -> str | None:
    """Return the set hash of what is installed here for ``entry_point``; None where nothing is."""
    from park.build.cache import user_cache  # a look at all that is installed here
    from park.build.local_set import local_set

    try:
        module = EntryPoint.parse(entry_point).module
        return local_set(module, cache=user_cache()).requirements.hash
    except (InvalidEntryPoint, LocalSetError):
        return None


def set_of_job(entry_point: str, wanted: str | None, transport: Transport) -> str | None:
    """Return the set hash of what is here for ``entry_point``.

    It is ``wanted``, that of a job on the service, where all that is in that is installed here.
    """
    from park.client.installs.set_here import is_installed_here  # reads all records

    found = set_hash_here(entry_point)
    if wanted is None or found == wanted or not is_installed_here(transport, wanted):
        return found
    return wanted


def _what_is_here(entry_point: str, found: str | None) -> str:
    module = entry_point.partition(":")[0]
    if found is None and module == _MAIN.decode():
        return "not all that is in it is installed here"
    if found is None:
        return f"what that is here is unknown: {module} is not installed"
    return f"here {module} is of the set {_short(found)}"


def _short(set_hash: str | None) -> str:
    return "that nobody knows" if set_hash is None else f"{set_hash[:12]}…"
