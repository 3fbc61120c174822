"""`park_server.installs.offers`: what is kept ready, from its request to its pin."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from packaging.utils import canonicalize_name
from support.labs.environment_lab import own_interpreter
from support.labs.install_lab import (
    LOCKS,
    MINOR,
    TREE,
    add_install,
    install_request,
    local_wheel,
    opened_database,
)
from support.session.limits import LIMIT_S

from park.errors import UnknownItem, UsageError
from park.model.lock_hash import LockHash
from park.model.pins import parse_pin
from park.model.states import InstallState
from park.wire import OfferRequest
from park_server.envs import environment_rows
from park_server.envs.pylock import LockedWheel, Selection, document_of
from park_server.installs import install_rows, lock_rows, offer_rows
from park_server.installs.install_rows import Install
from park_server.installs.offered_lock import OfferedLock
from park_server.installs.offers import Offers

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from sqlalchemy import Connection

    from park.wire import InstallRequest
    from park_repo.database import Database

HOLDER = "offer demo==1.0"


class Lab:
    """Offers over installs that end when the test says so."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.requests: list[InstallRequest] = []
        self.requested = asyncio.Event()
        self.made_ready: list[LockHash] = []
        self._ends: dict[str, asyncio.Future[None]] = {}
        self.begin()

    def begin(self) -> None:
        """Have offers, as after a start."""
        stands_in: Any = self
        self.offers = Offers(
            database=self.database,
            manager=stands_in,
            keeper=stands_in,
            locks=stands_in,
            python=MINOR,
        )

    # -- what offers ask of the manager and of the keeper

    async def request(
        self, user: str, request: InstallRequest, *, lock: LockHash | None = None
    ) -> InstallRequest:
        add_install(self.database, request, user=user, state=InstallState.RESOLVING, lock=lock)
        self.requests.append(request)
        self.requested.set()
        return request

    async def ended(self, install: str) -> Install:
        await self._end_of(install)
        return self.database.read(lambda c: install_rows.get(c, install))

    async def read(self, text: str, *, python: str, user: str) -> OfferedLock:
        assert (python, user) == (MINOR, "root")
        wheel = LockedWheel(
            name=canonicalize_name("demo"),
            version="1.0",
            filename="demo-1.0-py3-none-any.whl",
            sha256=text,
        )
        selection = Selection(target=own_interpreter().target, wheels=(wheel,))
        return OfferedLock(document=document_of((wheel,), own_interpreter()), selection=selection)

    async def ready(self, lock_hash: LockHash) -> None:
        self.made_ready.append(lock_hash)

    # -- what tests do

    def _end_of(self, install: str) -> asyncio.Future[None]:
        return self._ends.setdefault(install, asyncio.get_running_loop().create_future())

    def end(
        self,
        install: str,
        state: InstallState = InstallState.READY,
        *,
        lock: LockHash | None = None,
        **facts: Any,
    ) -> None:
        """Let an install end."""

        def write(connection: Connection) -> None:
            if lock is not None:
                lock_rows.keep(connection, lock, MINOR, "")
            install_rows.enter(connection, install, state, lock_hash=lock, **facts)

        self.database.write(write).result()
        self._end_of(install).set_result(None)

    async def followed(self) -> None:
        """Return when offers have done all that there was to do."""
        await asyncio.wait_for(self.offers._tasks.finish(), LIMIT_S)

    def holders(self, lock: LockHash) -> list[str]:
        return self.database.read(environment_rows.pinned).get(lock, [])


def run(folder: Path, work: Callable[[Lab], Coroutine[Any, Any, None]]) -> None:
    async def with_lab(database: Database) -> None:
        lab = Lab(database)
        try:
            await work(lab)
        finally:
            await lab.offers.stop()

    with opened_database(folder) as database:
        asyncio.run(with_lab(database))


def wanted(version: str = "1.0", **changes: Any) -> OfferRequest:
    return OfferRequest(project="Demo", version=version, **changes)


def test_an_offer_is_resolved_then_installed_whole_then_pinned(tmp_path: Path) -> None:
    async def work(lab: Lab) -> None:
        offer = await lab.offers.add("root", wanted("1.0.0-post1"))
        assert (offer.project, offer.version) == ("demo", "1.0.0.post1")
        assert (offer.python, offer.state) == (MINOR, InstallState.RESOLVING)
        lab.requested.clear()
        added = install_rows.documents_of([parse_pin("extra", "2")])
        lab.end(offer.install, lock=LOCKS[0], added=added)
        await asyncio.wait_for(lab.requested.wait(), LIMIT_S)
        assert [f"{pin.name}=={pin.version}" for pin in lab.requests[1].pins] == [
            "demo==1.0.0.post1",
            "extra==2",
        ]
        lab.end(lab.requests[1].id, lock=LOCKS[1])
        await lab.followed()
        (listed,) = lab.offers.listing()
        assert (listed.install, listed.lock_hash) == (lab.requests[1].id, LOCKS[1])
        assert lab.holders(LOCKS[1]) == ["offer demo==1.0.0.post1"]
        assert lab.holders(LOCKS[0]) == []
        assert lab.database.read(offer_rows.unpinned) == []

    run(tmp_path, work)


def test_what_is_offered_is_not_installed_again_unless_it_failed(tmp_path: Path) -> None:
    async def work(lab: Lab) -> None:
        first = await lab.offers.add("root", wanted())
        assert await lab.offers.add("root", wanted()) == first
        lab.end(first.install, InstallState.FAILED, error={"detail": "no such project"})
        await lab.followed()
        (listed,) = lab.offers.listing()
        assert listed.error == "no such project"
        again = await lab.offers.add("root", wanted())
        assert again.install != first.install
        assert len(lab.offers.listing()) == 1

    run(tmp_path, work)


def test_an_offer_that_was_withdrawn_meanwhile_pins_nothing(tmp_path: Path) -> None:
    async def work(lab: Lab) -> None:
        offer = await lab.offers.add("root", wanted())
        assert [each.version for each in await lab.offers.remove("demo", "1.0")] == ["1.0"]
        lab.end(offer.install, lock=LOCKS[0])
        await lab.followed()
        assert lab.holders(LOCKS[0]) == []
        with pytest.raises(UnknownItem, match=r"demo==1\.0 is not offered"):
            await lab.offers.remove("demo", "1.0")

    run(tmp_path, work)


def test_the_unpinned_are_followed_again_after_a_start(tmp_path: Path) -> None:
    async def work(lab: Lab) -> None:
        offer = await lab.offers.add("root", wanted())
        await lab.offers.stop()
        lab.end(offer.install, lock=LOCKS[0])
        assert lab.holders(LOCKS[0]) == []
        lab.begin()
        lab.offers.resume()
        await lab.followed()
        assert lab.holders(LOCKS[0]) == [HOLDER]

    run(tmp_path, work)


def test_a_lock_is_offered_as_what_was_installed_under_it(tmp_path: Path) -> None:
    async def work(lab: Lab) -> None:
        install = add_install(lab.database, install_request("demo==1.0"), lock=LOCKS[0])
        offer = await lab.offers.add("root", OfferRequest(lock=LOCKS[0][:8]))
        assert (offer.project, offer.install, offer.lock_hash) == ("demo", install, LOCKS[0])
        assert lab.holders(LOCKS[0]) == [HOLDER]
        await lab.followed()
        assert lab.made_ready == [LOCKS[0]]
        assert lab.database.read(lambda c: offer_rows.is_offered(c, install))

    run(tmp_path, work)


def test_a_lock_file_is_installed_under_its_own_lock_and_replaces_another(tmp_path: Path) -> None:
    async def work(lab: Lab) -> None:
        for digest in ("a" * 64, "b" * 64):
            offer = await lab.offers.add("root", wanted(pylock=digest))
            assert await lab.offers.add("root", wanted(pylock=digest)) == offer
            lab.end(offer.install, lock=LockHash(str(offer.lock_hash)))
            await lab.followed()
        first, second = lab.requests
        (listed,) = lab.offers.listing()
        assert listed.install == second.id != first.id
        assert lab.holders(LockHash(str(listed.lock_hash))) == [HOLDER]

    run(tmp_path, work)


def test_a_lock_file_of_another_version_is_refused(tmp_path: Path) -> None:
    async def work(lab: Lab) -> None:
        with pytest.raises(UsageError, match=r"selects demo==1\.0 .* expected demo==2\.0"):
            await lab.offers.add("root", wanted("2.0", pylock="a" * 64))
        assert lab.requests == []

    run(tmp_path, work)


def test_a_lock_takes_the_place_of_another_offer_of_that_version(tmp_path: Path) -> None:
    async def work(lab: Lab) -> None:
        for lock in LOCKS[:2]:
            add_install(lab.database, install_request("demo==1.0"), lock=lock)
            await lab.offers.add("root", OfferRequest(lock=lock))
        assert [offer.lock_hash for offer in lab.offers.listing()] == [LOCKS[1]]
        assert (lab.holders(LOCKS[0]), lab.holders(LOCKS[1])) == ([], [HOLDER])

    run(tmp_path, work)


def test_a_lock_of_anothers_tree_is_not_to_be_offered(tmp_path: Path) -> None:
    async def work(lab: Lab) -> None:
        request = install_request(f"demo=={TREE}", wheels=[local_wheel("demo", TREE)])
        add_install(lab.database, request, lock=LOCKS[0])
        with pytest.raises(UnknownItem):
            await lab.offers.add("root", OfferRequest(lock=LOCKS[0]))
        assert lab.offers.listing() == []

    run(tmp_path, work)


@pytest.mark.parametrize("request_", [OfferRequest(project="demo"), OfferRequest(version="1")])
def test_an_offer_names_a_version_or_a_lock(tmp_path: Path, request_: OfferRequest) -> None:
    async def work(lab: Lab) -> None:
        with pytest.raises(UsageError, match="a project and a version, or a lock"):
            await lab.offers.add("root", request_)

    run(tmp_path, work)
