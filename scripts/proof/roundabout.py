"""Jobs that reach a file of code which nobody imports, each by a way that is easily overlooked."""

from __future__ import annotations

__all__ = ["PRELOADED", "ROUNDABOUT", "ROUNDABOUT_JOBS"]

ROUNDABOUT = '''"""Jobs that reach specimen/unrelated.py, each by its own way."""

import importlib.metadata
import importlib.util
import linecache
import mmap
import os
import pkgutil
import runpy
import shutil
import sys
import threading
import tokenize

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

_NO_JOBS = {"read"}
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
