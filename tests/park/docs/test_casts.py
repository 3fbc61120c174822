"""The casts in the documents are those that the script makes, and what is said of keys is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from park.cli.command_groups import COMMANDS
from park.cli.jobs.watch import EXAMPLES
from park.drawing.board.board_picture import KEYS

ROOT = Path(__file__).parents[3]
CASTS = ROOT / "docs" / "casts"


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_each_cast_is_made_by_the_script_and_the_others_are_gone() -> None:
    script = text(ROOT / "scripts" / "casts.py").partition("COMMANDS = {")[2].partition("}")[0]
    made = dict(re.findall(r'"(\w+)": \("([\w-]+)"', script))
    assert {path.stem for path in CASTS.iterdir()} == set(made)
    assert {word for word in made.values() if not word.startswith("-")} <= COMMANDS.keys()


@pytest.mark.parametrize("cast", sorted(CASTS.iterdir()), ids=lambda path: path.stem)
def test_a_cast_loads_nothing_from_elsewhere(cast: Path) -> None:
    svg = text(cast)
    assert "url(http" not in svg
    assert "@font-face" not in svg
    assert "park" in svg


def test_those_that_the_documents_show_are_there() -> None:
    shown = re.findall(r"casts/(\w+\.svg)", "".join(map(text, ROOT.glob("docs/**/*.md"))))
    shown += re.findall(r"docs/casts/(\w+\.svg)", text(ROOT / "README.md"))
    assert {"watch.svg", "help.svg", "run.svg", "jobs.svg", "why.svg"} == set(shown)
    assert all((CASTS / each).is_file() for each in shown)


def test_the_keys_that_the_page_names_are_those_of_the_board() -> None:
    page = " ".join(text(ROOT / "docs" / "how-to" / "see-and-plan.md").split())
    assert "`enter` opens its log, `c` cancels it once you have said `y`, `q` quits" in page
    for key in ("enter log", "c cancel", "q quit", "? help"):
        assert key in KEYS
    assert "park watch --all" in EXAMPLES
    readme = text(ROOT / "README.md")
    assert "`park watch --all` on a terminal" in readme
    changes = " ".join(text(ROOT / "CHANGELOG.md").split())
    assert "`park watch --once` prints it as it is now" in changes
