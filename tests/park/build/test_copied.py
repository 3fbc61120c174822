"""What an installer left, under the names that a wheel has for it; tests/functional packs some."""

from __future__ import annotations

import sysconfig
from pathlib import Path, PurePosixPath
from typing import Any, cast

import pytest

from park.build import copied
from park.build.tree.hashing import HashedFile
from park.errors import LocalSetError

DATA = "m-1.data"


class Project:
    """A project of the name ``m``, from somewhere."""

    name = "m"
    origin = "from git"

    def __str__(self) -> str:
        return "m 1"


PROJECT = cast("Any", Project())


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("m/__init__.py", "m/__init__.py"),
        ("m-1.dist-info/METADATA", "m-1.dist-info/METADATA"),
        ("m-1.dist-info/INSTALLER", None),
        ("m-1.dist-info/direct_url.json", None),
        ("m-1.dist-info/RECORD", None),
        ("m/RECORD", "m/RECORD"),  # data of the project's own
        ("m/__pycache__/x.cpython-311.pyc", None),
    ],
)
def test_what_the_installer_wrote_is_no_part_of_it(file: str, name: str | None) -> None:
    assert copied._name_of_module(PurePosixPath(file)) == name


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("bin/tool", f"{DATA}/scripts/tool"),
        ("bin/say", None),
        ("Scripts/say.exe", None),
        ("share/m/table", f"{DATA}/data/share/m/table"),
        ("include/site/python3.11/m/deep/m.h", f"{DATA}/headers/deep/m.h"),
        ("include/other.h", f"{DATA}/data/include/other.h"),
    ],
)
def test_scripts_data_and_headers_are_its_own_and_commands_are_made_anew(
    path: str, name: str | None
) -> None:
    prefix = Path("/venv")
    assert copied._name_of_data(prefix / path, {"say"}, DATA, PROJECT, prefix) == name


@pytest.mark.parametrize(
    ("site", "prefix"),
    [
        ("/home/me/.local/lib/python3.11/site-packages", "/home/me/.local"),
        ("/usr/lib64/python3.11/site-packages", "/usr"),
        ("/usr/local/lib/python3.11/dist-packages", "/usr/local"),
        ("/venv/Lib/site-packages", "/venv"),
        ("/srv/target", sysconfig.get_path("data")),
    ],
)
def test_files_lie_around_the_folder_of_modules(site: str, prefix: str) -> None:
    assert copied.prefix_of(Path(site)) == Path(prefix)


def test_a_file_outside_of_the_environment_cannot_be_packed() -> None:
    with pytest.raises(LocalSetError, match=r"lists /etc/m.conf, outside") as caught:
        copied._name_of_data(Path("/etc/m.conf"), set(), DATA, PROJECT, Path("/venv"))
    assert "install m again" in str(caught.value.hint)
    with pytest.raises(LocalSetError, match=r"lists /absent/m.py, which is not there"):
        copied._found("m.py", Path("/absent/m.py"), PROJECT)


@pytest.mark.parametrize(
    ("path", "first"),
    [(f"{DATA}/scripts/tool", b"#!python"), ("m/tool", b"#!/venv/bin/python3.11 -I")],
)
def test_a_script_runs_under_the_python_of_who_installs_it(
    monkeypatch: pytest.MonkeyPatch, path: str, first: bytes
) -> None:
    monkeypatch.setattr(
        copied, "verified_content", lambda _: b"#!/venv/bin/python3.11 -I\nprint()\n#!python2\n"
    )
    file = cast("HashedFile", Project())
    for name, value in (("path", path), ("executable", True)):
        setattr(file, name, value)
    content = next(part for part in copied._member(file) if isinstance(part, bytes))
    assert content == first + b"\nprint()\n#!python2\n"


def test_tags_are_written_as_in_names_of_files() -> None:
    text = "Wheel-Version: 1.0\nTag: py3-none-any\nTag: py2-none-any\nGenerator: x\n"
    assert copied._compressed(text) == "py2.py3-none-any"
