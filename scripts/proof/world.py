"""A world of small distributions that edits are made to: values, and wheels of them."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

__all__ = [
    "DATA",
    "Distribution",
    "World",
    "added",
    "bumped",
    "edited_wheel",
    "joined_by",
    "removed",
    "replaced",
    "without",
]


DATA = "{data}/"
"""Before the files of a distribution that are not in site-packages (``{data}/data/share/…``)."""


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """What one wheel has: ``files`` by path in site-packages, ``info`` by name in its dist-info."""

    name: str
    version: str
    files: Mapping[str, str | bytes]
    info: Mapping[str, str]
    readme: str = ""

    @property
    def tree_version(self) -> str:
        """The version as park gives it to a tree: another one with each edit."""
        content = repr((self.version, sorted(self.files.items()), sorted(self.info.items())))
        digest = hashlib.sha256(f"{content}{self.readme}".encode()).hexdigest()
        return f"{self.version}+t{digest[:10]}"

    def wheel(self, folder: Path) -> Path:
        """Write the wheel into ``folder``, once, and return its path."""
        project = self.name.replace("-", "_")
        path = folder / f"{project}-{self.tree_version}-py3-none-any.whl"
        if not path.exists():
            info = f"{project}-{self.tree_version}.dist-info"
            data = f"{project}-{self.tree_version}.data/"
            members = {name.replace(DATA, data): _bytes(text) for name, text in self.files.items()}
            members |= {f"{info}/{name}": text.encode() for name, text in self.info.items()}
            members[f"{info}/METADATA"] = (
                f"Metadata-Version: 2.1\nName: {self.name}\nVersion: {self.tree_version}\n"
                f"\n{self.readme}\n"
            ).encode()
            members[f"{info}/WHEEL"] = (
                b"Wheel-Version: 1.0\nGenerator: proof\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            _write(path, members, f"{info}/RECORD")
        return path


World = Mapping[str, Distribution]
"""Distributions by name."""

Change = Callable[[World], World]


def replaced(name: str, path: str, old: str, new: str) -> Change:
    """Return what replaces ``old`` by ``new`` in a file, which must have it."""

    def change(world: World) -> World:
        text = world[name].files[path]
        if not isinstance(text, str) or old not in text:
            raise ValueError(f"{path} has no {old!r}")
        return _with_file(world, name, path, text.replace(old, new))

    return change


def added(name: str, path: str, text: str | bytes = "") -> Change:
    """Return what adds a file, or puts another in its place."""
    return lambda world: _with_file(world, name, path, text)


def without(name: str, path: str) -> Change:
    """Return what removes a file."""

    def change(world: World) -> World:
        files = {key: text for key, text in world[name].files.items() if key != path}
        return {**world, name: replace(world[name], files=files)}

    return change


def bumped(name: str, *, version: str = "2.0", readme: str = "", **info: str) -> Change:
    """Return what changes the version, the README, or files of the dist-info."""

    def change(world: World) -> World:
        there = world[name]
        texts = {key.replace("__", "."): text for key, text in info.items()}
        return {
            **world,
            name: replace(there, version=version, readme=readme, info={**there.info, **texts}),
        }

    return change


def joined_by(name: str, files: Mapping[str, str | bytes], **info: str) -> Change:
    """Return what adds a distribution."""
    texts = {key.replace("__", "."): text for key, text in info.items()}
    return lambda world: {
        **world,
        name: Distribution(name=name, version="1.0", files=files, info=texts),
    }


def removed(name: str) -> Change:
    """Return what takes a distribution away."""
    return lambda world: {key: it for key, it in world.items() if key != name}


def _with_file(world: World, name: str, path: str, text: str | bytes) -> World:
    files = {**world[name].files, path: text}
    return {**world, name: replace(world[name], files=files)}


def edited_wheel(wheel: Path, folder: Path, edit: Callable[[dict[str, bytes]], None]) -> Path:
    """Return a wheel like ``wheel``, its members edited in place by ``edit``; its name stays."""
    with zipfile.ZipFile(wheel) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if name[-1] != "/"}
    record = next(name for name in members if name.endswith(".dist-info/RECORD"))
    del members[record]
    edit(members)
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / wheel.name, members, record)
    return folder / wheel.name


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _write(path: Path, members: Mapping[str, bytes], record: str) -> None:
    rows = [f"{name},sha256={_digest(data)},{len(data)}" for name, data in members.items()]
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), data)
        archive.writestr(record, "\n".join([*rows, f"{record},,"]) + "\n")


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
