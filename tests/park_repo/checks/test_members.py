from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from park.errors import InvalidUpload
from park_repo.checks.members import (
    MAX_PART_BYTES,
    MAX_PATH_BYTES,
    MAX_RATIO,
    Member,
    check_members,
    check_sizes,
)

if TYPE_CHECKING:
    from pathlib import Path


def check(*names: str) -> None:
    members = [Member(name=n.rstrip("/"), size=1, is_directory=n.endswith("/")) for n in names]
    check_members(members, packed_bytes=1000)


def test_plain_names_are_taken() -> None:
    check("demo/", "demo/__init__.py", "demo/data/größe.txt", "console.py", "com10.py", ".gitkeep")


@pytest.mark.parametrize(
    "name",
    ["aux.py", "demo/NUL", "con.tar.gz", "a/Com1.txt", "lpt9/x.py", "aux .py", "COM¹.py"],
)
def test_names_of_windows_devices_are_refused(name: str) -> None:
    with pytest.raises(InvalidUpload, match=r"member .* is the name of a device on Windows"):
        check(name)


@pytest.mark.parametrize("name", ["demo./x.py", "demo /x.py", "x.py.", "x.py "])
def test_names_that_windows_shortens_are_refused(name: str) -> None:
    with pytest.raises(InvalidUpload, match="ends in a dot or a space"):
        check(name)


@pytest.mark.parametrize("character", list('\\:"<>|?*\t\0'))
def test_characters_that_windows_forbids_are_refused(character: str) -> None:
    with pytest.raises(InvalidUpload, match="a path may not hold"):
        check(f"a{character}b.py")


@pytest.mark.parametrize(
    "names",
    [
        ("a.py", "A.py"),
        ("a/x.py", "A/y.py"),
        ("straße.py", "STRASSE.py"),
        ("\u00e9.py", "e\u0301.py"),
    ],
)
def test_names_that_differ_in_case_only_are_refused(names: tuple[str, str]) -> None:
    with pytest.raises(InvalidUpload, match="differ in case only"):
        check(*names)


def test_a_file_is_no_directory() -> None:
    with pytest.raises(InvalidUpload, match="'a' is a file, not a directory"):
        check("a", "a/b.py")


def test_what_is_packed_as_only_bombs_are_is_refused() -> None:
    check_sizes(1, 1 << 20, 1)  # small enough to be harmless at any ratio
    check_sizes(1, MAX_RATIO * (2 << 20), 2 << 20)
    with pytest.raises(InvalidUpload, match="limit is 50 times as much"):
        check_sizes(1, MAX_RATIO * (2 << 20) + 1, 2 << 20)
    with pytest.raises(InvalidUpload, match="limit is 50 times as much"):
        check_sizes(1, 60_000_474, 59_338)  # a file of zeros


def test_names_that_no_file_system_takes_are_refused() -> None:
    part, path = "ü" * (MAX_PART_BYTES // 2), "/".join(["x" * 99] * (MAX_PATH_BYTES // 100)) + "x"
    check(part, path)
    with pytest.raises(InvalidUpload, match="a name of 231 bytes in its path; expected at most"):
        check(f"demo/{part}x")
    with pytest.raises(InvalidUpload, match="a path of 1,001 bytes; expected at most 1,000"):
        check(f"{path}x")


def test_a_module_of_the_longest_name_has_bytecode(tmp_path: Path) -> None:
    """It is written beside its place, under the name of its place and of the process."""
    module = "x" * (MAX_PART_BYTES - len(".py"))
    (tmp_path / f"{module}.cpython-313.pyc.4194304").touch()


def test_a_refusal_tells_programs_the_member_and_the_rule() -> None:
    with pytest.raises(InvalidUpload) as refused:
        check("a/\udcff.py", "a/../b.py")
    assert refused.value.details == {"member": "a/../b.py", "rule": "inside"}
    with pytest.raises(InvalidUpload) as refused:
        check("a/\udcff?.py")  # bytes that are no UTF-8, as tarfile reads them
    assert refused.value.details == {"member": "a/\\udcff?.py", "rule": "portable-name"}


def test_case_and_files_are_seen_at_any_depth() -> None:
    deep = "a/b/c/d/e/f"
    with pytest.raises(InvalidUpload, match=r"'a/b/c/[Dd]' and 'a/b/c/[Dd]' differ in case only"):
        check(f"{deep}/x.py", "a/b/c/D/y.py", "a/b/c2/z.py", "a/b!")
    with pytest.raises(InvalidUpload, match=f"'{deep}' is a file"):
        check("a/b!", deep, "a/b/c.py", f"{deep}!", f"{deep}/i/j/k.py")
    check(f"{deep}/", f"{deep}/i.py", f"{deep}!", f"{deep}.py", "a/b/c/d/e2")


def test_deep_folders_cost_no_more_than_their_names() -> None:
    """20,000 members 200 folders deep took two minutes; they take two seconds."""
    folders = "/".join(f"d{n % 9}" for n in range(200))
    begin = time.process_time()
    check(*(f"{folders}/f{n}.py" for n in range(20_000)))
    assert time.process_time() - begin < 30
