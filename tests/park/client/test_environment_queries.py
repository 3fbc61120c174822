"""`park.client.environment_queries`: two sets of packages, whatever they come from."""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

import pytest
from packaging.utils import NormalizedName
from support.stand_ins.job_service import JobService

from park.client.environment_queries import Contents, RemoteEnvironments, compared, contents_of
from park.errors import LocalSetError, UsageError
from park.wire import EnvironmentDetail, EnvironmentSummary, PinRecord

NO_SERVICE = cast("RemoteEnvironments", None)  # these are never asked of one

MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"

LOCK = f"""
lock-version = "1.0"
requires-python = "=={MINOR}.*"
created-by = "a test"
[[packages]]
name = "six"
version = "1.17.0"
[[packages.wheels]]
name = "six-1.17.0-py2.py3-none-any.whl"
path = "wheels/six-1.17.0-py2.py3-none-any.whl"
hashes = {{ sha256 = "{"0" * 64}" }}
"""


def contents(python: str, **versions: str) -> Contents:
    return Contents(
        label="a test",
        python=python,
        versions={NormalizedName(name): version for name, version in versions.items()},
    )


def test_equal_sets_have_no_difference() -> None:
    assert contents("3.11", six="1").differences(contents("3.11", six="1")) == ()


def test_differences_are_python_first_then_by_name() -> None:
    a, b = (
        contents("3.11", six="1", attrs="2", idna="3"),
        contents("3.12", six="2", idna="3", z="1"),
    )

    assert a.differences(b) == (
        ("python", "3.11", "3.12"),
        ("attrs", "2", None),
        ("six", "1", "2"),
        ("z", None, "1"),
    )


def test_a_lock_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "pylock.toml"
    file.write_text(LOCK)

    found = contents_of(str(file), NO_SERVICE)

    assert (found.python, found.versions) == (MINOR, {"six": "1.17.0"})


def test_packages_of_a_lock_need_no_version(tmp_path: Path) -> None:
    file = tmp_path / "pylock.toml"
    digest = f'hashes = {{ sha256 = "{"0" * 64}" }}'
    file.write_text(
        f"""{LOCK}
[[packages]]
name = "direct"
archive = {{ url = "https://x.example.org/direct-2.0%2Bcpu-py3-none-any.whl", {digest} }}
[[packages]]
name = "folder"
directory = {{ path = "." }}
"""
    )

    found = contents_of(str(file), NO_SERVICE)

    assert found.versions == {"six": "1.17.0", "direct": "2.0+cpu", "folder": "dynamic"}


def test_a_file_that_is_no_lock_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "pylock.toml"
    file.write_text("[tool]\n")

    with pytest.raises(UsageError, match=r"is not a lock \(PEP 751\)"):
        contents_of(str(file), NO_SERVICE)


def test_a_lock_for_another_python_selects_nothing(tmp_path: Path) -> None:
    file = tmp_path / "pylock.toml"
    file.write_text(LOCK.replace(MINOR, "3.9"))

    with pytest.raises(UsageError, match="selects nothing for this interpreter"):
        contents_of(str(file), NO_SERVICE)


def test_too_few_digits_of_a_lock_hash_are_told_from_a_module() -> None:
    with pytest.raises(UsageError, match="too short for a lock hash") as refused:
        contents_of("3fa9", NO_SERVICE)

    assert "6 digits or more" in str(refused.value.hint)
    with pytest.raises(LocalSetError):
        contents_of("no_such_module", NO_SERVICE)


def test_local_is_the_whole_interpreter() -> None:
    found = contents_of("local", NO_SERVICE)

    assert found.python == MINOR
    assert {"pytest", "packaging", "park-dist"} <= found.versions.keys()


class OneEnvironment:
    """Stands for a service with the environment of ``project``, which has six 1.16.0."""

    def __init__(self, project: str) -> None:
        self._project = project

    def show(self, name: str) -> EnvironmentDetail:
        names = [field.name for field in fields(EnvironmentSummary)]
        known: dict[str, Any] = {
            "lock_hash": name,
            "python": MINOR,
            "projects": [f"{self._project}==1.0"],
        }
        summary = EnvironmentSummary(**{**dict.fromkeys(names), **known})
        pins = [PinRecord(name="six", version="1.16.0")]
        detail: dict[str, Any] = {field.name: None for field in fields(EnvironmentDetail)}
        return EnvironmentDetail(**{**detail, "environment": summary, "packages": pins})


def test_local_is_the_same_project_here_where_it_is_installed() -> None:
    service = cast("RemoteEnvironments", OneEnvironment("rich"))
    there, here = compared("abcdef", "local", service)
    assert here.label == "rich here, with all that it requires"
    assert {"rich", "pygments"} <= set(here.versions)
    assert "pytest" not in here.versions
    assert compared("local", "abcdef", service) == (here, there)


def test_local_is_the_whole_interpreter_where_the_project_is_not_installed() -> None:
    service = cast("RemoteEnvironments", OneEnvironment("no-such-project"))
    assert "pytest" in compared("abcdef", "local", service)[1].versions


def test_one_version_of_thousands_is_asked_for_by_itself() -> None:
    one, lock, version = JobService(), "ab" * 32, {"project": "demo", "version": "1.4"}
    facts = {"lock_hash": lock, "status": "ready", "python": MINOR, "packages": 1, "size_bytes": 1}
    facts |= {"own_bytes": 1, "created": "", "last_used": None}
    record = {**facts, **version, "set_hash": "", "installed_by": "ada", "pins": []}
    summary = {**facts, "realised": "", "projects": [], "installed_by": [], "pinned_by": []}
    one.answers["/api/v1/versions"] = [record]
    one.answers[f"/api/v1/environments/{lock}"] = {"environment": summary, "packages": []}
    found = RemoteEnvironments(one.service.transport).of_version("demo", "v1.4")
    assert found.environment.lock_hash == lock
    assert one.asked[0] == ("GET", "/api/v1/versions", {**version, "newest": 1})
