"""What each installed distribution has: its importable names, and its groups of entry points.

Read from RECORD and ``entry_points.txt`` once for each distribution, and remembered: to parse
every RECORD of an environment takes a tenth of a second, to look at their times a few
milliseconds.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.utils import NormalizedName, canonicalize_name

from park.atomic import write_atomically
from park.build.cache import platform_key

if TYPE_CHECKING:
    from park.build.cache import Cache

__all__ = ["Facts", "dist_infos", "groups_in", "installed_facts", "modules_in"]

_SOURCES = (".py", ".pyd", ".so")
_NO_MODULES = frozenset({"conftest", "docs", "examples", "noxfile", "setup", "tasks", "tests"})
"""What lies beside the packages of a tree and is no part of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """One distribution.

    ``modules`` are its outermost importable names, dotted where it has only a part of a
    namespace package.
    """

    version: str
    modules: frozenset[str]
    groups: frozenset[str]


def installed_facts(
    cache: Cache, places: Iterable[str] | None = None
) -> dict[NormalizedName, Facts]:
    """Return what is installed in ``places``, by default this interpreter's; the first counts."""
    folders = list(dict.fromkeys(sys.path if places is None else places))
    store = _store(cache, folders)
    known = _remembered(store)
    found: dict[str, list[Any]] = {}
    facts: dict[NormalizedName, Facts] = {}
    for folder in folders:
        for info in dist_infos(folder):
            row = _row(info, known)
            name = canonicalize_name(row[1])
            if name and name not in facts:
                found[str(info)] = row
                modules = frozenset([*row[3], *_of_tree(info)])
                facts[name] = Facts(version=row[2], modules=modules, groups=frozenset(row[4]))
    if found != known:
        write_atomically(store, json.dumps(found))
    return facts


def _store(cache: Cache, folders: Iterable[str]) -> Path:
    digest = hashlib.sha256("\0".join([sys.prefix, *folders]).encode()).hexdigest()[:32]
    return cache.root / "installed-v1" / platform_key() / f"{digest}.json"


def _remembered(store: Path) -> dict[str, list[Any]]:
    with suppress(OSError, ValueError):
        known: dict[str, list[Any]] = json.loads(store.read_bytes())
        return known
    return {}


def dist_infos(folder: str) -> Iterator[Path]:
    """Yield the folders in which ``folder``, a place of imports, has its distributions, by name."""
    with suppress(OSError), os.scandir(folder or ".") as entries:
        yield from sorted(Path(e.path) for e in entries if e.name.endswith(".dist-info"))


def _row(info: Path, known: dict[str, list[Any]]) -> list[Any]:
    """Return signature, name, version, modules and groups; remembered while RECORD stays."""
    signature = _signature(info / "RECORD")
    row = known.get(str(info))
    if row is not None and row[0] == signature:
        return row
    name, _, version = info.name.removesuffix(".dist-info").rpartition("-")
    modules = sorted(modules_in(_text(info / "RECORD").splitlines()))
    groups = sorted(groups_in(_text(info / "entry_points.txt")))
    return [signature, name, version, modules, groups]


def _signature(file: Path) -> list[int]:
    try:
        status = file.stat()
    except OSError:
        return []
    return [status.st_mtime_ns, status.st_size, status.st_ino]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def modules_in(record: Iterable[str]) -> frozenset[str]:
    """Return the outermost importable names among the lines of a RECORD.

    >>> sorted(modules_in(["a/__init__.py,,", "a/b.py,,", "ns/c/__init__.py,,", "d.py,,"]))
    ['a', 'd', 'ns.c']
    """
    paths = [path for line in record if (path := line.partition(",")[0]).endswith(_SOURCES)]
    packages = {path.rpartition("/")[0] for path in paths if path.endswith("/__init__.py")}
    return frozenset(name for path in paths if (name := _outermost(path, packages)))


def _outermost(path: str, packages: set[str]) -> str | None:
    *folders, file = path.split("/")
    parts = [*folders, file.partition(".")[0]]
    if not all(part.isidentifier() for part in parts) or parts[0].startswith("__"):
        return None
    for count in range(1, len(folders) + 1):
        if "/".join(folders[:count]) in packages:
            return ".".join(parts[:count])
    return ".".join(parts)


def groups_in(entry_points: str) -> frozenset[str]:
    r"""Return the groups that an ``entry_points.txt`` has.

    >>> sorted(groups_in("[a.b]\nx = y:z\n[c]\n"))
    ['a.b', 'c']
    """
    lines = (line.strip() for line in entry_points.splitlines())
    return frozenset(
        line[1:-1].strip() for line in lines if line.startswith("[") and line.endswith("]")
    )


def _of_tree(info: Path) -> Iterator[str]:
    """Yield the importable names in the folder of an editable install, whose RECORD has none."""
    with suppress(OSError, ValueError, KeyError):
        document = json.loads((info / "direct_url.json").read_bytes())
        if not document["dir_info"].get("editable"):
            return
        root = Path(document["url"].removeprefix("file://"))
        for place in (root, root / "src"):
            for each in place.iterdir():
                is_module = each.suffix == ".py" or (each / "__init__.py").exists()
                if is_module and each.stem.isidentifier() and each.stem not in _NO_MODULES:
                    yield each.stem
