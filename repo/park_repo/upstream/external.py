"""An external index in place of the embedded one: pypiserver, devpi, or any other.

Released projects are read from it and uploaded to it; it keeps them in its own way. Users'
working trees stay with the service, because no other index keeps one user's from another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from park.errors import Conflict, NotPermitted, UpstreamFault
from park.wire.legacy_upload import upload_form
from park_repo.upstream.folder_files import FolderFiles
from park_repo.upstream.remote_pages import sha256_of
from park_repo.upstream.upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import httpx2

    from park_repo.file_records import PublishedFile
    from park_repo.upstream.kept_pages import KeptPages

__all__ = ["ExternalIndex", "upload_url_of"]

_CONFLICT = 409
_REFUSALS = {401, 403}


class ExternalIndex:
    """The index whose simple API is at ``url`` and whose legacy upload API is at ``upload_url``.

    Without ``upload_url`` it is found from ``url``; see `upload_url_of`. ``login`` is a user
    and a password, which ``url`` may bear as well; for ``kept`` see `Upstream`. ``files`` are
    those of the folder of this machine that it serves, where it does: no others are offered.
    """

    def __init__(
        self,
        url: str,
        *,
        upload_url: str | None = None,
        login: tuple[str, str] | None = None,
        client: httpx2.AsyncClient | None = None,
        kept: KeptPages | None = None,
        files: FolderFiles | None = None,
    ) -> None:
        self.files = files
        # pypiserver redirects to PyPI for what it does not have: that would make it the owner
        # of every name there is
        self.remote = Upstream(
            url,
            stays_home=True,
            login=login,
            client=client,
            kept=kept,
            objection=None if files is None else files.objection,
        )
        self.upload_url = upload_url or upload_url_of(self.remote.url)

    async def publish(self, file: PublishedFile, path: Path, fields: Mapping[str, str]) -> bool:
        """Upload a checked file, and tell whether it is new there.

        Raises `Conflict` where its name is taken by other bytes, and `UpstreamFault` where
        the index does not take it.
        """
        if await self._has(file):
            return False
        kept = {key: value for key, value in fields.items() if key != "attestations"}
        form = upload_form(
            name=file.project, version=file.version, filename=file.filename, sha256=file.sha256
        )
        with path.open("rb") as content:
            answer = await self.remote.post(
                self.upload_url, data=form | kept, files={"content": (file.filename, content)}
            )
        self.remote.forget(file.project)
        self._check(answer, file)
        return True

    async def _has(self, file: PublishedFile) -> bool:
        """Tell whether this very file is there; a name means the same bytes for ever here too."""
        self.remote.forget(file.project)
        project = await self.remote.project(file.project)
        there = None if project is None else project.file(file.filename)
        found = None if there is None else sha256_of(there)
        if found is None:  # not there, or without a digest: it compares for itself
            return False
        if found != file.sha256:
            raise Conflict(
                f"{file.filename} is at {self.remote.url} already with other bytes",
                hint="a file name is immutable: give the new file a new version",
            )
        return True

    def _check(self, answer: httpx2.Response, file: PublishedFile) -> None:
        if answer.is_success:
            return
        what = f"{self.upload_url} answered {answer.status_code} to {file.filename}"
        said = " ".join(answer.text.split())[:200]
        if answer.status_code == _CONFLICT:
            raise Conflict(f"{what}: {said}", hint="give the new file a new version")
        if answer.status_code in _REFUSALS:
            raise NotPermitted(
                f"{what}: {said}",
                hint="the operator should check the user and password of --index",
            )
        raise UpstreamFault(f"{what}; expected 200: {said}")


def upload_url_of(url: str) -> str:
    """Return where an index takes uploads, by the URL of its simple API.

    >>> upload_url_of("http://h/simple/"), upload_url_of("http://h/ada/dev/+simple/")
    ('http://h/', 'http://h/ada/dev/')
    """
    parts = urlsplit(url)
    folder, _, last = parts.path.rstrip("/").rpartition("/")
    path = f"{folder}/" if last in {"simple", "+simple"} else parts.path
    return urlunsplit(parts._replace(path=path))
