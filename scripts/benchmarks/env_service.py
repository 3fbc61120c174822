"""Environments through a service: the edit loop, and a thousand of them queried."""

from __future__ import annotations

import getpass
import json
import shutil
import statistics
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection

from benchmarks.harness.serve_here import PARK, serve_here
from benchmarks.harness.timing import command, seconds
from park.build.cache import user_cache
from park.build.local_set import LocalSet, local_set
from park.client.access.address import Address
from park.client.access.transport import Transport
from park.client.installs.outcome import followed
from park.client.installs.request import install, requested
from park.client.report import Silence
from park.local.python_minor import python_minor
from park.model.ids import new_id
from park.model.pins import RequirementSet, parse_pin
from park.model.states import InstallState
from park.wire import InstallRequest, PinRecord
from park_repo.database import Database
from park_server.db.migrate import migrate
from park_server.envs import environment_rows
from park_server.installs import install_rows, lock_rows

__all__ = ["edit_loop", "request_to_ready", "thousand"]

MYMODEL = Path(__file__).parents[2] / "examples" / "mymodel"
EDITED_LIMIT_S = 1.0
UNCHANGED_LIMIT_S = 0.4
THOUSAND_LIMIT_S = 1.0


def edit_loop(rounds: int) -> dict[str, Any]:
    """Return the time of `park install` after an edit of one line, and after none."""
    with (
        TemporaryDirectory(prefix="park-bench-") as folder,
        serve_here(Path(folder)) as (_, variables),
    ):
        tree = Path(shutil.copytree(MYMODEL, Path(folder) / "mymodel"))
        source = next(tree.glob("src/*/__init__.py"))
        again = command([PARK, "install", str(tree)], variables)
        again()
        edited, unchanged = [], []
        for number in range(rounds + 1):
            with source.open("a") as file:
                file.write(f"EDIT = {number}\n")
            edited.append(seconds(again))
            unchanged.append(seconds(again))
    medians = statistics.median(edited[1:]), statistics.median(unchanged[1:])
    return {
        "edited_seconds": round(medians[0], 3),
        "edited_limit_seconds": EDITED_LIMIT_S,
        "unchanged_seconds": round(medians[1], 3),
        "unchanged_limit_seconds": UNCHANGED_LIMIT_S,
        "holds": medians[0] < EDITED_LIMIT_S and medians[1] < UNCHANGED_LIMIT_S,
    }


def request_to_ready(rounds: int) -> dict[str, Any]:
    """Return the time from the request for an environment that is gone to "it is ready".

    Over HTTP, its lock known and its wheels in the store; ready is told when the environment
    and the event are durable.
    """
    with TemporaryDirectory(prefix="park-bench-") as folder, serve_here(Path(folder)):
        home, local = Path(folder) / "home", local_set("refl1d", cache=user_cache())
        (note,) = Path(folder).glob("state/services/*.json")
        token = (home / "token").read_text().strip()
        with closing(Transport(Address(url=_url_in(note), token=token))) as transport:
            made = install(transport, local, Silence(), until_compiled=True)
            environment, times = home / "envs" / "v1" / made.lock_hash, []
            for number in range(rounds + 1):
                environment.rename(Path(folder) / f"gone-{number}")
                times.append(seconds(lambda: _install(transport, local)))
    return {
        "wheels": len(local.requirements.pins),
        "seconds": round(statistics.median(times[1:]), 4),
        "rounds": rounds,
    }


def _url_in(note: Path) -> str:
    return str(json.loads(note.read_text())["url"])


def _install(transport: Transport, local: LocalSet) -> None:
    followed(transport, requested(transport, local, Silence()).record, Silence())


def thousand() -> dict[str, Any]:
    """Return the time of the commands that list and compare a thousand environments."""
    with TemporaryDirectory(prefix="park-bench-") as folder:
        home = Path(folder) / "home"
        home.mkdir()
        database = Database.sqlite(home / "park.sqlite")
        migrate(database.engine)
        pins = _installed_here()
        database.write(lambda c: _fill(c, pins)).result()
        database.close()
        with serve_here(Path(folder)) as (_, variables):
            argv = [str(PARK), "versions", "mymodel", "--json"]
            # the first one makes the build environment that the local version depends on
            command(argv, variables)()
            listed = _median(command([PARK, "env", "list", "--json"], variables))
            compared = _median(command(argv, variables))
            answer = subprocess.run(argv, env=variables, capture_output=True, check=True).stdout
    rows = json.loads(answer)
    return {
        "environments": len(rows),
        "pins_each": len(pins),
        "with_differences": sum(bool(row["differences"]) for row in rows),
        "list_seconds": round(listed, 3),
        "versions_seconds": round(compared, 3),
        "limit_seconds": THOUSAND_LIMIT_S,
        "holds": max(listed, compared) < THOUSAND_LIMIT_S,
    }


def _median(action: Callable[[], object]) -> float:
    return statistics.median(seconds(action) for _ in range(5))


def _installed_here() -> list[PinRecord]:
    found = local_set("mymodel", cache=user_cache()).requirements
    return [PinRecord(name=pin.name, version=pin.version) for pin in found.pins]


def _fill(connection: Connection, pins: list[PinRecord]) -> None:
    """Write a thousand finished installs of mymodel, each of another version."""
    python = python_minor()
    others = [pin for pin in pins if pin.name != "mymodel"]
    for number in range(1000):
        version = f"0.1.0+t{number:016x}"
        all_pins = [*others, PinRecord(name="mymodel", version=version)]
        request = InstallRequest(
            id=new_id(), project="mymodel", version=version, python=python, pins=all_pins
        )
        lock_hash = f"{number:064x}"
        set_hash = RequirementSet.of(python, (parse_pin(p.name, p.version) for p in all_pins)).hash
        user, state = getpass.getuser(), InstallState.REALISING
        install_rows.create(connection, user, request, set_hash, state)
        lock_rows.keep(connection, lock_hash, python, "")
        environment_rows.keep(
            connection, lock_hash, packages=len(all_pins), size_bytes=1, own_bytes=1
        )
        install_rows.enter(connection, request.id, InstallState.READY, lock_hash=lock_hash)
