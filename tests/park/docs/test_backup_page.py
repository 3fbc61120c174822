"""The page of backups says what the program does: its commands are run on a home."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.labs.backup_lab import full_home, rows_of
from support.labs.databases import empty_url
from support.neighbours.postgresql import server

from park.cli.main import main
from park_repo.database import Database
from park_server.db.migrate import revisions, upgrade
from park_server.home import Home

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (Path(__file__).parents[3] / "docs" / "operate" / "backup.md").read_text(encoding="utf-8")
URL = "postgresql+psycopg://park@db.lab.example/park"
FIGURES = r"[0-9][0-9,.]*"

Said = pytest.CaptureFixture[str]


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    found = empty_url(tmp_path)
    yield found.render_as_string()
    server().drop(str(found.database))


def commands(part: str) -> list[str]:
    """Return the commands of ``park admin`` below the heading ``part``."""
    text = PAGE.partition(f"\n## {part}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\$ park (admin .*)$", text, re.MULTILINE)


def shape(text: str) -> str:
    """Return ``text`` without its figures."""
    return re.sub(r"[KMG]iB", "B", re.sub(FIGURES, "N", text)).strip()


def test_the_commands_of_backup_and_restore_do_what_they_say(tmp_path: Path, capsys: Said) -> None:
    home, backup, new = tmp_path / "home", tmp_path / "monday", tmp_path / "new"
    full = full_home(home)
    said = ""
    found = [*commands("Back up"), *commands("Restore")]
    assert [line.split()[1] for line in found] == ["backup", "restore", "restore"]
    for line in found:
        places = {"/var/lib/park-restored": new, "/var/lib/park": home, "/backup/monday": backup}
        assert main([str(places.get(word, word)) for word in line.split()]) == 0
        captured = capsys.readouterr()
        said += captured.err + captured.out
    said = said.replace(str(backup), "/backup/monday").replace(str(new), "/var/lib/park-restored")
    blocks = re.findall(r"```console\n(.*?)```", PAGE.partition("## Move")[0], re.DOTALL)
    shown = [line for block in blocks for line in block.splitlines() if line[0] not in "$…"]
    assert {shape(line) for line in shown} <= {shape(line) for line in said.splitlines()}
    to_the_second = r", made \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ by park "
    assert re.findall(to_the_second, PAGE)
    assert len(re.findall(to_the_second, said)) == said.count(", made ")
    assert rows_of(Home(new)) == rows_of(full.home)
    assert main(["admin", "backup", "--home", str(home), str(backup)]) == 2


def test_the_commands_of_move_and_migrate_do_what_they_say(
    tmp_path: Path, url: str, capsys: Said
) -> None:
    (move,) = commands("Move to PostgreSQL")
    before = PAGE.partition("## Move to PostgreSQL")[2].partition(move)[0]
    assert "pip install '/path/to/park-dist[server,postgres]'" in before  # the driver is no part
    (check,) = commands("Upgrade, and go back")
    full_home(tmp_path / "home")
    places = {"/var/lib/park": str(tmp_path / "home"), URL: url}
    assert main([places.get(word, word) for word in move.split()]) == 0
    assert list((tmp_path / "home").glob("park.sqlite.moved-*"))
    old = Home(tmp_path / "old")
    old.prepare()
    database = Database.sqlite(old.database)
    upgrade(database.engine, "0012")
    database.close()
    capsys.readouterr()
    assert (
        main([places.get(w, w) for w in check.replace("/var/lib/park", str(old.path)).split()]) == 5
    )
    (shown,) = re.findall(r"^the schema is 0012.*$", PAGE, re.MULTILINE)
    shown = shown.replace("0015: 0013, 0014, 0015", "")
    assert capsys.readouterr().out.startswith(shown)
    assert revisions()[0] >= "0015"
