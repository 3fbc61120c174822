"""A model that was edited five thousand times, beside one that was edited fifty times.

Each edit is a version with an environment and a wheel. What a person waits for should not
grow with what he has left behind.
"""

from __future__ import annotations

import getpass
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from packaging.utils import canonicalize_name
from sqlalchemy import Connection

from benchmarks.harness.serve_here import PARK, serve_here
from benchmarks.harness.timing import command, compared
from park.client.access.address import Address
from park.client.access.transport import Transport
from park.local.python_minor import python_minor
from park.model.ids import new_id
from park.model.pins import RequirementSet, parse_pin
from park.model.states import InstallState
from park.wire import API, InstallRequest, PinRecord
from park_repo import queries
from park_repo.database import Database
from park_repo.file_records import Layer, PublishedFile
from park_repo.negotiation import JSON
from park_server.db.migrate import migrate
from park_server.envs import environment_rows
from park_server.home import Home
from park_server.installs import install_rows, lock_rows

__all__ = ["measure"]

ROUNDS = 5
MANY, FEW = 5_000, 50
PROJECT = "mymodel"
PINS = 30

LIMIT_OVER_FEW = 2.0
"""A command takes at most so many times as long as with few versions."""

LIMIT_BYTES = 32_768
"""Of any answer to a command."""

LIMIT_PAGE_BYTES = 500_000
"""Of the page of the index, as pip and uv get it: of 5,000 files with a SHA-256 each, 160 kB."""

_COMMANDS = (
    ("versions", PROJECT),
    ("versions", "--json"),
    ("env", "list"),
    ("index", "list", PROJECT),
)
_ANSWERS: dict[str, tuple[str, dict[str, Any]]] = {
    "versions": (f"{API}/versions", {"project": PROJECT, "newest": 10}),
    "nearest": (f"{API}/versions", {"project": PROJECT, "edits": 1, "newest": 100}),
    "environments": (f"{API}/environments", {"newest": 10}),
    "one environment": (f"{API}/environments/{hashlib.sha256(b'7').hexdigest()[:12]}", {}),
}


@dataclass(frozen=True, kw_only=True)
class _Side:
    """A service with so many versions, and what its clients need."""

    variables: dict[str, str]
    transport: Transport


def measure(rounds: int | None) -> dict[str, Any]:
    """Return what commands and answers take with many versions, beside few of the same run."""
    rounds = rounds or ROUNDS
    with (
        TemporaryDirectory(prefix="park-bench-") as folder,
        _served(Path(folder), FEW) as few,
        _served(Path(folder), MANY) as many,
    ):
        commands = {" ".join(words): _run(words, many, few, rounds) for words in _COMMANDS}
        answers = {name: _ask(name, many, few, rounds) for name in _ANSWERS}
        page = _page(many, few, rounds)
    slowest = min(figure["yardstick_over_ours"] for figure in commands.values())
    largest = max(figure["bytes"] for figure in answers.values())
    return {
        "yardstick": f"the same with {FEW} versions in place of {MANY}",
        "commands": commands,
        "answers": answers,
        "page": page,
        "limit_over_yardstick": LIMIT_OVER_FEW,
        "limit_bytes": LIMIT_BYTES,
        "limit_page_bytes": LIMIT_PAGE_BYTES,
        "holds": slowest >= 1 / LIMIT_OVER_FEW
        and largest <= LIMIT_BYTES
        and page["bytes"] <= LIMIT_PAGE_BYTES,
    }


def _run(words: tuple[str, ...], many: _Side, few: _Side, rounds: int) -> dict[str, Any]:
    ours, theirs = (command([PARK, *words], side.variables) for side in (many, few))
    return compared(rounds, ours, theirs)


def _ask(name: str, many: _Side, few: _Side, rounds: int) -> dict[str, Any]:
    path, query = _ANSWERS[name]
    ours, theirs = (_asking(side.transport, path, query) for side in (many, few))
    return {**compared(rounds, ours, theirs), "bytes": ours()}


def _asking(transport: Transport, path: str, query: dict[str, Any]) -> Callable[[], int]:
    return lambda: len(transport.bytes(path, params=query).content)


def _page(many: _Side, few: _Side, rounds: int) -> dict[str, Any]:
    """Return the same of a page of the index, which is in memory, as it goes over the wire."""

    def asking(side: _Side) -> Callable[[], int]:
        headers = {"Accept": JSON, "Accept-Encoding": "gzip"}
        path = f"/trees/simple/{PROJECT}/"
        return lambda: int(side.transport.bytes(path, headers=headers).headers["content-length"])

    return {**compared(rounds, asking(many), asking(few)), "bytes": asking(many)()}


@contextmanager
def _served(folder: Path, count: int) -> Iterator[_Side]:
    home = Home(folder / str(count) / "home")
    home.path.parent.mkdir()
    home.prepare()
    database = Database.sqlite(home.database)
    migrate(database.engine)
    database.write(lambda connection: _fill(connection, count)).result()
    database.close()
    with serve_here(home.path.parent, "--upstream", "none") as (_, variables):
        address = Address(url=_url(home.path.parent), token=home.token_file.read_text().strip())
        with closing(Transport(address)) as transport:
            yield _Side(variables=variables, transport=transport)


def _url(folder: Path) -> str:
    (note,) = folder.glob("state/services/*.json")
    return str(json.loads(note.read_text())["url"])


def _fill(connection: Connection, count: int) -> None:
    """Write ``count`` finished installs of the project, each of another edit, with its wheel."""
    python, user = python_minor(), getpass.getuser()
    others = [PinRecord(name=f"required-{number:02}", version="1.0") for number in range(PINS)]
    for number in range(count):
        version, stem = f"0.1.0+t{number:016x}", f"{PROJECT}-0.1.0+t{number:016x}"
        pins = [*others, PinRecord(name=PROJECT, version=version)]
        request = InstallRequest(
            id=new_id(), project=PROJECT, version=version, python=python, pins=pins
        )
        known = RequirementSet.of(python, (parse_pin(pin.name, pin.version) for pin in pins))
        lock_hash = hashlib.sha256(str(number).encode()).hexdigest()
        install_rows.create(connection, user, request, known.hash, InstallState.REALISING)
        lock_rows.keep(connection, lock_hash, python, _NO_LOCK)
        environment_rows.keep(connection, lock_hash, packages=len(pins), size_bytes=1, own_bytes=1)
        install_rows.enter(connection, request.id, InstallState.READY, lock_hash=lock_hash)
        queries.add_file(connection, _wheel(user, version, stem))


_NO_LOCK = 'lock-version = "1.0"\ncreated-by = "bench"\npackages = []\n'


def _wheel(user: str, version: str, stem: str) -> PublishedFile:
    return PublishedFile(
        layer=Layer.TREES,
        owner=user,
        project=canonicalize_name(PROJECT),
        version=version,
        filename=f"{stem}-py3-none-any.whl",
        key=stem,
        size=123_456,
        sha256=hashlib.sha256(stem.encode()).hexdigest(),
        metadata_sha256=None,
        requires_python=">=3.11",
        uploaded_at="2026-11-23T05:45:00.123456Z",
        uploaded_by=user,
        yanked=None,
    )
