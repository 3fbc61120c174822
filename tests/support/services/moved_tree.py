"""A tree installed in editable mode that is elsewhere now: its installation, written anew.

What an installer leaves of such a tree says where it is, in a ``.pth`` and in
``direct_url.json``, and RECORD says what these are. To have its backend asked for the same again
takes half a second for each test.
"""

from __future__ import annotations

import hashlib
import os
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path

__all__ = ["InstalledTree"]


@dataclass(frozen=True, kw_only=True, slots=True)
class InstalledTree:
    """The installation of the tree at ``root``, as its files were when it was made."""

    root: Path
    project: bytes
    info: Path
    files: dict[Path, tuple[int, int]]

    @classmethod
    def found(cls, root: Path, python: Path) -> InstalledTree | None:
        """Return how the tree at ``root`` was just installed for ``python``.

        None where more than a path says where it is: a backend may write a finder of modules.
        """
        (site,) = python.parents[1].glob("lib/*/site-packages")
        url = f'"{root.as_uri()}"'
        infos = [
            each.parent
            for each in site.glob("*.dist-info/direct_url.json")
            if url in each.read_text()
        ]
        if len(infos) != 1:
            return None
        (info,) = infos
        rows = [row.split(",")[0] for row in (info / "RECORD").read_text().splitlines()]
        beside = [site / row for row in rows if not row.startswith(f"{info.name}/")]
        if any(file.suffix != ".pth" or file.read_text().strip() != str(root) for file in beside):
            return None
        files = {file: _signature(file) for file in (*beside, *info.iterdir())}
        return cls(root=root, project=_project(root), info=info, files=files)

    def moved(self, root: Path) -> InstalledTree | None:
        """Write that it is at ``root``; None where something else changed since, or is there."""
        if _project(root) != self.project or set(self.info.iterdir()) - self.files.keys():
            return None
        if any(_signature(file) != known for file, known in self.files.items()):
            return None
        written = [file for file in self.files if self._move(file, root)]
        self._record(written)
        files = {file: _signature(file) for file in self.files}
        return InstalledTree(root=root, project=self.project, info=self.info, files=files)

    def _move(self, file: Path, root: Path) -> bool:
        content = file.read_bytes()
        moved = content.replace(self.root.as_uri().encode(), root.as_uri().encode())
        if file.suffix == ".pth":
            moved = content.replace(os.fsencode(self.root), os.fsencode(root))
        if moved == content:
            return False
        _replace(file, moved)
        return True

    def _record(self, written: list[Path]) -> None:
        record = self.info / "RECORD"
        rows = dict(row.split(",", 1) for row in record.read_text().splitlines())
        for file in written:
            content = file.read_bytes()
            digest = urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
            name = file.relative_to(self.info.parent).as_posix()
            rows[name] = f"sha256={digest},{len(content)}"
        _replace(record, "".join(f"{name},{rest}\n" for name, rest in rows.items()).encode())


def _replace(file: Path, content: bytes) -> None:
    """Write ``file`` as installers do: as one that was not there before."""
    file.unlink()
    file.write_bytes(content)


def _project(root: Path) -> bytes:
    return (root / "pyproject.toml").read_bytes()


def _signature(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_ino)
