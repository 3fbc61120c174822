"""What the other parts of a service stand on; none of it needs an event loop."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from park_repo.database import Database
from park_repo.index import Index
from park_repo.upstream.external import ExternalIndex
from park_repo.upstream.kept_pages import KeptPages
from park_repo.upstream.upstream import Upstream
from park_repo.wheelstore.store import WheelStore
from park_server.assembly.start_stages import Stages
from park_server.bus import Bus
from park_server.content import ContentStore
from park_server.db.opening import opened
from park_server.disk import Disk
from park_server.egress.upstream_transport import index_client
from park_server.endpoints import Endpoints
from park_server.envs import environment_rows
from park_server.envs.interpreters import Interpreter, discover
from park_server.envs.overlay_trial import no_links, permitted_layout
from park_server.envs.realisation import Environments
from park_server.envs.wheel_download import Downloader
from park_server.grants.grants import Grants
from park_server.home import Home
from park_server.jobs.engines.isolation import Isolation, permitted_isolation
from park_server.settings import Settings
from park_server.trust.identity import Tokens
from park_server.trust.trust import Trust, trust_of
from park_server.trust.under_way import UnderWay

__all__ = ["Foundation", "foundation_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Foundation:
    """What all else stands on.

    ``why_not_overlay`` says why environments are not seen through overlays, where they are not;
    ``why_none`` why none can be made at all. ``isolation`` is what jobs are kept from.
    """

    settings: Settings
    home: Home
    endpoints: Endpoints
    user: str
    bus: Bus
    disk: Disk
    database: Database
    index: Index
    grants: Grants
    trust: Trust
    content: ContentStore
    environments: Environments
    why_not_overlay: str | None
    why_none: str | None
    isolation: Isolation
    downloads: Downloader
    interpreters: Mapping[str, Interpreter]

    async def close(self) -> None:
        """Leave it; the database commits what is queued."""
        await self.index.aclose()
        with self.downloads:
            self.database.close()


def foundation_of(
    settings: Settings, home: Home, endpoints: Endpoints, tokens: Tokens, stages: Stages
) -> Foundation:
    """Return the foundation on ``home``, its schema the newest, what a crash left swept.

    ``tokens`` are those of its operator, and of the service itself.
    """
    with ThreadPoolExecutor(max_workers=2) as beside:
        # processes: they start while we read the disk
        asked = beside.submit(discover)
        tried = beside.submit(permitted_isolation, home.path)
        return _foundation(
            settings, home, endpoints, tokens, asked=asked, tried=tried, stages=stages
        )


def _foundation(
    settings: Settings,
    home: Home,
    endpoints: Endpoints,
    tokens: Tokens,
    *,
    asked: Future[dict[str, Interpreter]],
    tried: Future[Isolation],
    stages: Stages,
) -> Foundation:
    bus, under_way = Bus(), UnderWay()
    with stages.at("opening the database, and bringing its schema up to date"):
        database = _database(home)
    with stages.at("trying how environments can be laid out here"):
        layout, why_not_overlay = permitted_layout(home.path)
    with stages.at("removing environments and downloads that a crash left half made"):
        environments = Environments(
            home.path,
            WheelStore(home.path / "store"),
            layout=layout,
            busy=lambda: database.read(environment_rows.busy),
        )
        environments.sweep()
        downloads = Downloader(home.cache / "wheels", addresses=settings.addresses)
        downloads.sweep()
    with stages.at("asking the Python interpreters of this machine what they are"):
        interpreters = asked.result()
    with stages.at("trying what jobs can be kept from here"):
        isolation = tried.result()
    return Foundation(
        settings=settings,
        home=home,
        endpoints=endpoints,
        user=tokens.operator,
        bus=bus,
        disk=Disk(),
        database=database,
        index=_index(settings, home, database),
        grants=Grants(database, bus, settings.roots, under_way.end),
        trust=trust_of(
            database,
            home.policy_file,
            tokens,
            under_way,
            not_apart=() if settings.trust_all else isolation.between_users,
        ),
        content=ContentStore(home.files),
        environments=environments,
        why_not_overlay=why_not_overlay,
        why_none=no_links(home.path),
        isolation=isolation,
        downloads=downloads,
        interpreters=interpreters,
    )


def _database(home: Home) -> Database:
    beside = {
        "folders of wheels in index/": home.index / "files",
        "folders of jobs in jobs/": home.jobs,
    }
    return opened(home.database, beside)


def _index(settings: Settings, home: Home, database: Database) -> Index:
    return Index(
        database,
        home.index,
        _upstream(settings, home),
        external=_external(settings, home),
        cache=home.cache / "index",
    )


def _upstream(settings: Settings, home: Home) -> Upstream | None:
    if settings.upstream is None:
        return None
    return Upstream(
        settings.upstream,
        client=index_client(settings.addresses, settings.upstream),
        kept=_pages(home, settings.upstream),
    )


def _pages(home: Home, url: str) -> KeptPages:
    return KeptPages(home.cache / "index" / "pages", url)


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
