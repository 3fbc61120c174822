"""The parts of a service that say what is kept, and remove the rest."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from park_server.assembly.foundation import Foundation
from park_server.clock import later
from park_server.envs.keeper import EnvironmentKeeper
from park_server.jobs.folder import JobFolders
from park_server.leftovers import sweep_compiled
from park_server.retention.content_sweep import ContentSweep
from park_server.retention.job_removal import JobRemoval
from park_server.retention.retention import Retention
from park_server.retention.trees.tree_sweep import TreeSweep
from park_server.threads import in_thread
from park_server.trust import audit

__all__ = ["retention_of"]


def retention_of(
    foundation: Foundation, folders: JobFolders, keeper: EnvironmentKeeper
) -> Retention:
    """Return what keeps the service of ``foundation`` to its operator's policy."""
    content = ContentSweep(foundation.content)
    evict = partial(keeper.remove_all, why="its working trees are too old")
    return Retention(
        home=foundation.home,
        database=foundation.database,
        bus=foundation.bus,
        folders=folders,
        jobs=JobRemoval(
            database=foundation.database,
            bus=foundation.bus,
            folders=folders,
            store=foundation.content,
            content=content,
        ),
        content=content,
        trees=TreeSweep(foundation.database, foundation.index, evict),
        quarantines=(foundation.content.quarantine, foundation.index.quarantine),
        policy=foundation.settings.retention,
        environments_quota_bytes=foundation.settings.quota_bytes,
        forget_besides=partial(_forget_besides, foundation),
    )


async def _forget_besides(foundation: Foundation) -> None:
    """Forget what goes with no job and no file: see `Retention`.

    What jobs compiled and nobody looks at goes here, and not in the start: it may be much.
    """
    trust, content = foundation.trust, foundation.content
    await trust.possession.forget(lambda sha256: content.size_of(sha256) is not None)
    before = later(-timedelta(seconds=trust.directory.policy.audit_kept_s))
    while await foundation.database.awrite(lambda c: audit.forget(c, before)):
        pass  # a little at a time: others write meanwhile
    compiled = sweep_compiled(foundation.home.compiled)
    while await in_thread(next, compiled, None) is not None:
        pass  # one at a time: a stop waits for no more
