from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, select, text
from support.material.homes_of_schemas import SCHEMAS, home_of, restored

import park_server
from park.model.ids import JobId
from park.wire import encode
from park_repo.database import Database
from park_server.db.migrate import UpgradeFailed, migrate, revisions, upgrade
from park_server.db.tables import jobs, metadata
from park_server.envs import environment_rows
from park_server.jobs import job_rows, job_view

if TYPE_CHECKING:
    from collections.abc import Iterator

_COLUMN = "SELECT * FROM pragma_table_xinfo(:table)"
_FOREIGN_KEY = "SELECT * FROM pragma_foreign_key_list(:table)"
_INDEX = "SELECT * FROM pragma_index_list(:table)"
_INDEXED = "SELECT * FROM pragma_index_xinfo(:table)"


@pytest.fixture
def migrated(tmp_path: Path) -> Iterator[Database]:
    database = Database.sqlite(tmp_path / "park.sqlite")
    upgrade(database.engine)
    yield database
    database.close()


@pytest.fixture
def declared(tmp_path: Path) -> Iterator[Database]:
    """Make a database of the tables as the code declares them, without any migration."""
    database = Database.sqlite(tmp_path / "declared.sqlite")
    migrate(database.engine)
    yield database
    database.close()


def test_the_migrations_sum_up_to_the_tables(migrated: Database) -> None:
    with migrated.engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
        assert {"jobs", "installs", "events"} <= set(inspect(connection).get_table_names())


def test_sqlite_sees_no_difference(migrated: Database, declared: Database) -> None:
    """Also what Alembic does not compare: primary keys, rowids, how an index sorts, names."""
    with migrated.engine.connect() as one, declared.engine.connect() as other:
        assert set(inspect(one).get_table_names()) == {*metadata.tables, "alembic_version"}
        for table in [*metadata.tables, "alembic_version"]:
            assert _schema(one, table) == _schema(other, table), table
        triggers = text("SELECT name, tbl_name, sql FROM sqlite_schema WHERE type = 'trigger'")
        assert set(one.execute(triggers)) == set(other.execute(triggers))
        version = text("SELECT version_num FROM alembic_version")
        assert one.execute(version).all() == other.execute(version).all()


def _schema(connection: Connection, table: str) -> dict[str, Any]:
    """Return all that SQLite knows of a table; not the order of its columns."""

    def rows(query: str, name: str = table) -> list[dict[str, Any]]:
        return [dict(row) for row in connection.execute(text(query), {"table": name}).mappings()]

    columns = {row.pop("name"): row for row in rows(_COLUMN)}
    positions = {column.pop("cid"): name for name, column in columns.items()}
    indexes = {
        (index["name"], index["unique"], index["partial"]): [
            (positions[row["cid"]], row["desc"], row["coll"])
            for row in rows(_INDEXED, index["name"])
            if row["key"]
        ]
        for index in rows(_INDEX)
    }
    (kind,) = rows("SELECT * FROM pragma_table_list(:table)")
    (made,) = rows("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = :table")
    return {
        "columns": columns,
        "indexes": indexes,
        "foreign keys": sorted(map(str, rows(_FOREIGN_KEY))),
        "kind": (kind["wr"], kind["strict"], "AUTOINCREMENT" in made["sql"]),
        "constraints": sorted(re.findall(r"CONSTRAINT (\w+)", made["sql"])),
    }


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE jobs ADD COLUMN more VARCHAR",
        "ALTER TABLE jobs DROP COLUMN traceback",
        "DROP INDEX jobs_by_user",
        "CREATE UNIQUE INDEX more ON jobs (kind)",
    ],
)
def test_a_difference_would_be_seen(migrated: Database, declared: Database, change: str) -> None:
    with migrated.engine.connect() as one, declared.engine.connect() as other:
        one.execute(text(change))
        assert _schema(one, "jobs") != _schema(other, "jobs")


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    database = Database.sqlite(tmp_path / "park.sqlite")
    upgrade(database.engine)
    upgrade(database.engine)
    migrate(database.engine)
    database.close()


def test_an_older_database_is_upgraded(tmp_path: Path) -> None:
    database = Database.sqlite(tmp_path / "park.sqlite")
    upgrade(database.engine, revisions()[-1])
    migrate(database.engine)
    with database.engine.connect() as connection:
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        assert version == revisions()[0]
    database.close()


def test_a_schema_that_no_migration_leads_from_is_told(migrated: Database) -> None:
    with migrated.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UpgradeFailed, match="9999"):
        migrate(migrated.engine)


def test_files_of_migrations_are_called_by_their_revisions() -> None:
    scripts = ScriptDirectory(str(Path(park_server.__file__).parent / "migrations"))
    assert revisions() == [each.revision for each in scripts.walk_revisions()]


def test_a_start_without_an_upgrade_does_without_alembic(tmp_path: Path) -> None:
    code = """
        import sys
        from pathlib import Path
        from park_server.db.opening import opened
        for _ in range(2):
            opened(Path(sys.argv[1]), {}).close()
        print([name for name in sys.modules if name.partition(".")[0] == "alembic"])
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "park.sqlite")]
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"[]\n"


def test_each_schema_has_a_home_in_which_something_happened() -> None:
    """The newest is recorded by `scripts/record_home.py` at the latest when the next one comes."""
    came_together = {"0007"}  # with 0008: no park had it alone
    assert {*revisions()[1:]} - came_together <= {*SCHEMAS} <= {*revisions()}


@pytest.mark.parametrize("schema", SCHEMAS)
def test_what_happened_under_a_schema_is_told_as_it_was(schema: str, tmp_path: Path) -> None:
    database = Database.sqlite(restored(schema, tmp_path / "park.sqlite"))
    migrate(database.engine)
    home = home_of(schema)
    with database.engine.connect() as connection:
        user = connection.execute(select(jobs.c.user)).scalars().first()
        assert user is not None
        assert set(connection.execute(select(jobs.c.id)).scalars()) == set(home["jobs"])
        for job, said in home["jobs"].items():
            now = encode(job_view.record(connection, JobId(job), user))
            # which process it is, its engine knows and no row
            told = {key: value for key, value in said["job"].items() if key != "pid"}
            assert {key: now[key] for key in told} == told
            if "result" in said:
                assert job_rows.result_of(connection, JobId(job)) == said["result"]
        for version in home["versions"]:
            found = environment_rows.find(connection, version["lock_hash"])
            assert found is not None
            assert (found.state, found.size_bytes) == (version["status"], version["size_bytes"])
        assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"
        assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    database.close()
