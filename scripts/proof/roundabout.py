"""Jobs that reach a file of code which nobody imports, each by a way that is easily overlooked."""

from __future__ import annotations

__all__ = ["PRELOADED", "ROUNDABOUT", "ROUNDABOUT_JOBS"]

ROUNDABOUT = '''"""Jobs that reach specimen/unrelated.py, each by its own way."""

import asyncio
import atexit
import ctypes
import importlib.machinery
import importlib.metadata
import importlib.resources
import importlib.util
import inspect
import io
import linecache
import mmap
import multiprocessing
import os
import pathlib
import pkgutil
import py_compile
import runpy
import shutil
import sys
import threading
import tokenize
import zipfile

HERE = os.path.dirname(__file__)
CODE = os.path.join(HERE, "unrelated.py")


def read(path):
    with open(path) as file:
        return file.read()


class Named:
    def __fspath__(self):
        return CODE


def by_root():
    return read(f"/proc/self/root{CODE}")


def by_folder_descriptor():
    folder = os.open(HERE, os.O_RDONLY)
    return read(f"/proc/self/fd/{folder}/unrelated.py")


def by_file_descriptor():
    file = os.open(CODE, os.O_RDONLY)
    return read(f"/proc/self/fd/{file}")


def by_cwd():
    os.chdir(HERE)
    return read("/proc/self/cwd/unrelated.py")


def by_symbolic_link():
    os.symlink(CODE, "own.py")
    return read("own.py")


def by_folder_link():
    os.symlink(HERE, "own")
    return read("own/unrelated.py")


def by_hard_link():
    os.link(CODE, "own.py")
    return read("own.py")


def relative_to_descriptor():
    with open(os.open("unrelated.py", os.O_RDONLY, dir_fd=os.open(HERE, os.O_RDONLY))) as file:
        return file.read()


def relative_to_descriptor_beside_an_own_one():
    with open("unrelated.py", "w") as file:
        file.write("own")
    with open(os.open("unrelated.py", os.O_RDONLY, dir_fd=os.open(HERE, os.O_RDONLY))) as file:
        return file.read()


def by_changed_folder():
    os.fchdir(os.open(HERE, os.O_RDONLY))
    return read("unrelated.py")


def by_bytes():
    return read(os.fsencode(CODE))


def by_path_like():
    return read(Named())


def by_dots():
    return read(os.path.join(HERE, "..", "specimen", ".", "unrelated.py"))


def in_a_subinterpreter():
    import _xxsubinterpreters as interpreters
    inner = interpreters.create()
    interpreters.run_string(inner, f"open('seen', 'w').write(open({CODE!r}).read())")
    interpreters.destroy(inner)
    return read("seen")


def by_the_c_library():
    return os.read(ctypes.CDLL(None).open(CODE.encode(), os.O_RDONLY), 999).decode()


def by_the_c_library_by_name():
    return os.read(ctypes.CDLL("libc.so.6").open(CODE.encode(), os.O_RDONLY), 999).decode()


def by_python_as_a_library():
    return os.read(ctypes.pythonapi["open"](CODE.encode(), os.O_RDONLY), 999).decode()


def by_an_opener():
    with open("any name", opener=lambda _, flags: os.open(CODE, flags)) as file:
        return file.read()


def by_open_code():
    with io.open_code(CODE) as file:
        return file.read().decode()


def sent():
    with open(CODE) as source, open("sent", "w+") as target:
        os.sendfile(target.fileno(), source.fileno(), 0, 999)
        return target.read()


def zipped():
    with zipfile.ZipFile("code.zip", "w") as archive:
        archive.write(CODE, "zipped_other.py")
    sys.path.insert(0, os.path.abspath("code.zip"))
    return importlib.import_module("zipped_other").other()


def compiled():
    return os.path.getsize(py_compile.compile(CODE, cfile="code.pyc"))


def imported_and_forgotten():
    found = importlib.import_module("specimen." + "unrelated").other()
    del sys.modules["specimen.unrelated"]
    return found


def by_an_attribute_of_a_module():
    return importlib.import_module("specimen.late").other()


def by_a_lazy_loader():
    spec = importlib.util.find_spec("specimen.unrelated")
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.other()


def by_a_loader_of_its_own():
    return importlib.machinery.SourceFileLoader("own_other", CODE).load_module().other()


def by_the_code_of_its_loader():
    names, loader = {}, importlib.util.find_spec("specimen.unrelated").loader
    exec(loader.get_code("specimen.unrelated"), names)
    return names["other"]()


def by_inspection():
    return inspect.getsource(importlib.import_module("specimen.unrelated").other)


def by_a_resource():
    return (importlib.resources.files("specimen") / "unrelated.py").read_text()


def by_a_resource_reader():
    reader = importlib.import_module("specimen").__loader__.get_resource_reader("specimen")
    return reader.open_resource("unrelated.py").read().decode()


def by_asyncio():
    return asyncio.run(asyncio.to_thread(read, CODE))


def keep():
    with open("left.txt", "w") as file:
        file.write(read(CODE))


def at_its_exit():
    atexit.register(keep)


def by_a_thread_that_goes_on():
    threading.Timer(0.01, keep).start()


def by_a_process():
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.map(read, [CODE])


def by_a_new_interpreter():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.map(read, [CODE])


def in_a_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(read(CODE)))
    thread.start()
    thread.join()
    return found


def run_as_a_path():
    return runpy.run_path(CODE)["other"]()


def run_as_a_module():
    return runpy.run_module("specimen.unrelated")["other"]()


def executed():
    names = {}
    exec(compile(read(CODE), "x", "exec"), names)
    return names["other"]()


def by_line():
    return linecache.getline(CODE, 6)


def by_loader():
    return importlib.util.find_spec("specimen.unrelated").loader.get_data(CODE).decode()


def by_source_of_its_loader():
    return importlib.util.find_spec("specimen.unrelated").loader.get_source("specimen.unrelated")


def by_package_data():
    return pkgutil.get_data("specimen", "unrelated.py").decode()


def by_tokens():
    with tokenize.open(CODE) as file:
        return [each.string for each in tokenize.generate_tokens(file.readline)]


def mapped():
    with open(CODE, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return bytes(data).decode()


def copied():
    return read(shutil.copyfile(CODE, "copy.py"))


def copied_as_a_tree():
    shutil.copytree(HERE, "tree")
    return read("tree/unrelated.py")


def installed_size():
    (file,) = [it for it in importlib.metadata.files("specimen") if it.name == "unrelated.py"]
    return file.size


def installed_text():
    (file,) = [it for it in importlib.metadata.files("specimen") if it.name == "unrelated.py"]
    return file.read_text()


# -- names, and what is looked for


def globbed_deeply():
    return sorted(path.name for path in pathlib.Path(HERE).rglob("*.py"))


def looked_for_by_access():
    return os.access(os.path.join(HERE, "newer.py"), os.R_OK)


def looked_for_by_the_c_library():
    return ctypes.CDLL(None).access(os.path.join(HERE, "newer.py").encode(), os.R_OK)


def listed_by_bytes():
    return sorted(os.listdir(os.fsencode(HERE)))


def listed_as_a_resource():
    with importlib.resources.as_file(importlib.resources.files("specimen")) as folder:
        return sorted(path.name for path in folder.iterdir())


def listed_where_it_went():
    os.chdir(HERE)
    return sorted(os.listdir())


def walked_by_descriptor():
    return sorted(name for _, _, names, _ in os.fwalk(HERE) for name in names)


def listed_by_descriptor():
    return sorted(os.listdir(os.open(HERE, os.O_RDONLY)))


def scanned_by_descriptor():
    with os.scandir(os.open(HERE, os.O_RDONLY)) as entries:
        return sorted(entry.name for entry in entries)


def listed_by_root():
    return sorted(os.listdir(f"/proc/self/root{HERE}"))


def listed_by_link():
    os.symlink(HERE, "own")
    return sorted(os.listdir("own"))


def found_on_the_path():
    return shutil.which("proof-tool") is not None


def on_a_path_of_its_own():
    sys.path.insert(0, os.path.join(HERE, "sub"))
    try:
        import vendored
    except ImportError:
        return None
    return vendored.VALUE


def extended():
    return sorted(os.path.basename(it) for it in pkgutil.extend_path([HERE], "specimen"))


def packages():
    return sorted(importlib.metadata.packages_distributions())


def summary():
    return importlib.metadata.metadata("specimen-dep")["Version"]
'''

PRELOADED = '''"""What this has is read as it is imported, which a fork server does."""

import os

with open(os.path.join(os.path.dirname(__file__), "unrelated.py")) as file:
    TEXT = file.read()


def text():
    return TEXT
'''

_NO_JOBS = {"keep", "read"}
_NAMES = [
    line.removeprefix("def ").partition("(")[0]
    for line in ROUNDABOUT.splitlines()
    if line.startswith("def ")
]

ROUNDABOUT_JOBS: dict[str, tuple[object, ...]] = {
    **{name: (f"specimen.roundabout:{name}",) for name in _NAMES if name not in _NO_JOBS},
    "preloaded": ("specimen.preloaded:text",),
}
"""What is called, by a short name."""
