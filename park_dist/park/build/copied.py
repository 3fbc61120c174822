"""An installed copy packed back into a wheel: what runs here, byte for byte.

For what an index cannot repeat (see `park.local.origin`). Building again from where it came
from would need that place, its network and its compilers, and could give other bytes than
those which were tried here; the installed files are at hand, and RECORD lists them all. Where
they are not whole, the wheel that they came from is, in the cache of the installer perhaps.
"""

from __future__ import annotations

import csv
import importlib.metadata
import os
import re
import stat
import sysconfig
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from packaging.tags import Tag, parse_tag
from packaging.utils import canonicalize_name

from park.build.archive import Member, write_wheel
from park.build.cached_copy import cached_files
from park.build.tree.export import verified_content
from park.build.tree.hashing import HashedFile, snapshot_of
from park.build.tree.tree_file import TreeFile, signature_of
from park.build.tree.tree_version import declared_part, tree_hash, with_tree_hash
from park.build.wheel_source import LocalSource
from park.errors import LocalSetError
from park.local.python_minor import python_minor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from importlib.metadata import Distribution

    from park.build.cache import Cache
    from park.local.project import LocalProject

__all__ = ["CopiedProject", "copied_source", "prefix_of"]

_OF_THE_INSTALLER = frozenset(
    {"INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "uv_build.json", "uv_cache.json"}
)
"""Files in ``.dist-info`` that say how it was installed here, not what it is."""

_HEADER = re.compile(r"include/site/python[\d.]+t?/[^/]+/(?P<name>.+)")
"""Headers, where pip and uv put them in a virtual environment."""

_INTERPRETER = re.compile(rb"\A#!.*python[\w.]*[^\n]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class CopiedProject(LocalSource):
    """The installed files of a project; ``wheel_text`` is its WHEEL file."""

    dist_info: str
    wheel_text: str

    @property
    def tags(self) -> frozenset[Tag]:
        """The tags of the wheel that it was installed from."""
        return _tags(self.wheel_text)

    def _raw_wheel(self, output: Path) -> Path:
        declared = declared_part(self.project.version)
        name = re.sub(r"[-.]+", "_", self.dist_info.partition("-")[0])
        target = output / f"{name}-{declared}-{_compressed(self.wheel_text)}.whl"
        members = map(_member, self.snapshot.files)
        return write_wheel(target, members, dist_info=self.dist_info)

    def _check(self, wheel: Path) -> None:
        """Nothing to compare: the closure was computed from the METADATA that is inside."""


def copied_source(project: LocalProject, *, cache: Cache) -> CopiedProject:
    """Return the installed copy of ``project`` at the version that its files give it.

    The same files give the same version and the same wheel, wherever they are found. Raises
    `LocalSetError` where RECORD is missing, or names a file that is not there, and no cache of
    an installer has the wheel.
    """
    distribution = importlib.metadata.distribution(project.name)
    site = Path(str(distribution.locate_file("")))
    dist_info, files = _whole(distribution, project, site, cache)
    snapshot = snapshot_of(site / dist_info, files, cache=cache)
    digest = tree_hash(
        content_hash=snapshot.content_hash,
        python=python_minor(),
        build_lock=(),
    )
    (wheel_file,) = snapshot.named([f"{dist_info}/WHEEL"])
    return CopiedProject(
        project=project,
        version=with_tree_hash(declared_part(project.version), digest),
        snapshot=snapshot,
        cache=cache,
        dist_info=dist_info,
        wheel_text=Path(wheel_file.source).read_text("utf-8"),
    )


def _whole(
    distribution: Distribution, project: LocalProject, site: Path, cache: Cache
) -> tuple[str, tuple[TreeFile, ...]]:
    """Return the name of the ``.dist-info`` folder, and the files of a whole wheel."""
    try:
        dist_info = _dist_info(distribution, project)
        data = dist_info.removesuffix("dist-info") + "data"
        return dist_info, tuple(_files(distribution, project, data=data))
    except LocalSetError:
        for folder in sorted(site.glob("*.dist-info")):
            if canonicalize_name(folder.name.partition("-")[0]) == project.name:
                found = cached_files(folder.name, site, prefix_of(site), cache=cache)
                if found is not None:
                    return folder.name, found
        raise


def _dist_info(distribution: Distribution, project: LocalProject) -> str:
    """Return the name of the folder that RECORD lists the WHEEL file in."""
    for file in _recorded(distribution):
        if file.name == "WHEEL" and file.parent.name.endswith(".dist-info"):
            return file.parent.name
    raise _not_packable(project, "it has no RECORD of its files")


def _recorded(distribution: Distribution) -> list[PurePosixPath]:
    """Return the paths in RECORD; `Distribution.files` leaves out those that are gone."""
    rows = csv.reader((distribution.read_text("RECORD") or "").splitlines())
    return [PurePosixPath(row[0]) for row in rows if row]


def _files(distribution: Distribution, project: LocalProject, *, data: str) -> Iterator[TreeFile]:
    """Yield what RECORD lists, under the names that a wheel has for it."""
    commands = {entry.name for entry in distribution.entry_points if "scripts" in entry.group}
    prefix = prefix_of(Path(os.path.normpath(str(distribution.locate_file("")))))
    for file in _recorded(distribution):
        place = Path(os.path.normpath(str(distribution.locate_file(file))))
        if file.parts[0] == "..":
            name = _name_of_data(place, commands, data, project, prefix)
        else:
            name = _name_of_module(file)
        if name is not None:
            yield _found(name, place, project)


def _found(name: str, place: Path, project: LocalProject) -> TreeFile:
    try:
        status = place.stat()
    except OSError:
        raise _not_packable(project, f"its RECORD lists {place}, which is not there") from None
    executable = bool(status.st_mode & stat.S_IXUSR)
    return TreeFile(name, str(place), executable, signature_of(status))


def _name_of_module(file: PurePosixPath) -> str | None:
    """Return the archive name of a file in site-packages; None for what an installer writes."""
    is_of_installer = file.parent.name.endswith(".dist-info") and file.name in _OF_THE_INSTALLER
    is_bytecode = file.suffix in {".pyc", ".pyo"}
    return None if is_of_installer or is_bytecode else file.as_posix()


def _name_of_data(
    place: Path, commands: Iterable[str], data: str, project: LocalProject, prefix: Path
) -> str | None:
    """Return the archive name of a file elsewhere; None for the commands of entry points."""
    if not place.is_relative_to(prefix):
        raise _not_packable(project, f"its RECORD lists {place}, outside {prefix}")
    below = place.relative_to(prefix).as_posix()
    if place.parent in (prefix / "bin", prefix / "Scripts"):
        is_command = place.name.removesuffix(".exe").removesuffix("-script.py") in commands
        return None if is_command else f"{data}/scripts/{place.name}"
    header = _HEADER.fullmatch(below)
    return f"{data}/headers/{header['name']}" if header else f"{data}/data/{below}"


def prefix_of(site: Path) -> Path:
    """Return the folder that ``site``, one of modules, is in as installers lay it out.

    That of this interpreter is another where it sees those of the user or of the system too.

    >>> prefix_of(Path("/venv/lib/python3.11/site-packages")).as_posix()
    '/venv'
    """
    for folder in site.parents:
        if folder.name.lower() in {"lib", "lib64"}:
            return folder.parent
    return Path(sysconfig.get_path("data"))


def _member(file: HashedFile) -> Member:
    content = verified_content(file)
    if ".data/scripts/" in file.path:
        # installers put the path of their Python in place of this word (Wheel specification)
        content = _INTERPRETER.sub(b"#!python", content)
    return Member(file.path, content, file.executable)


def _tags(wheel_text: str) -> frozenset[Tag]:
    lines = (line.partition(":") for line in wheel_text.splitlines())
    texts = [value.strip() for key, _, value in lines if key == "Tag"]
    return frozenset[Tag]().union(*map(parse_tag, texts))


def _compressed(wheel_text: str) -> str:
    """Return the tags of a WHEEL file in the compressed form of file names (PEP 425)."""
    tags = _tags(wheel_text)
    parts = (
        {tag.interpreter for tag in tags},
        {tag.abi for tag in tags},
        {tag.platform for tag in tags},
    )
    return "-".join(".".join(sorted(part)) for part in parts)


def _not_packable(project: LocalProject, why: str) -> LocalSetError:
    return LocalSetError(
        f"{project} ({project.origin}) cannot be packed into a wheel: {why}",
        hint=f"install {project.name} again with pip, or from an editable checkout",
    )
