from __future__ import annotations

import tomllib
from typing import NamedTuple

import pytest
from packaging.pylock import Package, Pylock, PylockValidationError

from park.model.pylock import dumps, lock_of, wheel_package

MARKERS = {
    "implementation_name": "cpython",
    "platform_machine": "x86_64",
    "python_version": "3.12",
    "sys_platform": "linux",
    "os_name": "posix",
}
LINUX = (
    'implementation_name == "cpython" and platform_machine == "x86_64"'
    ' and python_version == "3.12" and sys_platform == "linux"'
)


class FilmWheel(NamedTuple):
    filename: str
    sha256: str
    size: int


def film(**place: str) -> Package:
    wheel = FilmWheel(filename="film-1.0-py3-none-any.whl", sha256="a" * 64, size=3)
    return wheel_package("Film", "1.0", wheel, **place)


def test_a_lock_says_what_it_is_for_and_has_each_wheel_by_its_digest() -> None:
    lock = lock_of([film(path="wheels/film.whl")], python="3.12", markers=MARKERS)
    document = tomllib.loads(dumps(lock))
    assert document == {
        "lock-version": "1.0",
        "created-by": "park",
        "environments": [LINUX],
        "requires-python": "==3.12.*",
        "packages": [
            {
                "name": "film",
                "version": "1.0",
                "wheels": [
                    {
                        "name": "film-1.0-py3-none-any.whl",
                        "path": "wheels/film.whl",
                        "size": 3,
                        "hashes": {"sha256": "a" * 64},
                    }
                ],
            }
        ],
    }
    assert Pylock.from_dict(document) == lock


def test_a_wheel_may_be_at_a_url() -> None:
    (wheel,) = film(url="https://files.example/film.whl").wheels or ()
    assert (wheel.url, wheel.path) == ("https://files.example/film.whl", None)


def test_a_wheel_that_is_nowhere_is_no_lock() -> None:
    lock = lock_of([film()], python="3.12", markers=MARKERS)
    with pytest.raises(PylockValidationError, match="path or url"):
        dumps(lock)
