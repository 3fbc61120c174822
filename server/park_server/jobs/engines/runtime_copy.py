"""The machinery that the service brings into environments, as a copy named by its content.

::

    <root>/<sha256>/_park_runtime/   `park.runtime`, started by path in any interpreter
    <root>/<sha256>/lib/park/        the job-side part of `park`, behind the environment's own

Jobs that run while the service is upgraded keep the copy that they started with, and the
hash is part of each job's record: it is code that the job ran with.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import park
import park.runtime

__all__ = ["RuntimeCopy", "copy_runtime", "runtime_files", "runtime_hash"]

_JOB_SIDE = (
    "__init__.py",
    "blocks.py",
    "calling.py",
    "errors.py",
    "fitting.py",
    "jobside.py",
    "model_script.py",
    "py.typed",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class RuntimeCopy:
    """A copy on disk; ``sha256`` is in hex, over names and contents."""

    folder: Path
    sha256: str

    @property
    def program(self) -> Path:
        """What an environment's interpreter is started with."""
        return self.folder / "_park_runtime" / "__main__.py"

    @property
    def library(self) -> Path:
        """What goes on the module path, behind the environment's own packages."""
        return self.folder / "lib"


def runtime_files() -> dict[str, bytes]:
    """Return the files of the copy by their path in it, as this installation has them."""
    machinery = Path(park.runtime.__path__[0])
    package = Path(park.__path__[0])
    files = {
        f"_park_runtime/{path.relative_to(machinery).as_posix()}": path.read_bytes()
        for path in machinery.rglob("*.py")
    }
    files |= {f"lib/park/{name}": (package / name).read_bytes() for name in _JOB_SIDE}
    return files


def runtime_hash(files: Mapping[str, bytes]) -> str:
    """Return the SHA-256 in hex over sorted names and contents."""
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def copy_runtime(root: Path) -> RuntimeCopy:
    """Make sure that the copy is below ``root``, whole, and return it.

    One that was changed is replaced: it would run under a hash that is not its own.
    """
    files = runtime_files()
    copy = RuntimeCopy(folder=root / runtime_hash(files), sha256=runtime_hash(files))
    if not _is_whole(copy.folder, files):
        shutil.rmtree(copy.folder, ignore_errors=True)
        root.mkdir(parents=True, exist_ok=True)
        _write(copy.folder, files)
    os.utime(copy.folder)  # used now: what nobody uses for long is swept
    return copy


def _is_whole(folder: Path, files: Mapping[str, bytes]) -> bool:
    try:
        return all((folder / name).read_bytes() == content for name, content in files.items())
    except OSError:
        return False


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    beside = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder.parent))
    for name, content in files.items():
        path = beside / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    os.chmod(beside, 0o755)  # noqa: PTH101, S103 (mkdtemp gives 0700; jobs read it)
    beside.rename(folder)
