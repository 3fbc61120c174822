"""What a job asks of its environment, and what is installed here for that."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from park.client.installs.known_binding import is_of_python
from park.client.submission.reach import Reach
from park.local.set_options import PLAIN

if TYPE_CHECKING:
    from pathlib import Path

    from park.build.local_set import LocalSet
    from park.client.choosing.choice import Wanted
    from park.client.report import Report
    from park.client.submission.binding import InstallPolicy
    from park.client.submission.callers_line import CallersLine
    from park.client.submission.reach import Stale
    from park.local.set_options import SetOptions
    from park.model.entry_point import EntryPoint

__all__ = ["Asked", "is_here", "roots_of", "set_asked_for"]


@dataclass(frozen=True, slots=True)
class Asked:
    """For what an environment is looked for; the fields are those of `Bindings.of`.

    ``line`` is the one of the user's that submits it.
    """

    entry_point: EntryPoint
    reach: Reach | None
    options: SetOptions
    install: InstallPolicy
    report: Report
    stale: Stale
    wanted: Wanted
    line: CallersLine

    @property
    def what(self) -> str | Reach:
        """What is to be found in it."""
        return self.entry_point.module if self.reach is None else self.reach

    @property
    def is_plain(self) -> bool:
        """Whether its set is that of the module, or of Python alone, and nothing besides."""
        own = self.reach is None
        if is_of_python(self.entry_point):
            own = self.reach == Reach()
        return own and self.options == PLAIN


def set_asked_for(asked: Asked, options: SetOptions) -> LocalSet:
    """Return what is installed here for a job."""
    if asked.reach is None:
        from park.client.installs.matching import local_set_for

        return local_set_for(asked.entry_point, options)
    from park.build.cache import user_cache
    from park.build.gathered.together import gathered_set

    return gathered_set(
        asked.reach.modules, asked.reach.requirements, cache=user_cache(), options=options
    )


def roots_of(here: LocalSet) -> list[Path]:
    """Return the folders of the trees in a set."""
    return [each.project.root for each in here.sources if each.project.root]


def is_here(module: str) -> bool:
    """Tell whether this interpreter would find the package of ``module``."""
    return find_spec(module.partition(".")[0]) is not None
