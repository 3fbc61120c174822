"""Where numba keeps what it compiles: told by the service, for each file; else as ever."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from park.runtime.compiled.shared_code import VARIABLE, Sharing

SITE = "/envs/one/lib/python3.11/site-packages"


def test_a_folder_is_named_by_what_is_shared_and_not_by_the_environment() -> None:
    one = Sharing(SITE, "digest", ["mymodel"])
    two = Sharing(SITE.replace("one", "two"), "digest", ["mymodel"])
    other = Sharing(SITE, "another digest", ["mymodel"])
    name = one.folder_of(f"{SITE}/refl1d/lib/numba/convolve.py")
    assert name is not None
    assert name.startswith("numba_")
    assert two.folder_of(f"{SITE.replace('one', 'two')}/refl1d/lib/numba/convolve.py") == name
    assert other.folder_of(f"{SITE}/refl1d/lib/numba/convolve.py") != name
    assert one.folder_of(f"{SITE}/refl1d/lib/python/convolve.py") != name
    assert one.folder_of(f"{SITE}/refl1d/lib/numba/magnetic.py") == name


@pytest.mark.parametrize(
    "file",
    [
        *(f"{SITE}/mymodel/kernels.py", f"{SITE}/own.py", f"{SITE}/refl1d/../mymodel/kernels.py"),
        *("<string>", "/home/ada/script.py", f"{SITE}-else/refl1d/a.py"),
    ],
)
def test_trees_and_what_is_elsewhere_share_nothing(file: str) -> None:
    assert Sharing(SITE, "digest", ["mymodel", "own.py"]).folder_of(file) is None


def test_a_module_beside_the_packages_is_shared() -> None:
    assert Sharing(SITE, "digest", []).folder_of(f"{SITE}/kernels.py") is not None


CACHING = """
class {underscore}UserProvidedCacheLocator:
    @classmethod
    def from_function(cls, py_func, py_file):
        return cls(py_file)

    def __init__(self, py_file):
        self._path = "/nowhere/" + self.get_suitable_cache_subpath(py_file)

    def get_cache_path(self):
        return self._path

    @classmethod
    def get_suitable_cache_subpath(cls, py_file):
        return "by path"

class CacheImpl:
    _locator_classes = [{underscore}UserProvidedCacheLocator]
"""

LOOK = """
import json, sys
from park.runtime.compiled.shared_code import share_compiled_code
share_compiled_code()
sys.path.insert(0, sys.argv[1])
import numba.core.caching as caching
site = f"{sys.prefix}/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
first = caching.CacheImpl._locator_classes[0]
files = [f"{site}/{name}" for name in ("a/b.py", "own.py")]
paths = [first.from_function(None, file).get_cache_path() for file in files]
print(json.dumps([paths, len(caching.CacheImpl._locator_classes), len(sys.meta_path)]))
"""


def looked(folder: Path, caching: str, told: str | None) -> tuple[list[str], int, int]:
    package = folder / "numba" / "core"
    package.mkdir(parents=True, exist_ok=True)
    (package / "caching.py").write_text(caching)
    variables = {} if told is None else {VARIABLE: told}
    done = subprocess.run(
        [sys.executable, "-c", LOOK, folder],
        env=variables,
        capture_output=True,
        text=True,
        check=True,
    )
    paths, classes, finders = json.loads(done.stdout)
    return paths, classes, finders


@pytest.mark.parametrize("underscore", ["", "_"])
def test_numbas_locators_are_asked_behind_it(tmp_path: Path, underscore: str) -> None:
    caching = CACHING.format(underscore=underscore)
    as_ever, classes, finders = looked(tmp_path, caching, None)
    assert as_ever == ["/nowhere/by path"] * 2
    assert classes == 1
    told = json.dumps(["digest", "own.py"])
    found, classes, finders_behind = looked(tmp_path, caching, told)
    assert found[0].startswith("/nowhere/a_")
    assert found[1] == "/nowhere/by path"
    assert classes == 2
    assert finders_behind == finders  # it looks for one module, and goes


def test_a_numba_of_another_form_is_left_as_it_is(tmp_path: Path) -> None:
    unknown = CACHING.format(underscore="Other")
    found, classes, _ = looked(tmp_path, unknown, json.dumps(["digest"]))
    assert found == ["/nowhere/by path"] * 2
    assert classes == 1
