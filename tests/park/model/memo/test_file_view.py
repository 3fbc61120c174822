from __future__ import annotations

from park.model.memo.file_view import FileView, WheelFiles, canonical_path, is_code, is_data

SITE = "lib/python3.11/site-packages"


def wheel(name: str, *, version: str = "1.0", **files: str) -> WheelFiles:
    """Return a wheel; of each name ``__`` stands for ``.`` and ``_`` for ``/``."""
    paths = {f"{SITE}/{key.replace('__', '.').replace('_', '/')}": it for key, it in files.items()}
    info = f"{SITE}/{name}.dist-info/METADATA"
    return WheelFiles(name=name, info=f"{name}-{version}.dist-info", files={**paths, info: version})


def view(*wheels: WheelFiles) -> FileView:
    """Return a view of ``wheels``."""
    return FileView(site=SITE, interpreter="i", wheels=wheels)


MODEL = wheel("model", model_layers__py="1", model_data_table__txt="2")


def test_canonical_paths_have_no_versions() -> None:
    assert canonical_path("a/My_Model-1.0+t12.dist-info/METADATA") == (
        "a/my-model.dist-info/METADATA"
    )
    assert canonical_path("a/model/layers.py") == "a/model/layers.py"


def test_code_is_told_from_data() -> None:
    assert [is_code(f"a/{name}") for name in ("x.py", "x.so", "py.typed", "x.txt")] == [
        True,
        True,
        True,
        False,
    ]
    assert not is_data(f"{SITE}/model.dist-info/METADATA")


def test_of_one_path_the_last_owner_is_seen() -> None:
    found = view(MODEL, wheel("zeta", model_layers__py="9"))
    assert found.files[f"{SITE}/model/layers.py"] == "9"
    assert found.owner(f"{SITE}/model/layers.py") == "zeta"


def test_a_version_is_part_of_what_a_folder_lists_and_of_nothing_else() -> None:
    before = view(MODEL)
    files = {**MODEL.files, f"{SITE}/model.dist-info/METADATA": "2.0"}
    after = view(WheelFiles(name="model", info="model-2.0.dist-info", files=files))
    assert before.names_digest(SITE) != after.names_digest(SITE)
    assert before.distributions == after.distributions
    assert before.wheels[0].digest == after.wheels[0].digest
    assert before.data == after.data


def test_a_command_more_is_something_to_look_for() -> None:
    tool = WheelFiles(name="tool", info="tool-1.0.dist-info", files={}, commands=("solve",))
    other = WheelFiles(name="tool", info="tool-1.0.dist-info", files={}, commands=("fit",))
    none = WheelFiles(name="tool", info="tool-1.0.dist-info", files={})
    assert len({view(MODEL, each).data for each in (tool, other, none)}) == 3


def test_a_look_counts_names_and_data() -> None:
    def look(**files: str) -> str:
        return wheel("model", **files).look

    before = look(model_layers__py="1", model_table__txt="2")
    assert look(model_layers__py="9", model_table__txt="2") == before
    assert look(model_layers__py="1", model_table__txt="9") != before
    assert look(model_layers__py="1", model_table__txt="2", model_new__py="1") != before


def test_what_can_be_imported() -> None:
    found = view(
        wheel(
            "many",
            one__py="1",
            two_a__py="1",
            three__pyc="1",
            four__so="1",
            five__py="1",
            five_a__py="1",
            model__txt="1",
        )
    )
    forms = {name: found.forms(f"{SITE}/{name}") for name in ("one", "two", "three", "four")}
    assert forms == {"one": (".py",), "two": ("/",), "three": (".pyc",), "four": (".so",)}
    assert found.forms(f"{SITE}/five") == (".py", "/")
    assert found.forms(f"{SITE}/absent") == found.forms(f"{SITE}/model") == ()


def test_plugins_are_part_of_the_distributions() -> None:
    plugin = f"{SITE}/model.dist-info/entry_points.txt"
    more = WheelFiles(name="model", info=MODEL.info, files={**MODEL.files, plugin: "1"})
    assert view(more).distributions != view(MODEL).distributions


def test_what_runs_at_the_start() -> None:
    before = view(MODEL).startup
    for files in ({"a__pth": "1"}, {"sitecustomize__py": "1"}, {"usercustomize_x__py": "1"}):
        assert view(MODEL, wheel("start", **files)).startup != before
    assert view(MODEL, wheel("other", other__py="1")).startup == before


def test_trees_are_whosever_the_files_are() -> None:
    before = view(MODEL).tree(f"{SITE}/model")
    assert view(MODEL, wheel("other", model_more__txt="1")).tree(f"{SITE}/model") != before
    assert view(MODEL, wheel("other", models_more__txt="1")).tree(f"{SITE}/model") == before
    assert view(MODEL).is_folder(f"{SITE}/model/data")
    assert not view(MODEL).is_folder(f"{SITE}/model/dat")
