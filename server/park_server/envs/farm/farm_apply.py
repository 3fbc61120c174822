"""Make what a farm plan says: the disk's part of it."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from installer.scripts import Script
from installer.utils import fix_shebang

from park.runtime.view import ANCHORS
from park_repo import durable as disk
from park_repo.wheelstore.bytecode_folders import expected, is_bytecode
from park_repo.wheelstore.entry import StoreEntry
from park_server.envs.farm.farm_plan import FarmPlan, Layer, Link, Listing
from park_server.envs.farm.farm_view import OWN, Overlay, own_layer

if TYPE_CHECKING:
    from installer.scripts import ScriptSection

__all__ = [
    "RUNTIME_PTH",
    "Anchors",
    "apply_plan",
    "layer_of",
    "listing_for",
    "make_own_layer",
    "script_contents",
]

RUNTIME_PTH = "zz_park.pth"
"""Sorts behind the `.pth` files of wheels, so their paths come first."""

RUNTIME_PTH_CONTENT = (
    "import os, sys; r = os.environ.get('PARK_RUNTIME'); r and sys.path.append(r)\n"
)
"""Puts the job-side `park`, chosen for each job, behind the environment's own packages."""

_MAX_INLINE_LINK_BYTES = 59
"""``EXT4_N_BLOCKS * 4 - 1`` of Linux (fs/ext4/ext4.h): what of a link fits into its inode."""


def layer_of(entry: StoreEntry, *, site_packages: str) -> Layer:
    """Return what ``entry`` brings to an environment (as pip and uv lay out a virtualenv)."""
    python = site_packages.split("/")[-2]
    distribution = entry.filename.partition("-")[0]
    targets = {
        "site": site_packages,
        "scripts": "bin",
        "data": "",
        "headers": f"include/site/{python}/{distribution}",
    }
    names = dict.fromkeys([*(s.name for s in entry.scripts), *entry.shebang_scripts])
    return Layer(
        owner=entry.name,
        mounts=tuple((targets[scheme], f"{entry.path}/{scheme}") for scheme in entry.schemes),
        generated=tuple(f"bin/{name}" for name in names),
    )


def listing_for(cache_tag: str) -> Listing:
    """Return what lists a folder of the store for the plan.

    An empty folder of bytecode is one to be filled: what will be in it is linked already.
    """
    return partial(_listed, cache_tag)


@lru_cache(maxsize=16_384)
def _listed(cache_tag: str, path: str) -> Mapping[str, bool]:
    """List a folder, once: its path has the digest of the wheel, which says what is in it.

    What was put there since is no part of the wheel, and is found by its stamps.
    """
    with os.scandir(path) as found:
        names = {item.name: item.is_dir(follow_symlinks=False) for item in found}
    if names or not path.endswith("/__pycache__"):
        return names
    modules = (name for name in os.listdir(path.rpartition("/")[0]) if name.endswith(".py"))  # noqa: PTH208
    return {expected(module, cache_tag): False for module in modules}


def script_contents(entry: StoreEntry, python: str) -> dict[str, bytes]:
    """Return the scripts that ``entry`` has generated, by path; ``python`` runs them."""
    contents = {
        f"bin/{name}": _with_shebang(entry.path / "scripts" / name, python)
        for name in entry.shebang_scripts
    }
    for script in entry.scripts:
        section = cast("ScriptSection", script.section)
        made = Script(script.name, script.module, script.attribute, section)
        contents[f"bin/{script.name}"] = made.generate(python, "posix")[1]
    return contents


def apply_plan(
    plan: FarmPlan,
    folder: Path,
    *,
    anchors: Anchors,
    existing: Iterable[str],
    content: Callable[[str, str], bytes],
    hard_links: bool,
) -> None:
    """Make ``plan`` in ``folder``, which has the directories ``existing`` already.

    Links are relative, so a home can be moved as a whole; they go through ``anchors``.
    With ``hard_links`` only bytecode, which may be not there yet, is linked so. ``content``
    gives a generated file by owner and path.
    """
    present = set(existing)
    with disk.opened(folder) as top:
        for path in plan.directories:
            if path not in present:
                os.mkdir(path, 0o755, dir_fd=top)
        for link in plan.links:
            if hard_links and not is_bytecode(link.path):
                os.link(link.source, link.path, dst_dir_fd=top)
            else:
                os.symlink(anchors.target(link), link.path, dir_fd=top)
        for generated in plan.generated:
            owned = content(generated.owner, generated.path)
            disk.write_new(generated.path, owned, 0o555, top)


def make_own_layer(
    view: Sequence[Overlay], folder: Path, *, directories: Iterable[str], files: Iterable[str]
) -> None:
    """Give the environment's own ``files`` in ``folder`` second names, above all of ``view``."""
    base = f"{ANCHORS}/{OWN}"
    wanted, linked = own_layer(view, directories=directories, files=files)
    with disk.opened(folder) as top:
        for path in wanted:
            os.mkdir(f"{base}/{path}", 0o755, dir_fd=top)
        for path in linked:
            os.link(path, f"{base}/{path}", src_dir_fd=top, dst_dir_fd=top, follow_symlinks=False)


class Anchors:
    """Short ways into the folder ``store`` of entries: links in one folder of the environment.

    All other links go through them, by the wheel, or by a folder in it that is too deep for
    that: up to 59 bytes ext4 keeps a link in its inode, and a longer one takes a block of
    4 KiB. So the 800 links of an environment of hard links take 0.1 MB instead of 2.4.
    """

    def __init__(self, store: str) -> None:
        self._store = store
        self._wheels: dict[str, str] = {}
        self._folders: dict[str, str] = {}

    def target(self, link: Link) -> str:
        """Return what ``link`` says; its source is a path ``<entry>/<scheme>/…`` of the store."""
        up = "../" * link.path.count("/") + f"{ANCHORS}/"
        direct = up + self.through_wheel(link.source)
        if len(os.fsencode(direct)) <= _MAX_INLINE_LINK_BYTES:
            return direct
        folder, _, name = link.source.rpartition("/")
        anchor = self._folders.setdefault(folder, f"d{len(self._folders)}")
        return f"{up}{anchor}/{name}"

    def through_wheel(self, source: str) -> str:
        """Return the way to ``source``, relative to the folder of these links."""
        entry = source[: source.index("/", len(self._store) + 1)]
        anchor = self._wheels.setdefault(entry, str(len(self._wheels)))
        return anchor + source[len(entry) :]

    def make(self, folder: Path, final: Path) -> None:
        """Make the links that the short ways begin with, in the environment ``folder``.

        ``final`` is where they will be read, a neighbour of ``folder``.
        """
        store = os.path.relpath(self._store, final / ANCHORS) if self._wheels else ""
        with disk.opened(folder) as top:
            os.mkdir(ANCHORS, 0o755, dir_fd=top)
            for folder_of_links, anchor in self._folders.items():
                way = self.through_wheel(folder_of_links)
                os.symlink(way, f"{ANCHORS}/{anchor}", dir_fd=top)
            for entry, anchor in self._wheels.items():
                target = store + entry[len(self._store) :]
                os.symlink(target, f"{ANCHORS}/{anchor}", dir_fd=top)


def contents_by_owner(entries: Iterable[StoreEntry], python: str) -> Callable[[str, str], bytes]:
    """Return the look-up of generated files that `apply_plan` needs."""
    contents: Mapping[str, dict[str, bytes]] = {
        entry.name: script_contents(entry, python) for entry in entries
    }
    return lambda owner, path: contents[owner][path]


def _with_shebang(path: Path, python: str) -> bytes:
    with fix_shebang(io.BytesIO(path.read_bytes()), python) as stream:
        return stream.read()
