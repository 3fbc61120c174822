"""The database of a new service, for what reads and writes installs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.labs.install_lab import opened_database

from park_repo.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with opened_database(tmp_path) as database:
        yield database
