"""The files of other indexes, brought here once, verified, and kept by their content.

::

    <folder>/incoming/<random>.part          being brought
    <folder>/files/<sha256>/<file name>      whole and verified
    <folder>/files/<sha256>/<sha256 of these>.metadata

A folder's time of modification is that of the last use of what is in it. What is kept needs the
other index no more, and is served while it has its digest; else it is brought anew. Past a limit,
what was used longest ago goes and is brought anew when it is asked for; so the folder may also be
deleted while the service is down.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
from functools import partial as partial_of
from typing import TYPE_CHECKING

from park.digests import is_sha256
from park.errors import UnknownItem
from park_repo.upstream import provenance
from park_repo.upstream.remote_metadata import is_of, refuse_references
from park_repo.upstream.remote_pages import metadata_sha256_of, metadata_url
from park_repo.upstream.transfer import RemoteFile, Transfer
from park_repo.whole_files import WholeFiles

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from packaging.utils import NormalizedName

    from park_repo.simple import Document
    from park_repo.upstream.upstream import RemoteProject, Upstream

__all__ = ["RemoteFiles"]


_KEPT_BYTES = 20 << 30
"""More than a hundred closures like that of refl1d: 46 wheels, some 160 MiB."""

_AFTER_TIDYING = 0.9
"""The part of the limit that is left then, so that not every file after it means tidying."""


class RemoteFiles:
    """Files of other indexes in ``folder``; ``find`` gives the project that has a file.

    All methods belong to the event loop.
    """

    def __init__(
        self, folder: Path, find: Callable[[NormalizedName], Awaitable[RemoteProject | None]]
    ) -> None:
        self._files = folder / "files"
        self._incoming = folder / "incoming"
        self._find = find
        self._transfers: dict[Path, Transfer] = {}
        shutil.rmtree(self._incoming, ignore_errors=True)  # what a crash left half-brought
        self._incoming.mkdir(parents=True)
        self._whole = WholeFiles(self._incoming)  # where what is found damaged goes at a start
        self._bytes = sum(size for _, size, _ in self._by_use())

    async def kept(self, sha256: str, filename: str) -> Path | None:
        """Return the path of the file if it is here, whole."""
        path = self._place(sha256, filename)
        if not await self._is_whole(path, sha256):
            return None
        os.utime(path.parent)  # its last use
        return path

    async def whole(
        self,
        project: NormalizedName,
        sha256: str,
        filename: str,
        *,
        received: Callable[[int], object] = lambda _: None,
    ) -> Path:
        """Return the path of the file, brought now unless it is here.

        ``received`` is called with the number of bytes since its last call. Raises
        `UnknownItem` where no other index has such a file of ``project``, and
        `UpstreamFault` where it cannot be had.
        """
        path = await self.kept(sha256, filename)
        if path is None:
            transfer = await self.transfer(project, sha256, filename)
            path = await transfer.whole(received)
        return path

    async def transfer(self, project: NormalizedName, sha256: str, filename: str) -> Transfer:
        """Return the transfer of a file that is not here; raises `UnknownItem` as `whole`."""
        target = self._place(sha256, filename)
        if target not in self._transfers:
            file, source = await self._located(project, sha256, filename)
            remote = RemoteFile(source=source, url=file["url"], sha256=sha256)
            # another request may have begun it while we looked
            if target not in self._transfers:
                self._begin(remote, target)
        return self._transfers[target]

    async def metadata(self, project: NormalizedName, sha256: str, filename: str) -> Path:
        """Return the path of a file's METADATA (PEP 658), brought and verified like the file.

        Raises `UnknownItem` where the other index gives none that can be verified.
        """
        folder = self._place(sha256, filename).parent
        for kept in folder.glob("*.metadata"):
            is_found = is_sha256(kept.stem) and await self._is_whole(kept, kept.stem)
            # it was kept for some name: whoever asks by another learns nothing of the file
            if is_found and await asyncio.to_thread(is_of, kept, filename):
                os.utime(folder)
                return kept
        file, source = await self._located(project, sha256, filename)
        expected = metadata_sha256_of(file)
        if expected is None:
            raise UnknownItem(f"{source.url} gives no digest for the METADATA of {filename}")
        path = folder / f"{expected}.metadata"
        if path not in self._transfers:
            self._begin(
                RemoteFile(source=source, url=metadata_url(file["url"]), sha256=expected), path
            )
        return await self._transfers[path].whole()

    async def provenance(self, project: NormalizedName, sha256: str, filename: str) -> bytes:
        """Return what attests to a file (PEP 740); see `park_repo.upstream.provenance`."""
        file, source = await self._located(project, sha256, filename)
        return await provenance.brought(source, file)

    async def aclose(self) -> None:
        """Give up what is being brought."""
        tasks = [transfer.task for transfer in self._transfers.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _is_whole(self, path: Path, sha256: str) -> bool:
        """Tell whether a kept file is there with its digest; one that is not makes room."""
        if self._whole.looks_whole(path):
            return True
        is_whole, size = await asyncio.to_thread(self._looked_at, path, sha256)
        self._bytes -= 0 if is_whole else size
        return is_whole

    def _looked_at(self, path: Path, sha256: str) -> tuple[bool, int]:
        """Return whether a kept file is whole, and the bytes that it has, or had."""
        size = path.stat().st_size if path.is_file() else 0
        return self._whole.is_whole(path, sha256), size

    def _begin(self, remote: RemoteFile, target: Path) -> None:
        partial = self._incoming / f"{secrets.token_hex(16)}.part"
        inspect = partial_of(refuse_references, remote.url, target.name)
        transfer = Transfer(remote, partial=partial, target=target, inspect=inspect)
        self._transfers[target] = transfer
        transfer.task.add_done_callback(lambda task: self._ended(target, task))

    def _ended(self, target: Path, task: asyncio.Task[Path]) -> None:
        del self._transfers[target]
        # asked for the exception, so that it counts as seen: every reader may have gone
        if not task.cancelled() and task.exception() is None:
            self._whole.note(target)
            self._bytes += target.stat().st_size
            if self._bytes > _KEPT_BYTES:
                self._tidy()

    def _tidy(self) -> None:
        """Delete what was used longest ago, METADATA with or without their file."""
        for _used, size, path in self._by_use():
            if self._bytes <= _AFTER_TIDYING * _KEPT_BYTES:
                return
            path.unlink(missing_ok=True)
            self._bytes -= size

    def _by_use(self) -> list[tuple[int, int, Path]]:
        """Return (time of last use, size in bytes, path) of each file, the oldest first."""
        facts = (
            (p.parent.stat().st_mtime_ns, p.stat().st_size, p) for p in self._files.glob("*/*")
        )
        return sorted(facts)

    async def _located(
        self, project: NormalizedName, sha256: str, filename: str
    ) -> tuple[Document, Upstream]:
        found = await self._find(project)
        file = None if found is None else found.file(filename, sha256=sha256)
        if found is None or file is None:
            raise UnknownItem(f"no file {filename} with sha256 {sha256} at any index behind this")
        return file, found.source

    def _place(self, sha256: str, filename: str) -> Path:
        if not is_sha256(sha256):
            raise UnknownItem(f"not a sha256 in hex: {sha256!r}")
        if "/" in filename or filename in {"", ".", ".."}:
            raise UnknownItem(f"not a file name: {filename!r}")
        return self._files / sha256 / filename
