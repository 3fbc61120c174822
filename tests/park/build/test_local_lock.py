"""A lock of what is installed here: releases from an index, the rest by where it is."""

from __future__ import annotations

import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from packaging.utils import canonicalize_name

from park.build import local_lock
from park.build.local_lock import locked
from park.local.python_minor import python_minor
from park.model.pins import RequirementSet, parse_pin

LOCAL, RELEASE = parse_pin("my-model", "1.0+t1"), parse_pin("abc", "2.0")
WHEEL = SimpleNamespace(
    filename="my_model-1.0+t1-py3-none-any.whl",
    path=Path("/cache/my_model-1.0+t1-py3-none-any.whl"),
    sha256="ab" * 32,
    size=3,
)
SAID = f"""
lock-version = "1.0"
created-by = "pip"
[[packages]]
name = "abc"
version = "2.0"
[[packages.wheels]]
name = "abc-2.0-py3-none-any.whl"
url = "https://index.example/abc-2.0-py3-none-any.whl"
hashes = {{ sha256 = "{"cd" * 32}" }}
"""


def lock(*pins: Any, beside: bool) -> list[Any]:
    requirements = RequirementSet(python=python_minor(), pins=tuple(pins))
    wheels = {LOCAL: cast("Any", WHEEL)}
    found: list[Any] = tomllib.loads(locked(requirements, wheels, beside=beside))["packages"]
    return found


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    found: list[Any] = []

    def pip_on(pins: Any, *command: str, failure: str) -> str:
        assert failure
        found.append((list(pins), command))
        return SAID

    monkeypatch.setattr(local_lock, "pip_on", pip_on)
    return found


@pytest.mark.parametrize("beside", [True, False])
def test_each_package_says_where_its_wheel_is(asked: list[Any], *, beside: bool) -> None:
    packages = lock(LOCAL, RELEASE, beside=beside)
    assert [canonicalize_name(each["name"]) for each in packages] == ["abc", "my-model"]
    assert asked == [([RELEASE], ("lock", "-o", "-"))]
    release, local = (each["wheels"][0] for each in packages)
    assert release["url"].startswith("https://index.example/")
    assert local["path"] == (f"wheels/{WHEEL.filename}" if beside else str(WHEEL.path))
    assert local["hashes"]["sha256"] == WHEEL.sha256


def test_where_all_is_from_here_no_index_is_asked(asked: list[Any]) -> None:
    assert len(lock(LOCAL, beside=True)) == 1
    assert asked == []
