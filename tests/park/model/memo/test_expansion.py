from __future__ import annotations

from typing import TYPE_CHECKING

from park.model.memo.expansion import expanded, is_of_environment
from park.model.memo.file_view import FileView, WheelFiles
from park.model.memo.trace import Trace
from park.model.memo.usage import OutsideFile, Usage

if TYPE_CHECKING:
    from collections.abc import Iterable

ENV = "/home/envs/v1/abc"
SITE = "lib/python3.11/site-packages"
FILES = {
    "model": {"model/__init__.py": "1", "model/table.txt": "2", "model.dist-info/METADATA": "3"},
    "fast": {"fast/core.so": "4", "fast/more.py": "5"},
    "ns-one": {"space/one.py": "6"},
}


def view() -> FileView:
    """Return the files of three wheels."""
    return FileView(
        site=SITE,
        interpreter="i",
        wheels=tuple(
            WheelFiles(
                name=name,
                info=f"{name}-1.0.dist-info",
                files={f"{SITE}/{path}": sha256 for path, sha256 in files.items()},
            )
            for name, files in sorted(FILES.items())
        ),
    )


def outside(paths: Iterable[str]) -> tuple[OutsideFile, ...]:
    """Tell that all is there."""
    return tuple(OutsideFile(path=it, size=1, mtime_ns=0, sha256="a" * 64) for it in paths)


def usage(**trace: object) -> Usage:
    """Return what comes of a trace, its paths below site-packages."""
    found = {
        name: frozenset(it if it.startswith("/") else f"{ENV}/{SITE}/{it}" for it in value)
        if isinstance(value, list)
        else value
        for name, value in trace.items()
    }
    return expanded(Trace(**found), view(), ENV, outside)  # type: ignore[arg-type]


def test_a_module_counts_with_the_looks_at_its_package() -> None:
    found = usage(read=["model/__pycache__/__init__.cpython-311.pyc"])
    assert found.files == {f"{SITE}/model/__init__.py": "1"}
    assert list(found.packages) == ["model"]
    assert list(found.trees) == [f"{SITE}/model"]
    assert found.modules == {f"{SITE}/model": ("/",)}
    assert (found.wheels, found.data, found.distributions) == ({}, view().data, None)


def test_an_extension_counts_with_all_of_its_wheel() -> None:
    found = usage(read=["fast/more.py"], libraries=["fast/core.so", "/lib/libc.so.6"])
    assert list(found.wheels) == ["fast"]
    assert (found.files, found.packages) == ({}, {})
    assert [it.path for it in found.outside] == ["/lib/libc.so.6"]


def test_metadata_is_known_by_the_name_of_its_distribution() -> None:
    found = usage(read=["model-1.0.dist-info/METADATA"], metadata=True)
    assert found.files == {f"{SITE}/model.dist-info/METADATA": "3"}
    assert found.distributions == view().distributions
    assert found.modules == {}


def test_what_was_not_found() -> None:
    found = usage(read=["model/absent.txt"], missing=["optional_thing"])
    assert found.files == {f"{SITE}/model/absent.txt": None}
    assert found.modules[f"{SITE}/optional_thing"] == ()


def test_a_namespace_package_counts_whosever_its_parts_are() -> None:
    found = usage(spread=["space"], listed=["space"])
    assert list(found.trees) == list(found.folders) == [f"{SITE}/space"]


def test_what_the_environment_has_of_its_own() -> None:
    assert usage(read=[f"{ENV}/pyvenv.cfg", f"{ENV}/bin/python"]).files == {}
    reason = usage(read=[f"{ENV}/bin/numba"]).only_this_lock
    assert reason == "it read bin/numba, which the environment has of its own"


def test_reasons_are_kept() -> None:
    found = usage(only_this_lock="a", never="b", variables=(("TZ", "UTC"),))
    assert (found.only_this_lock, found.never, found.variables) == ("a", "b", {"TZ": "UTC"})
    assert (found.startup, found.interpreter) == (view().startup, "i")


def test_the_folder_beside_is_outside() -> None:
    assert not is_of_environment(f"{ENV}d/x", ENV)
    assert is_of_environment(f"{ENV}/x", ENV)
