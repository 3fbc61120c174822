"""Build one environment beside its place and rename it into it."""

from __future__ import annotations

import filecmp
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from park.model.lock_hash import SelectedWheel
from park.runtime.view import ANCHORS, VIEW
from park_repo import durable as disk
from park_repo.wheelstore.bytecode_folders import is_bytecode
from park_repo.wheelstore.manifest import seal, shared_stamp, stamp_of
from park_server.envs.environment import MANIFEST, Environment, Layout, PackageConflict
from park_server.envs.farm import farm_apply
from park_server.envs.farm.farm_plan import Conflict, FarmPlan, plan_farm
from park_server.envs.farm.farm_view import fits, plan_view, view_document
from park_server.envs.farm.shared_code import CODE, code_document
from park_server.envs.realise_progress import Counter, OnProgress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    layout: Layout,
    progress: OnProgress,
) -> Environment:
    """Make the environment ``final`` of the store's ``entries``, in place of what is there.

    One with more wheels than an overlay takes gets hard links, whatever the ``layout``. The
    caller holds the lock of its name.
    """
    building = disk.beside(final.parent, final.name)
    try:
        skeleton.copy(building, final=final)
        planting = _Planting(skeleton, entries, cache_tag=interpreter.cache_tag, layout=layout)
        plan = planting.plant(building, final=final)
        (building / CODE).write_bytes(code_document(interpreter.version, entries))
        environment = _complete(
            building,
            selection,
            interpreter,
            final=final,
            layout=planting.layout,
            entry_inodes=planting.entry_inodes,
            shared=planting.shared_with_store,
            size_shared=sum(entry.size_bytes for entry in entries),
            conflicts=_real_conflicts(plan.conflicts),
        )
        disk.put_in_place(building, final)
    except BaseException:
        disk.remove_tree(building)
        raise
    disk.sync_directory(final.parent)
    Counter("link", "files", progress, total=len(plan.links)).advance(len(plan.links))
    return environment


class _Planting:
    """The wheels of one environment, from their plan to links and scripts in its skeleton."""

    def __init__(
        self, skeleton: Skeleton, entries: Sequence[StoreEntry], *, cache_tag: str, layout: Layout
    ) -> None:
        site = next(d for d in skeleton.directories if d.endswith("/site-packages"))
        layers = [farm_apply.layer_of(entry, site_packages=site) for entry in entries]
        listing = farm_apply.listing_for(cache_tag)
        self._skeleton = skeleton
        self._entries = entries
        self._pth = f"{site}/{farm_apply.RUNTIME_PTH}"
        self._anchors = farm_apply.Anchors(str(entries[0].path.parent) if entries else "")
        self._view = plan_view(layers, listing, self._anchors.through_wheel)
        self.layout = layout if fits(self._view) else Layout.HARD_LINKS
        self._plan = plan_farm(
            layers,
            listing,
            directories=skeleton.directories,
            reserved=skeleton.reserved | {self._pth, MANIFEST, CODE, VIEW, ANCHORS},
            unfolded=_is_dist_info if self.layout is Layout.OVERLAY else _is_real,
        )

    @property
    def shared_with_store(self) -> frozenset[str]:
        """The files that are hard links into the store, and take no room of their own."""
        if self.layout is Layout.OVERLAY:
            return frozenset()
        return frozenset(link.path for link in self._plan.links if not is_bytecode(link.path))

    @property
    def entry_inodes(self) -> tuple[int, ...]:
        """The inodes of the entries that are shared so: one that was unpacked anew has another."""
        if self.layout is Layout.OVERLAY:
            return ()
        return tuple(entry.path.stat().st_ino for entry in self._entries)

    def plant(self, building: Path, *, final: Path) -> FarmPlan:
        """Make it all in the copied skeleton, to be used as ``final``; return the plan."""
        python = str(final / "bin" / "python")
        farm_apply.apply_plan(
            self._plan,
            building,
            anchors=self._anchors,
            existing=self._skeleton.directories,
            content=farm_apply.contents_by_owner(self._entries, python),
            hard_links=self.layout is Layout.HARD_LINKS,
        )
        (building / self._pth).write_text(farm_apply.RUNTIME_PTH_CONTENT)
        self._anchors.make(building, final)
        if self.layout is Layout.OVERLAY and self._view:
            self._prepare_view(building)
        return self._plan

    def _prepare_view(self, building: Path) -> None:
        """Make what `park.runtime.view` mounts."""
        (building / VIEW).write_bytes(view_document(self._view))
        own = [*self._skeleton.reserved, self._pth, *(each.path for each in self._plan.generated)]
        farm_apply.make_own_layer(
            self._view, building, directories=self._skeleton.directories, files=own
        )


def _is_dist_info(path: str) -> bool:
    """Tell the directories that are never one link: uv overlooks a dist-info that is a link."""
    return path.endswith(".dist-info")


def _is_real(path: str) -> bool:
    """Tell the directories that are none of bytecode: nobody climbs out of that."""
    return not is_bytecode(path)


def _complete(
    building: Path,
    selection: Selection,
    interpreter: Interpreter,
    *,
    final: Path,
    layout: Layout,
    entry_inodes: tuple[int, ...],
    shared: frozenset[str],
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
            layout=layout,
            entry_inodes=entry_inodes,
            # what it takes on the disk: its links and folders, too
            size_own=_own_size(left, shared),
            size_shared=size_shared,
            conflicts=conflicts,
            stamps=tuple(
                shared_stamp(path, found) if path in shared else stamp_of(path, found)
                for path, found in left.items()
            ),
        )
        file.write(environment.manifest())
        disk.sync_file(file)
    return environment


def _own_size(left: Mapping[str, os.stat_result], shared: frozenset[str]) -> int:
    """Return the bytes of what ``left`` tells, each file once, and none that is ``shared``."""
    blocks = {found.st_ino: found.st_blocks for path, found in left.items() if path not in shared}
    return 512 * sum(blocks.values())


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
