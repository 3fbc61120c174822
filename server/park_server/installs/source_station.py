"""The station of an install at which sources become wheels of the user's own layer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

from packaging.utils import parse_wheel_filename

from park.errors import CannotSatisfy
from park.wire import InstallRequest, LocalWheel, SourceArchive
from park_repo.file_store import IncomingFile
from park_repo.index import Index, Upload
from park_server.content import ContentStore
from park_server.envs.interpreters import Interpreter
from park_server.installs.sdist_build import SourceBuilder

__all__ = ["SourceStation", "require_fitting"]

_BLOCK_BYTES = 1 << 20


class SourceStation:
    """Builds what clients sent as source, and publishes it for them alone."""

    def __init__(self, builder: SourceBuilder, index: Index, content: ContentStore) -> None:
        self._builder = builder
        self._index = index
        self._content = content

    def require_buildable(self, sources: Iterable[SourceArchive]) -> None:
        """Raise `CannotSatisfy` where builds are not allowed, `UnknownItem` for a missing file."""
        wanted = list(sources)
        self._builder.require_allowed(wanted)
        for source in wanted:
            self._content.path_of(source.sha256)

    async def wheels(
        self, user: str, sources: Iterable[SourceArchive], interpreter: Interpreter
    ) -> list[LocalWheel]:
        """Build ``sources``, one after the other, and return their wheels, published.

        Raises `BuildFailed` and the other errors of `SourceBuilder.built`.
        """
        return [await self._published(user, source, interpreter) for source in sources]

    def stop(self) -> None:
        """End the builds that run."""
        self._builder.stop()

    async def _published(
        self, user: str, source: SourceArchive, interpreter: Interpreter
    ) -> LocalWheel:
        with self._index.incoming() as content:

            def build() -> str:
                archive = self._content.path_of(source.sha256)
                with self._builder.built(source, archive, interpreter) as wheel:
                    _copy(wheel, content)
                    return wheel.name

            filename = await asyncio.to_thread(build)
            upload = Upload(content=content, filename=filename, user=user)
            file = (await self._index.publish(upload)).file
        return LocalWheel(
            name=source.name,
            version=source.version,
            filename=file.filename,
            sha256=file.sha256,
            size=file.size,
        )


def require_fitting(request: InstallRequest, interpreter: Interpreter) -> None:
    """Raise `CannotSatisfy` where a wheel of the client's can never be installed here."""
    supported = frozenset(interpreter.tags)
    for wheel in request.wheels:
        tags = set(map(str, parse_wheel_filename(wheel.filename)[3]))
        if supported.isdisjoint(tags):
            target = interpreter.target
            raise CannotSatisfy(
                f"{wheel.filename} is for {', '.join(sorted(tags))}; this service runs "
                f"Python {target.python} on {target.platform}",
                hint="send its source to a service that builds, or a wheel for that platform",
            )


def _copy(file: Path, content: IncomingFile) -> None:
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            content.write(block)
