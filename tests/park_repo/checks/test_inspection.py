from __future__ import annotations

import hashlib
import stat
import zipfile
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.material.wheels import make_wheel, record_of, wheel_members, write_archive

from park.errors import InvalidUpload
from park_repo.checks import members as rules
from park_repo.checks.file_facts import FileFacts
from park_repo.checks.inspection import agree_with_form, inspect_file

if TYPE_CHECKING:
    from pathlib import Path

FILENAME = "demo-1.0-py3-none-any.whl"
DIST_INFO = "demo-1.0.dist-info"


def inspected(directory: Path, members: dict[str, bytes], filename: str = FILENAME) -> FileFacts:
    return inspect_file(write_archive(directory / filename, members), filename, {})


def rerecorded(members: dict[str, bytes]) -> dict[str, bytes]:
    return members | {f"{DIST_INFO}/RECORD": record_of(members, DIST_INFO)}


def test_a_good_wheel_tells_its_facts(tmp_path: Path) -> None:
    members = wheel_members(requires_python=">=3.11,<4")
    facts = inspected(tmp_path, members)
    metadata = members[f"{DIST_INFO}/METADATA"]
    assert (facts.name.project, facts.version) == ("demo", "1.0")
    assert (facts.requires_python, facts.metadata) == (">=3.11,<4", metadata)
    assert facts.metadata_sha256 == hashlib.sha256(metadata).hexdigest()


def test_names_and_versions_are_normalised(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, "Demo_Pkg", "1.0.0rc1")
    facts = inspect_file(path, path.name, {"name": "demo.pkg", "version": "1.0.0.rc1"})
    assert (facts.name.project, facts.version) == ("demo-pkg", "1.0.0rc1")


@pytest.mark.parametrize(
    ("filename", "reason"),
    [
        ("demo-1.0.zip", r"only wheels.*; expected NAME-.*\.whl or NAME-VERSION\.tar\.gz"),
        ("demo.tar.gz", r"Invalid sdist filename.*; expected NAME-VERSION\.tar\.gz"),
        ("demo-1.0.whl", r"Invalid wheel filename.*; expected NAME-VERSION.*-PLATFORM\.whl"),
        ("../demo-1.0-py3-none-any.whl", "letters, digits"),
        ("demo-1.0-py3-none-any .whl", "letters, digits"),
        ("demo-1.0-py3-none-any.whl\n.whl", "letters, digits"),
        ("demo-one-py3-none-any.whl", "Invalid wheel filename"),
        (f"{'d' * 210}-1.0-py3-none-any.whl", "231 characters; expected at most 230"),
    ],
)
def test_other_file_names_are_refused(tmp_path: Path, filename: str, reason: str) -> None:
    with pytest.raises(InvalidUpload, match=reason):
        inspect_file(make_wheel(tmp_path), filename, {})


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({"name": "other"}, "project is 'other'"), ({"version": "2.0"}, "version is '2.0'")],
)
def test_the_form_must_agree(tmp_path: Path, fields: dict[str, str], reason: str) -> None:
    with pytest.raises(InvalidUpload, match=reason):
        inspect_file(make_wheel(tmp_path), FILENAME, fields)


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../up.py", "a/../b.py", "a//b.py", "./a.py", "a\\b.py", "c:b.py", "a\nb.py"],
)
def test_members_that_could_escape_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidUpload, match=r"member .*: a path may not"):
        inspected(tmp_path, rerecorded(wheel_members() | {name: b""}))


def test_links_are_refused(tmp_path: Path) -> None:
    path = make_wheel(tmp_path)
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(InvalidUpload, match="member 'link': only files"):
        inspect_file(path, path.name, {})


def test_other_compressions_are_refused(tmp_path: Path) -> None:
    path = make_wheel(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("more.py", b"", zipfile.ZIP_LZMA)
    with pytest.raises(InvalidUpload, match=r"member 'more.py': only stored or deflated"):
        inspect_file(path, path.name, {})


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    path = make_wheel(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("demo.py", b"other")
    with pytest.raises(InvalidUpload, match=r"member 'demo.py' occurs 2 times"):
        inspect_file(path, path.name, {})


@pytest.mark.parametrize(
    ("limit", "reason"), [("MAX_MEMBERS", "4 members"), ("MAX_UNPACKED_BYTES", "unpacks to")]
)
def test_the_unpacked_size_is_limited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, reason: str
) -> None:
    monkeypatch.setattr(rules, limit, 3)
    with pytest.raises(InvalidUpload, match=reason):
        inspected(tmp_path, wheel_members())


def test_there_is_one_dist_info_and_it_is_the_wheels(tmp_path: Path) -> None:
    with pytest.raises(InvalidUpload, match=r"2 \.dist-info"):
        inspected(tmp_path, wheel_members() | {"other-1.0.dist-info/METADATA": b""})
    with pytest.raises(InvalidUpload, match=r"other-1\.0\.dist-info: expected that of demo 1\.0"):
        inspected(tmp_path, wheel_members("other"))
    with pytest.raises(InvalidUpload, match=r"there is no demo-1\.0\.dist-info/METADATA"):
        inspected(tmp_path, {f"{DIST_INFO}/RECORD": b""})


def test_installed_paths_are_compared(tmp_path: Path) -> None:
    member = "demo-1.0.data/purelib/demo.py"
    with pytest.raises(InvalidUpload, match=r"the same path as 'demo\.py'") as refused:
        inspected(tmp_path, rerecorded(wheel_members() | {member: b""}))
    assert refused.value.message.startswith(f"{FILENAME}: member {member!r}: ")
    assert refused.value.details == {"member": member, "rule": "once"}


def test_a_name_that_is_not_the_utf_8_that_it_says_is_refused(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, files={"demo_ü.py": b""})
    path.write_bytes(path.read_bytes().replace("ü".encode(), b"\xff\xff"))
    with pytest.raises(InvalidUpload, match="not a readable zip archive"):
        inspect_file(path, FILENAME, {})


def test_the_digests_as_sent_must_agree() -> None:
    made: list[str] = []

    class Arrived:
        sha256, blake2_256 = "ab" * 32, "cd" * 32

        def md5(self) -> str:
            made.append("md5")
            return "ef" * 16

    check = partial(agree_with_form, arrived=Arrived())
    check({})
    check({"sha256_digest": "AB" * 32, "blake2_256_digest": "cd" * 32})
    assert made == []
    check({"md5_digest": "EF" * 16})
    for field in ("sha256_digest", "blake2_256_digest", "md5_digest"):
        with pytest.raises(InvalidUpload, match=f"{field}: expected 0000"):
            check({field: "00" * 32})


@pytest.mark.parametrize("kind", ["sdist", "bdist_egg", "wheel"])
def test_the_kind_as_sent_must_be_that_of_the_file(tmp_path: Path, kind: str) -> None:
    wheel = make_wheel(tmp_path)
    inspect_file(wheel, FILENAME, {"filetype": "bdist_wheel"})
    with pytest.raises(InvalidUpload, match=f"says that it is a '{kind}'; expected 'bdist_wheel'"):
        inspect_file(wheel, FILENAME, {"filetype": kind})


def test_a_member_without_a_name_is_refused(tmp_path: Path) -> None:
    """Readers end a name at its first NUL, so one may be nothing."""
    content = make_wheel(tmp_path).read_bytes()
    nameless = tmp_path / "nameless.whl"
    nameless.write_bytes(content.replace(b"demo.py", b"\0emo.py"))
    with pytest.raises(InvalidUpload, match="may not be absolute"):
        inspect_file(nameless, FILENAME, {})


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_damage_is_refused_never_a_fault(tmp_path: Path, data: st.DataObject) -> None:
    """Whatever the bytes are: accepted, or `InvalidUpload`; no other exception."""
    content = bytearray(make_wheel(tmp_path).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(content) - 1))
        content[position] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)) | st.just(len(content)))
    damaged = tmp_path / "damaged.whl"
    damaged.write_bytes(content[:cut])
    try:
        inspect_file(damaged, FILENAME, {})
    except InvalidUpload as error:
        assert error.message.startswith(FILENAME)  # noqa: PT017 (acceptance is fine as well)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"[console_scripts]\n../../evil = m:main\n", "no name of a script"),
        (b"[gui_scripts]\n.. = m:main\n", "no name of a script"),
        (b"[console_scripts]\nsay = m\n", "NAME = MODULE:ATTRIBUTE"),
        (b"[console_scripts]\nsay = m:a\nsay = m:b\n", "already exists"),
        (b"say = m:main\n", "no section headers"),
        (b"\xff", "missing or not UTF-8"),
    ],
)
def test_scripts_that_installers_cannot_make_are_refused(
    tmp_path: Path, text: bytes, reason: str
) -> None:
    members = wheel_members() | {f"{DIST_INFO}/entry_points.txt": text}
    with pytest.raises(InvalidUpload, match=reason) as caught:
        inspected(tmp_path, rerecorded(members))
    assert caught.value.details["member"] == f"{DIST_INFO}/entry_points.txt"


def test_scripts_that_can_be_made_are_taken(tmp_path: Path) -> None:
    points = b"[console_scripts]\nsay.it = demo:main [extra]\n[other.group]\nx = demo\n"
    members = wheel_members() | {f"{DIST_INFO}/entry_points.txt": points}
    assert inspected(tmp_path, rerecorded(members)).version == "1.0"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"Version: 2.1", b"Version: 100000", "Metadata-Version is 100000; expected 1.x or 2.x"),
        (b"Version: 2.1", b"Version: 3.0", "Metadata-Version is 3.0"),
        (b"Metadata-Version: 2.1\n", b"", "Metadata-Version is not given"),
        (b"Requires-Python", b"Requires-Dist: foo >= dog\nX", "Requires-Dist is no requirement"),
    ],
)
def test_metadata_that_installers_cannot_read_are_refused(
    tmp_path: Path, old: bytes, new: bytes, reason: str
) -> None:
    members = wheel_members()
    metadata = f"{DIST_INFO}/METADATA"
    assert old in members[metadata]
    members[metadata] = members[metadata].replace(old, new, 1)
    with pytest.raises(InvalidUpload, match=reason):
        inspected(tmp_path, rerecorded(members))


def test_a_minor_version_of_metadata_that_comes_later_is_taken(tmp_path: Path) -> None:
    members = wheel_members()
    metadata = f"{DIST_INFO}/METADATA"
    members[metadata] = members[metadata].replace(b"2.1", b"2.9", 1)
    assert inspected(tmp_path, rerecorded(members)).version == "1.0"


TREE = "1.0+t0123456789abcdef"
ON_LINUX = [
    {"Film.py": b"", "film.py": b""},
    {"Film/__init__.py": b"", "film/__init__.py": b""},
    {"film/aux.py": b"", "film/50%: a?.txt": b""},
    {f"demo-{TREE}.data/purelib/Film.py": b"", "film.py": b""},
]


@pytest.mark.parametrize("files", ON_LINUX)
def test_a_working_tree_may_have_what_linux_has(tmp_path: Path, files: dict[str, bytes]) -> None:
    wheel = make_wheel(tmp_path, version=TREE, files=files)
    assert inspect_file(wheel, wheel.name, {}).version == TREE


@pytest.mark.parametrize("files", ON_LINUX[:3])
def test_a_release_is_for_every_platform(tmp_path: Path, files: dict[str, bytes]) -> None:
    wheel = make_wheel(tmp_path, files=files)
    with pytest.raises(InvalidUpload, match=r"differ in case only|Windows|may not hold"):
        inspect_file(wheel, wheel.name, {})


def test_a_release_with_case_twins_gets_a_hint(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, files=ON_LINUX[0])
    with pytest.raises(InvalidUpload) as caught:
        inspect_file(wheel, wheel.name, {})
    assert "rename one of them" in str(caught.value.hint)


def test_no_tree_has_a_backslash(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, version=TREE, files={"film\\x.py": b""})
    with pytest.raises(InvalidUpload, match="may not hold"):
        inspect_file(wheel, wheel.name, {})
