"""Trees under the backends that people use, with build requirements from the registry."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.material.projects import copy_package, flit_project, make_git_checkout, write_tree
from support.material.wheels import wheel_of
from support.session.slow_cases import slow_after

import park
from park.build.backend import Backend
from park.build.backend_answers import describe
from park.build.cache import Cache
from park.build.versioned_tree import version_tree
from park.build.wheel_source import BuiltWheel
from park.errors import BuildFailed
from park.local.find import find

if TYPE_CHECKING:
    from park.local.project import LocalProject


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    """Give one cache to all tests here, so that each build environment is made once."""
    return Cache(root=tmp_path_factory.mktemp("cache"))


def find_tree(root: Path, cache: Cache) -> LocalProject:
    return find(str(root), describe=partial(describe, cache=cache))


def members(wheel: BuiltWheel) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel.path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def metadata(wheel: BuiltWheel) -> str:
    return next(c.decode() for n, c in members(wheel).items() if n.endswith("/METADATA"))


CASES = [
    ("hatchling-src", "hatchling_src/__init__.py", "hatchling_src/data/film.txt", "1.4.2+t"),
    ("setuptools-flat", "setuptools_flat/__init__.py", "setuptools_flat/film.txt", "1.0+g12.t"),
    ("flit-flat", "flit_flat.py", None, "0.3+t"),
    ("setup-py-alone", "setup_py_alone.py", None, "2.1+t"),
    ("poetry-src", "poetry_src/__init__.py", "poetry_src/data/film.txt", "0.5+t"),
    ("uv-src", "uv_src/__init__.py", None, "2.0rc1+t"),
    ("meson-compiled", "meson_compiled/__init__.py", None, "1.1+t"),
    ("compiled-model", "compiled_model/__init__.py", None, "0.2+t"),
]
"""By name: a module, a file of data, and how the version begins."""


@pytest.mark.parametrize("case", slow_after(3, CASES), ids=lambda case: case[0])
def test_a_backend(case: tuple[str, str, str | None, str], tmp_path: Path, cache: Cache) -> None:
    name, module, data, declared = case
    root = copy_package(name, tmp_path)
    source = root / "src" / module if (root / "src").exists() else root / module
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}

    first = wheel_of(find_tree(root, cache), cache=cache)
    version = first.filename.split("-")[1]
    assert version.startswith(declared)
    assert f"\nVersion: {version}\n" in metadata(first)
    assert data is None or members(first)[data] == b"thickness 250\n"
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before

    assert "FILM_SLD = 2.0" in source.read_text()
    source.write_text(source.read_text().replace("2.0", "3.0"))
    edited = wheel_of(find_tree(root, cache), cache=cache)
    assert edited.built
    assert edited.filename != first.filename
    assert b"FILM_SLD = 3.0" in members(edited)[module]

    source.write_text(source.read_text().replace("3.0", "2.0"))
    assert not wheel_of(find_tree(root, cache), cache=cache).built

    shutil.rmtree(cache.wheels)
    again = wheel_of(find_tree(root, cache), cache=cache)
    assert (again.built, again.filename, again.sha256) == (True, first.filename, first.sha256)


COPYING = ["hatchling-src", "setuptools-flat", "poetry-src", "uv-src", "flit"]
"""Backends that copy modules; most with a configuration that says which."""


@pytest.mark.parametrize("name", slow_after(2, COPYING))
def test_an_edit_is_put_into_the_wheel_that_is_known(
    name: str, tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Byte for byte what the backend makes, which is not asked."""
    if name == "flit":
        files = {"pyproject.toml": flit_project("flat"), "flat/__init__.py": "FILM_SLD = 2.0\n"}
        root = write_tree(tmp_path / "flat", files)
    else:
        root = copy_package(name, tmp_path)
    wheel_of(find_tree(root, cache), cache=cache)
    (module,) = root.rglob("__init__.py")
    with monkeypatch.context() as without_backend:
        without_backend.setattr(Backend, "build_wheel", None)
        module.write_text("FILM_SLD = 4.0\n")
        wheel_of(find_tree(root, cache), cache=cache)
        module.write_text("FILM_SLD = 5.0\n")  # of one that was made so itself
        edited = wheel_of(find_tree(root, cache), cache=cache)
    assert edited.built
    assert b"FILM_SLD = 5.0\n" in members(edited).values()
    content = edited.path.read_bytes()
    shutil.rmtree(cache.wheels)
    again = wheel_of(find_tree(root, cache), cache=cache)
    assert (again.filename, again.path.read_bytes()) == (edited.filename, content)


def test_pip_installs_the_wheel_at_its_version(tmp_path: Path, cache: Cache) -> None:
    root = copy_package("hatchling-src", tmp_path)
    wheel = wheel_of(find_tree(root, cache), cache=cache)
    target = tmp_path / "target"
    pip = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--target"]
    subprocess.run([*pip, target, wheel.path], check=True, capture_output=True)
    script = "import importlib.metadata as m; print(m.version('hatchling-src'))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(target)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == wheel.filename.split("-")[1]


@pytest.mark.parametrize("name", slow_after(1, ["compiled-model", "meson-compiled"]))
def test_a_compiled_extension_runs_from_its_wheel(name: str, tmp_path: Path, cache: Cache) -> None:
    wheel = wheel_of(find_tree(copy_package(name, tmp_path), cache), cache=cache)
    assert not wheel.filename.endswith("-any.whl")
    module = name.replace("-", "_")
    with zipfile.ZipFile(wheel.path) as archive:
        archive.extractall(tmp_path / "target")
    done = subprocess.run(
        [sys.executable, "-c", f"from {module}._film import thickness; print(thickness())"],
        env={"PYTHONPATH": str(tmp_path / "target")},
        check=True,
        capture_output=True,
    )
    assert done.stdout == b"250\n"


@pytest.mark.slow
def test_an_extension_that_was_built_in_place_changes_nothing(tmp_path: Path, cache: Cache) -> None:
    root = copy_package("compiled-model", tmp_path)
    (root / ".gitignore").write_text("*.so\nbuild/\n*.egg-info/\n")
    make_git_checkout(root)
    before = wheel_of(find_tree(root, cache), cache=cache)
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    left = next(root.rglob("__init__.py")).with_name(f"_film{suffix}")
    left.write_bytes(b"of an earlier build")
    after = wheel_of(find_tree(root, cache), cache=cache)
    assert (after.built, after.filename, after.sha256) == (False, before.filename, before.sha256)


@pytest.mark.slow
def test_setuptools_ships_no_module_that_was_deleted(tmp_path: Path, cache: Cache) -> None:
    root = copy_package("setuptools-flat", tmp_path)
    write_tree(
        root,
        {
            "build/lib/setuptools_flat/deleted.py": "",
            "setuptools_flat.egg-info/SOURCES.txt": "setuptools_flat/deleted.py\n",
        },
    )
    wheel = wheel_of(find_tree(root, cache), cache=cache)
    assert not any("deleted" in name for name in members(wheel))


@pytest.mark.slow
def test_setup_py_alone_is_described_by_its_backend(tmp_path: Path, cache: Cache) -> None:
    project = find_tree(copy_package("setup-py-alone", tmp_path), cache)
    assert (project.name, project.version) == ("setup-py-alone", "2.1")
    assert project.extras == ("plot",)
    assert [text.replace(" ", "") for text in project.requires] == [
        "packaging",
        'pip;extra=="plot"',
    ]


@pytest.mark.slow
def test_versions_from_tags_and_data_files_that_git_tracks(tmp_path: Path, cache: Cache) -> None:
    pyproject = """
        [build-system]
        requires = ["setuptools>=77", "setuptools-scm>=8"]
        build-backend = "setuptools.build_meta"
        [project]
        name = "tagged"
        dynamic = ["version"]
        [tool.setuptools]
        packages = ["tagged"]
        [tool.setuptools_scm]
        version_file = "tagged/_version.py"
    """
    files = {
        "pyproject.toml": pyproject,
        "tagged/__init__.py": "",
        "tagged/film.txt": "250",
        ".gitignore": "_version.py\n",
    }
    root = write_tree(tmp_path / "tagged", files)
    make_git_checkout(root, tag="v3.2")
    wheel = wheel_of(find_tree(root, cache), cache=cache)
    assert wheel.filename.startswith("tagged-3.2+t")
    assert members(wheel)["tagged/film.txt"] == b"250"
    assert b"3.2" in members(wheel)["tagged/_version.py"]
    assert not (root / "tagged/_version.py").exists()


@pytest.mark.slow
def test_an_unpacked_sdist_has_the_version_of_its_pkg_info(tmp_path: Path, cache: Cache) -> None:
    """It has no history, and that of the checkout around it is another project's."""
    pyproject = """
        [build-system]
        requires = ["setuptools>=77", "setuptools-scm>=8"]
        build-backend = "setuptools.build_meta"
        [project]
        name = "unpacked"
        dynamic = ["version"]
        [tool.setuptools]
        py-modules = ["unpacked"]
        [tool.setuptools_scm]
    """
    metadata = "Metadata-Version: 2.1\nName: unpacked\nVersion: 4.1\n"
    files = {"pyproject.toml": pyproject, "unpacked.py": "", "PKG-INFO": metadata}
    root = write_tree(tmp_path / "around/unpacked-4.1", files)
    make_git_checkout(tmp_path / "around", tag="v3.2")
    wheel = wheel_of(find_tree(root, cache), cache=cache)
    assert wheel.filename.startswith("unpacked-4.1+t")


@pytest.mark.slow
def test_requirements_that_a_backend_asks_for_are_part_of_the_environment(
    tmp_path: Path, cache: Cache
) -> None:
    root = copy_package("offline", tmp_path)
    with (root / "backend.py").open("a") as backend:
        backend.write('\n\ndef get_requires_for_build_wheel(_=None):\n    return ["flit_core"]\n')
    tree = version_tree(find_tree(root, cache), cache=cache)
    assert [pin.name for pin in tree.environment.installed] == ["flit-core"]


def test_a_syntax_error_in_setup_py(tmp_path: Path, cache: Cache) -> None:
    with pytest.raises(BuildFailed, match="SyntaxError"):
        find_tree(copy_package("bad-setup-py", tmp_path), cache)


@pytest.mark.slow
def test_a_build_requirement_that_does_not_exist(tmp_path: Path, cache: Cache) -> None:
    project = find_tree(copy_package("no-requirement", tmp_path), cache)
    with pytest.raises(BuildFailed, match="no-such-build-requirement") as caught:
        version_tree(project, cache=cache)
    assert "No matching distribution" in caught.value.details["output"]


SEEN = """
import json, sys
from pathlib import Path
from park.build.cache import Cache
from park.build.local_set import local_set

found = local_set(sys.argv[1], cache=Cache(root=Path(sys.argv[2])))
wheels = [tree.wheel() for tree in found.sources]
print(json.dumps({
    "version": found.version,
    "root": str(found.project.root),
    "module": found.module,
    "pins": {pin.name: pin.version for pin in found.requirements.pins},
    "built": [wheel.filename for wheel in wheels if wheel.built],
    "loaded": sorted({"build", "pip", "hatchling_src"} & sys.modules.keys()),
}))
"""


@pytest.fixture(scope="module")
def scientist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a virtualenv that sees park and its requirements; return its interpreter."""
    folder = tmp_path_factory.mktemp("scientist") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin/python"
    site = sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder)})
    source = str(Path(str(park.__file__)).parents[1])
    paths = [source, sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    Path(site, "park-under-test.pth").write_text("\n".join(paths))
    return python


def seen_by(python: Path, target: str, cache: Cache, cwd: Path) -> dict[str, Any]:
    done = subprocess.run(
        [python, "-W", "error", "-c", SEEN, target, cache.root],
        cwd=cwd,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def install_editable(python: Path, *roots: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps"]
    flags = [argument for root in roots for argument in ("--editable", str(root))]
    subprocess.run([*pip, *flags], check=True, capture_output=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", slow_after(1, ["hatchling-src", "setuptools-flat", "flit-flat"]))
def test_an_editable_install_from_module_to_wheel(
    name: str, scientist: Path, tmp_path: Path, cache: Cache
) -> None:
    root = copy_package(name, tmp_path)
    install_editable(scientist, root)
    module = name.replace("-", "_")
    first = seen_by(scientist, module, cache, tmp_path)
    assert (first["root"], first["module"]) == (str(root), module)
    assert first["pins"] == {name: first["version"]}
    again = seen_by(scientist, module, cache, tmp_path)
    assert again["version"] == first["version"]
    assert (again["built"], again["loaded"]) == ([], [])


@pytest.mark.slow
def test_local_dependencies_of_a_local_package(
    scientist: Path, tmp_path: Path, cache: Cache
) -> None:
    root = copy_package("hatchling-src", tmp_path)
    pyproject = (root / "pyproject.toml").read_text()
    pyproject = pyproject.replace("[]", '["hatchling-src>=1.4"]')
    pyproject = pyproject.replace('name = "hatchling-src"', 'name = "outer"')
    pyproject = pyproject.replace("src/hatchling_src", "outer")
    files = {"pyproject.toml": pyproject, "outer/__init__.py": "import hatchling_src\n"}
    install_editable(scientist, root, write_tree(tmp_path / "outer", files))
    found = seen_by(scientist, "outer", cache, tmp_path)
    assert sorted(found["pins"]) == ["hatchling-src", "outer"]
    assert all("+t" in version for version in found["pins"].values())
    (root / "src/hatchling_src/__init__.py").write_text("FILM_SLD = 3.0\n")
    edited = seen_by(scientist, "outer", cache, tmp_path)
    assert edited["pins"]["outer"] == found["pins"]["outer"]
    assert edited["pins"]["hatchling-src"] != found["pins"]["hatchling-src"]
    assert len(edited["built"]) == 1


@pytest.mark.slow
def test_a_backend_may_warn_as_it_likes(tmp_path: Path, cache: Cache) -> None:
    """Warnings are errors in these tests; those of backends are about somebody else's tree."""
    program = (
        "import warnings\nfrom setuptools import setup\nwarnings.warn('deprecated', UserWarning)\n"
        "setup(name='warned', version='1', py_modules=['warned'])\n"
    )
    root = write_tree(tmp_path / "warned", {"setup.py": program, "warned.py": ""})
    assert wheel_of(find_tree(root, cache), cache=cache).filename.startswith("warned-1+t")
