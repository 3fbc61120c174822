"""Build one environment beside its place and rename it into it."""

from __future__ import annotations

import filecmp
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from park.model.lock_hash import SelectedWheel
from park_repo import durable as disk
from park_repo.wheelstore.manifest import seal, stamp_of
from park_server.envs.environment import MANIFEST, Environment, PackageConflict
from park_server.envs.farm import farm_apply
from park_server.envs.farm.farm_plan import Conflict, FarmPlan, plan_farm
from park_server.envs.realise_progress import Counter, OnProgress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from park_repo.wheelstore.entry import StoreEntry
    from park_server.envs.farm.template import Skeleton
    from park_server.envs.interpreters import Interpreter
    from park_server.envs.pylock import Selection

__all__ = ["build"]


def build(
    final: Path,
    selection: Selection,
    interpreter: Interpreter,
    *,
    skeleton: Skeleton,
    entries: Sequence[StoreEntry],
    progress: OnProgress,
) -> Environment:
    """Make the environment ``final``, which is absent, of the store's ``entries``.

    The caller holds the lock of its name.
    """
    building = disk.beside(final.parent, final.name)
    try:
        skeleton.copy(building, final=final)
        plan = _plant(skeleton, entries, building, final=final, cache_tag=interpreter.cache_tag)
        environment = _complete(
            building,
            selection,
            interpreter,
            final=final,
            size_shared=sum(entry.size_bytes for entry in entries),
            conflicts=_real_conflicts(plan.conflicts),
        )
        building.rename(final)
    except BaseException:
        disk.remove_tree(building)
        raise
    disk.sync_directory(final.parent)
    Counter("link", "files", progress, total=len(plan.links)).advance(len(plan.links))
    return environment


def _plant(
    skeleton: Skeleton,
    entries: Sequence[StoreEntry],
    building: Path,
    *,
    final: Path,
    cache_tag: str,
) -> FarmPlan:
    """Make the links and scripts of ``entries`` in the copied skeleton."""
    site_packages = next(d for d in skeleton.directories if d.endswith("/site-packages"))
    pth = f"{site_packages}/{farm_apply.RUNTIME_PTH}"
    plan = plan_farm(
        (farm_apply.layer_of(entry, site_packages=site_packages) for entry in entries),
        farm_apply.listing_for(cache_tag),
        directories=skeleton.directories,
        reserved=skeleton.reserved | {pth, MANIFEST, farm_apply.ANCHORS},
        unfolded=_is_dist_info,
    )
    farm_apply.apply_plan(
        plan,
        building,
        final=final,
        store=str(entries[0].path.parent) if entries else "",
        existing=skeleton.directories,
        content=farm_apply.contents_by_owner(entries, str(final / "bin" / "python")),
    )
    (building / pth).write_text(farm_apply.RUNTIME_PTH_CONTENT)
    return plan


def _is_dist_info(path: str) -> bool:
    """Tell the directories that are never one link: uv overlooks a dist-info that is a link."""
    return path.endswith(".dist-info")


def _complete(
    building: Path,
    selection: Selection,
    interpreter: Interpreter,
    *,
    final: Path,
    size_shared: int,
    conflicts: tuple[PackageConflict, ...],
) -> Environment:
    """Make the environment read-only and write its manifest, durably.

    The manifest exists before the stamps are taken, since its name changes the directory's.
    """
    with (building / MANIFEST).open("xb") as file:
        left = seal(building)
        del left[MANIFEST]
        environment = Environment(
            lock_hash=selection.hash,
            path=final,
            target=selection.target,
            python=interpreter.version,
            cache_tag=interpreter.cache_tag,
            packages=tuple(
                SelectedWheel(name=w.name, version=w.version, sha256=w.sha256)
                for w in selection.wheels
            ),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            # what it takes on the disk: its links and folders, too
            size_own=sum(512 * found.st_blocks for found in left.values()),
            size_shared=size_shared,
            conflicts=conflicts,
            stamps=tuple(stamp_of(path, found) for path, found in left.items()),
        )
        file.write(environment.manifest())
        disk.sync_file(file)
    return environment


def _real_conflicts(conflicts: tuple[Conflict, ...]) -> tuple[PackageConflict, ...]:
    """Leave out those where all owners bring the same bytes (an empty ``__init__.py``).

    Bytecode is left out as well: its modules tell, and it may not be there yet.
    """
    return tuple(
        PackageConflict(path=conflict.path, owners=conflict.owners)
        for conflict in conflicts
        if not conflict.path.endswith(".pyc") and not _all_same(conflict.sources)
    )


def _all_same(sources: tuple[str | None, ...]) -> bool:
    first, *others = sources
    return first is not None and all(
        other is not None
        and os.path.isfile(first)  # noqa: PTH113 (paths of the plan are strings)
        and os.path.isfile(other)  # noqa: PTH113
        and filecmp.cmp(first, other, shallow=False)
        for other in others
    )
