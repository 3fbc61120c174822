"""Paths above a tree, read from the text of its build's programs."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.material.projects import write_tree

from park.build.tree.program_paths import paths_above

IN_FULL = "from pathlib import Path\nimport os, sys\n"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("open('../VERSION')", {"../VERSION"}),
        ("open('../../a/../VERSION')", {"../../VERSION"}),
        ("os.path.join(os.path.dirname(__file__), '..', 'tools')", {"../tools"}),
        ("os.path.join('..', '..', 'VERSION')", {"../../VERSION"}),
        ("Path(__file__).parent.parent / 'tools' / 'a.py'", {"../tools/a.py"}),
        ("Path(__file__).resolve().parents[2] / 'VERSION'", {"../../VERSION"}),
        ("Path(self.root).parent / 'data.txt'", {"../data.txt"}),
        ("Path.cwd().parent / 'data.txt'", {"../data.txt"}),
        ("here = Path(__file__).parent\nup = here.parent\nup / 'x'", {"../x"}),
        ("(Path(__file__).parent / '../../VERSION').read_text()", {"../../VERSION"}),
        ("Path(__file__).parent.parent.joinpath('x')", {"../x"}),
        # in the tree itself, or around it
        ("Path(__file__).parent / 'README.md'", set()),
        ("here = os.path.abspath(os.path.dirname(__file__))\nos.path.join(here, 'x')", set()),
        ("open('README.md')", set()),
        ("os.chdir('..')", set()),
        ("x = x + 1\nx / 2", set()),
        ("this is no Python", set()),
    ],
)
def test_what_a_program_names(line: str, expected: set[str], tmp_path: Path) -> None:
    # two folders down: what lies beside `tmp_path` is other tests'
    root = write_tree(tmp_path / "around" / "tree", {"setup.py": IN_FULL + line})
    assert set(paths_above(root)) == expected


def test_a_helper_beside_the_tree_that_a_program_imports(tmp_path: Path) -> None:
    program = "import sys\nsys.path.insert(0, '../')\nimport helper\nfrom more.of import it\n"
    files = {"setup.py": program, "film.py": ""}
    root = write_tree(tmp_path / "film", files)
    write_tree(tmp_path, {"helper.py": "", "more/of.py": "", "other.py": ""})
    assert set(paths_above(root)) == {"../helper.py", "../more"}


def test_the_programs_of_a_tree(tmp_path: Path) -> None:
    files = {
        "hatch_build.py": "open('../hatch')",
        "backend/own.py": "from pathlib import Path\nPath(__file__).parents[2] / 'own'",
        "film/__init__.py": "open('../no')",
    }
    write_tree(tmp_path, files)
    assert set(paths_above(tmp_path, ["backend"])) == {"../hatch", "../own"}


def test_a_folder_that_is_no_helper_of_a_build(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "film", {"setup.py": "open('../runs')"})
    write_tree(tmp_path, {f"runs/{number}": "" for number in range(1_001)})
    assert set(paths_above(root)) == set()
