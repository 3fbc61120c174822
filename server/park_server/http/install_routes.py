"""Routes of installs and of the versions that they made."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import fields
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Body, Query
from packaging.pylock import PackageWheel
from packaging.utils import NormalizedName, canonicalize_name
from pydantic import SkipValidation
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from park.errors import UnknownItem
from park.model.lock_hash import LockHash
from park.model.pins import RequirementSet, parse_pin
from park.wire import EnvironmentRecord, InstallRecord, InstallRequest
from park_repo.index import Index
from park_server.envs.pylock import dump, load, with_urls
from park_server.http.auth import caller_of, user_of
from park_server.http.front.streamed_list import streamed_records
from park_server.http.parts import LONG_POLL_S, MOST, parts_of, url_of
from park_server.http.pieces import LargeRoute, checked_item, off_loop
from park_server.http.routing.declared_routes import DeclaredRoutes
from park_server.http.routing.media import Toml
from park_server.http.trust.uploads import require_uploads
from park_server.installs import lock_rows, version_rows
from park_server.used.imported import Imported

__all__ = ["router"]

router = DeclaredRoutes(route_class=LargeRoute)

_LONGEST = 500
"""Characters of an entry point."""


@router.post("/installs")
async def request_install(
    request: Request, body: Annotated[SkipValidation[InstallRequest], Body()]
) -> InstallRecord:
    """Ask for the environment of a requirement set."""
    parts, user = parts_of(request), user_of(request)

    def checked() -> InstallRequest:
        found = checked_item(InstallRequest, body)
        if parts.approvals.binds(user):  # for all others the set is parsed once, below
            pins = [parse_pin(pin.name, pin.version) for pin in found.pins]
            parts.approvals.require_set(user, RequirementSet.of(found.python, pins))
        return found

    wanted = await off_loop(request, checked)
    require_uploads(caller_of(request), [*wanted.wheels, *wanted.sources])
    parts.trust.possession.require(user, [source.sha256 for source in wanted.sources])
    await parts.quotas.take(user, len(await request.body()))
    return await parts.installs.request(user, wanted)


@router.get("/installs/{install}")
async def follow_install(
    request: Request,
    install: str,
    after: int = -1,
    wait: Annotated[float, Query(ge=0, le=LONG_POLL_S)] = 0,
    pause: Annotated[float, Query(ge=0, le=LONG_POLL_S)] = 0,
) -> InstallRecord:
    """Return an install, at the latest after ``wait`` seconds, or once past a revision.

    What changes within ``pause`` seconds is told in one answer; its end is told at once.
    """
    manager, user = parts_of(request).installs, user_of(request)
    return await manager.wait(install, user, after=after, timeout_s=wait, pause_s=pause)


@router.get("/versions", response_model=list[EnvironmentRecord])
async def list_versions(
    request: Request,
    *,
    project: str | None = None,
    version: str | None = None,
    set_hash: str | None = None,
    edits: Annotated[int | None, Query(ge=0, le=MOST)] = None,
    newest: Annotated[int | None, Query(ge=1, le=MOST)] = None,
    entry_point: Annotated[str | None, Query(max_length=_LONGEST)] = None,
) -> Response:
    """Return each version with an environment that the user may use.

    Those of one ``version`` or of the requirement set ``set_hash``; of each working tree the
    newest ``edits``, and of each project the ``newest`` releases and working trees. Each says
    which projects runs of ``entry_point`` used there.
    """
    name = None if project is None else str(canonicalize_name(project))
    user = user_of(request)
    approvals = parts_of(request).approvals
    database, imported = parts_of(request).database, parts_of(request).imported
    shared = parts_of(request).trust.sharing.with_user(user)
    listing = partial(
        version_rows.listing,
        shared=shared,
        version=version,
        set_hash=set_hash,
        edits=edits,
        newest=newest,
    )

    def documents() -> Iterator[dict[str, Any]]:
        for each in listing(database, user, name):
            if approvals.permits(user, each.lock_hash):
                yield _document(each, _used(imported, each, entry_point))

    return await streamed_records(user, documents())


def _used(imported: Imported, record: EnvironmentRecord, entry_point: str | None) -> Any:
    if entry_point is None:
        return None
    found = imported.projects(entry_point, LockHash(record.lock_hash))
    return None if found is None else sorted(found)


def _document(record: EnvironmentRecord, used: Any) -> dict[str, Any]:
    """Encode by hand: a thousand of them cost seconds when each pin is validated again."""
    document = {entry.name: getattr(record, entry.name) for entry in fields(record)}
    document["pins"] = [{"name": pin.name, "version": pin.version} for pin in record.pins]
    document["used"] = used
    return document


@router.get("/locks/{lock_hash}", response_class=Toml)
async def get_lock(request: Request, lock_hash: str) -> PlainTextResponse:
    """Return the PEP 751 document of a lock hash, or of a prefix that only one has.

    Each wheel has a URL, so pip and uv install from it as it is, with the service's token.
    """
    parts, user = parts_of(request), user_of(request)
    found = parts.database.read(lambda c: lock_rows.hash_like(c, lock_hash))
    if not parts.usable_locks.may_use(user, found):
        raise UnknownItem(f"no lock begins with {lock_hash!r}", hint=lock_rows.HINT)
    document = parts.database.read(lambda c: lock_rows.document(c, found))
    text = await asyncio.to_thread(_with_urls, document, parts.index, user, url_of(request))
    return PlainTextResponse(
        text, media_type="application/toml", headers={"X-Park-Lock-Hash": found}
    )


def _with_urls(document: str, index: Index, user: str, base: str) -> str:
    """Return a lock whose wheels are at ``base``: our own files, or those that come through us."""

    def url(name: NormalizedName, wheel: PackageWheel) -> str:
        sha256, filename = wheel.hashes["sha256"], quote(wheel.filename)
        if index.has(sha256, user=user):
            return f"{base}/files/{sha256}/{filename}"
        return f"{base}/files/upstream/{name}/{sha256}/{filename}"

    return dump(with_urls(load(document.encode()), url)).decode()
