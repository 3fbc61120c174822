"""The tables of a service, beside those of its index. Times are RFC 3339 text in UTC."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from park_repo.tables import metadata
from park_server.db.file_names import FileName
from park_server.db.json_text import JsonText, ResourcesText
from park_server.db.piece_tables import arriving, unsettled
from park_server.db.portable_sql import index_of_naming
from park_server.db.portable_types import widen
from park_server.db.turn_tables import turns
from park_server.db.user_tables import (
    accounts,
    approvals,
    audit,
    content_holders,
    group_members,
    quarantined,
    shares,
    tokens,
    users,
)

__all__ = [
    "accounts",
    "approvals",
    "arriving",
    "audit",
    "calls",
    "content_holders",
    "environment_pins",
    "environments",
    "events",
    "fetched",
    "fetches",
    "grants",
    "group_members",
    "held_grants",
    "installs",
    "job_files",
    "jobs",
    "locks",
    "memo_calls",
    "memo_usages",
    "metadata",
    "needs",
    "offers",
    "quarantined",
    "race_orders",
    "races",
    "remote_leaves",
    "results",
    "shares",
    "staged",
    "tokens",
    "turns",
    "unsettled",
    "users",
]

installs = Table(
    "installs",
    metadata,
    Column("id", String, primary_key=True),
    Column("user", String, nullable=False),
    Column("project", String, nullable=False),
    Column("version", String, nullable=False),
    Column("python", String, nullable=False),
    Column("set_hash", String, nullable=False),
    Column("request", JsonText(), nullable=False),
    Column("state", String, nullable=False),
    Column("lock_hash", String),
    Column("added", JsonText(), nullable=False),
    Column("realised", Boolean, nullable=False),
    Column("error", JsonText()),
    Column("created", String, nullable=False),
    Column("updated", String, nullable=False),
    Index("installs_by_set", "set_hash"),
    Index("installs_by_lock", "lock_hash"),
    Index("installs_by_state", "state"),
)

locks = Table(
    "locks",
    metadata,
    Column("lock_hash", String, primary_key=True),
    Column("python", String, nullable=False),
    Column("document", Text, nullable=False),
    Column("created", String, nullable=False),
)

environments = Table(
    "environments",
    metadata,
    Column("lock_hash", String, ForeignKey("locks.lock_hash"), primary_key=True),
    Column("state", String, nullable=False),
    Column("packages", Integer, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("own_bytes", Integer, nullable=False),
    Column("created", String, nullable=False),
    Column("realised", String, nullable=False),
    Column("last_used", String),
)

environment_pins = Table(
    "environment_pins",
    metadata,
    Column("lock_hash", String, ForeignKey("locks.lock_hash"), primary_key=True),
    Column("user", String, primary_key=True),
    Column("created", String, nullable=False),
)

offers = Table(
    "offers",
    metadata,
    Column("project", String, primary_key=True),
    Column("version", String, primary_key=True),
    Column("python", String, primary_key=True),
    Column("user", String, nullable=False),
    Column("install", String, ForeignKey("installs.id"), nullable=False),
    Column("is_pinned", Boolean, nullable=False),
    Column("created", String, nullable=False),
    Index("offers_by_install", "install"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", String, primary_key=True),
    Column("user", String, nullable=False),
    Column("status", String, nullable=False),
    Column("entry_point", String, nullable=False),
    Column("lock_hash", String),
    Column("set_hash", String),
    Column("install", String, ForeignKey("installs.id")),
    Column("environment", String),
    Column("runtime_hash", String),
    Column("attempt", Integer, nullable=False),
    Column("fresh", Boolean, nullable=False),
    Column("restartable", Boolean, nullable=False),
    Column("timeout_s", Float),
    Column("stalled_after_s", Float),
    Column("memory_bytes", Integer),
    Column("resources", ResourcesText()),
    Column("cancel_requested", Boolean, nullable=False),
    Column("submitted", String, nullable=False),
    Column("started", String),
    Column("finished", String),
    Column("error", Text),
    Column("traceback", Text),
    Column("kind", String, nullable=False, server_default="call", comment="call, fetch or race"),
    Column("condition", JsonText(none_as_null=True)),
    Column(
        "pending",
        Integer,
        comment="what is still missing of a plain conjunction; null for other conditions",
    ),
    Column("retries", Integer, nullable=False, server_default="0"),
    Column("backoff_s", Float, nullable=False, server_default="1"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("not_before", String),
    Column("pools", JsonText(none_as_null=True), comment="units taken, by pool; null: none"),
    Column("label", Text, comment="null: of a job from before there were any"),
    Column("submitted_from", Text),
    Column("asked_for", Text, comment="the version of its client, where it runs in another"),
    Column("pinned", String, comment="since when its user keeps it, whatever the policy"),
    Column("logs_removed", String, comment="when its logs went, before the job itself"),
    Column("last_used", String, comment="when what it left was read, to the day"),
    Column(
        "stop_by", String, comment="when it is killed, which was asked to stop and keep its best"
    ),
    Column("memo", Boolean, nullable=False, server_default="1"),
    Column("memoized_from", String, comment="the job that left what this one has"),
    Column("request_id", String, comment="of the request by which it came"),
    Index("jobs_by_status", "status"),
    Index("jobs_by_user", "user", "submitted"),
    Index("jobs_by_install", "install"),
)

# Who waits for whom; kept when it is settled, since it is the workflow's graph as well.
needs = Table(
    "needs",
    metadata,
    Column("job", String, ForeignKey("jobs.id"), primary_key=True),
    Column("needed", String, primary_key=True, comment="a job or an install"),
    Column("service", String, primary_key=True, comment="its URL; empty: this one"),
    Column("how", String, primary_key=True, comment="a phase, or value, file, url, progress"),
    Index("needs_by_needed", "needed", "service"),
    sqlite_with_rowid=False,
)

# What services elsewhere have said of leaves that a job here waits for.
remote_leaves = Table(
    "remote_leaves",
    metadata,
    Column("job", String, ForeignKey("jobs.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("service", String, nullable=False),
    Column("leaf", JsonText(), nullable=False),
    Column("truth", String, nullable=False),
    Column("why", Text, nullable=False),
)

# Values and files of jobs elsewhere, brought here for a job that refers to them.
staged = Table(
    "staged",
    metadata,
    Column("job", String, ForeignKey("jobs.id"), primary_key=True),
    Column("reference", String, primary_key=True, comment="as JSON with sorted keys"),
    Column("document", JsonText(), nullable=False, comment="what takes its place in the call"),
    index_of_naming("staged_naming_files"),
)

# Grants of other services, held for one job and given back when it has ended.
held_grants = Table(
    "held_grants",
    metadata,
    Column("job", String, ForeignKey("jobs.id"), primary_key=True),
    Column("service", String, primary_key=True),
    Column("token", String, nullable=False, comment="sealed; equal ones are equal"),
    Column("holder", String, comment="the key here that it is bound to; null: to none"),
    Column("bounced", String, comment="its id, where each use is asked of an agent; null: none is"),
    Index("held_grants_by_token", "token"),
)

# Grants of this service. The token itself is not kept.
grants = Table(
    "grants",
    metadata,
    Column("id", String, primary_key=True),
    Column("token_sha256", String, nullable=False, unique=True),
    Column("user", String, nullable=False),
    Column("jobs", JsonText(), nullable=False),
    Column("files", JsonText(), nullable=False),
    Column("stops", JsonText(none_as_null=True), comment="jobs that it may end; null: none"),
    Column("holder", String, comment="the key that signs each use; null: whoever has it may"),
    Column("lent_to", Text, comment="the service that has it, as the client says"),
    Column("renewable_until", String, comment="null: it is not renewed"),
    Column("bounced", Boolean, comment="true: its token opens nothing, each use takes a pass"),
    Column("created", String, nullable=False),
    Column("expires", String, nullable=False),
    Column("revoked", String),
    Index("grants_by_user", "user", "created"),
)

fetches = Table(
    "fetches",
    metadata,
    Column("job", String, ForeignKey("jobs.id"), primary_key=True),
    Column("document", JsonText(), nullable=False),
    Column("authorization", String, comment="sealed; forgotten when the fetch has ended"),
)

# What is told beside its competitors: who has won, once that is decided, and of whom that is told.
races = Table(
    "races",
    metadata,
    Column("job", String, ForeignKey("jobs.id"), primary_key=True),
    Column("document", JsonText(), nullable=False, comment="its terms"),
    Column("decided", String, comment="since when it is decided; null: it is not"),
    Column("winners", JsonText(none_as_null=True), comment="their positions, the best first"),
    Column("by", String, comment="why these: good enough, or rank"),
    Column("told", JsonText(none_as_null=True), comment="what is told of the winners"),
)

# Competitors on other services that are to be ended since a race is decided.
race_orders = Table(
    "race_orders",
    metadata,
    Column("job", String, ForeignKey("jobs.id"), primary_key=True),
    Column("competitor", String, primary_key=True),
    Column("service", String, primary_key=True, comment="its URL"),
    Column("how", String, nullable=False, comment="cancel, or keep its best"),
    Column("grace_s", Float, nullable=False),
    Column("confirmed", String, comment="when that service answered; null: it has not"),
    Column("answer", Text),
)

# What was fetched before, so that the next time only costs the question whether it changed.
fetched = Table(
    "fetched",
    metadata,
    Column("user", String, primary_key=True),
    Column("url", String, primary_key=True),
    Column("credential", String, nullable=False, comment="a digest with the key; empty for none"),
    Column("place", String, nullable=False, comment="where it was, without the query"),
    Column("etag", String),
    Column("last_modified", String),
    Column("sha256", String, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("name", String, nullable=False),
    Column("checked", String, nullable=False),
)

# Calls and results may be megabytes: apart, so that a listing never reads them.
calls = Table(
    "calls",
    metadata,
    Column("job", String, ForeignKey("jobs.id"), primary_key=True),
    Column("document", JsonText(), nullable=False),
    index_of_naming("calls_naming_files"),
)

# What the calls of jobs come to, by which a later one is known again.
memo_calls = Table(
    "memo_calls",
    metadata,
    Column("job", String, ForeignKey("jobs.id"), primary_key=True),
    Column("owner", String, nullable=False, comment="whose results answer it; empty: anybody's"),
    Column("call", String, nullable=False, comment="digest of the call, its references left open"),
    Column("refs", JsonText(none_as_null=True), comment="these, in their order"),
    Column("files", JsonText(none_as_null=True), comment="files on the service that it may read"),
    Column("output", FileName, comment="the file on the service that it writes"),
    Column("contents", JsonText(none_as_null=True), comment="digests of its files at its start"),
    Column("key", String, comment="digest of the whole call; null until it may start"),
    Column("source", String, comment="the job that runs it, or ran it, where that is another"),
    Column("value", String, comment="digest of what it returned, once somebody asked"),
    Column("usage", String, comment="digest of what its run used; null: only its lock counts"),
    Column("unfit", Text, comment="why it answers no other one"),
    Column("why", Text, comment="why what was there did not answer it"),
    Column(
        "carried",
        Boolean,
        nullable=False,
        server_default="0",
        comment="it has ended, and its process goes on for those who joined it",
    ),
    Column("checks", String, comment="the job whose answer this run is compared with"),
    Index("memo_calls_by_key", "key"),
    Index("memo_calls_by_source", "source"),
)

# What runs used; many runs of one function use the same.
memo_usages = Table(
    "memo_usages",
    metadata,
    Column("sha256", String, primary_key=True),
    Column("document", JsonText(), nullable=False),
)

results = Table(
    "results",
    metadata,
    Column("job", String, ForeignKey("jobs.id"), primary_key=True),
    Column("document", JsonText(), nullable=False),
    index_of_naming("results_naming_files"),
)

job_files = Table(
    "job_files",
    metadata,
    Column("job", String, ForeignKey("jobs.id"), primary_key=True),
    Column("name", FileName, primary_key=True),
    Column("sha256", String, nullable=False),
    Column("size", Integer, nullable=False),
    Index("job_files_by_sha256", "sha256"),
)

events = Table(
    "events",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("time", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("id", String, nullable=False),
    Column("type", String, nullable=False),
    Column("user", String, nullable=False),
    Column("data", JsonText(), nullable=False),
    sqlite_autoincrement=True,
)

widen(metadata)
