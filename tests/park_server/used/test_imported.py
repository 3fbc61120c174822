"""`park_server.used.imported`: the projects that runs used, seen from a lock."""

from __future__ import annotations

import pytest

from park.model.memo.file_view import FileView, WheelFiles
from park.model.memo.usage import Usage
from park_server.used.imported import projects_of

SITE = "lib/python3.11/site-packages"
NAMES = ("model", "numpy", "six")
VIEW = FileView(
    site=SITE,
    interpreter="i",
    wheels=tuple(
        WheelFiles(name=name, info=f"{name}-1.dist-info", files={f"{SITE}/{name}.py": "1"})
        for name in NAMES
    ),
)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (Usage(), set()),
        (Usage(files={f"{SITE}/model.py": "1"}), {"model"}),
        (Usage(files={f"{SITE}/model.py": "1", f"{SITE}/absent.py": None}), {"model"}),
        (Usage(files={f"{SITE}/six.py": None}), set()),
        (Usage(files={"bin/nobodys": "1"}, wheels={"numpy": "d"}), {"numpy"}),
        (Usage(packages={"six": "d"}), {"six"}),
        (Usage(only_this_lock="a subprocess"), set(NAMES)),
        (Usage(data="d"), set(NAMES)),
    ],
)
def test_what_was_read_is_somebodys(usage: Usage, expected: set[str]) -> None:
    assert set(projects_of(usage, VIEW)) == expected
