"""What would become of an environment: it is there, or this would be built, sent and installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from park.build.cache import user_cache
from park.build.gathered.together import gathered_set
from park.build.local_set import LocalSet, local_set
from park.client.installs.index_memory import known_lacking
from park.client.installs.matching import binding_named
from park.client.installs.there_instead import there_instead, version_here
from park.client.submission.reach import Reach
from park.errors import ParkError
from park.local.set_options import PLAIN, SetOptions
from park.model.pins import Difference
from park.model.urls import host_of

if TYPE_CHECKING:
    from park.client.access.transport import Transport

__all__ = ["EnvironmentPlan", "environment_plan"]


@dataclass(frozen=True, kw_only=True, slots=True)
class EnvironmentPlan:
    """An environment that jobs need on a service.

    ``what`` is the project with its version, or how the environment was named; ``lock_hash``
    is that of the one that is there, or None. Otherwise ``instead`` says what the service has,
    ``nearest`` is the version to fall back to, if any, and ``differences`` are what lies
    between. ``build`` are wheels to be built here, ``send`` those that were built before and
    would be sent if the service lacks them. ``error`` says why nothing of this could be told.
    """

    service: str
    what: str
    lock_hash: str | None = None
    instead: str | None = None
    nearest: str | None = None
    differences: tuple[Difference, ...] = ()
    build: tuple[str, ...] = ()
    send: tuple[str, ...] = ()
    error: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {**asdict(self), "differences": [each.as_json() for each in self.differences]}

    def lines(self, name_of: Callable[[str], str] = host_of) -> Iterator[str]:
        """Yield it as text; ``name_of`` gives the name of the service at a URL."""
        first = f"{self.what} on {name_of(self.service)}"
        if self.error is not None:
            yield f"{first}: not known: {self.error}"
            return
        if self.lock_hash is not None:
            yield f"{first}: there (lock {self.lock_hash[:12]})"
            return
        yield f"{first}: would be installed; {self.instead}"
        yield from (f"  {difference}" for difference in self.differences)
        yield from (f"  build and send {wheel}" for wheel in self.build)
        yield from (f"  send {wheel}, unless it is there" for wheel in self.send)


def environment_plan(
    transport: Transport,
    target: str,
    lock: str | None,
    offer: str | None,
    *,
    reach: Reach | None = None,
    options: SetOptions = PLAIN,
) -> EnvironmentPlan:
    """Return what would become of the environment of ``target``, or of a named one.

    ``reach`` is what jobs of it refer to, where that is more than its module.
    """
    url = transport.address.url
    try:
        if offer is not None:
            found = binding_named(transport, lock=None, offer=offer).lock_hash
            return EnvironmentPlan(service=url, what=f"offer {offer}", lock_hash=found)
        if lock is not None:
            found = binding_named(transport, lock=lock, offer=None).lock_hash
            return EnvironmentPlan(service=url, what=f"lock {lock}", lock_hash=found)
        known = options.copying(known_lacking(url))
        here = (
            local_set(target, cache=user_cache(), options=known)
            if reach is None
            else gathered_set(reach.modules, reach.requirements, cache=user_cache(), options=known)
        )
        return _compared(transport, here)
    except ParkError as error:
        return EnvironmentPlan(service=url, what=target or str(lock or offer), error=error.message)


def _compared(transport: Transport, here: LocalSet) -> EnvironmentPlan:
    """Compare what is here with what the service has of the project."""
    what = f"{here.project.name} {here.version} (Python {here.requirements.python})"
    url = transport.address.url
    found = version_here(transport, here.requirements, here.project.name)
    if found is not None:
        return EnvironmentPlan(service=url, what=what, lock_hash=found.record.lock_hash)
    instead = there_instead(transport, here)
    wheels = [(source, source.cached_wheel()) for source in here.sources]
    return EnvironmentPlan(
        service=url,
        what=what,
        instead=instead.line,
        nearest=None if instead.nearest is None else instead.nearest.record.version,
        differences=instead.differences,
        build=tuple(str(source.pin) for source, wheel in wheels if wheel is None),
        send=tuple(wheel.filename for _, wheel in wheels if wheel is not None),
    )
