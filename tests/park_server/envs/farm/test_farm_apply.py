"""What a plan says is made of links: short ones, relative ones, and scripts of its own."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from park.runtime.view import ANCHORS
from park_server.envs.farm.farm_apply import Anchors, apply_plan, layer_of, listing_for
from park_server.envs.farm.farm_plan import FarmPlan, Generated, Link


@pytest.fixture
def store(tmp_path: Path) -> Path:
    entry = tmp_path / "store" / "m-1"
    (entry / "site" / "m").mkdir(parents=True)
    (entry / "site" / "m" / "__init__.py").write_text("X = 1\n")
    (entry / "site" / "m-1.dist-info").mkdir()
    (entry / "site" / "m-1.dist-info" / "METADATA").write_text("Name: m\n")
    return tmp_path / "store"


def test_a_wheel_brings_its_schemes_where_installers_put_them() -> None:
    script = SimpleNamespace(name="say")
    entry = SimpleNamespace(
        name="m", filename="m-1-py3-none-any.whl", path=Path("/store/m-1"),
        schemes=("site", "scripts", "data", "headers"), scripts=(script,),
        shebang_scripts=("run", "say"),
    )  # fmt: skip
    layer = layer_of(cast("Any", entry), site_packages="lib/python3.11/site-packages")
    assert layer.mounts == (
        ("lib/python3.11/site-packages", "/store/m-1/site"),
        ("bin", "/store/m-1/scripts"),
        ("", "/store/m-1/data"),
        ("include/site/python3.11/m", "/store/m-1/headers"),
    )
    assert layer.generated == ("bin/say", "bin/run")  # each once


@pytest.mark.parametrize("hard_links", [True, False])
def test_a_plan_is_made_of_links_that_hold_where_it_will_be(
    store: Path, tmp_path: Path, *, hard_links: bool
) -> None:
    building, final = tmp_path / "building", tmp_path / "final"
    (building / "lib").mkdir(parents=True)
    site = str(store / "m-1" / "site")
    plan = FarmPlan(
        directories=("lib", "lib/m-1.dist-info", "bin"),
        links=(
            Link(path="lib/one.py", source=f"{site}/m/__init__.py", owner="m"),
            Link(
                path="lib/m-1.dist-info/METADATA",
                source=f"{site}/m-1.dist-info/METADATA",
                owner="m",
            ),
        ),
        generated=(Generated(path="bin/say", owner="m"),),
        conflicts=(),
    )
    anchors = Anchors(str(store))
    apply_plan(
        plan,
        building,
        anchors=anchors,
        existing=["lib"],
        content=lambda owner, path: f"{owner}: {path}".encode(),
        hard_links=hard_links,
    )
    anchors.make(building, final)
    building.rename(final)
    one, metadata = final / "lib" / "one.py", final / "lib" / "m-1.dist-info" / "METADATA"
    assert (one.read_text(), metadata.read_text()) == ("X = 1\n", "Name: m\n")
    assert one.is_symlink() is metadata.is_symlink() is not hard_links
    if not hard_links:
        assert str(metadata.readlink()) == f"../../{ANCHORS}/0/site/m-1.dist-info/METADATA"
        assert str(one.readlink()) == f"../{ANCHORS}/0/site/m/__init__.py"
    assert (final / "bin").stat().st_mode & 0o055 == 0o055  # every job reads it
    script = final / "bin" / "say"
    assert script.read_text() == "m: bin/say"
    assert script.stat().st_mode & 0o777 == 0o555


def test_links_fit_into_an_inode_also_to_what_is_deep(tmp_path: Path) -> None:
    deep = "/".join(["package"] * 6)
    anchors = Anchors("/store")
    for name in ("__pycache__", "m.py"):
        link = Link(path=f"lib/{deep}/{name}", source=f"/store/m-1/site/{deep}/{name}", owner="m")
        target = anchors.target(link)
        assert target == f"{'../' * 7}{ANCHORS}/d0/{name}"  # one for all in the folder
        assert len(target) <= 59
    folder = tmp_path / "environment"
    folder.mkdir()
    anchors.make(folder, folder)
    assert str((folder / ANCHORS / "d0").readlink()) == f"0/site/{deep}"
    assert (folder / ANCHORS / "0").is_symlink()


def test_bytecode_that_is_not_there_yet_is_listed_as_it_will_be(store: Path) -> None:
    package = store / "m-1" / "site" / "m"
    listing = listing_for("cpython-311")
    assert listing(str(package)) == {"__init__.py": False}
    (package / "__pycache__").mkdir()
    assert listing(f"{package}/__pycache__") == {"__init__.cpython-311.pyc": False}
