"""The cages of jobs, put together: what each user finds of the home, and reaches outside of it."""

from __future__ import annotations

from pathlib import Path

from park_server.areas.areas import Areas
from park_server.assembly.foundation import Foundation
from park_server.jobs.engines.cages import MOST_PROCESSES, Cages

__all__ = ["cages_of", "prefixes_of"]


def cages_of(foundation: Foundation, areas: Areas) -> Cages:
    """Return the cages of the users of a service."""
    directory, content = foundation.trust.directory, foundation.content

    def own_folders(user: str) -> list[Path]:
        lent = content.shelf_of(user, foundation.accounts.owner_of(user))
        return [lent, *areas.folders_for(user)]

    return Cages(
        home=foundation.home.path,
        isolations=foundation.isolations,
        accounts=foundation.accounts,
        reached=[*prefixes_of(foundation), *foundation.settings.roots.values()],
        rules=lambda: directory.policy.jobs,
        is_operator=lambda user: user == directory.operator,
        own_folders=own_folders,
        processes=foundation.settings.job_processes or MOST_PROCESSES,
        memory=foundation.settings.job_memory_bytes,
    )


def prefixes_of(foundation: Foundation) -> list[Path]:
    """Return the folders of the interpreters, by the names that lead to them."""
    executables = [each.executable for each in foundation.interpreters.values()]
    return sorted({path.parent.parent for each in executables for path in (each, each.resolve())})
