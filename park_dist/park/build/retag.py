"""A wheel under another version: the tree's, whatever the backend wrote.

Rewritten are METADATA (and WHEEL, for a build tag), the names of the ``.dist-info`` and
``.data`` folders, RECORD and the file name (Binary Distribution Format specification). A
requirement with a URL becomes a name: which file that is, the pins of the set say, and nobody
follows a URL of this machine elsewhere.
Members are sorted and written by `park.build.archive`, so that equal content gives equal bytes.
"""

from __future__ import annotations

import re
import stat
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from park.build.archive import Member, write_wheel
from park.errors import BuildFailed
from park.local.direct_references import by_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

__all__ = ["renamed", "retag", "with_build_tag", "with_names", "with_version"]

_END_OF_HEADERS = re.compile(rb"\n(?:\r?\n)")
_REQUIRES = re.compile(
    rb"^(?P<key>requires-dist:[ \t]*)(?P<value>[^\r\n]*(?:\r?\n[ \t]+[^\r\n]*)*)",
    re.IGNORECASE | re.MULTILINE,
)

_SIGNATURES = frozenset({"RECORD.jws", "RECORD.p7s"})  # of the old RECORD, so no longer true


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wheel:
    """The names inside a wheel before and after."""

    dist_info: str
    data: str
    new_dist_info: str
    new_data: str

    def member(self, name: str) -> str:
        """Return the new name of an archive member."""
        folder, slash, rest = name.partition("/")
        renames = {self.dist_info: self.new_dist_info, self.data: self.new_data}
        return renames.get(folder, folder) + slash + rest


def renamed(filename: str, version: str, build: str | None = None) -> str:
    """Return a wheel's file name with another version; raises `BuildFailed` if it is none.

    ``build`` is the build tag that it gets, in place of one that it has.

    >>> renamed("mymodel-1.4.2-py3-none-any.whl", "1.4.2+t0123456789abcdef")
    'mymodel-1.4.2+t0123456789abcdef-py3-none-any.whl'
    """
    try:
        parse_wheel_filename(filename)
    except InvalidWheelFilename as error:
        raise BuildFailed(f"the build backend made {filename!r}: {error}") from None
    name, _, *own_build, interpreter, abi, platform = filename.split("-")
    tag = own_build if build is None else [build]
    return "-".join([name, version, *tag, interpreter, abi, platform])


def with_version(metadata: bytes, version: str) -> bytes:
    """Return METADATA with the value of its ``Version`` header replaced, all else kept."""
    lines = metadata.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if not line.strip():
            break
        if line.lower().startswith(b"version:"):
            ending = line[len(line.rstrip(b"\r\n")) :]
            lines[number] = b"Version: " + version.encode() + ending
            return b"".join(lines)
    raise BuildFailed("the wheel's METADATA has no Version header")


def with_names(metadata: bytes) -> bytes:
    r"""Return METADATA whose requirements are by name (see `by_name`), all else kept.

    >>> with_names(b"Name: m\nRequires-Dist: film @ file:///film ; extra == 'x'\n\nfilm @ me\n")
    b'Name: m\nRequires-Dist: film; extra == "x"\n\nfilm @ me\n'
    """
    head, end, rest = _parted(metadata)
    return _REQUIRES.sub(_named, head) + end + rest


def _parted(metadata: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the headers, the end of the last of them, and what follows."""
    end = _END_OF_HEADERS.search(metadata)
    if end is None:
        return metadata, b"", b""
    return metadata[: end.start()], end[0], metadata[end.end() :]


def _named(header: re.Match[bytes]) -> bytes:
    text = " ".join(header["value"].decode("utf-8", "surrogateescape").split())
    try:
        name = by_name(text)
    except InvalidRequirement:
        return header[0]
    return header[0] if name == text else header["key"] + name.encode()


def with_build_tag(wheel_file: bytes, build: str) -> bytes:
    """Return the content of a WHEEL file with the header ``Build``, in place of its own."""
    lines = [line for line in wheel_file.splitlines() if not line.lower().startswith(b"build:")]
    return b"\n".join([*(line for line in lines if line), b"Build: " + build.encode(), b""])


def retag(
    wheel: Path,
    version: str,
    output: Path,
    *,
    build: str | None = None,
    contents: Mapping[str, bytes] | None = None,
) -> Path:
    """Write ``wheel`` under ``version`` into the folder ``output`` and return its path.

    ``build`` is its build tag, None to keep what it has; ``contents`` are those of members that
    get others than they have. Raises `BuildFailed` where it is not a wheel.
    """
    target = output / renamed(wheel.name, version, build)
    try:
        with zipfile.ZipFile(wheel) as source:
            names = _names(source, version)
            members = _rewritten(source, names, version, build, contents or {})
            return write_wheel(target, members, dist_info=names.new_dist_info)
    except zipfile.BadZipFile as error:
        raise BuildFailed(f"the build backend made {wheel.name}: {error}") from None


def _rewritten(
    source: zipfile.ZipFile,
    names: _Wheel,
    version: str,
    build: str | None,
    contents: Mapping[str, bytes],
) -> Iterator[Member]:
    for member in _in_order(source.infolist(), names):
        content = contents.get(member.filename)
        if content is None:
            content = source.read(member)
        if member.filename == f"{names.dist_info}/METADATA":
            content = with_names(with_version(content, version))
        elif build is not None and member.filename == f"{names.dist_info}/WHEEL":
            content = with_build_tag(content, build)
        executable = bool(member.external_attr >> 16 & stat.S_IXUSR)
        yield Member(names.member(member.filename), content, executable)


def _names(source: zipfile.ZipFile, version: str) -> _Wheel:
    folders = {name.partition("/")[0] for name in source.namelist()}
    found = [folder for folder in folders if folder.endswith(".dist-info")]
    if len(found) != 1:
        raise BuildFailed(f"the wheel has {len(found)} .dist-info folders; expected one")
    stem = found[0].removesuffix(".dist-info")
    new_stem = f"{stem.partition('-')[0]}-{version}"
    return _Wheel(
        dist_info=found[0],
        data=f"{stem}.data",
        new_dist_info=f"{new_stem}.dist-info",
        new_data=f"{new_stem}.data",
    )


def _in_order(members: Iterable[zipfile.ZipInfo], names: _Wheel) -> list[zipfile.ZipInfo]:
    """Sort the files by their old name, ``.dist-info`` last as the specification recommends.

    The order is that of the new names too: only one prefix within each group is renamed.
    """
    dropped = {f"{names.dist_info}/{name}" for name in (*_SIGNATURES, "RECORD")}
    files = [m for m in members if not m.is_dir() and m.filename not in dropped]
    return sorted(
        files,
        key=lambda m: (m.filename.startswith(f"{names.dist_info}/"), names.member(m.filename)),
    )
