"""From an entry point to what it names, or to what is wrong with it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from support.material.projects import write_tree

from park.runtime.outcome import JobProblem
from park.runtime.target import load

if TYPE_CHECKING:
    from pathlib import Path

MODULES = {
    "park_t_model/__init__.py": (
        "SLD = 2.0\n"
        "def define_fit(): return SLD\n"
        "class Reduction:\n"
        "    @classmethod\n"
        "    def run(cls): return cls.__name__\n"
    ),
    "park_t_model/needy.py": "import park_t_not_there\n",
    "park_t_model/leaving.py": "raise SystemExit(3)\n",
    "park_t_model/broken.py": "1 / 0\n",
}


@pytest.fixture(autouse=True)
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(write_tree(tmp_path, MODULES))
    for name in [name for name in sys.modules if name.partition(".")[0] == "park_t_model"]:
        monkeypatch.delitem(sys.modules, name)  # of another test's folder


def test_a_function_a_class_and_a_method_are_found() -> None:
    assert load("park_t_model:define_fit")() == 2.0
    assert load("park_t_model:Reduction").__name__ == "Reduction"
    assert load("park_t_model:Reduction.run")() == "Reduction"


@pytest.mark.parametrize(
    ("entry_point", "cause", "line"),
    [
        ("park_t_nothing:f", "import", "no module named park_t_nothing in the environment"),
        ("park_t_model.no:f", "import", "no module named park_t_model.no in the environment"),
        ("park_t_model.needy:f", "import", "cannot import park_t_model.needy: ModuleNotFound"),
        ("park_t_model.broken:f", "import", "ZeroDivisionError: division by zero"),
        ("park_t_model.leaving:f", "import", "cannot import park_t_model.leaving: SystemExit: 3"),
        (
            "park_t_model:defin_fit",
            "missing",
            "park_t_model has no 'defin_fit'; did you mean define_fit?",
        ),
        ("park_t_model:Reduction.ran", "missing", "park_t_model.Reduction has no 'ran'"),
        ("park_t_model:SLD", "missing", "park_t_model:SLD is a float, not a callable"),
    ],
)
def test_what_is_wrong_is_told_with_its_cause(entry_point: str, cause: str, line: str) -> None:
    with pytest.raises(JobProblem) as caught:
        load(entry_point)
    assert caught.value.cause == cause
    assert line in str(caught.value)


def test_the_error_of_an_import_is_behind_it() -> None:
    with pytest.raises(JobProblem) as caught:
        load("park_t_model.broken:f")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
