"""The index of a running service: pages, uploads, and one project with thousands of versions.

Every edit of a live model is a version, so what others find rare is our everyday. Pages are
measured over HTTP with authentication, beside the same bytes from memory by the same server.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Literal

import httpx2
import uv
from packaging.utils import NormalizedName, canonicalize_name

from benchmarks.harness.index_load import Load, rate_of
from benchmarks.harness.timing import command, compared, seconds
from park_repo import queries
from park_repo.database import Database
from park_repo.file_records import Layer, OwnedProject, PublishedFile
from park_repo.negotiation import JSON
from park_server.db.migrate import migrate
from park_server.home import Home

__all__ = ["LIMIT_PAGES_PER_SECOND", "SMALL_PAGES", "filled", "measure", "static_copy"]

PARK = Path(sys.executable).with_name("park")
ROUNDS = 3

PROJECTS, VERSIONS = 1_000, 3
MANY = "many-versions"
SMALL_PAGES = [f"/simple/project-{number:04}/" for number in range(PROJECTS)]
PAGE_SIZES = (10, 100, 1_000, 5_000)

LIMIT_PAGES_PER_SECOND = 8_000
LIMIT_OVER_STATIC = 0.2
LIMIT_RESOLVE = 1.5
LIMIT_UPLOAD_S = 0.1
_SECONDS = 2.0
_CONNECTIONS, _DEPTH = 8, 16
_SMALL_BYTES = 100_000

_DRY = ["install", "--dry-run", "--no-deps", "--quiet"]
_RESOLVERS: dict[str, list[str | Path]] = {
    "pip": [
        *(sys.executable, "-m", "pip", *_DRY, "--ignore-installed", "--no-cache-dir"),
        "--index-url",
    ],
    "uv": [
        *(uv.find_uv_bin(), "pip", *_DRY, "--no-cache", "--reinstall"),
        *("--python", sys.executable, "--default-index"),
    ],
}
"""Resolvers from a cold start; the URL of the index and the project follow."""


def measure(rounds: int | None) -> dict[str, Any]:
    """Return the figures of pages, uploads and resolutions."""
    rounds = rounds or ROUNDS
    with TemporaryDirectory(prefix="park-bench-") as name:
        folder = Path(name)
        filled(folder / "service")
        with _service(folder / "service") as service:
            return {
                "pages": _pages(service, folder, rounds),
                "uploads": _uploads(service, folder),
                "resolutions": _resolutions(service, folder, rounds),
                "removal": _removal(service),
            }


@dataclass(frozen=True, kw_only=True)
class _Service:
    """A running service, and how to talk to it."""

    url: str
    pid: int
    token: str
    home: Path

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Accept": JSON}

    def client(self) -> httpx2.Client:
        return httpx2.Client(base_url=self.url, headers=self.headers, trust_env=False, timeout=600)

    @property
    def with_login(self) -> str:
        return self.url.replace("://", f"://__token__:{self.token}@")


@contextmanager
def _service(home: Path) -> Iterator[_Service]:
    ready = home / "ready.json"
    argv: list[str | Path] = [PARK, "serve", "--home", home, "--port", "0"]
    argv += ["--ready-file", ready, "--upstream", "none"]
    with _started(argv, "stderr") as (process, _line):
        told = json.loads(ready.read_text())
        token = Path(told["token_file"]).read_text().strip()
        yield _Service(url=told["url"], pid=process.pid, token=token, home=home)


@contextmanager
def static_copy(folder: Path) -> Iterator[int]:
    """Serve the files of ``folder`` from memory; give the port."""
    argv: list[str | Path] = [sys.executable, "-m", "benchmarks.yardsticks.index_static", folder]
    with _started(argv, "stdout") as (_process, line):
        yield int(line)


@contextmanager
def _started(
    argv: list[str | Path], stream: Literal["stdout", "stderr"]
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a server and wait for the line on ``stream`` that says that it is up."""
    pipes = {"stdout": None, "stderr": None, stream: subprocess.PIPE}
    with subprocess.Popen(
        argv, text=True, stdout=pipes["stdout"], stderr=pipes["stderr"]
    ) as process:
        try:
            output = process.stdout or process.stderr
            line = output.readline() if output else ""
            if not line:
                raise RuntimeError(f"{argv} did not start")
            yield process, line
        finally:
            process.terminate()


def filled(home: Path) -> None:
    """Write the rows of all projects at once: what an upload costs is measured apart."""
    home.mkdir(parents=True, exist_ok=True)
    Home(home).prepare()
    database = Database.sqlite(Home(home).database)
    migrate(database.engine)
    names = [canonicalize_name(f"project-{number:04}") for number in range(PROJECTS)]
    counts = dict.fromkeys(names, VERSIONS)
    counts |= {canonicalize_name(f"{MANY}-{size:04}"): size for size in PAGE_SIZES}

    def add(connection: Any) -> None:
        for name, count in counts.items():
            queries.put_project(connection, OwnedProject(name=name, owned_since="", owned_by="a"))
            for number in range(count):
                queries.add_file(connection, _row(name, f"1.{number:04}"))

    database.write(add).result()
    database.close()


def _row(name: NormalizedName, version: str) -> PublishedFile:
    stem = f"{name.replace('-', '_')}-{version}"
    return PublishedFile(
        layer=Layer.PROJECTS,
        owner="",
        project=name,
        version=version,
        filename=f"{stem}-py3-none-any.whl",
        key=stem,
        size=123_456,
        sha256=hashlib.sha256(stem.encode()).hexdigest(),
        metadata_sha256=hashlib.sha256(name.encode()).hexdigest(),
        requires_python=">=3.11",
        uploaded_at="2026-11-23T05:45:00.123456Z",
        uploaded_by="a",
        yanked=None,
    )


def _pages(service: _Service, folder: Path, rounds: int) -> dict[str, Any]:
    """Return requests a second for pages of each size, beside the same bytes from memory."""
    cases = {f"{PROJECTS} projects x {VERSIONS}": SMALL_PAGES}
    cases |= {f"{size} versions": [f"/simple/{MANY}-{size:04}/"] for size in PAGE_SIZES}
    _mirror(service, folder / "static", [path for paths in cases.values() for path in paths])
    figures: dict[str, Any] = {}
    with static_copy(folder / "static") as port:
        for name, paths in cases.items():
            pairs = [
                (_rate(service, service.port, paths), _rate(service, port, paths))
                for _ in range(rounds)
            ]
            ours, theirs = (median(rates) for rates in zip(*pairs, strict=True))
            figures[name] = {
                "requests_per_second": round(ours),
                "static_requests_per_second": round(theirs),
                "over_static": round(ours / theirs, 2),
            }
    first = figures[next(iter(cases))]["requests_per_second"]
    lowest = min(figure["over_static"] for figure in figures.values())
    return {
        "yardstick": "the same bytes from memory by uvicorn, without authentication",
        **figures,
        "limit_requests_per_second": LIMIT_PAGES_PER_SECOND,
        "limit_over_static": LIMIT_OVER_STATIC,
        "holds": first >= LIMIT_PAGES_PER_SECOND and lowest >= LIMIT_OVER_STATIC,
    }


def _mirror(service: _Service, folder: Path, paths: list[str]) -> None:
    """Write what the service answers at ``paths`` into ``folder``."""
    with service.client() as client:
        for path in paths:
            target = folder / path.lstrip("/")
            target = target / "index" if path.endswith("/") else target
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(client.get(path).raise_for_status().content)


def _rate(service: _Service, port: int, paths: list[str]) -> float:
    """Return requests a second; small pages are asked for ahead, so that the client keeps up."""
    with service.client() as client:
        size = len(client.get(paths[0]).content)
    return rate_of(
        Load(
            port=port,
            paths=paths,
            headers=service.headers,
            connections=_CONNECTIONS,
            depth=_DEPTH if size < _SMALL_BYTES else 1,
            seconds=_SECONDS,
        )
    )


def _uploads(service: _Service, folder: Path) -> dict[str, Any]:
    """Return what uploads take: of 1 MB, to a new project and a large one; and of 500 MB."""
    with service.client() as client:
        new = [_upload(client, _wheel(folder, "new", f"2.{n}", 1 << 20)) for n in range(15)]
        late = [
            _upload(client, _wheel(folder, f"{MANY}-{PAGE_SIZES[-1]}", f"2.{n}", 1 << 20))
            for n in range(15)
        ]
        rebuilt = seconds(lambda: client.get(f"/simple/{MANY}-{PAGE_SIZES[-1]}/"))
        before = _peak_memory(service.pid)
        large = _upload(client, _wheel(folder, "large", "1.0", 500 << 20))
    return {
        "1_MB_seconds": round(median(new), 4),
        "1_MB_seconds_at_5000_versions": round(median(late), 4),
        "limit_seconds": LIMIT_UPLOAD_S,
        "first_page_after_it_at_5000_versions_seconds": round(rebuilt, 4),
        "500_MB_seconds": round(large, 2),
        "peak_memory_before_MiB": round(before / 2**20),
        "peak_memory_after_500_MB_MiB": round(_peak_memory(service.pid) / 2**20),
        "holds": max(median(new), median(late)) < LIMIT_UPLOAD_S,
    }


def _upload(client: httpx2.Client, wheel: Path) -> float:
    form = {":action": "file_upload", "protocol_version": "1"}
    try:
        with wheel.open("rb") as content:
            files = {"content": (wheel.name, content)}
            return seconds(
                lambda: client.post("/legacy/", data=form, files=files).raise_for_status()
            )
    finally:
        wheel.unlink()


def _wheel(folder: Path, project: str, version: str, size: int) -> Path:
    """Write a wheel of about ``size`` bytes that do not compress."""
    stem = f"{project.replace('-', '_')}-{version}"
    members = {
        f"{stem}.bin": os.urandom(size),
        f"{stem}.dist-info/METADATA": (
            f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n".encode()
        ),
        f"{stem}.dist-info/WHEEL": (
            b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        ),
    }
    rows = [f"{name},sha256={_record_digest(data)},{len(data)}" for name, data in members.items()]
    record = f"{stem}.dist-info/RECORD"
    members[record] = ("\n".join([*rows, f"{record},,"]) + "\n").encode()
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def _record_digest(data: bytes) -> str:
    return urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def _peak_memory(pid: int) -> int:
    """Return the largest resident set that a process has had, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def _resolutions(service: _Service, folder: Path, rounds: int) -> dict[str, Any]:
    """Return how long pip and uv take to resolve one of 5,000 versions, beside a static copy."""
    project = f"{MANY}-{PAGE_SIZES[-1]}"
    with service.client() as client:
        page = client.get(f"/simple/{project}/").json()
    # what was uploaded last is the newest: what both will choose, and ask for its METADATA
    path = page["files"][-1]["url"].removeprefix("../..")
    _mirror(service, folder / "copy", [f"/simple/{project}/", path, f"{path}.metadata"])
    figures: dict[str, Any] = {}
    with static_copy(folder / "copy") as port:
        indexes = (f"{service.with_login}/simple/", f"http://127.0.0.1:{port}/simple/")
        for tool, argv in _RESOLVERS.items():
            ours, theirs = (command([*argv, url, project], _plain()) for url in indexes)
            figures[tool] = compared(rounds, ours, theirs)
    slowest = min(figure["yardstick_over_ours"] for figure in figures.values())
    return {
        "yardstick": "a static copy of the page",
        **figures,
        "limit_ours_over_yardstick": LIMIT_RESOLVE,
        "holds": slowest >= 1 / LIMIT_RESOLVE,
    }


def _plain() -> dict[str, str]:
    """Return the variables of a tool that knows no other index than the one given."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "UV_"))}
    return kept | {"PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1"}


def _removal(service: _Service) -> dict[str, Any]:
    """Remove what `_uploads` sent, and return what is left of its bytes on the disk."""
    before = _disk(service.home)
    with service.client() as client:
        for project in ("new", "large", f"{MANY}-{PAGE_SIZES[-1]}"):
            files = client.get(f"/api/v1/index/projects/{project}").json()["files"]
            sent = {file["version"] for file in files if file["uploaded_by"] != "a"}
            for version in sent:
                path = f"/api/v1/index/projects/{project}/versions/{version}"
                client.delete(path).raise_for_status()
    after = _disk(service.home)
    return {
        "before_MiB": round(before / 2**20, 1),
        "after_MiB": round(after / 2**20, 1),
        "holds": after < 1 << 20,
    }


def _disk(home: Path) -> int:
    """Return the bytes of all files of the index."""
    return sum(path.stat().st_size for path in (home / "index").rglob("*") if path.is_file())
