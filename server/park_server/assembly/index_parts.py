"""The index of a service, and those behind it: the upstream, and that of its released projects."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass

import httpx2

from park_repo.database import Database
from park_repo.index import Index
from park_repo.upstream.external import ExternalIndex
from park_repo.upstream.folder_files import FolderFiles
from park_repo.upstream.kept_pages import KeptPages
from park_repo.upstream.upstream import Upstream
from park_server.egress.upstream_transport import index_client
from park_server.folder_index.folder_server import FolderServer
from park_server.home import Home
from park_server.retention.hold import Hold
from park_server.settings import Settings

__all__ = ["IndexParts", "index_parts"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexParts:
    """``index``, and what serves the folder of its released projects, where that is one."""

    index: Index
    folder_server: FolderServer | None

    async def aclose(self) -> None:
        """Close the connections to others, and end what was started."""
        await self.index.aclose()
        if self.folder_server is not None:
            self.folder_server.close()


def index_parts(settings: Settings, home: Home, database: Database) -> IndexParts:
    """Return the index on ``home``; raises `CannotSatisfy` where pypiserver does not start."""
    folder = settings.index_folder
    server = None if folder is None else FolderServer(folder)
    index = Index(
        database,
        home.index,
        _upstream(settings, home),
        external=_external(settings, home) if server is None else _of_folder(server),
        cache=home.cache / "index",
        removing=Hold(home.path).removing,
    )
    return IndexParts(index=index, folder_server=server)


def _upstream(settings: Settings, home: Home) -> Upstream | None:
    if settings.upstream is None:
        return None
    return Upstream(
        settings.upstream,
        client=index_client(settings.addresses, settings.upstream),
        kept=_pages(home, settings.upstream),
    )


def _external(settings: Settings, home: Home) -> ExternalIndex | None:
    if settings.index is None:
        return None
    return ExternalIndex(
        settings.index,
        upload_url=settings.index_upload,
        login=settings.index_login,
        client=index_client(
            settings.addresses, *filter(None, (settings.index, settings.index_upload))
        ),
        kept=_pages(home, settings.index),
    )


def _of_folder(server: FolderServer) -> ExternalIndex:
    files = FolderFiles(server.folder)
    # it reads each file once: a folder of many gigabytes, while the service serves
    threading.Thread(target=_tell_problems, args=(files,), name="folder", daemon=True).start()
    return ExternalIndex(
        server.url,
        login=server.login,
        client=httpx2.AsyncClient(trust_env=False),  # it is here: no proxy stands between
        files=files,
    )


def _tell_problems(files: FolderFiles) -> None:
    for path, problem in files.problems():
        _log.warning("%s is not offered: %s", path, problem)


def _pages(home: Home, url: str) -> KeptPages:
    return KeptPages(home.cache / "index" / "pages", url)
