"""Source distributions of real projects, from the index of this machine."""

from __future__ import annotations

import asyncio
import tarfile
from typing import TYPE_CHECKING

from packaging.utils import NormalizedName

from park_repo.upstream.remote_files import RemoteFiles
from park_repo.upstream.remote_pages import sha256_of
from park_repo.upstream.upstream import Upstream
from park_server.egress.machine_index import machine_index
from park_server.settings import PYPI

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["unpacked_sdist"]


def unpacked_sdist(name: str, version: str, folder: Path) -> Path:
    """Bring the sdist of ``name`` at ``version`` and return its folder, unpacked in ``folder``."""
    archive = asyncio.run(_brought(name, version, folder / "remote"))
    with tarfile.open(archive) as members:
        members.extractall(folder / "sources", filter="data")
    return folder / "sources" / archive.name.removesuffix(".tar.gz")


async def _brought(name: str, version: str, folder: Path) -> Path:
    upstream = Upstream((machine_index() or PYPI).rstrip("/") + "/")
    files = RemoteFiles(folder, upstream.project)
    try:
        project = await upstream.project(NormalizedName(name))
        file = None if project is None else project.file(f"{name}-{version}.tar.gz")
        assert file is not None, f"no sdist of {name} {version} at {upstream.url}"
        sha256 = sha256_of(file)
        assert sha256 is not None
        return await files.whole(NormalizedName(name), sha256, file["filename"])
    finally:
        await files.aclose()
        await upstream.aclose()
