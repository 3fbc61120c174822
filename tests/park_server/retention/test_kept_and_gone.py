"""Whatever happens to jobs and trees: what is kept is whole, what is not is gone, after each clean.

Killed or not: a clean that was cut off at any of its steps is finished by the next one.
"""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)
from sqlalchemy import Connection, Table, insert, select, update
from support.labs.install_lab import MINOR, install_request, local_wheel
from support.labs.retention_lab import DAY_S, Clock, Evictions, retention_of, wait_for_janitor
from support.labs.schedule_lab import USER, Lab, value_of
from support.material.open_doors import without_limit
from support.material.wheels import make_wheel

from park.errors import Conflict, ParkError
from park.model.ids import JobId
from park.model.lock_hash import LockHash
from park.model.states import InstallState
from park.wire import CleanRecord, CleanRequest
from park_repo import queries
from park_repo.curation import Curator
from park_repo.index import Index, Upload
from park_repo.tables import files as index_files
from park_server.clock import text_of
from park_server.content import ContentStore
from park_server.db.tables import (
    calls,
    environment_pins,
    environments,
    events,
    installs,
    jobs,
    locks,
)
from park_server.envs import environment_rows
from park_server.home import Home
from park_server.installs import install_rows, lock_rows
from park_server.jobs.folder import JobFolders
from park_server.retention.reference_rows import digests_in_use
from park_server.retention.sizes_on_disk import size_below

T = TypeVar("T")

CONTENTS = ("q r dr", "counts", "film")
"""Few, so that several jobs have the same."""

TIMES = {
    jobs: ("finished",),
    events: ("time",),
    index_files: ("uploaded_at",),
    installs: ("updated",),
    locks: ("created",),
    environments: ("realised", "last_used"),
}

STEPS: tuple[tuple[Any, str], ...] = (
    (JobFolders, "remove"),
    (JobFolders, "remove_now"),
    (JobFolders, "remove_logs"),
    (ContentStore, "remove"),
    (queries, "remove_each"),
    (Curator, "_discard"),
    (Evictions, "__call__"),
)
"""Where a clean may be cut off: before each of these is done, or where it is done already."""

KEPT_S, LOGS_S, TREES_S = 20 * DAY_S, 10 * DAY_S, 30 * DAY_S
NEWEST = 2


class Killed(BaseException):
    """Ends what runs as a kill would."""


class Service(RuleBasedStateMachine):
    """A service without processes, and what its users and its operator do."""

    known = Bundle("known")
    locked = Bundle("locked")

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="park-retention-"))
        self.loop = asyncio.new_event_loop()
        self.count = 0
        self.unfinished: set[str] = set()
        self.pinned: set[str] = set()
        self.open()
        self.do(self.one.install("install-of-ab", InstallState.READY))

    def open(self) -> None:
        async def opened() -> None:
            self.one = Lab(self.folder, slots=50, pools={}, fetcher=None, peers=None)
            await self.one.scheduler.resume()

        self.do(opened())
        self.index = Index(self.one.database, Home(self.folder).index)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.do(self.one.close())
            self.loop.close()
            shutil.rmtree(self.folder)

    # -- users

    @rule(
        target=known,
        needed=st.none() | known,
        given=st.sampled_from(("", *CONTENTS)),
    )
    def submit(self, needed: str | None, given: str) -> str:
        self.count += 1
        job = f"job-{self.count}"
        arguments: dict[str, Any] = {}
        if given:
            sha256 = hashlib.sha256(given.encode()).hexdigest()
            self.put(given)
            arguments["data"] = {"$park": "file", "sha256": sha256, "name": "data"}
        references = [] if needed is None else [value_of(needed)]
        try:
            self.do(self.one.submit(job, *references, arguments=arguments))
        except ParkError:  # what it needs is gone
            return job
        self.unfinished.add(job)
        self.settle()
        return job

    def put(self, text: str) -> None:
        with self.one.content.intake() as intake, tempfile.TemporaryFile() as file:
            file.write(text.encode())
            file.flush()
            intake.add(file.fileno())

    @rule(leaves=st.lists(st.sampled_from(CONTENTS), unique=True), fails=st.booleans())
    def end(self, leaves: list[str], *, fails: bool) -> None:
        if self.one.engine.orders.empty():
            return
        order = self.one.engine.orders.get_nowait()
        for name in ("stdout", "stderr"):
            (order.directory / name).write_text(f"{name} of {order.job_id}")
        work = order.directory / "work"
        work.mkdir(exist_ok=True)
        for number, text in enumerate(leaves):
            (work / f"{number}.txt").write_text(text)

        async def ended() -> None:
            if fails:
                self.one.fail(order)
            else:
                self.one.complete(order, order.job_id)
            await self.one.final(order.job_id)

        self.do(ended())
        self.settle()

    def settle(self) -> None:
        """Let what follows be done, and learn what has ended."""
        self.do(self.one.in_the_meantime())
        self.do(self.begun())
        query = select(jobs.c.id).where(jobs.c.finished.is_not(None))
        ended = set(self.one.database.read(lambda c: c.execute(query)).scalars())
        self.unfinished -= ended

    async def begun(self) -> None:
        """Wait until all that may start has started: nothing is written meanwhile."""
        going = [row for row in self.rows().values() if row.status in {"queued", "running"}]
        orders = [await self.one.started() for _ in going]
        for order in orders:
            self.one.engine.orders.put_nowait(order)

    @rule(job=known)
    def pin(self, job: str) -> None:
        if self.there(job):
            self.do(self.retention().pin(JobId(job), USER))
            self.pinned.add(job)

    @rule(job=known)
    def unpin(self, job: str) -> None:
        if self.there(job):
            self.do(self.retention().unpin(JobId(job), USER))
            self.pinned.discard(job)

    @rule(job=known)
    def remove(self, job: str) -> None:
        if not self.there(job):
            return
        try:
            self.do(self.retention().remove(JobId(job), USER))
        except Conflict:
            assert job in self.unfinished | self.pinned | self.needed()
        else:
            assert job not in self.unfinished | self.pinned | self.needed()

    def there(self, job: str) -> bool:
        return job in self.rows()

    def rows(self) -> dict[str, Any]:
        found = self.one.database.read(lambda c: c.execute(select(jobs)).all())
        return {row.id: row for row in found}

    def needed(self) -> set[str]:
        """Return the jobs to which an unfinished one refers."""
        found = set[str]()
        for job in self.unfinished & self.rows().keys():
            call = self.one.database.read(
                partial(
                    Connection.scalar, statement=select(calls.c.document).where(calls.c.job == job)
                )
            )
            assert call is not None
            found |= {arg["job"] for arg in call["args"]}
        return found

    # -- trees

    @rule(target=locked)
    def install(self) -> str:
        self.count += 1
        version = f"1.0+t{self.count:016x}"
        wheel = make_wheel(self.folder / "wheels", "demo", version)

        async def publish() -> str:
            with self.index.incoming() as content:
                content.write(wheel.read_bytes())
                upload = Upload(
                    content=content, filename=wheel.name, user=USER, permit=without_limit
                )
                return (await self.index.publish(upload)).file.sha256

        sha256 = self.do(publish())
        lock = LockHash(f"{self.count:064x}")
        brought = local_wheel("demo", version, sha256=sha256)
        request = install_request(f"demo=={version}", wheels=[brought])

        def write(connection: Any) -> None:
            made = (connection, USER, request, "5e" * 32, InstallState.RESOLVING)
            install_rows.create(*made)  # type: ignore[arg-type]
            lock_rows.keep(connection, lock, MINOR, f'sha256 = "{sha256}"')
            install_rows.enter(connection, request.id, InstallState.READY, lock_hash=lock)
            facts = {"packages": 1, "size_bytes": 1, "own_bytes": 1}
            environment_rows.keep(connection, lock, **facts)

        self.one.database.write(write).result()
        return lock

    @rule(lock=locked)
    def run_in(self, lock: str) -> None:
        """Submit a job to an environment that this lab cannot make: it fails, and is there."""
        self.count += 1
        job = f"job-{self.count}"
        try:
            self.do(self.one.submit(job, lock_hash=lock))
        except ParkError:
            assert not self.has_lock(lock)
            return
        assert self.has_lock(lock)
        self.do(self.one.final(job))

    @rule(lock=locked)
    def pin_environment(self, lock: str) -> None:
        if self.has_lock(lock):
            row = {"lock_hash": lock, "user": USER, "created": ""}
            known = self.one.database.read(environment_rows.pinned)
            if lock not in known:
                self.one.database.write(lambda c: c.execute(insert(environment_pins), row)).result()

    def has_lock(self, lock: str) -> bool:
        return lock in self.locks()

    def locks(self) -> dict[str, str]:
        query = select(locks.c.lock_hash, locks.c.document)
        return dict(self.one.database.read(lambda c: c.execute(query).all()))

    # -- time, the operator, and kills

    @rule(days=st.sampled_from((1, 12, 25, 40)))
    def age(self, days: int) -> None:
        for table, columns in TIMES.items():
            for column in columns:
                self.older(table, column, timedelta(days=days))

    def older(self, table: Table, name: str, delta: timedelta) -> None:
        column, key = table.c[name], next(iter(table.primary_key))
        rows = self.one.database.read(
            lambda c: c.execute(select(key, column).where(column.is_not(None))).all()
        )
        moved = [
            (each, text_of(datetime.fromisoformat(moment) - delta))
            for each, moment in rows
            if moment
        ]

        def write(connection: Any) -> None:
            for each, moment in moved:
                connection.execute(update(table).where(key == each).values({name: moment}))

        self.one.database.write(write).result()

    @rule()
    def restart(self) -> None:
        self.do(self.one.close())
        while not self.one.engine.orders.empty():
            self.one.engine.orders.get_nowait()
        self.open()
        self.settle()

    @rule(step=st.sampled_from(STEPS), done=st.booleans(), at=st.integers(0, 3))
    def clean_and_be_killed(self, step: tuple[Any, str], at: int, *, done: bool) -> None:
        owner, name = step
        cut = _cut_off(getattr(owner, name), at, done=done)
        with patch.object(owner, name, cut), suppress(Killed):
            self.clean()
        self.restart()

    @rule(quota=st.none() | st.integers(0, 40_000))
    def clean_and_look(self, quota: int | None) -> None:
        self.do(self.one.in_the_meantime())
        wait_for_janitor(self.one)  # what it takes away between the two looks is one job fewer
        would = self.clean(quota, dry_run=True)
        done = self.clean(quota)
        self.pinned &= self.rows().keys()
        assert (would.jobs, would.trees) == (done.jobs, done.trees)
        self.check(quota)

    def retention(self, quota: int | None = None) -> Any:
        clock = Clock()
        return retention_of(
            self.one,
            self.folder,
            clock,
            index=self.index,
            jobs_s=KEPT_S,
            logs_s=LOGS_S,
            trees_s=TREES_S,
            newest_trees=NEWEST,
            jobs_quota_bytes=quota,
        )

    def clean(self, quota: int | None = None, *, dry_run: bool = False) -> CleanRecord:
        # the content store looks at ctime, which no test can set: all of it is two days old
        retention = self.retention(quota)
        retention._content._clock = lambda: Clock()() + 2 * DAY_S
        return self.do(retention.clean(CleanRequest(dry_run=dry_run)))  # type: ignore[no-any-return]

    # -- what must hold

    @invariant()
    def what_is_kept_is_there(self) -> None:
        if not hasattr(self, "one"):
            return
        rows = self.rows()
        assert self.unfinished <= rows.keys()
        assert self.pinned <= rows.keys()
        assert self.needed() <= rows.keys()
        for sha256 in self.one.database.read(digests_in_use):
            assert self.one.content.has(sha256), sha256
        for lock, document in self.locks().items():
            assert self.index.has(document.split('"')[1], user=USER), lock
        for row in rows.values():
            assert row.lock_hash == "ab" or self.has_lock(row.lock_hash)

    def check(self, quota: int | None) -> None:
        """See that what no rule keeps is gone, and that usage is a walk over the disk."""
        rows = self.rows()
        kept = self.unfinished | self.pinned | self.needed()
        old = text_of(datetime.now(UTC) - timedelta(seconds=KEPT_S))
        for job, row in rows.items():
            assert job in kept or row.finished >= old, job
            if job in self.pinned and row.finished and row.logs_removed is None and row.started:
                assert self.one.folders.log(JobId(job), "stdout", 0, 99)
        wait_for_janitor(self.one)
        assert set(self.one.folders.names()) <= rows.keys()
        there = {file.sha256 for file in self.one.content.files()}
        assert there == self.one.database.read(digests_in_use) & there
        usage = self.do(self.retention(quota).usage())
        walked = subprocess.run(
            ["find", self.folder, "-type", "f", "-printf", "%i\n"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        # what is lent to the accounts of users is the same file by another name
        assert sum(part.files for part in usage.parts) == len(set(walked.stdout.split()))
        sizes = {part.name: part.size_bytes for part in usage.parts}
        # of what is durable: how many blocks the rest takes, the file system decides later
        assert sizes["files"] == size_below(self.folder / "files")
        assert sizes["index"] == size_below(self.folder / "index")
        share = next(share for share in usage.shares if share.name == "jobs")
        assert quota is None or share.size_bytes <= quota or rows.keys() <= kept
        named = {path.name for path in (self.folder / "index" / "files").glob("*/*")}
        stored = self.one.database.read(lambda c: c.execute(select(index_files.c.sha256)).scalars())
        assert named == set(stored)
        assert not list(self.index.quarantine.glob("*/*"))


def _cut_off(work: Callable[..., Any], at: int, *, done: bool) -> Callable[..., Any]:
    """Return ``work``, the call number ``at`` of which is a kill: before it, or once it is done."""
    left = [at]

    def cut(*args: Any, **kwargs: Any) -> Any:
        left[0] -= 1
        if left[0] >= 0:
            return work(*args, **kwargs)
        if done and not asyncio.iscoroutinefunction(work):
            work(*args, **kwargs)
        raise Killed

    return cut


TestService = pytest.mark.slow(Service.TestCase)
TestService.settings = settings(
    max_examples=20, stateful_step_count=30, deadline=None, phases=(Phase.generate,)
)
