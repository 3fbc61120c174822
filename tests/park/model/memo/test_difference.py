from __future__ import annotations

from dataclasses import replace

import pytest

from park.model.memo.difference import Difference, difference
from park.model.memo.file_view import FileView, WheelFiles
from park.model.memo.usage import Usage

SITE = "lib/python3.11/site-packages"
BEFORE = {
    "model/layers.py": "1",
    "model/table.txt": "2",
    "model/other.py": "3",
    "model.dist-info/METADATA": "4",
}


def view(*, interpreter: str = "i", **wheels: dict[str, str]) -> FileView:
    """Return a view of wheels by name."""
    return FileView(
        site=SITE,
        interpreter=interpreter,
        wheels=tuple(
            WheelFiles(
                name=name,
                info=f"{name}-1.dist-info",
                files={f"{SITE}/{path}": it for path, it in files.items()},
            )
            for name, files in sorted(wheels.items())
        ),
    )


THEN = view(model=BEFORE)
MODEL = THEN.wheel("model")
assert MODEL is not None
USAGE = Usage(
    files={f"{SITE}/model/layers.py": "1", f"{SITE}/model/absent.txt": None},
    folders={f"{SITE}/model": THEN.names_digest(f"{SITE}/model")},
    modules={f"{SITE}/model": ("/",), f"{SITE}/optional_thing": ()},
    packages={"model": MODEL.look},
    trees={f"{SITE}/model": THEN.tree(f"{SITE}/model")},
    data=THEN.data,
    distributions=THEN.distributions,
    startup=THEN.startup,
    interpreter="i",
)


def words(now: FileView, usage: Usage = USAGE) -> list[str]:
    """Return what differs."""
    found = difference(usage, now, THEN)
    return [] if found is None else list(found.changes)


def test_the_same_files_make_no_difference() -> None:
    assert difference(USAGE, THEN) is None
    assert difference(USAGE, view(model=BEFORE), THEN) is None
    assert (
        words(view(model=BEFORE | {"model/other.py": "9", "model.dist-info/METADATA": "9"})) == []
    )


def test_a_module_changed() -> None:
    now = view(model=BEFORE | {"model/layers.py": "9"})
    assert words(now) == ["model/layers.py changed"]
    assert MODEL is not None
    whole = replace(USAGE, wheels={"model": MODEL.digest}, packages={}, files={})
    assert words(now, whole) == ["model/layers.py changed"]
    found = difference(whole, now)
    assert found is not None
    assert found.changes == ("files of model changed",)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"model/absent.txt": "1"}, "model/absent.txt is there now"),
        ({"model/table.txt": "9"}, "model/table.txt changed"),
        ({"model/new.py": "9"}, "model lists other files"),
    ],
)
def test_what_of_a_package_is_another(change: dict[str, str], word: str) -> None:
    assert word in words(view(model=BEFORE | change))


@pytest.mark.parametrize(
    ("files", "word"),
    [
        ({"optional_thing.py": "1"}, "optional_thing can be imported now"),
        ({"zeta.txt": "1"}, "data files, or commands, in the environment are others"),
        ({"zeta.pth": "1"}, "what runs as the interpreter starts"),
        ({"model/more.txt": "1"}, "model/more.txt is new"),
        ({"zeta.py": "1"}, "distributions, or their entry points (plugins), are others"),
    ],
)
def test_another_distribution(files: dict[str, str], word: str) -> None:
    assert any(each.startswith(word) for each in words(view(model=BEFORE, zeta=files)))


def test_what_is_gone() -> None:
    gone = words(view(other={"other.py": "1"}))
    assert "model/layers.py is gone" in gone
    assert "model can be imported no longer" in gone
    assert "model is not in the environment any more" in gone


def test_another_interpreter() -> None:
    assert words(view(interpreter="other", model=BEFORE)) == ["the Python interpreter is another"]


def test_a_line_for_people_is_short() -> None:
    assert str(Difference(changes=("a", "b"))) == "a; b"
    many = Difference(changes=("a", "b", "c", "d", "e"), used=212)
    assert str(many) == "a; b; c; and 2 more differ (of its 212 files)"
