"""Three real sets as farms, beside what uv installs from the same lock; programs that write.

The sets are those that people fit with: refl1d; sasmodels with its data; and the odd ones of
packaging (see `test_envs_like_uv`). Each farm is read-only for the programs in it, as it is
for jobs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uv
from support.labs.environment_lab import FILES_SEEN, files_seen, own_interpreter

from park_repo.wheelstore.store import WheelStore
from park_server.envs.environment import Environment
from park_server.envs.pylock import load, normalise
from park_server.envs.realisation import Environments
from park_server.envs.wheel_download import Downloader

SETS = {
    "refl1d": ("refl1d.names", ["refl1d==1.0.1"]),
    "sasmodels": ("sasmodels.data", ["sasmodels==1.1.0", "sasdata"]),
    "odd": ("zope.interface", ["jupyterlab-widgets", "greenlet", "zope.interface", "setuptools"]),
}

DESCRIBE = """
import importlib.metadata as m, json
mine = ("INSTALLER", "RECORD", "REQUESTED", "uv_cache.json")
print(json.dumps({d.metadata["Name"].lower(): [
    d.version,
    sorted([e.group, e.name, e.value] for e in d.entry_points),
    sorted(str(f) for f in d.files if f.name not in mine and f.suffix != ".pyc"),
    all(f.locate().exists() for f in d.files if f.suffix != ".pyc"),
] for d in m.distributions()}))
"""

IMPORT_ALL = """
import importlib, importlib.metadata as m, io, json, sys, warnings
warnings.simplefilter("ignore")
found = {}
for name in sorted(n for n in m.packages_distributions() if n.isidentifier()):
    try:
        importlib.import_module(name)
        found[name] = "imported"
    except BaseException as err:
        found[name] = type(err).__name__
json.dump(found, sys.__stdout__)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """One set as a farm, and as uv installed it."""

    module: str
    environments: Environments
    ours: Environment
    theirs: Path

    @property
    def pythons(self) -> tuple[Path, Path]:
        return self.ours.executable, self.theirs / "bin" / "python"

    def both(self, code: str, home: Path) -> tuple[Any, Any]:
        return tuple(json.loads(run(python, code, home)) for python in self.pythons)


def run(python: Path, code: str, home: Path) -> str:
    """Run ``code`` isolated, as a job would be: nothing of our own environment."""
    environ = {
        "HOME": str(home),
        "PATH": f"{python.parent}:/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLBACKEND": "Agg",
    }
    done = subprocess.run(
        [python, "-I", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        env=environ,
        cwd=home,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _uv(*arguments: str | Path) -> str:
    command = [uv.find_uv_bin(), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=SETS)
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    module, requirements = SETS[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    interpreter = own_interpreter()
    wanted, locked = folder / "requirements.in", folder / "pylock.toml"
    wanted.write_text("".join(f"{line}\n" for line in requirements))
    where: list[str | Path] = [
        "--python",
        interpreter.executable,
        "--only-binary",
        ":all:",
        "--quiet",
    ]
    _uv("pip", "compile", wanted, "--format", "pylock.toml", "-o", locked, *where)
    lock = normalise(load(locked.read_bytes()), interpreter)
    environments = Environments(folder / "home", WheelStore(folder / "home" / "store"))
    with Downloader(folder / "home" / "wheels") as downloads:
        ours = environments.realise(lock, interpreter, fetch=downloads.fetch)
    environments.compile(ours, interpreter)
    theirs = folder / "uv"
    _uv("venv", "--quiet", "--python", interpreter.executable, theirs)
    _uv("pip", "sync", "--quiet", "--python", theirs / "bin" / "python", locked)
    yield Pair(module=module, environments=environments, ours=ours, theirs=theirs)
    # whatever the tests ran in it left no trace
    environments.verify(ours.lock_hash, thorough=True)


def test_metadata_and_entry_points_are_the_same(pair: Pair, tmp_path: Path) -> None:
    ours, theirs = pair.both(DESCRIBE, tmp_path)
    assert ours == theirs
    assert all(there for *_, there in ours.values())


def test_jobs_see_the_same_files_and_no_links(pair: Pair, tmp_path: Path) -> None:
    theirs = json.loads(run(pair.pythons[1], FILES_SEEN, tmp_path))
    assert files_seen(pair.ours) == theirs
    assert "link" not in theirs.values()


def test_every_top_level_module_can_be_imported(pair: Pair, tmp_path: Path) -> None:
    ours, theirs = pair.both(IMPORT_ALL, tmp_path)
    assert ours == theirs
    assert ours[pair.module.partition(".")[0]] == "imported"


def test_pip_and_uv_list_and_check_the_same(pair: Pair) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python"]
    for tool in ("list", "check"):
        options = ["--format", "json"] if tool == "list" else []
        said = []
        for python in pair.pythons:
            done = subprocess.run(
                [*pip, str(python), tool, *options], capture_output=True, text=True, check=False
            )
            said.append((done.returncode, done.stdout))
        assert said[0] == said[1]
    lists = [_uv("pip", "list", "--format", "json", "--python", python) for python in pair.pythons]
    assert lists[0] == lists[1]


def test_console_scripts_are_the_same_and_run(pair: Pair, tmp_path: Path) -> None:
    folders = [python.parent for python in pair.pythons]
    ours, theirs = ({p.name for p in f.iterdir() if os.access(p, os.X_OK)} for f in folders)
    assert ours == theirs
    code = "import importlib.metadata as m, json; print(json.dumps(sorted("
    code += "e.name for e in m.entry_points(group='console_scripts'))))"
    names, _ = pair.both(code, tmp_path)
    assert set(names) <= ours
    for name in names:
        interpreters = [(folder / name).read_text().splitlines()[:2] for folder in folders]
        assert str(folders[0]) in "".join(interpreters[0])
        assert str(folders[1]) in "".join(interpreters[1])
    for name in WITHOUT_WINDOWS & set(names):
        said = [_help_of(folder / name, tmp_path) for folder in folders]
        assert said[0] == said[1]
        assert said[0][0] == 0


WITHOUT_WINDOWS = {"bumps", "refl1d", "fonttools", "pyftsubset", "sascomp", "wsdump"}
"""Scripts whose --help needs no display."""


def _help_of(script: Path, home: Path) -> tuple[int, str]:
    """Run a script as somebody would; return its status and what it says, without the place."""
    environ = {"HOME": str(home), "PATH": "/usr/bin:/bin", "MPLBACKEND": "Agg", "COLUMNS": "90"}
    done = subprocess.run(
        [script, "--help"], capture_output=True, text=True, env=environ, cwd=home, check=False
    )
    return done.returncode, (done.stdout + done.stderr).replace(str(script.parents[1]), "")


NUMBA = """
import numba, os, json, tempfile, sys
os.environ["NUMBA_CACHE_DIR"] = tempfile.mkdtemp()
sys.path.insert(0, os.environ["NUMBA_CACHE_DIR"])
import numba.core.config as config
config.CACHE_DIR = os.environ["NUMBA_CACHE_DIR"]
from bumps.dream import core
path = os.path.join(os.environ["NUMBA_CACHE_DIR"], "cached.py")
open(path, "w").write("import numba\\n@numba.njit(cache=True)\\ndef f(x):\\n    return x + 1\\n")
import cached
assert cached.f(1) == 2
found = [n for _, _, names in os.walk(config.CACHE_DIR) for n in names if n.endswith(".nbi")]
print(json.dumps(len(found)))
"""

MATPLOTLIB = """
import json, matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
plt.plot([1, 2], [3, 4]); plt.xlabel("$q$ (1/Å)"); plt.savefig("figure.png")
import os
print(json.dumps(os.path.getsize("figure.png") > 1000))
"""

SAS = """
import json, os, sasmodels.data, sasdata, sasmodels.core
model = sasmodels.core.load_model("sphere", dtype="double", platform="dll")
root = os.path.dirname(sasdata.__file__)
files = [n for _, _, names in os.walk(root) for n in names if n.endswith((".txt", ".dat"))]
from importlib.resources import files as resources
print(json.dumps([len(files) > 0, resources("sasdata").is_dir()]))
"""


def test_programs_that_cache_draw_and_read_data_work_from_the_read_only_store(
    pair: Pair, tmp_path: Path
) -> None:
    if pair.module == "refl1d.names":
        assert json.loads(run(pair.ours.executable, NUMBA, tmp_path)) == 1
        assert json.loads(run(pair.ours.executable, MATPLOTLIB, tmp_path)) is True
    elif pair.module == "sasmodels.data":
        assert json.loads(run(pair.ours.executable, SAS, tmp_path)) == [True, True]
    else:
        code = "import json, os, sys; p = os.path.join(sys.prefix, 'share', 'jupyter');"
        code += "print(json.dumps(os.path.isdir(p)))"
        assert json.loads(run(pair.ours.executable, code, tmp_path)) is True
