"""The package made for the proof, and those around it."""

from __future__ import annotations

from proof.roundabout import PRELOADED, ROUNDABOUT, ROUNDABOUT_JOBS
from proof.world import Distribution, World

__all__ = ["JOBS", "specimen_world"]

_CORE = '''"""What the jobs call."""

import specimen_dep

from specimen import decorators, helper
from specimen.classes import Film
from specimen.constants import DENSITY
from specimen.sub.deep import depth


@decorators.scaled
def compute(x, factor=3.0):
    """Return a number that depends on everything here."""
    from specimen import lazy

    film = Film().thickness + specimen_dep.scale() + depth()
    return helper.shifted(x) * factor + DENSITY + film + lazy.late()
'''

_LOOKS = '''"""Jobs that look at files, each in one way."""

import glob
import importlib
import importlib.metadata
import importlib.resources
import importlib.util
import inspect
import os
import pkgutil
import sqlite3
import zipfile
from pathlib import Path

HERE = os.path.dirname(__file__)
DATA = os.path.join(HERE, "data")


def resource():
    return importlib.resources.files("specimen").joinpath("data/table.txt").read_text()


def package_data():
    return pkgutil.get_data("specimen", "data/table.txt").decode()


def opened():
    with open(os.path.join(DATA, "table.txt")) as file:
        return file.read()


def opened_low():
    descriptor = os.open(os.path.join(DATA, "table.txt"), os.O_RDONLY)
    try:
        return os.read(descriptor, 100).decode()
    finally:
        os.close(descriptor)


def opened_relative():
    here = os.getcwd()
    os.chdir(DATA)
    try:
        with open("table.txt") as file:
            return file.read()
    finally:
        os.chdir(here)


def opened_if_there():
    try:
        with open(os.path.join(DATA, "override.txt")) as file:
            return file.read()
    except FileNotFoundError:
        return None


def from_c():
    import ssl
    try:
        return ssl.create_default_context(cafile=os.path.join(DATA, "table.txt")).get_ca_certs()
    except ssl.SSLError as error:
        return error.reason


def from_sqlite():
    with sqlite3.connect(f"file:{DATA}/table.txt?mode=ro", uri=True) as connection:
        try:
            connection.execute("select 1 from sqlite_master").fetchall()
        except sqlite3.DatabaseError as error:
            return type(error).__name__


def archived():
    return zipfile.is_zipfile(os.path.join(DATA, "table.txt"))


def listed():
    return sorted(os.listdir(DATA))


def scanned():
    return sorted(entry.name for entry in os.scandir(DATA))


def walked():
    return sorted(name for _, _, names in os.walk(DATA) for name in names)


def globbed():
    return sorted(os.path.basename(path) for path in glob.glob(os.path.join(DATA, "*.txt")))


def path_globbed():
    return sorted(path.name for path in Path(DATA).rglob("*.txt"))


def traversed():
    folder = importlib.resources.files("specimen").joinpath("data")
    return sorted(each.name for each in folder.iterdir())


def modules_listed():
    import specimen
    return sorted(each.name for each in pkgutil.iter_modules(specimen.__path__))


def exists():
    return os.path.exists(os.path.join(DATA, "optional.txt"))


def size():
    return os.path.getsize(os.path.join(DATA, "table.txt"))


def accessible():
    return os.access(os.path.join(HERE, "local_settings.py"), os.R_OK)


def optional():
    try:
        import optional_thing
    except ImportError:
        return None
    return optional_thing.__name__


def optional_part():
    try:
        from specimen import fast
    except ImportError:
        return None
    return fast.__name__


def optional_by_name():
    try:
        return importlib.import_module("optional_thing.part").__name__
    except ImportError:
        return None


def spec():
    return importlib.util.find_spec("optional_thing") is not None


def plugins():
    found = importlib.metadata.entry_points(group="specimen.plugins")
    return sorted(each.load()() for each in found)


def version():
    return importlib.metadata.version("specimen-dep")


def required():
    return importlib.metadata.requires("specimen-dep")


def distributions():
    return sorted(each.metadata["Name"] for each in importlib.metadata.distributions())


def package_files():
    return sorted(str(each) for each in importlib.metadata.files("specimen-dep"))


def namespace():
    import ns_space
    return sorted(each.name for each in pkgutil.iter_modules(ns_space.__path__))


def namespace_part():
    from ns_space import one
    return one.VALUE


def source():
    from specimen import helper
    return inspect.getsource(helper.shifted)


def documented():
    from specimen import helper
    return helper.__doc__


def traced():
    import traceback
    from specimen import helper
    try:
        helper.fails()
    except ValueError as error:
        return "".join(traceback.format_exception(error))


def site_value():
    import sys
    return [getattr(sys, name, None) for name in ("proof_pth", "proof_site", "proof_user")]


def whole_folder():
    import sysconfig
    return sorted(os.listdir(sysconfig.get_path("purelib")))


def shared_data():
    import sysconfig
    with open(os.path.join(sysconfig.get_path("purelib"), "lonely.txt")) as file:
        return file.read()


def shared_data_there():
    import sys
    return os.path.exists(os.path.join(sys.prefix, "share", "proof", "extra.txt"))


def nothing():
    return 0
'''

_OUTSIDE = '''"""Jobs that leave the environment, or this process."""

import ctypes
import gettext
import multiprocessing
import os
import subprocess
import sys
import zoneinfo

DATA = os.path.join(os.path.dirname(__file__), "data")
TABLE = os.path.join(DATA, "table.txt")


def ran_program():
    return subprocess.run(["cat", TABLE], capture_output=True, text=True, check=True).stdout


def ran_shell():
    return os.system(f"test -s {TABLE}")


def opened_pipe():
    with os.popen(f"cat {TABLE}") as pipe:
        return pipe.read()


def spawned():
    return os.waitpid(os.posix_spawn("/bin/cat", ["cat", TABLE], dict(os.environ)), 0)[1]


def forked():
    pid = os.fork()
    if pid == 0:
        with open(TABLE) as file:
            os._exit(len(file.read()) % 100)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def pooled(method):
    with multiprocessing.get_context(method).Pool(1) as pool:
        return pool.map(_read, [TABLE])


def _read(path):
    with open(path) as file:
        return file.read()


def forked_in_c():
    libc = ctypes.CDLL(None)
    pid = libc.fork()
    if pid == 0:
        libc._exit(3)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def system_in_c():
    return ctypes.CDLL(None).system(f"test -s {TABLE}".encode())


def loaded(path):
    try:
        ctypes.CDLL(path)
    except OSError:
        return None
    return path


def unhooked():
    for each in list(sys.modules.values()):
        listener = getattr(getattr(each, "Listener", None), "_open", None)
        if listener is not None:
            each.Listener.is_heard.__globals__["_CANARY"] = "nothing"
    return 0


def unfinder():
    sys.meta_path[:] = sys.meta_path[:-1]
    return 0


def elsewhere(path):
    sys.path.append(path)
    return 0


def zone(folder):
    zoneinfo.reset_tzpath([folder])
    return str(zoneinfo.ZoneInfo("Proof/Zone"))


def translated(folder):
    return gettext.translation("proof", folder, ["de"], fallback=True).gettext("film")


def absolute(path):
    try:
        with open(path) as file:
            return file.read()
    except FileNotFoundError:
        return None


def absolute_listed(path):
    return sorted(os.listdir(path))


def wrote(path):
    with open(path, "w") as file:
        file.write("x")
    return 0


def changed(path):
    os.unlink(path)
    return 0


def wrote_beside():
    import tempfile
    with open("left.txt", "w") as file:
        file.write("x")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x")
        with open(path, "w") as file:
            file.write("x")
        with open(path) as file:
            assert file.read() == "x"
        assert os.listdir(folder) == ["x"]
    with open("left.txt") as file:
        return file.read()
'''

_SPECIMEN = {
    "specimen/__init__.py": '"""A package to be edited."""\n\nUNIT = 1.0\n',
    "specimen/core.py": _CORE,
    "specimen/helper.py": (
        '"""Help."""\n\n\ndef shifted(x):\n    return x + 1.0\n\n\n'
        'def fails():\n    raise ValueError("no")\n'
    ),
    "specimen/constants.py": "DENSITY = 2.0\nUNUSED = 5\n",
    "specimen/classes.py": "class Film:\n    thickness = 250.0\n",
    "specimen/decorators.py": (
        "def scaled(function):\n    def call(*args, **kwargs):\n"
        "        return 1.0 * function(*args, **kwargs)\n    return call\n"
    ),
    "specimen/lazy.py": "def late():\n    return 0.5\n",
    "specimen/sub/__init__.py": "LEVEL = 1\n",
    "specimen/sub/deep.py": "from specimen.sub import LEVEL\n\n\ndef depth():\n    return LEVEL\n",
    "specimen/looks.py": _LOOKS,
    "specimen/outside.py": _OUTSIDE,
    "specimen/roundabout.py": ROUNDABOUT,
    "specimen/preloaded.py": PRELOADED,
    "specimen/late.py": (
        "def __getattr__(name):\n"
        "    from importlib import import_module\n"
        "    return getattr(import_module('.unrelated', 'specimen'), name)\n"
    ),
    "specimen/unrelated.py": (
        '"""Nobody imports this."""\n\n\ndef other():\n    """Do."""\n    return 7\n'
    ),
    "specimen/data/__init__.py": "",
    "specimen/data/table.txt": "1 2 3\n",
    "specimen/py.typed": "",
}

_OTHERS = {
    "specimen-dep": {"specimen_dep/__init__.py": "def scale():\n    return 4.0\n"},
    "ns-one": {"ns_space/one.py": "VALUE = 1\n"},
    "plug-one": {"plug_one.py": "def plug():\n    return 'one'\n"},
    "starts": {"starts.pth": "import sys; sys.proof_pth = 1\n"},
    "unused": {"unused/__init__.py": '"""Nobody imports this."""\n', "unused/more.py": "X = 1\n"},
    "lonely": {"lonely.txt": "alone\n"},
}

_PLUGIN = "[specimen.plugins]\none = plug_one:plug\n"


def specimen_world() -> World:
    """Return the world before any edit."""
    info = {"plug-one": {"entry_points.txt": _PLUGIN}}
    world = {
        name: Distribution(name=name, version="1.0", files=files, info=info.get(name, {}))
        for name, files in _OTHERS.items()
    }
    return world | {
        "specimen": Distribution(name="specimen", version="1.0", files=_SPECIMEN, info={})
    }


_LOOK_JOBS = [
    line.removeprefix("def ").partition("(")[0]
    for line in _LOOKS.splitlines()
    if line.startswith("def ")
]

JOBS: dict[str, tuple[object, ...]] = {
    "compute": ("specimen.core:compute", 2.0),
    **{name: (f"specimen.looks:{name}",) for name in _LOOK_JOBS},
    **ROUNDABOUT_JOBS,
}
"""What is called, by a short name: entry point and arguments."""
