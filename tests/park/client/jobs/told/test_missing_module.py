"""Why a job found no module that is here."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from park.build.beyond.installed_facts import Facts
from park.client.jobs.told.missing_module import left_behind, missing_names, not_brought

INSTALLED = {
    canonicalize_name(name): Facts(version="1", modules=frozenset([module]), groups=frozenset())
    for name, module in (("pyyaml", "yaml"), ("sasdata", "sasdata"), ("scikit-learn", "sklearn"))
}


@pytest.mark.parametrize(
    ("error", "traceback", "names"),
    [
        ("ModuleNotFoundError: No module named 'yaml.x'", None, "yaml.x"),
        ("ImportError: sasdata is not available", None, "sasdata"),
        ("RuntimeError: no", "… ModuleNotFoundError: No module named 'sklearn'\n…", "sklearn"),
        ("mylib.MyImportError: take yaml", None, ""),
        ("ValueError: yaml", None, ""),
    ],
)
def test_names_that_may_be_missing(error: str, traceback: str | None, names: str) -> None:
    found = missing_names(error, traceback)
    assert set(names.split()) <= set(found)
    assert bool(found) == bool(names)


def test_the_project_here_that_nothing_brings() -> None:
    nothing = frozenset({canonicalize_name("own")})
    assert not_brought(["yaml.nodes"], INSTALLED, nothing) == "pyyaml"
    assert not_brought(["install", "scikit-learn"], INSTALLED, nothing) == "scikit-learn"
    assert not_brought(["yaml"], INSTALLED, frozenset({canonicalize_name("PyYAML")})) is None
    assert not_brought(["nowhere"], INSTALLED, nothing) is None


def test_of_a_job_of_this_project_itself(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARK_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
    error = "ModuleNotFoundError: No module named 'pytest'"
    said = left_behind("packaging.version:parse", error, None)
    assert said is not None
    assert "is installed here, but nothing that packaging requires brings it: --with pytest" in said
    of_script = left_behind("__main__:fit", "ModuleNotFoundError: No module named 'pluggy'", None)
    assert of_script is not None
    assert 'refers to brings it: park.requires("pluggy")' in of_script
    assert left_behind("packaging.version:parse", "ValueError: pytest", None) is None
    assert left_behind("packaging.version:parse", None, None) is None
    brought = "ModuleNotFoundError: No module named 'packaging'"
    assert left_behind("packaging.version:parse", brought, None) is None


@pytest.mark.parametrize(
    ("entry_point", "missing", "is_said"),
    [
        ("packaging.version:parse", "nowhere_to_be_found.inner", True),
        ("__main__:fit", "nowhere_to_be_found", True),
        ("not_installed_here:fit", "nowhere_to_be_found", False),  # of a lock, or a release
        ("__main__:fit", "json.nothing", False),
    ],
)
def test_of_a_module_that_is_not_here_either(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    entry_point: str,
    missing: str,
    *,
    is_said: bool,
) -> None:
    monkeypatch.setenv("PARK_CACHE_DIR", str(tmp_path))
    said = left_behind(entry_point, f"ModuleNotFoundError: No module named '{missing}'", None)
    assert said == (
        "there is no module nowhere_to_be_found here either, and a job has what is installed here: "
        "install the project that brings it"
        if is_said
        else None
    )
