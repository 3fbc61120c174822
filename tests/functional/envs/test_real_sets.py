"""Six real sets, file by file and by behaviour beside what pip and uv install from the same lock.

The sets differ in kind: those that people fit with (refl1d; sasmodels with its data), namespace
packages, data files of Jupyter, compiled extensions with libraries of their own, and the odd ones
of packaging. Each environment is read-only for the programs in it, as it is for jobs.
"""

from __future__ import annotations

import configparser
import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import uv
from packaging.pylock import Pylock
from packaging.utils import parse_wheel_filename
from support.labs.environment_lab import lock_of, own_interpreter
from support.labs.installed_files import Installed, installed_files, record_rows
from support.material.wheels import make_wheel
from support.session.slow_cases import slow_after

from park.digests import file_sha256
from park_repo.wheelstore.store import WheelStore
from park_server.egress.addresses import AddressPolicy
from park_server.envs.environment import Environment, Layout
from park_server.envs.pylock import load, normalise, select
from park_server.envs.realisation import Environments
from park_server.envs.wheel_download import Downloader

pytestmark = pytest.mark.slow

INTERPRETER = own_interpreter()

SETS = {
    # console scripts, 46 wheels, a page with its scripts and pictures
    "refl1d": ("refl1d.names", ["refl1d==1.0.1"]),
    # data files beside modules
    "sasmodels": ("sasmodels.data", ["sasmodels==1.1.0", "sasdata"]),
    # one namespace of several wheels, and an old one by a .pth file
    "namespaces": (
        "google.auth",
        [
            "google-auth",
            "googleapis-common-protos",
            "sphinxcontrib-jsmath==1.0.1",
            "zope.interface",
        ],
    ),
    # the data scheme: share/ and etc/
    "jupyter": (
        "jupyterlab_widgets",
        ["jupyterlab-widgets", "jupyterlab-pygments", "notebook-shim"],
    ),
    # extensions with libraries beside them, a program as a script
    "compiled": ("zmq", ["pyzmq", "pillow", "shapely", "lxml", "ninja"]),
    # headers, .pth, #!python in scripts, gui scripts
    "odd": ("greenlet", ["greenlet", "setuptools", "docutils==0.18.1", "PythonQwt==0.14.6"]),
}

EXPECTED_DIFFERENCES = {
    "INSTALLER": "names who installed: park, pip, uv",
    "REQUESTED": "pip and uv leave it for what was asked for; a lock is asked for as a whole",
    "RECORD": "rows of those two, and digests of scripts: RECORD is shared, scripts name a place",
    "uv_cache.json": "uv's own, for wheels from a folder",
    "generated scripts": "each tool words them in its way, around the same call",
    "modes": "park's are read-only; what may be executed is the same",
    "zz_park.pth": "brings the job-side park",
    "_virtualenv.py": "virtualenv's and uv's skeleton",
    "_virtualenv.pth": "virtualenv's and uv's skeleton",
    "park-environment.json": "the manifest",
    "park-code.json": "which compiled code is that of other environments, too",
    "park-view": "what is mounted for jobs",
    ".w": "the short ways into the store",
}
"""All that may differ between an environment and one of pip or uv, outside of the skeleton."""

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
class Shared:
    """What all sets share, as on one service: wheels and their unpacked files."""

    wheels: Path
    store: WheelStore


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """One set as an environment, as one of hard links, and as uv and pip installed it."""

    kind: str
    home: Path
    shared: Shared
    lock: Pylock
    environments: Environments
    ours: Environment
    linked: Environment
    by_uv: Path
    by_pip: Path

    @property
    def module(self) -> str:
        return SETS[self.kind][0]

    @property
    def theirs(self) -> dict[str, Path]:
        return {"uv": self.by_uv, "pip": self.by_pip}

    @property
    def pythons(self) -> tuple[Path, ...]:
        return self.ours.executable, *(each / "bin" / "python" for each in self.theirs.values())

    def each(self, code: str, home: Path) -> list[Any]:
        """Return what ``code`` prints as JSON in ours and in pip's.

        uv's has the files of pip's, which is tested: to compile them once more tells no more.
        """
        pythons = self.ours.executable, self.by_pip / "bin" / "python"
        return [json.loads(run(python, code, home)) for python in pythons]


def run(python: Path, code: str, home: Path) -> str:
    """Run ``code`` isolated, as a job would be: nothing of our own environment."""
    environ = {
        "HOME": str(home),
        "PATH": f"{python.parent}:/usr/bin:/bin",
        "MPLBACKEND": "Agg",
        "NUMBA_CACHE_DIR": str(home),  # as jobs have it
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


def _pip(python: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
    command = [*pip, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """Unpack and compile a wheel once, though several sets have it."""
    folder = tmp_path_factory.mktemp("shared")
    return Shared(wheels=folder / "wheels", store=WheelStore(folder / "store"))


@pytest.fixture(scope="module", params=slow_after(4, reversed(SETS)))
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, shared: Shared
) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp(request.param)
    lock = _locked(folder, SETS[request.param][1])
    environments, linking = (
        Environments(folder / layout, shared.store, layout=layout) for layout in Layout
    )
    # where a machine reaches the registry by an address of its own, that is no public one
    hosts = {urlsplit(str(each.url)).netloc for each in select(lock, INTERPRETER).wheels}
    with Downloader(shared.wheels, addresses=AddressPolicy.of(hosts)) as downloads:
        ours = environments.realise(lock, INTERPRETER, fetch=downloads.fetch)
        environments.compile(ours, INTERPRETER)
        linked = linking.realise(lock, INTERPRETER, fetch=downloads.fetch)
        found = select(lock, INTERPRETER).wheels
        wheels = [downloads.fetch(wheel) for wheel in found]
    yield Made(
        kind=request.param,
        home=folder,
        shared=shared,
        lock=lock,
        environments=environments,
        ours=ours,
        linked=linked,
        by_uv=_installed(folder / "uv", wheels, _by_uv),
        by_pip=_installed(folder / "pip", wheels, _by_pip),
    )
    # whatever the tests ran in it left no trace
    environments.verify(ours.lock_hash, thorough=True)


def _locked(folder: Path, requirements: list[str]) -> Pylock:
    wanted, locked = folder / "requirements.in", folder / "pylock.toml"
    wanted.write_text("".join(f"{line}\n" for line in requirements))
    options = ["--python", str(INTERPRETER.executable), "--only-binary", ":all:", "--quiet"]
    _uv("pip", "compile", wanted, "--format", "pylock.toml", "-o", locked, *options)
    return normalise(load(locked.read_bytes()), INTERPRETER)


def _installed(folder: Path, wheels: list[Path], install: Callable[..., object]) -> Path:
    """Install ``wheels`` by their names, as from an index: by a path there is a direct_url.json."""
    _uv("venv", "--quiet", "--python", INTERPRETER.executable, folder)
    pins = ["{}=={}".format(*parse_wheel_filename(wheel.name)[:2]) for wheel in wheels]
    links = [item for wheel in wheels for item in ("--find-links", str(wheel.parent))]
    install(folder / "bin" / "python", "--no-index", "--no-deps", *links, *pins)
    return folder


def _by_uv(python: Path, *arguments: str) -> None:
    _uv("pip", "install", "--quiet", "--python", python, *arguments)


def _by_pip(python: Path, *arguments: str) -> None:
    done = _pip(python, "install", "--quiet", "--no-compile", *arguments)
    assert done.returncode == 0, done.stderr


def test_metadata_and_entry_points_are_the_same(made: Made, tmp_path: Path) -> None:
    ours, *theirs = [json.loads(run(python, DESCRIBE, tmp_path)) for python in made.pythons]
    assert theirs == [ours, ours]
    assert all(there for *_, there in ours.values())


@pytest.mark.parametrize("tool", ["uv", "pip"])
@pytest.mark.parametrize("layout", list(Layout))
def test_each_file_is_the_same_but_for_what_is_expected(
    made: Made, layout: Layout, tool: str
) -> None:
    environment = made.ours if layout is Layout.OVERLAY else made.linked
    ours, theirs = _seen(environment.path), _seen(made.theirs[tool])
    generated = _generated_scripts(ours)
    assert _compared(ours, generated) == _compared(theirs, generated)
    for path in generated:
        assert _call_of(ours[path].content) == _call_of(theirs[path].content), path
        assert [bool(each[path].mode & 0o111) for each in (ours, theirs)] == [True, True]
    records = [path for path in ours if _is_of_a_wheel(path, "RECORD")]
    assert len(records) == len(environment.packages)
    for path in records:
        rows = [
            record_rows(files, path, leave_out=_of_scripts_or_expected) for files in (ours, theirs)
        ]
        assert rows[0] == rows[1]
        scripts = [
            record_rows(files, path, leave_out=lambda row: not row.startswith("bin/"))
            for files in (ours, theirs)
        ]
        assert scripts[0].keys() == scripts[1].keys()


@lru_cache(maxsize=4)
def _seen(environment: Path) -> dict[str, Installed]:
    return installed_files(environment, environment / "bin" / "python")


def _compared(files: dict[str, Installed], generated: set[str]) -> dict[str, tuple[Any, ...]]:
    """Return kind, whether it can be executed, and content, but where differences are expected."""
    return {
        path: (found.kind, bool(found.mode & 0o111), found.content)
        for path, found in files.items()
        if path not in generated and not _is_expected(path) and not _is_of_skeleton(path)
    }


def _is_expected(path: str) -> bool:
    return not EXPECTED_DIFFERENCES.keys().isdisjoint(path.split("/"))


def _of_scripts_or_expected(path: str) -> bool:
    return path.startswith("bin/") or path.endswith(".pyc") or _is_expected(path)


def _is_of_skeleton(path: str) -> bool:
    """Tell what an environment has before any wheel: interpreters, how to activate, its notes."""
    if path.startswith("bin/"):
        return Path(path).name.startswith(("python", "activate", "pydoc", "deactivate"))
    return path in {"pyvenv.cfg", ".gitignore", ".lock", "CACHEDIR.TAG", "lib64", "include"}


def _is_of_a_wheel(path: str, name: str) -> bool:
    """Tell the file ``name`` in the metadata of a wheel, and none that it carries inside."""
    return re.fullmatch(rf"lib/[^/]+/site-packages/[^/]+\.dist-info/{name}", path) is not None


def _generated_scripts(files: dict[str, Installed]) -> set[str]:
    """Return the scripts that stand for entry points."""
    names: set[str] = set()
    for path, found in files.items():
        if _is_of_a_wheel(path, "entry_points.txt"):
            parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
            parser.optionxform = str  # type: ignore[assignment, method-assign]
            parser.read_string(found.content)
            for section in {"console_scripts", "gui_scripts"} & set(parser.sections()):
                names.update(f"bin/{name}" for name in parser[section])
    return names


def _call_of(script: str) -> tuple[str, str]:
    """Return the interpreter of a script, and what it imports and calls."""
    (imported,) = re.findall(r"^from \S+ import \S+$", script, re.MULTILINE)
    interpreter = re.search(r"PREFIX/bin/python\S*", script.partition("from ")[0])
    assert interpreter is not None
    return interpreter[0].rstrip("0123456789."), imported


def test_jobs_see_no_links(made: Made) -> None:
    for environment in (made.ours, made.linked):
        seen = _seen(environment.path).items()
        links = {path for path, found in seen if found.kind == "link"}
        assert not {path for path in links if not _is_of_skeleton(path) and path[:3] != ".w/"}


def test_every_top_level_module_can_be_imported(made: Made, tmp_path: Path) -> None:
    ours, theirs = made.each(IMPORT_ALL, tmp_path)
    assert theirs == ours
    code = f"import importlib, json; importlib.import_module({made.module!r}); print(json.dumps(1))"
    assert made.each(code, tmp_path) == [1, 1]


def test_pip_and_uv_list_and_check_the_same(made: Made) -> None:
    for arguments in (["list", "--format", "json"], ["check"]):
        said = [
            (done.returncode, done.stdout)
            for done in (_pip(python, *arguments) for python in made.pythons)
        ]
        assert said[1:] == [said[0], said[0]]
    lists = [_uv("pip", "list", "--format", "json", "--python", python) for python in made.pythons]
    assert lists[1:] == [lists[0], lists[0]]


def test_scripts_run_and_say_the_same(made: Made, tmp_path: Path) -> None:
    ours, pips = made.ours.executable.parent, made.by_pip / "bin"
    there = {path.name for path in ours.iterdir()}
    for name in sorted(WITHOUT_WINDOWS & there):
        said = _help_of(ours / name, tmp_path)
        assert said == _help_of(pips / name, tmp_path)
        assert said[1]
    assert made.kind in {"namespaces", "jupyter"} or WITHOUT_WINDOWS & there


@pytest.mark.slow
@pytest.mark.parametrize("made", ["refl1d"], indirect=True)
def test_ten_environments_of_hard_links_cost_hardly_more_than_one(made: Made) -> None:
    """By the blocks of the disk: wheels, store and environments, as a service keeps them."""
    shared, environments_folder = made.shared, made.home / Layout.HARD_LINKS
    found = select(made.lock, INTERPRETER).wheels
    digests = {wheel.sha256 for wheel in found}
    entries = [each for each in shared.store.entries() if each.sha256 in digests]
    assert len(entries) == len(found)
    one = _disk_bytes(
        environments_folder,
        *(shared.wheels / wheel.sha256 for wheel in found),
        *(entry.path for entry in entries),
    )
    everything = (environments_folder, shared.wheels, shared.store.folder)
    before = _disk_bytes(*everything)
    environments = Environments(environments_folder, shared.store, layout=Layout.HARD_LINKS)
    wheels = {wheel.sha256: shared.wheels / wheel.sha256 / wheel.filename for wheel in found}
    for number in range(9):
        small = make_wheel(shared.wheels / "small", "small", f"1.{number}")
        wheels[file_sha256(small)] = small
        lock = replace(made.lock, packages=[*made.lock.packages, *lock_of([small]).packages])
        made_now = environments.realise(
            lock, INTERPRETER, fetch=lambda wheel, _: wheels[wheel.sha256]
        )
        environments.compile(made_now, INTERPRETER)
    assert len(environments.list()) == 10
    assert _disk_bytes(*everything) - before <= 0.05 * one


def _disk_bytes(*folders: Path) -> int:
    """Return the bytes of the blocks below ``folders``, each file once, as du counts."""
    found = (path.lstat() for folder in folders for path in folder.rglob("*"))
    return 512 * sum({each.st_ino: each.st_blocks for each in found}.values())


WITHOUT_WINDOWS = {
    *("bumps", "refl1d", "fonttools", "pyftsubset", "sascomp", "wsdump"),
    *("ninja", "rst2man.py"),
}
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
    made: Made, tmp_path: Path
) -> None:
    if made.module == "refl1d.names":
        assert json.loads(run(made.ours.executable, NUMBA, tmp_path)) == 1
        assert json.loads(run(made.ours.executable, MATPLOTLIB, tmp_path)) is True
    elif made.module == "sasmodels.data":
        assert json.loads(run(made.ours.executable, SAS, tmp_path)) == [True, True]
    elif made.kind == "jupyter":
        code = "import json, os, sys; p = os.path.join(sys.prefix, 'share', 'jupyter');"
        code += "print(json.dumps(os.path.isdir(p)))"
        assert json.loads(run(made.ours.executable, code, tmp_path)) is True
