from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from park_repo.database import Database
from park_server.db.migrate import migrate
from park_server.db.tables import metadata


def test_the_migrations_sum_up_to_the_tables(tmp_path: Path) -> None:
    database = Database.sqlite(tmp_path / "park.sqlite")
    migrate(database.engine)
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert {"jobs", "installs", "events"} <= set(inspect(connection).get_table_names())
    database.close()


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    database = Database.sqlite(tmp_path / "park.sqlite")
    migrate(database.engine)
    migrate(database.engine)
    database.close()
