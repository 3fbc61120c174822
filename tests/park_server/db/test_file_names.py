"""A column for names of files."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, MetaData, Table, create_engine, insert, select, text

from park_server.db.file_names import FileName


@pytest.mark.parametrize("name", ["run.txt", "Mässung.dat", "M\udce4ssung.dat", "\udcff\udcfe"])
def test_a_name_comes_back_and_is_found(name: str) -> None:
    table = Table("files", MetaData(), Column("name", FileName, primary_key=True))
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(insert(table), [{"name": name}, {"name": "another"}])
        found = connection.execute(select(table.c.name).where(table.c.name == name)).scalars()
        assert list(found) == [name]
        kind = connection.execute(text("SELECT typeof(name) FROM files WHERE name <> 'another'"))
        assert kind.scalar_one() == ("blob" if "\udc80" <= max(name) <= "\udcff" else "text")
    engine.dispose()
