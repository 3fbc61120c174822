from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.material.projects import (
    copy_package,
    editable,
    flit_project,
    install_distribution,
    write_tree,
)

from park.errors import LocalSetError, NoDistribution, NotImportable
from park.local.closure import closure
from park.local.find import find
from park.local.project import LocalProject, ProjectKind

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


def test_a_released_distribution_by_a_module_of_the_same_name(site: Path) -> None:
    files = {"park_t_one/__init__.py": ""}
    install_distribution(site, "park-t-one", "1.2", requires=["packaging"], files=files)
    project = find("park_t_one")
    assert (project.name, project.version, project.kind) == ("park-t-one", "1.2", "released")
    assert project.requires == ("packaging",)
    assert project.root is None
    assert project.module == "park_t_one"


def test_a_released_distribution_under_another_name(site: Path) -> None:
    install_distribution(site, "park-t-dist", "1", files={"park_t_module.py": ""})
    assert find("park_t_module").name == "park-t-dist"


@pytest.mark.parametrize("name", ["park-t-dist", "Park.T_Dist", "park_t_dist"])
def test_an_installed_project_by_its_own_name(site: Path, tmp_path: Path, name: str) -> None:
    install_distribution(site, "park-t-dist", "1", files={"park_t_module.py": ""})
    assert find(name).name == "park-t-dist"
    assert find(name, cwd=tmp_path).module is None
    # what is there under that name is meant, whatever is installed
    write_tree(tmp_path, {"park_t_dist.py": "", "park-t-dist/x.txt": ""})
    if name == "park_t_dist":
        with pytest.raises(NoDistribution, match="which no installed distribution owns"):
            find(name, cwd=tmp_path)
    if name == "park-t-dist":
        with pytest.raises(NoDistribution, match="neither a pyproject"):
            find(name, cwd=tmp_path)


def test_a_name_alone_does_not_own_a_module(site: Path) -> None:
    install_distribution(site, "park-t-two", "1", files={"something_else.py": ""})
    install_distribution(site, "park-t-owner", "2", files={"park_t_two.py": ""})
    assert find("park_t_two").name == "park-t-owner"


@pytest.mark.parametrize(
    ("file", "module"),
    [
        ("park_t_lost.py", "park_t_lost"),
        ("park_t_lost/__init__.py", "park_t_lost"),
        ("park_t_other/deep/__init__.py", "park_t_other.deep"),
    ],
)
def test_where_the_list_of_files_is_lost_that_is_said_and_how_to_have_it_again(
    site: Path, file: str, module: str
) -> None:
    parents = {f"{file.split('/', maxsplit=1)[0]}/__init__.py": ""} if "/" in file else {}
    install_distribution(site, "park-t-whole", "2", files={"park_t_whole.py": ""})
    install_distribution(site, "park-t-lost", "1.2", files={**parents, file: ""})
    (site / "park_t_lost-1.2.dist-info" / "RECORD").unlink()
    with pytest.raises(
        NoDistribution, match=r"lost 1\.2 is installed there without its R"
    ) as caught:
        find(module)
    assert str(caught.value.hint).endswith("--force-reinstall --no-deps park-t-lost==1.2")


def test_a_package_inside_a_namespace(site: Path) -> None:
    install_distribution(site, "park-t-ns-a", "1", files={"park_t_ns/a/__init__.py": ""})
    install_distribution(site, "park-t-ns-b", "1", files={"park_t_ns/b/__init__.py": ""})
    assert find("park_t_ns.b").name == "park-t-ns-b"
    with pytest.raises(NoDistribution, match="park_t_ns is a namespace package") as caught:
        find("park_t_ns")
    assert "park_t_ns.something" in str(caught.value.hint)


def test_finding_imports_nothing(site: Path) -> None:
    files = {"park_t_boom/__init__.py": "raise AssertionError('imported')", "park_t_boom/x.py": ""}
    install_distribution(site, "park-t-boom", "1", files=files)
    assert find("park_t_boom.x").name == "park-t-boom"


def test_an_editable_install_is_a_tree_and_its_pyproject_wins(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = copy_package("offline", tmp_path)
    monkeypatch.syspath_prepend(root)
    stale = ["an-old-requirement"]
    install_distribution(site, "offline", "0.9", requires=stale, direct_url=editable(root))
    project = find("offline")
    assert project.kind is ProjectKind.TREE
    assert project.root == root
    assert (project.version, project.version_is_static) == ("1.0", True)
    assert project.requires[0] == "packaging>=20"
    assert find(str(root)) == project


def test_an_editable_install_with_a_dynamic_version_keeps_the_installed_one(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = copy_package("flit-flat", tmp_path)
    monkeypatch.syspath_prepend(root)
    install_distribution(site, "flit-flat", "0.3.dev1+g1234567", direct_url=editable(root))
    project = find("flit_flat")
    assert (project.version, project.version_is_static) == ("0.3.dev1+g1234567", False)


def test_a_tree_that_is_gone(site: Path, tmp_path: Path) -> None:
    url = editable(tmp_path / "gone")
    install_distribution(site, "park-t-gone", "1", files={"park_t_gone.py": ""}, direct_url=url)
    with pytest.raises(LocalSetError, match="there is no project any more"):
        find("park_t_gone")


@pytest.mark.parametrize(
    ("direct_url", "text"),
    [
        (
            {
                "url": "https://user:secret@example.org/m.git",
                "vcs_info": {"vcs": "git", "commit_id": "3f2a"},
            },
            "installed from git+https://example.org/m.git@3f2a",
        ),
        ({"url": "file:///m-1.whl", "archive_info": {}}, "installed from file:///m-1.whl"),
        ({"url": "file:///m", "dir_info": {}}, "installed from /m, not editable"),
    ],
)
def test_what_no_index_has_is_a_copy(site: Path, direct_url: dict[str, object], text: str) -> None:
    files = {"park_t_copy.py": ""}
    install_distribution(site, "park-t-copy", "1", files=files, direct_url=direct_url)
    project = find("park_t_copy")
    assert (project.kind, project.origin, project.root) == (ProjectKind.COPY, text, None)


def test_a_path_means_the_tree_whatever_copy_of_it_is_installed(site: Path, tmp_path: Path) -> None:
    root = copy_package("offline", tmp_path)
    files = {"offline/__init__.py": ""}
    url = {"url": root.as_uri(), "dir_info": {}}
    install_distribution(site, "offline", "0.9", files=files, direct_url=url)
    assert (find("offline").kind, find("offline").version) == (ProjectKind.COPY, "0.9")
    assert (find(str(root)).kind, find(str(root)).version) == (ProjectKind.TREE, "1.0")


def test_a_conda_package_is_a_release_whatever_its_build_farm_left(site: Path) -> None:
    url = {"url": "file:///home/conda/feedstock_root/work", "dir_info": {}}
    files = {"park_t_conda.py": ""}
    install_distribution(site, "park-t-conda", "3", files=files, installer="conda", direct_url=url)
    assert find("park_t_conda").kind is ProjectKind.RELEASED


@pytest.mark.parametrize("target", ["offline", "./offline", "offline[plot]", " offline [ plot ] "])
def test_a_bare_tree_by_module_in_the_current_folder_or_by_path(
    tmp_path: Path, target: str
) -> None:
    root = copy_package("offline", tmp_path)
    cwd = tmp_path if target.startswith(".") else root
    project = find(target, cwd=cwd)
    assert (project.name, project.version, project.root) == ("offline", "1.0", root)
    assert project.wanted_extras == (frozenset({"plot"}) if "plot" in target else frozenset())
    assert project.module == "offline"


def test_a_bare_tree_with_a_src_folder(tmp_path: Path) -> None:
    root = copy_package("hatchling-src", tmp_path)
    assert find("hatchling_src", cwd=root).root == root
    assert find(".", cwd=root).module == "hatchling_src"


def test_an_unknown_extra(tmp_path: Path) -> None:
    copy_package("offline", tmp_path)
    with pytest.raises(LocalSetError, match=r"offline 1.0 has no extra plots; it has: plot"):
        find("./offline[plots]", cwd=tmp_path)


def test_a_tree_that_only_a_build_could_describe(tmp_path: Path) -> None:
    root = copy_package("setup-py-alone", tmp_path)
    with pytest.raises(LocalSetError, match=r"does not declare .* statically"):
        find(str(root))


def test_a_module_that_does_not_exist() -> None:
    with pytest.raises(NotImportable, match="no module named park_t_missing in "):
        find("park_t_missing")


@pytest.mark.parametrize("target", ["json", "sys", "xml.dom"])
def test_the_standard_library(target: str) -> None:
    with pytest.raises(NoDistribution, match=f"module {target} is part of Python's standard"):
        find(target)


def test_a_module_without_a_project(tmp_path: Path) -> None:
    root = copy_package("no-project", tmp_path)
    write_tree(root, {".git/HEAD": ""})  # the search stops here, whatever is above
    with pytest.raises(
        NoDistribution, match=r"neither a pyproject.toml nor a setup.py above it"
    ) as caught:
        find("no_project_model", cwd=root)
    assert "in a script: import " in str(caught.value.hint)


def test_a_folder_without_a_project(tmp_path: Path) -> None:
    root = copy_package("no-project", tmp_path)
    with pytest.raises(NoDistribution, match=r"has neither a pyproject.toml"):
        find(str(root))


@pytest.mark.parametrize(
    ("path", "what"),
    [("./nowhere", "does not exist"), ("./f", "is a file"), ("./gone.whl", "does not exist")],
)
def test_a_path_that_is_no_folder(tmp_path: Path, path: str, what: str) -> None:
    (tmp_path / "f").write_text("")
    with pytest.raises(NoDistribution, match=what):
        find(path, cwd=tmp_path)


@pytest.mark.parametrize(
    ("target", "what"),
    [
        ("film.txt", "film.txt is a file; expected the folder"),
        ("nope.toml", "nope.toml does not exist; expected the folder"),
        ("nope.py", "nope.py does not exist; expected the folder"),
        ("data", "data has neither a pyproject.toml"),
    ],
)
def test_what_looks_like_a_file_or_is_a_folder_is_no_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, what: str
) -> None:
    (tmp_path / "film.txt").write_text("")
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)  # as a command has it: the folder is a namespace then
    with pytest.raises(NoDistribution, match=what):
        find(target)


def test_a_module_in_a_package_may_have_any_name(site: Path, tmp_path: Path) -> None:
    install_distribution(site, "park-t-dir", "1", files={"park_t_dir/__init__.py": ""})
    files = {"park_t_files/__init__.py": "", "park_t_files/txt.py": ""}
    install_distribution(site, "park-t-files", "1", files=files)
    (tmp_path / "park_t_files.txt").write_text("")
    (tmp_path / "park_t_dir").mkdir()
    assert find("park_t_files.txt", cwd=tmp_path).name == "park-t-files"
    assert find("park_t_dir", cwd=tmp_path).name == "park-t-dir"


def test_an_empty_target() -> None:
    with pytest.raises(NotImportable, match="the name is empty"):
        find("  ")


def test_a_finder_that_fails_to_make_the_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """As that of meson-python's editable installs does, which build when they are asked."""

    class Finder:
        @staticmethod
        def find_spec(name: str, *_arguments: object) -> None:
            if name == "park_t_unbuilt":
                raise ImportError("rebuilding the editable package failed")

    monkeypatch.setattr("sys.meta_path", [Finder])
    with pytest.raises(NotImportable, match="rebuilding the editable package") as caught:
        find("park_t_unbuilt")
    assert "import park_t_unbuilt" in str(caught.value.hint)


@pytest.mark.parametrize("extra", ["Fast_Fit", "fast-fit", "fast.fit"])
def test_an_extra_in_any_spelling(tmp_path: Path, extra: str) -> None:
    tables = '[project.optional-dependencies]\nFast_Fit = ["six"]\n'
    write_tree(tmp_path / "film", {"pyproject.toml": flit_project("film", tables=tables)})
    found = find(f"./film[{extra}]", cwd=tmp_path)
    assert (found.extras, found.wanted_extras) == (("fast-fit",), frozenset({"fast-fit"}))
    members = closure(
        found, lookup=lambda name: LocalProject(name=name, version="1", kind=found.kind)
    )
    assert [each.name for each in members] == ["film", "six"]


def test_the_name_of_a_folder_is_a_tree_where_no_module_has_it(tmp_path: Path, site: Path) -> None:
    files = {"pyproject.toml": flit_project("park-t-film"), "src/park_t_film/__init__.py": ""}
    root = write_tree(tmp_path / "park_t_film", files)
    found = find("park_t_film", cwd=tmp_path)
    assert (found.root, found.module) == (root, "park_t_film")
    install_distribution(site, "park-t-film", "3", files={"park_t_film/__init__.py": ""})
    assert find("park_t_film", cwd=tmp_path).version == "3"


def test_a_setup_cfg_beside_the_configuration_of_tools_is_a_project(tmp_path: Path) -> None:
    files = {"pyproject.toml": "[tool.black]\n", "setup.cfg": "[metadata]\nname = film\n"}
    with pytest.raises(LocalSetError, match=r"does not declare .* statically"):
        find(str(write_tree(tmp_path / "film", files)))
