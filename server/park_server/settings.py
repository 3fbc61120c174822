"""The settings of a service, complete: nothing else reads options or the environment."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from park.errors import UsageError
from park.model.conditions_json import POOL_NAME
from park.model.durations import parse_duration
from park.model.sizes import parse_size
from park_server.accounts.account import USUAL, NumberRange
from park_server.db.address import address_of
from park_server.egress.addresses import AddressPolicy
from park_server.egress.machine_index import machine_index
from park_server.engine_choice import EngineChoice, chosen_engines, store_of_nodes
from park_server.entrance.hosts import name_of
from park_server.entrance.settings import EntranceSettings
from park_server.jobs.engines.offers import SHORT_S
from park_server.retention.policy import NEWEST_TREES, QUARANTINE_S, TREES_S, RetentionPolicy

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

__all__ = ["ALWAYS", "PYPI", "Settings"]

ALWAYS = "always"
"""What is said for an age where nothing goes."""

_HIGHEST_PORT = 65_535

PYPI = "https://pypi.org/simple/"

_ROOT_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


_FEWEST_PROCESSES = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What the operator decided; ``allow_builds`` tells whether users' sources are built.

    ``url`` is where users reach the service, None: where it listens.
    ``quota_bytes`` is what environments and unpacked wheels may take, None without a limit.

    ``slots`` is how many jobs, or cpus of theirs, there are at a time; ``gpus`` are the names of
    the devices that jobs have for themselves. ``engines`` are where jobs run, the default first.
    ``node_store`` is where the nodes of a cluster keep what they need, None: they share the home.
    ``short_s``: what is expected to take no longer is for pilots, where there are any.

    ``upstream`` is None for a service without one. ``index`` is the simple API of an index
    in place of the embedded one, ``index_folder`` a folder whose wheels are its files instead,
    ``index_upload`` where that takes uploads (None: found from
    ``index``), ``index_login`` the user and password for it. ``roots`` are folders that every
    user may read as ``/NAME/…``. ``addresses`` says which machines the service talks to for its
    users, ``fetch_limit_bytes`` how large a file it fetches for them.
    ``pools`` are the sizes of its named pools of resources; ``resolver`` is uv or pip.
    ``retention`` says what is kept, and for how long.
    ``reserve_bytes`` are kept free by stopping jobs (None: a part of the disk),
    ``job_disk_bytes`` is what the files of one may take, ``job_processes`` how many processes
    and threads the jobs of one fork server may have (None: by the number of cores).
    ``job_memory_bytes`` is what these may have of memory (None: almost all that is available at
    the start), ``job_log_bytes`` what one job may write to its streams.
    ``job_accounts`` are the user ids that users get where the service is root, None: none.
    ``trust_all``: users may be added whose jobs this machine cannot keep apart.
    ``watch_loop_s`` is how long the event loop may be held before the log tells of it, None
    for as long as it likes.
    ``database`` is where its state is kept, None: in the home.
    ``entrance`` says how the service may be asked, and with which certificate it answers.
    ``shared_memo``: what one user's job left answers the same call of another. ``verify_memo``
    is the share of the answers that are run nevertheless, and compared.
    """

    home: Path
    host: str
    port: int
    url: str | None
    ready_file: Path | None
    upstream: str | None
    slots: int
    gpus: tuple[str, ...] = ()
    engines: tuple[EngineChoice, ...] = (EngineChoice(name="local"),)
    node_store: Path | None = None
    short_s: float = SHORT_S
    allow_builds: bool = False
    quota_bytes: int | None = None
    index: str | None = None
    index_folder: Path | None = None
    index_upload: str | None = None
    index_login: tuple[str, str] | None = field(default=None, repr=False)
    roots: Mapping[str, Path] = field(default_factory=dict)
    addresses: AddressPolicy = field(default_factory=AddressPolicy)
    entrance: EntranceSettings = field(default_factory=EntranceSettings)
    fetch_limit_bytes: int = 20 << 30
    pools: Mapping[str, int] = field(default_factory=dict)
    resolver: str = "uv"
    retention: RetentionPolicy = field(default_factory=RetentionPolicy)
    reserve_bytes: int | None = None
    job_disk_bytes: int | None = None
    job_processes: int | None = None
    job_accounts: NumberRange | None = USUAL
    job_memory_bytes: int | None = None
    job_log_bytes: int = 1 << 30
    trust_all: bool = False
    watch_loop_s: float | None = None
    shared_memo: bool = False
    verify_memo: float = 0.0
    database: URL | None = None

    @classmethod
    def of(
        cls,
        *,
        home: Path,
        host: str = "127.0.0.1",
        port: int = 0,
        url: str | None = None,
        ready_file: Path | None = None,
        upstream: str | None = None,
        slots: int | None = None,
        gpus: str | None = None,
        engines: Sequence[str] = (),
        node_store: Path | None = None,
        short_jobs: str | None = None,
        allow_builds: bool = False,
        quota: str | None = None,
        index: str | None = None,
        index_upload: str | None = None,
        index_login_file: Path | None = None,
        roots: Sequence[str] = (),
        allow_addresses: Sequence[str] = (),
        allow_hosts: Sequence[str] = (),
        trusted_proxies: Sequence[str] = (),
        tls_certificate: Path | None = None,
        tls_key: Path | None = None,
        fetch_limit: str = "20G",
        pools: Sequence[str] = (),
        resolver: str = "uv",
        keep_jobs: str | None = None,
        keep_logs: str | None = None,
        keep_events: str | None = None,
        keep_trees: str | None = None,
        newest_trees: int = NEWEST_TREES,
        keep_quarantine: str | None = None,
        jobs_quota: str | None = None,
        reserve: str | None = None,
        job_disk: str | None = None,
        job_processes: int | None = None,
        job_accounts: str | None = None,
        job_memory: str | None = None,
        job_log: str = "1G",
        trust_all: bool = False,
        watch_loop_ms: float | None = None,
        shared_memo: bool = False,
        verify_memo: str | None = None,
        database: str | None = None,
        database_password_file: Path | None = None,
    ) -> Settings:
        """Check and complete what was given; raises `UsageError`."""
        cores = len(os.sched_getaffinity(0))
        if slots is not None and slots < 1:
            raise UsageError(f"--slots {slots}: a service needs at least one")
        if job_processes is not None and job_processes < _FEWEST_PROCESSES:
            raise UsageError(
                f"--job-processes {job_processes}: expected {_FEWEST_PROCESSES} or more, since the"
                " fork server of an environment and its waiting children count as well"
            )
        if newest_trees < 0:
            raise UsageError(f"--newest-trees {newest_trees}: expected a number from 0 on")
        if watch_loop_ms is not None and not watch_loop_ms > 0:
            raise UsageError(f"--watch-loop {watch_loop_ms:g}: expected more than 0 milliseconds")
        if not 0 <= port <= _HIGHEST_PORT:
            raise UsageError(f"--port {port}: expected 0 (any free one) to {_HIGHEST_PORT}")
        _no_password({"--upstream": upstream, "--index": index, "--index-upload": index_upload})
        public = None if url is None else _public(url)
        folder = _index_folder(index, other=index_upload or index_login_file)
        return cls(
            home=home.expanduser().resolve(),
            host=host,
            port=port,
            url=public,
            entrance=EntranceSettings.of(
                host=host,
                url=public,
                allowed_hosts=allow_hosts,
                machine_names=_machine_names() if public is None else (),
                trusted_proxies=trusted_proxies,
                certificate=tls_certificate,
                key=tls_key,
            ),
            ready_file=ready_file,
            upstream=_upstream(upstream or machine_index() or PYPI),
            slots=slots or cores,
            gpus=() if gpus is None else _devices(gpus),
            engines=chosen_engines(engines),
            node_store=None if node_store is None else store_of_nodes(node_store),
            short_s=_age("--short-jobs", short_jobs, SHORT_S),
            allow_builds=allow_builds,
            quota_bytes=None if quota is None else _bytes("--quota", quota),
            index=None if index is None or folder else _simple("--index", index, _INDEX_HINT),
            index_folder=folder,
            index_upload=None
            if index_upload is None
            else _checked("--index-upload", index_upload, "for example https://pypi.lab/legacy/"),
            index_login=None if index_login_file is None else _login_in(index_login_file),
            roots=dict(map(_root, roots)),
            addresses=AddressPolicy.of(allow_addresses),
            fetch_limit_bytes=_bytes("--fetch-limit", fetch_limit),
            pools=dict(map(_pool, pools)),
            watch_loop_s=None if watch_loop_ms is None else watch_loop_ms / 1e3,
            resolver=resolver,
            shared_memo=shared_memo,
            database=address_of(home, database, database_password_file),
            verify_memo=0.0 if verify_memo is None else _share("--verify-memo", verify_memo),
            reserve_bytes=None if reserve is None else _bytes("--reserve", reserve),
            job_processes=job_processes,
            job_memory_bytes=None if job_memory is None else _bytes("--job-memory", job_memory),
            job_log_bytes=_bytes("--job-log", job_log),
            job_accounts=USUAL if job_accounts is None else _accounts(job_accounts),
            trust_all=trust_all,
            job_disk_bytes=None if job_disk is None else _bytes("--job-disk", job_disk),
            retention=RetentionPolicy(
                jobs_s=_age("--keep-jobs", keep_jobs, None),
                logs_s=_age("--keep-logs", keep_logs, None),
                events_s=_age("--keep-events", keep_events, None),
                trees_s=None if keep_trees == ALWAYS else _age("--keep-trees", keep_trees, TREES_S),
                newest_trees=newest_trees,
                quarantine_s=_age("--keep-quarantine", keep_quarantine, QUARANTINE_S),
                jobs_quota_bytes=None if jobs_quota is None else _bytes("--jobs-quota", jobs_quota),
            ),
        )


def _accounts(text: str) -> NumberRange | None:
    """Return the user ids that ``text`` says; raises `UsageError`, also where this is not root."""
    if text == "none":
        return None
    numbers = NumberRange.parse(text)
    if os.geteuid() != 0:
        raise UsageError(
            f"--job-accounts {text}: only root can run jobs as other users",
            hint="leave it out: jobs run as the user of the service, each in a cage",
        )
    return numbers


def _public(url: str) -> str:
    return _checked("--url", url, "for example https://lab.example.org/park").rstrip("/")


def _machine_names() -> list[str]:
    """Return what the machine calls itself, without asking a name service, which may be away."""
    return [name for name in [socket.gethostname()] if name_of(name) is not None]


def _root(text: str) -> tuple[str, Path]:
    """Return name and folder of ``NAME=PATH``; raises `UsageError`."""
    name, equals, path = text.partition("=")
    if not equals or not _ROOT_NAME.fullmatch(name):
        raise UsageError(
            f"--root {text!r} is not of the form NAME=PATH",
            hint="for example --root snsdata=/SNS; its files are then /snsdata/…",
        )
    folder = Path(path).expanduser()
    if not folder.is_dir():
        raise UsageError(f"--root {name}: {folder} is no folder")
    return name, folder.resolve()


def _pool(text: str) -> tuple[str, int]:
    """Return name and size of ``NAME=COUNT``; raises `UsageError`."""
    name, _, count = text.rpartition("=")
    if not POOL_NAME.fullmatch(name) or not count.isdecimal() or int(count) < 1:
        raise UsageError(
            f"--pool {text!r} is not of the form NAME=COUNT",
            hint="for example --pool license:fitter=2; jobs ask for park.available(NAME)",
        )
    return name, int(count)


_DEVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9./:-]*")


def _devices(text: str) -> tuple[str, ...]:
    """Return the names of devices: ``0,1``, or the UUIDs that nvidia-smi shows."""
    names = tuple(each.strip() for each in text.split(","))
    if len({*names}) < len(names) or not all(map(_DEVICE.fullmatch, names)):
        raise UsageError(
            f"--gpus {text!r}: expected names of devices, each once, with commas between them",
            hint="for example --gpus 0,1",
        )
    return names


def _share(option: str, text: str) -> float:
    """Return the share that ``text`` says: ``1%``, or ``0.01``."""
    number, percent, rest = text.strip().partition("%")
    try:
        share = float(number) / (100 if percent else 1)
    except ValueError:
        share = -1.0
    if rest or not 0 <= share <= 1:
        raise UsageError(f"{option} {text!r}: expected a share, 0% to 100%", hint="for example 1%")
    return share


def _bytes(option: str, text: str) -> int:
    try:
        return parse_size(text)
    except ValueError as error:
        raise UsageError(
            f"{option} {text!r}: {error}", hint=f"for example {option} 200G"
        ) from error


_INDEX_HINT = f"for example {PYPI}, or pypiserver:DIR for a folder of wheels"

_Age = TypeVar("_Age", float, None)


def _age(option: str, text: str | None, unsaid: _Age) -> float | _Age:
    """Return an age in seconds, ``unsaid`` where none was said."""
    if text is None:
        return unsaid
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"{option} {text!r}: {error}", hint=f"for example {option} 90d") from error


def _upstream(url: str) -> str | None:
    return None if url == "none" else _simple("--upstream", url, f"for example {PYPI}, or none")


def _no_password(options: Mapping[str, str | None]) -> None:
    """Raise `UsageError` for an index with a password among what was typed, as of a database."""
    for option, url in options.items():
        if url is not None and urlsplit(url).password:
            raise UsageError(
                f"{option}: the URL has a password, which everybody on this machine could read",
                hint="leave --upstream to pip's configuration of the service's account:"
                " pip config set global.index-url URL"
                if option == "--upstream"
                else "it goes into a file of its own: --index-login FILE",
            )


def _simple(option: str, url: str, hint: str) -> str:
    return _checked(option, url, hint).rstrip("/") + "/"


def _index_folder(index: str | None, *, other: object) -> Path | None:
    """Return the folder of ``pypiserver:DIR``, None for a URL; raises `UsageError`."""
    kind, colon, path = (index or "").partition(":")
    if (kind, colon) != ("pypiserver", ":"):
        return None
    folder = Path(path).expanduser()
    if not path or not folder.is_dir():
        raise UsageError(f"--index {index}: there is no folder {path!r}", hint=f"mkdir {path}")
    if other:
        raise UsageError(
            f"--index {index}: the service runs that index itself, and needs no"
            " --index-upload or --index-login for it"
        )
    return folder.resolve()


def _checked(option: str, url: str, hint: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise UsageError(f"{option} {url!r} is no http(s) URL", hint=hint)
    return url


def _login_in(path: Path) -> tuple[str, str]:
    """Return user and password from the first line of a file: ``user:password``."""
    try:
        user, colon, password = path.expanduser().read_text().partition("\n")[0].partition(":")
    except OSError as error:
        raise UsageError(f"--index-login {path}: {error.strerror}") from error
    if not colon:
        raise UsageError(f"--index-login {path}: its first line is not of the form user:password")
    return user, password
