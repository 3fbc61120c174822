"""What goes along with a model script, from what it took when it was loaded."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from park.client.model_scripts.carried import Carried, carried
from park.client.model_scripts.loaded import Loaded
from park.errors import UsageError

SITE = f"{sys.prefix}/lib/site-packages"


def written(folder: Path, files: dict[str, str]) -> Path:
    """Write ``files``; return the script among them."""
    for name, text in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return folder / "model.py"


def goes(script: Path, *, more: tuple[Path, ...] = (), **took: Mapping[str, str | None]) -> Carried:
    """Return what goes along, where bumps and refl1d are projects."""
    opened = {place: name or place for place, name in took.get("opened", {}).items()}
    found = Loaded(modules=took.get("modules", {}), opened=opened)
    return carried(
        script, found, more=more, has_project=lambda name: name.split(".")[0] in {"bumps", "refl1d"}
    )


def test_what_it_opened_goes_along_and_nothing_that_is_installed(tmp_path: Path) -> None:
    script = written(
        tmp_path, {"model.py": "", "run1.dat": "1", "other.dat": "2", "__pycache__/x.pyc": ""}
    )
    names = [tmp_path / "run1.dat", f"{SITE}/refl1d/x.txt", "/proc/cpuinfo", "/etc/mime.types"]
    found = goes(script, opened=dict.fromkeys([*map(str, names), "/root/.conf/x"]))
    assert found.files == {"model.py": script, "run1.dat": tmp_path / "run1.dat"}
    assert (found.script, found.folders) == ("model.py", (".",))


def test_a_file_that_a_text_names_goes_along_though_python_did_not_open_it(tmp_path: Path) -> None:
    text = '"""not other.dat"""\nload("runs/a.h5")\n"other.dat"\n'
    script = written(tmp_path, {"model.py": text, "runs/a.h5": "1", "other.dat": "2"})
    assert sorted(goes(script).files) == ["model.py", "runs/a.h5"]


def test_modules_beside_it_go_along_those_imported_later_as_well(tmp_path: Path) -> None:
    script = written(
        tmp_path,
        {
            "model.py": "import peaks\ndef later():\n    import tools.deep\n    import refl1d\n",
            "peaks.py": "import helper",
            "helper.py": "",
            "unused.py": "",
            "tools/__init__.py": "",
            "tools/deep.py": "",
        },
    )
    modules: dict[str, str | None] = {
        "peaks": str(tmp_path / "peaks.py"),
        "bumps": f"{SITE}/bumps/__init__.py",
        "bumps.names": f"{SITE}/bumps/names.py",
        "math": None,
    }
    found = goes(script, modules=modules)
    assert sorted(found.files) == [
        "helper.py",
        "model.py",
        "peaks.py",
        "tools/__init__.py",
        "tools/deep.py",
    ]
    assert found.modules == {"bumps", "refl1d"}


def test_what_lies_elsewhere_is_found_there_in_the_job_as_it_is_here(tmp_path: Path) -> None:
    folder = tmp_path / "fits"
    script = written(folder, {"model.py": 'load("../data/run.dat")'})
    written(tmp_path, {"data/run.dat": "1", "lib/mine.py": ""})
    opened: dict[str, str | None] = {str(tmp_path / "data/run.dat"): "../data/run.dat"}
    found = goes(script, opened=opened, modules={"mine": str(tmp_path / "lib/mine.py")})
    assert sorted(found.files) == ["data/run.dat", "fits/model.py", "lib/mine.py"]
    assert (found.script, found.folders) == ("fits/model.py", ("fits", "lib"))


def test_more_may_be_named(tmp_path: Path) -> None:
    script = written(tmp_path, {"model.py": "", "late.dat": "1"})
    assert sorted(goes(script, more=(tmp_path / "late.dat",)).files) == ["late.dat", "model.py"]


def test_an_absolute_path_in_the_script_is_refused_and_a_computed_one_is_not(
    tmp_path: Path,
) -> None:
    place = str(tmp_path / "run.dat")
    script = written(tmp_path, {"model.py": "Path(__file__).parent", "run.dat": "1"})
    assert "run.dat" in goes(script, opened={place: None}).files
    written(tmp_path, {"model.py": f"load({place!r})"})
    with pytest.raises(UsageError, match=r"opens .*run\.dat by its absolute path") as told:
        goes(script, opened={place: None})
    assert "('run.dat')" in str(told.value.hint)


def test_the_data_of_a_package_that_is_installed_from_its_tree_is_in_its_wheel(
    tmp_path: Path,
) -> None:
    script = written(tmp_path / "fits", {"model.py": ""})
    written(tmp_path, {"src/bumps/__init__.py": "", "src/bumps/table.dat": "1"})
    package = tmp_path / "src/bumps"
    found = goes(
        script,
        modules={"bumps": str(package / "__init__.py")},
        opened={str(package / "table.dat"): None},
    )
    assert sorted(found.files) == ["model.py"]
