"""`park.client.installs.bundle`: one file, whole, read back, refused when it is none."""

from __future__ import annotations

import json
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.pylock import Pylock
from packaging.utils import NormalizedName
from support.material.wheels import make_wheel

from park.build.local_set import LocalSet
from park.client.installs.bundle import Bundle, is_bundle, read_bundle, write_bundle
from park.errors import UsageError
from park.local.project import LocalProject, ProjectKind
from park.model.pins import RequirementSet, parse_pin


@pytest.fixture
def wheels(tmp_path: Path) -> list[Path]:
    return [make_wheel(tmp_path / "built", name) for name in ("demo", "other")]


@pytest.fixture
def bundle(tmp_path: Path, wheels: list[Path]) -> Bundle:
    pins = [parse_pin(name, "1.0") for name in ("demo", "other")]
    project = LocalProject(
        name=NormalizedName("demo"),
        version="1.0",
        kind=ProjectKind.WHEEL,
        requires=(),
        extras=(),
        root=wheels[0],
        origin="a test",
        module="demo",
    )
    local = LocalSet(
        project=project,
        version="1.0",
        requirements=RequirementSet.of("3.11", pins),
        sources=(),
        module="demo",
    )
    return write_bundle(local, dict(zip(pins, wheels, strict=True)), tmp_path / "demo.zip")


def test_what_is_written_is_read(bundle: Bundle) -> None:
    assert is_bundle(bundle.path)
    assert read_bundle(bundle.path) == bundle
    assert (bundle.project, bundle.version, bundle.python) == ("demo", "1.0", "3.11")
    assert [(pin.name, pin.version) for pin in bundle.pins] == [("demo", "1.0"), ("other", "1.0")]


def test_its_lock_has_relative_paths_digests_and_sizes(bundle: Bundle, wheels: list[Path]) -> None:
    lock = Pylock.from_dict(tomllib.loads(bundle.lock))
    for package, path in zip(lock.packages, wheels, strict=True):
        (wheel,) = package.wheels or ()
        assert (wheel.path, wheel.url) == (f"wheels/{path.name}", None)
        assert wheel.size == path.stat().st_size
        assert set(wheel.hashes) == {"sha256"}


def test_its_wheels_are_the_bytes_that_were_built(
    bundle: Bundle, wheels: list[Path], tmp_path: Path
) -> None:
    for described, path in zip(bundle.wheels, wheels, strict=True):
        assert bundle.extract(described, tmp_path).read_bytes() == path.read_bytes()


def test_a_wheel_with_other_bytes_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    copy = tmp_path / "copy.zip"
    with zipfile.ZipFile(bundle.path) as source, zipfile.ZipFile(copy, "w") as target:
        for name in source.namelist():
            target.writestr(name, b"" if name.startswith("wheels/") else source.read(name))

    with pytest.raises(UsageError, match="expected SHA-256") as caught:
        read_bundle(copy).extract(bundle.wheels[0], tmp_path)
    assert caught.value.hint == "the bundle was damaged on its way: copy it again"


def test_other_files_are_no_bundles(tmp_path: Path, wheels: list[Path]) -> None:
    text = tmp_path / "text.zip"
    text.write_text("no archive")

    assert not is_bundle(text)
    assert not is_bundle(wheels[0])
    assert not is_bundle(tmp_path / "absent.zip")
    for path in (text, wheels[0], tmp_path / "absent.zip"):
        with pytest.raises(UsageError, match="is not a bundle"):
            read_bundle(path)


@pytest.mark.parametrize("about", [{}, {"format": 2}, {"format": 1}])
def test_a_bundle_of_another_form_is_refused(tmp_path: Path, about: dict[str, int]) -> None:
    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("park-bundle.json", json.dumps(about))
        archive.writestr("pylock.toml", "")

    with pytest.raises(UsageError, match="is not a bundle"):
        read_bundle(path)


def test_nothing_unfinished_is_left(bundle: Bundle) -> None:
    assert [path.name for path in bundle.path.parent.glob("*demo.zip*")] == ["demo.zip"]


def test_a_lock_of_other_wheels_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    changed = tmp_path / "changed.zip"
    with zipfile.ZipFile(bundle.path) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "pylock.toml":
                content = content.replace(bundle.wheels[0].sha256.encode(), b"0" * 64)
            new.writestr(name, content)
    with pytest.raises(UsageError, match=r"pylock\.toml and park-bundle\.json name different"):
        read_bundle(changed)
