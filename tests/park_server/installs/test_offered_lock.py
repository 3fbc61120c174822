"""`park_server.installs.offered_lock`: a lock is taken to the letter, or refused and why."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import tomlkit
from support.labs.environment_lab import own_interpreter
from support.material.open_doors import without_limit
from support.material.wheels import make_wheel
from support.neighbours.index_server import opened_index

from park.digests import file_sha256
from park.errors import CannotSatisfy, NoInterpreter, ParkError, ResolutionFailed, UsageError
from park_repo.index import Upload
from park_server.installs.offered_lock import OfferedLock, OfferedLocks

if TYPE_CHECKING:
    from pathlib import Path

    from park_repo.index import Index

INTERPRETER = own_interpreter()
PYTHON = INTERPRETER.target.python
FILENAME = "demo-1.0-py3-none-any.whl"
OTHER = "b" * 64
WHEEL = {"name": FILENAME, "url": f"https://elsewhere.example.org/{FILENAME}"}
SOURCE = {"url": "https://x.example.org/demo-1.0.tar.gz", "hashes": {"sha256": OTHER}}
VCS = {"type": "git", "url": "https://x.example.org/demo.git", "commit-id": "0" * 40}


async def publish(index: Index, path: Path) -> None:
    with index.incoming() as content:
        content.write(path.read_bytes())  # noqa: ASYNC240 (a test is alone in its loop)
        await index.publish(
            Upload(content=content, filename=path.name, user="root", permit=without_limit)
        )


class Bench:
    """An index with one wheel, and locks that name it."""

    def __init__(self, index: Index, sha256: str) -> None:
        self.sha256 = sha256
        self._locks = OfferedLocks(index, {PYTHON: INTERPRETER})

    def package(self, **changes: Any) -> dict[str, Any]:
        wheels = [{**WHEEL, "hashes": {"sha256": self.sha256}}]
        return {"name": "demo", "version": "1.0", "wheels": wheels} | changes

    async def read(
        self, *packages: dict[str, Any], python: str = PYTHON, **more: Any
    ) -> OfferedLock:
        head = {"lock-version": "1.0", "created-by": "tests"}
        lock = head | {key.replace("_", "-"): value for key, value in more.items()}
        text = tomlkit.dumps(lock | {"packages": list(packages)})
        return await self._locks.read(text, python=python, user="root")


def with_bench(folder: Path, work: Any) -> Any:
    wheel = make_wheel(folder / "wheels")

    async def run() -> Any:
        with opened_index(folder / "index") as index:
            await publish(index, wheel)
            return await work(Bench(index, file_sha256(wheel)))

    return asyncio.run(run())


def refusal(folder: Path, work: Any) -> ParkError:
    async def refused(bench: Bench) -> ParkError:
        with pytest.raises(ParkError) as caught:
            await work(bench)
        return caught.value

    error: ParkError = with_bench(folder, refused)
    assert error.hint
    return error


def test_a_lock_selects_what_its_markers_say_here(tmp_path: Path) -> None:
    async def work(bench: Bench) -> OfferedLock:
        elsewhere = bench.package(
            name="windows-only",
            wheels=[{"url": "x/windows_only-1.0-cp26-none-win32.whl", "hashes": {"sha256": OTHER}}],
        )
        return await bench.read(
            bench.package(marker="'fast' not in extras and 'dev' in dependency_groups"),
            elsewhere | {"marker": "sys_platform == 'win32'"},
            bench.package(name="wanted-by-an-extra", wheels=[])
            | {"marker": "'fast' in extras", "vcs": VCS},
            extras=["fast"],
            dependency_groups=["dev"],
            default_groups=["dev"],
            requires_python=f"=={PYTHON}.*",
            environments=["sys_platform == 'win32'", f"python_version == '{PYTHON}'"],
        )

    lock = with_bench(tmp_path, work)

    (wheel,) = lock.selection.wheels
    assert (wheel.filename, wheel.url) == (FILENAME, None), "its own URLs are never opened"
    assert [str(pin) for pin in lock.pins] == ["demo==1.0"]


def test_a_wrong_digest_is_told_with_the_right_one(tmp_path: Path) -> None:
    error = refusal(
        tmp_path,
        lambda bench: bench.read(bench.package(wheels=[{**WHEEL, "hashes": {"sha256": OTHER}}])),
    )
    assert isinstance(error, CannotSatisfy)
    assert f"{FILENAME}: expected sha256 {OTHER}, the index has one with sha256" in error.message


def test_a_wrong_size_beside_the_right_digest_is_told_and_the_right_one_is_taken(
    tmp_path: Path,
) -> None:
    def sized(bench: Bench, size: int) -> Any:
        wheel = {**WHEEL, "hashes": {"sha256": bench.sha256}, "size": size}
        return bench.read(bench.package(wheels=[wheel]))

    error = refusal(tmp_path / "wrong", lambda bench: sized(bench, 5))
    assert isinstance(error, CannotSatisfy)
    assert f"{FILENAME}: expected 5 bytes, it has " in error.message
    size = int(error.message.rpartition("it has ")[2].replace(",", ""))
    (wheel,) = with_bench(tmp_path, lambda bench: sized(bench, size)).selection.wheels
    assert wheel.filename == FILENAME


def test_a_wheel_that_the_index_does_not_have_is_told(tmp_path: Path) -> None:
    wheel = {"url": "https://x.example.org/demo-1.0-2-py3-none-any.whl"}
    error = refusal(
        tmp_path,
        lambda bench: bench.read(bench.package(wheels=[{**wheel, "hashes": {"sha256": OTHER}}])),
    )
    assert isinstance(error, CannotSatisfy)
    assert "the index has no such file" in error.message


WRONG: dict[str, tuple[type[ParkError], str, dict[str, Any], dict[str, Any]]] = {
    "major version": (UsageError, "pylock version 2.0 is not", {}, {"lock_version": "2.0"}),
    "no version": (UsageError, "lock-version", {}, {"lock_version": "one"}),
    "other Python": (ResolutionFailed, "requirement '<3'", {}, {"requires_python": "<3"}),
    "other platform": (
        ResolutionFailed,
        "does not satisfy any of the environments",
        {},
        {"environments": ["sys_platform == 'plan9'"]},
    ),
    "package for another Python": (ResolutionFailed, "'<3'", {"requires-python": "<3"}, {}),
    "bad marker": (UsageError, "marker", {"marker": "no marker"}, {}),
    "name not normalised": (UsageError, "not normalized", {"name": "De.Mo"}, {}),
    "other name in file": (UsageError, "not consistent", {"name": "other"}, {}),
    "other version in file": (UsageError, "not consistent", {"version": "2"}, {}),
    "no hashes": (UsageError, "hash", {"wheels": [{**WHEEL, "hashes": {}}]}, {}),
    "weak hash": (
        ResolutionFailed,
        "no SHA-256",
        {"wheels": [{**WHEEL, "hashes": {"md5": "0"}}]},
        {},
    ),
    "no digest": (
        ResolutionFailed,
        "64 hex digits",
        {"wheels": [{**WHEEL, "hashes": {"sha256": "../../etc"}}]},
        {},
    ),
    "source": (ResolutionFailed, "only source", {"wheels": [], "sdist": SOURCE}, {}),
    "repository": (ResolutionFailed, "demo from a repository", {"wheels": [], "vcs": VCS}, {}),
    "folder": (
        ResolutionFailed,
        "demo from a folder",
        {"wheels": [], "directory": {"path": "."}},
        {},
    ),
    "two sources": (UsageError, "must be set if sdist or wheels", {"vcs": VCS}, {}),
    "archive of another project": (
        ResolutionFailed,
        "other-1.0-py3-none-any.whl under demo",
        {
            "wheels": [],
            "archive": {"url": "other-1.0-py3-none-any.whl", "hashes": {"sha256": OTHER}},
        },
        {},
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_an_invalid_lock_is_refused(tmp_path: Path, what: str) -> None:
    kind, reason, package, lock = WRONG[what]
    error = refusal(tmp_path, lambda bench: bench.read(bench.package(**package), **lock))
    assert type(error) is kind
    assert reason in error.message


def test_two_packages_of_one_name_are_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path, lambda bench: bench.read(bench.package(), bench.package()))
    assert "Multiple packages with the name 'demo'" in error.message


def test_a_lock_for_an_interpreter_that_is_not_here(tmp_path: Path) -> None:
    error = refusal(tmp_path, lambda bench: bench.read(bench.package(), python="3.2"))
    assert isinstance(error, NoInterpreter)


@pytest.mark.parametrize("text", ["a = [", "[" * 5000, "a = " + "[" * 5000])
def test_what_is_no_toml_is_refused(tmp_path: Path, text: str) -> None:
    error = refusal(tmp_path, lambda bench: bench._locks.read(text, python=PYTHON, user="root"))
    assert error.message.startswith("not a lock (PEP 751)")
