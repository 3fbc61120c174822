"""The station of an install at which sources become wheels of the user's own layer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

from park_repo.file_store import IncomingFile
from park_repo.index import Index, Upload
from park_server.accounts.account import Account
from park_server.content import ContentStore
from park_server.envs.realise_progress import OnProgress, Progress
from park_server.installs.checked_request import CheckedRequest, TreeSource, TreeWheel
from park_server.installs.sdist_build import SourceBuilder

__all__ = ["SourceStation"]

_BLOCK_BYTES = 1 << 20


class SourceStation:
    """Builds what clients sent as source, and publishes it for them alone."""

    def __init__(
        self,
        builder: SourceBuilder,
        index: Index,
        content: ContentStore,
        account_of: Callable[[str], Account | None],
    ) -> None:
        self._account_of = account_of
        self._builder = builder
        self._index = index
        self._content = content

    def require_buildable(self, sources: Collection[TreeSource]) -> None:
        """Raise `CannotSatisfy` where builds are not allowed, `UnknownItem` for a missing file."""
        self._builder.require_allowed(sources)
        for source in sources:
            self._content.path_of(source.sha256)

    async def built(self, request: CheckedRequest, progress: OnProgress) -> CheckedRequest:
        """Return ``request`` with a wheel, published, for each of its sources.

        One is built after the other. Raises `BuildFailed` and the other errors of
        `SourceBuilder.built`.
        """
        if not request.sources:
            return request
        progress(Progress(stage="build", done=0, total=len(request.sources), unit="wheels"))
        built = [await self._published(request, source) for source in request.sources]
        return replace(request, wheels=(*request.wheels, *built), sources=())

    def stop(self) -> None:
        """End the builds that run."""
        self._builder.stop()

    async def _published(self, request: CheckedRequest, source: TreeSource) -> TreeWheel:
        account = await asyncio.to_thread(self._account_of, request.user)  # it may be given first
        with self._index.incoming() as content:

            def build() -> str:
                archive = self._content.path_of(source.sha256)
                with self._builder.built(source, archive, request.interpreter, account) as wheel:
                    _copy(wheel, content)
                    return wheel.name

            filename = await asyncio.to_thread(build)
            upload = Upload(
                content=content,
                filename=filename,
                user=request.user,
                permit=lambda _project, _version: None,  # a working tree: its user's alone
            )
            file = (await self._index.publish(upload)).file
        return TreeWheel(pin=source.pin, filename=file.filename, sha256=file.sha256, size=file.size)


def _copy(file: Path, content: IncomingFile) -> None:
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            content.write(block)
