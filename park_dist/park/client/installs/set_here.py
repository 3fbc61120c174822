"""Whether a requirement set that a service knows is installed here, pin by pin.

The set of a job is not always that of a module here: a function that travels by value has what
it refers to, and a job may have taken more along. Its pins say what it was.
"""

from __future__ import annotations

from packaging.utils import NormalizedName

from park.build.cache import user_cache
from park.build.gathered.together import gathered_set
from park.build.local_set import project_set
from park.client.access.transport import Transport
from park.client.choosing.versions import versions_there
from park.errors import ParkError
from park.local.distributions import look_up
from park.local.python_minor import python_minor
from park.model.pins import Pin, RequirementSet, is_tree_version, normalized_version, parse_pin

__all__ = ["is_installed_here"]


def is_installed_here(transport: Transport, set_hash: str) -> bool:
    """Tell whether this interpreter has every pin of the set, as the service describes it.

    What it says is believed only where it comes to ``set_hash``. Not here is also a set that the
    service has no environment of.
    """
    for record in versions_there(transport, set_hash=set_hash, newest=1):
        pins = [parse_pin(pin.name, pin.version) for pin in record.pins]
        known = RequirementSet.of(record.python, pins)
        if known.hash == set_hash and known.python == python_minor():
            return all(map(_is_here, known.pins))
    return False


def _is_here(pin: Pin) -> bool:
    if is_tree_version(pin.version):
        return _tree_version(pin.name) == pin.version
    project = look_up(pin.name)
    return project is not None and normalized_version(project.version) == pin.version


def _tree_version(name: NormalizedName) -> str | None:
    """Return the version of the tree that is installed here under ``name``, or None."""
    try:
        nothing = gathered_set((), cache=user_cache())
        return nothing.version if nothing.project.name == name else _of_project(name)
    except ParkError:
        return None


def _of_project(name: NormalizedName) -> str:
    return project_set(name, cache=user_cache()).version
