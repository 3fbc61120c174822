"""An environment beside what uv installs from the same real wheels: programs see no difference."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uv
from support.labs.environment_lab import (
    FILES_SEEN,
    download_wheels,
    environments_in,
    fetch_from,
    files_seen,
    lock_of,
    own_interpreter,
    run_python,
)

from park_server.envs.environment import Layout

if TYPE_CHECKING:
    from park_server.envs.environment import Environment

REQUIREMENTS = [
    "attrs==25.4.0",
    "certifi==2026.1.4",  # data files
    "greenlet==3.3.0",  # headers, extension modules
    "jsonpointer==3.0.0",  # a script with #!python
    "jupyterlab-widgets==3.0.16",  # data scheme
    "pygments==2.19.2",  # a console script
    "setuptools==80.9.0",  # a .pth file
    "six==1.17.0",  # a module beside others
    "zope.event==6.1",  # a namespace package …
    "zope.interface==8.1.1",  # … in two wheels
]

PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python"]

DESCRIBE = """
import importlib.metadata as m, json
by_installer = ("INSTALLER", "RECORD", "REQUESTED", "uv_cache.json")
print(json.dumps({d.metadata["Name"].lower(): {
    "version": d.version,
    "entry_points": sorted([e.group, e.name, e.value] for e in d.entry_points),
    "files": sorted([str(f), f.hash and f.hash.value if "bin/" not in str(f) else None]
                    for f in d.files if f.name not in by_installer and f.suffix != ".pyc"),
    "there": all(f.locate().exists() for f in d.files),
} for d in m.distributions()}))
"""

IMPORT_ALL = """
import importlib, importlib.metadata as m
names = sorted(n for n in m.packages_distributions() if n.isidentifier())
for name in names:
    try:
        importlib.import_module(name)
        print(name, "imported")
    except Exception as err:
        print(name, type(err).__name__)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """The same wheels, as a farm and as uv installs them; and ``linked``, of hard links."""

    ours: Environment
    theirs: Path
    linked: Environment

    def both(self, code: str) -> tuple[str, str]:
        return tuple(run_python(python, code) for python in self.pythons)  # type: ignore[return-value]

    @property
    def pythons(self) -> tuple[Path, Path]:
        return self.ours.executable, self.theirs / "bin/python"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    folder = tmp_path_factory.mktemp("pair")
    wheels = download_wheels(folder / "wheels", REQUIREMENTS)
    interpreter = own_interpreter()
    ours, linked = (
        environments_in(folder / layout, layout).realise(
            lock_of(wheels), interpreter, fetch=fetch_from(wheels)
        )
        for layout in Layout
    )
    theirs = folder / "uv"
    _uv(["venv", "--quiet", "--python", str(interpreter.executable), str(theirs)])
    # by name, as from an index: from a path uv adds a direct_url.json
    source = ["--no-index", "--no-deps", "--find-links", str(folder / "wheels")]
    target = ["--python", str(theirs / "bin/python")]
    _uv(["pip", "install", "--quiet", *source, *target, *REQUIREMENTS])
    return Pair(ours=ours, theirs=theirs, linked=linked)


def _uv(arguments: list[str]) -> str:
    done = subprocess.run(
        [uv.find_uv_bin(), "--no-config", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_metadata_is_the_same(pair: Pair) -> None:
    ours, theirs = (json.loads(output) for output in pair.both(DESCRIBE))

    assert sorted(ours) == sorted(theirs)
    for name, description in ours.items():
        assert description == theirs[name], name
    assert len(ours) == len(REQUIREMENTS)


def test_jobs_see_the_same_files_and_no_links(pair: Pair) -> None:
    theirs = json.loads(run_python(pair.theirs / "bin" / "python", FILES_SEEN))

    assert files_seen(pair.ours) == theirs
    assert files_seen(pair.linked) == theirs
    assert "link" not in theirs.values()


def test_every_module_can_be_imported(pair: Pair) -> None:
    ours, theirs = pair.both(IMPORT_ALL)

    assert ours == theirs
    assert "zope imported" in ours


def test_a_module_says_that_it_is_in_the_environment(pair: Pair) -> None:
    code = "import six, zope.event; print(six.__file__, zope.event.__file__)"

    for path in run_python(pair.ours.executable, code).split():
        assert Path(path).is_relative_to(pair.ours.path)


def _json_list(output: str) -> Any:
    return sorted(json.loads(output), key=lambda item: item["name"])


def test_pip_and_uv_list_and_check_the_same(pair: Pair) -> None:
    by_pip = [
        _json_list(
            subprocess.run(
                [*PIP, str(python), "list", "--format", "json"],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )
        for python in pair.pythons
    ]
    by_uv = [
        _json_list(_uv(["pip", "list", "--format", "json", "--python", str(python)]))
        for python in pair.pythons
    ]

    assert by_pip[0] == by_pip[1]
    assert by_uv[0] == by_uv[1]
    assert len(by_uv[0]) == len(REQUIREMENTS)
    for python in pair.pythons:
        subprocess.run([*PIP, str(python), "check"], check=True, capture_output=True)
        _uv(["pip", "check", "--python", str(python)])


def test_the_same_scripts_are_there_and_run(pair: Pair) -> None:
    folders = [python.parent for python in pair.pythons]
    ours, theirs = (
        {p.name for p in folder.iterdir() if os.access(p, os.X_OK)} for folder in folders
    )

    assert theirs <= ours
    assert {"pygmentize", "jsonpointer"} <= ours
    for script, argument in (("pygmentize", "-V"), ("jsonpointer", "--help")):
        outputs = {
            subprocess.run([f / script, argument], capture_output=True, check=True).stdout
            for f in folders
        }
        assert len(outputs) == 1


def test_data_and_headers_are_where_uv_puts_them(pair: Pair) -> None:
    ours, theirs = (_files(root) for root in (pair.ours.path, pair.theirs))

    assert ours == theirs
    assert any(path.endswith("greenlet.h") for path in ours)
    assert any("jupyter" in path for path in ours)


def _files(root: Path) -> set[str]:
    """Return the files outside ``lib`` and ``bin``, through links."""
    return {
        os.path.relpath(f"{folder}/{name}", root)
        for top in ("share", "include", "etc")
        for folder, _, names in os.walk(root / top, followlinks=True)
        for name in names
    }
