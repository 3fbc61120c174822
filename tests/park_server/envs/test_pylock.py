"""`park_server.envs.pylock`: a resolver's document becomes ours, and selects."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from packaging.pylock import Pylock
from support.labs.environment_lab import own_interpreter

from park.errors import ResolutionFailed, UsageError
from park_server.envs.pylock import dump, load, normalise, select

DIGEST = "a" * 64
INTERPRETER = own_interpreter()


def _wheel(filename: str, **more: Any) -> dict[str, Any]:
    url = f"https://user:secret@files.example.org/x/{filename}"
    return {"url": url, "size": 10, "hashes": {"sha256": DIGEST}, **more}


def _lock(*packages: dict[str, Any]) -> Pylock:
    return Pylock.from_dict(
        {"lock-version": "1.0", "created-by": "tests", "packages": list(packages)}
    )


DEMO = {"name": "demo", "version": "1.0", "wheels": [_wheel("demo-1.0-py3-none-any.whl")]}


def test_one_wheel_is_kept_for_each_package() -> None:
    wheels = [_wheel("demo-1.0-cp26-cp26m-win32.whl"), *DEMO["wheels"]]
    ours = normalise(_lock({**DEMO, "wheels": wheels}), INTERPRETER)

    (package,) = ours.packages
    assert [wheel.filename for wheel in package.wheels or ()] == ["demo-1.0-py3-none-any.whl"]
    assert package.sdist is None


def test_credentials_do_not_get_into_the_lock() -> None:
    ours = normalise(_lock(DEMO), INTERPRETER)

    assert b"secret" not in dump(ours)
    assert b"https://files.example.org/x/demo-1.0-py3-none-any.whl" in dump(ours)


def test_files_of_the_service_have_a_relative_path_and_no_host() -> None:
    wheel = _wheel("demo-1.0-py3-none-any.whl")
    wheel["url"] = "http://127.0.0.1:8123/files/demo-1.0-py3-none-any.whl"
    lock = _lock({**DEMO, "wheels": [wheel]})

    ours = normalise(lock, INTERPRETER, service_url="http://token@127.0.0.1:8123/simple/")

    assert b"127.0.0.1" not in dump(ours)
    assert b'path = "wheels/demo-1.0-py3-none-any.whl"' in dump(ours)
    assert [wheel.url for wheel in select(ours, INTERPRETER).wheels] == [None]


@pytest.mark.parametrize("place", ["path", "url"])
def test_the_wheel_of_a_tree_stands_as_an_archive_and_becomes_a_wheel(place: str) -> None:
    where = "/home/x/demo-1.0%2Bt0-py3-none-any.whl"
    archive = {place: where if place == "path" else f"file://{where}"}
    lock = _lock({"name": "demo", "archive": {**archive, "hashes": {"sha256": DIGEST}}})

    (wheel,) = select(normalise(lock, INTERPRETER), INTERPRETER).wheels

    assert (wheel.filename, wheel.version) == ("demo-1.0+t0-py3-none-any.whl", "1.0+t0")
    assert (wheel.url, wheel.sha256) == (None, DIGEST)


def test_the_lock_hash_is_that_of_the_selection_whatever_wrote_the_file() -> None:
    theirs = _lock(DEMO)
    ours = load(dump(normalise(theirs, INTERPRETER)))

    assert ours != theirs
    assert select(ours, INTERPRETER).hash == select(theirs, INTERPRETER).hash


def test_the_lock_says_for_which_python_and_platform_it_is() -> None:
    ours = normalise(_lock(DEMO), INTERPRETER)
    other = replace(
        INTERPRETER,
        version="3.99.0",
        markers={**INTERPRETER.markers, "python_full_version": "3.99.0", "python_version": "3.99"},
    )

    with pytest.raises(ResolutionFailed, match=r"does not fit Python 3\.99\.0"):
        select(ours, other)


def test_without_a_fitting_wheel_the_platforms_are_named() -> None:
    lock = _lock({**DEMO, "wheels": [_wheel("demo-1.0-cp312-cp312-win_amd64.whl")]})

    with pytest.raises(
        ResolutionFailed, match=r"demo 1\.0 has no wheel .* it has cp312 on win_amd64"
    ):
        normalise(lock, INTERPRETER)


def test_a_package_with_source_alone_is_refused() -> None:
    sdist = {"url": "https://files.example.org/demo-1.0.tar.gz", "hashes": {"sha256": DIGEST}}

    with pytest.raises(ResolutionFailed, match=r"demo 1\.0 has no wheel .* it has only source"):
        normalise(_lock({"name": "demo", "version": "1.0", "sdist": sdist}), INTERPRETER)


def test_a_wheel_without_sha256_is_refused() -> None:
    wheel = _wheel("demo-1.0-py3-none-any.whl", hashes={"md5": "0"})

    with pytest.raises(ResolutionFailed, match=r"no SHA-256 for demo-1\.0-py3-none-any\.whl"):
        normalise(_lock({**DEMO, "wheels": [wheel]}), INTERPRETER)


@pytest.mark.parametrize("document", [b"\xff", b"a = [", b"lock-version = 1"])
def test_what_is_no_lock_is_refused(document: bytes) -> None:
    with pytest.raises(UsageError, match="not a lock"):
        load(document)


@pytest.mark.parametrize(
    "line",
    ["[tool]\nx = " + "9" * 5000, f'requires-python = ">={"9" * 5000}"', "[tool]\nx = 2026-99-99"],
)
def test_what_python_does_not_read_is_no_lock_either(line: str) -> None:
    text = f'lock-version = "1.0"\ncreated-by = "tests"\npackages = []\n{line}\n'
    with pytest.raises(UsageError, match="not a lock"):
        select(load(text.encode()), INTERPRETER)


@pytest.mark.parametrize("marker", ["extras == 'x'", "extra == 'x'"])
def test_a_marker_without_a_meaning_is_told(marker: str) -> None:
    with pytest.raises(UsageError, match="not a lock"):
        select(_lock({**DEMO, "marker": marker}), INTERPRETER)


@pytest.mark.parametrize("size", [-1, 1 << 63])
def test_a_size_that_no_file_has_is_told(size: int) -> None:
    wheel = _wheel("demo-1.0-py3-none-any.whl", size=size)
    with pytest.raises(UsageError, match=f"has a size of {size} bytes"):
        select(_lock({**DEMO, "wheels": [wheel]}), INTERPRETER)


@pytest.mark.parametrize(
    ("time", "is_taken"),
    [
        ("2026-11-28T10:00:00Z", True),
        ("2026-11-28T10:00:00.5+00:00", True),
        ("2026-11-28T12:00:00+02:00", False),
        ("2026-11-28T10:00:00", False),
    ],
)
@pytest.mark.parametrize("place", ["wheels", "sdist", "archive"])
def test_a_time_that_is_not_in_utc_is_told(time: str, place: str, *, is_taken: bool) -> None:
    file = (
        f'url = "https://x/demo-1.0.tar.gz", upload-time = {time}, hashes = {{sha256 = "{DIGEST}"}}'
    )
    if place == "wheels":
        file = file.replace("demo-1.0.tar.gz", "demo-1.0-py3-none-any.whl")
    entry = f"[{{{file}}}]" if place == "wheels" else f"{{{file}}}"
    text = f"""lock-version = "1.0"
created-by = "tests"
[[packages]]
name = "demo"
version = "1.0"
{place} = {entry}
"""
    if is_taken:
        assert len(load(text.encode()).packages) == 1
        return
    with pytest.raises(UsageError, match=r"upload-time of demo is .*; expected a time in UTC"):
        load(text.encode())
