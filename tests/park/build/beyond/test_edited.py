"""Files of installed releases that were changed after they were installed."""

from __future__ import annotations

import base64
import hashlib
import os
from typing import TYPE_CHECKING

import pytest
from packaging.utils import canonicalize_name
from support.material.projects import install_distribution

from park.build.beyond import edited as module
from park.build.beyond.edited import edited_files
from park.build.cache import Cache

if TYPE_CHECKING:
    from pathlib import Path

NAME = canonicalize_name("edited-demo")
TEXT = "VALUE = 1\n"


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(root=tmp_path / "cache")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install a release of one module, whose RECORD has digests; return its file."""
    site = tmp_path / "site"
    install_distribution(site, NAME, "1", files={"edited_demo.py": TEXT})
    digest = base64.urlsafe_b64encode(hashlib.sha256(TEXT.encode()).digest()).rstrip(b"=").decode()
    record = site / "edited_demo-1.dist-info" / "RECORD"
    lines = [
        f"edited_demo.py,sha256={digest},{len(TEXT)}",
        "../../bin/edited,sha256=AAAA,1",
        "edited_demo-1.dist-info/INSTALLER,sha256=AAAA,1",
        "__pycache__/edited_demo.pyc,,",
        "edited_demo-1.dist-info/RECORD,,",
    ]
    record.write_text("\n".join(lines))
    os.utime(record, (2_000_000_000, 2_000_000_000))
    os.utime(site / "edited_demo.py", (1_900_000_000, 1_900_000_000))
    monkeypatch.syspath_prepend(str(site))
    return site / "edited_demo.py"


def test_what_is_as_record_says_is_not_read(
    file: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert file.exists()
    monkeypatch.setattr(module, "file_sha256", lambda _: pytest.fail("it was read"))
    assert edited_files(NAME, cache=cache) == ()


def test_a_path_with_a_comma_is_quoted_in_record(file: Path, cache: Cache) -> None:
    record = file.with_name("edited_demo-1.dist-info") / "RECORD"
    odd = file.with_name('a,"b".py')
    record.write_text(record.read_text().replace("edited_demo.py,", '"a,""b"".py",', 1))
    file.rename(odd)
    os.utime(record, (2_000_000_000, 2_000_000_000))
    assert edited_files(NAME, cache=cache) == ()
    odd.write_text("")
    assert edited_files(NAME, cache=cache) == ('a,"b".py',)


def test_another_size_is_an_edit_whatever_its_time(file: Path, cache: Cache) -> None:
    file.write_text(TEXT + "MORE = 2\n")
    os.utime(file, (1_900_000_000, 1_900_000_000))
    assert edited_files(NAME, cache=cache) == ("edited_demo.py",)


def test_the_same_size_and_a_later_time_is_an_edit_where_the_bytes_differ(
    file: Path, cache: Cache
) -> None:
    file.write_text(TEXT.replace("1", "2"))
    os.utime(file, (2_100_000_000, 2_100_000_000))
    assert edited_files(NAME, cache=cache) == ("edited_demo.py",)
    assert edited_files(NAME, cache=cache) == ("edited_demo.py",)


def test_a_file_that_was_only_touched_is_read_once(
    file: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.utime(file, (2_100_000_000, 2_100_000_000))
    assert edited_files(NAME, cache=cache) == ()
    monkeypatch.setattr(module, "file_sha256", lambda _: pytest.fail("it was read again"))
    assert edited_files(NAME, cache=cache) == ()


def test_a_file_that_is_gone_is_an_edit_and_what_is_not_installed_has_none(
    file: Path, cache: Cache
) -> None:
    file.unlink()
    assert edited_files(NAME, cache=cache) == ("edited_demo.py",)
    assert edited_files(canonicalize_name("never-installed"), cache=cache) == ()
