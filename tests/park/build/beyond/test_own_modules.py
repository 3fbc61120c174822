"""What the modules of a wheel import and name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from support.material.wheels import make_wheel

from park.build.beyond.own_modules import mentions_of_text, mentions_of_wheel

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "imported"),
    [
        ("import a.b, c as d", {"a.b", "c"}),
        ("from a.b import c", {"a.b.c"}),
        ("from . import own\nfrom .x import y", set()),
        ("import os, json", set()),
        ("try:\n    import fast\nexcept ImportError:\n    import slow", {"fast", "slow"}),
        ("def f():\n    import late", {"late"}),
        ("import importlib\nimportlib.import_module('named.x')", {"named.x"}),
        ("from importlib import import_module\nimport_module('named')", {"named"}),
        ("__import__('named')", {"named"}),
        ("import importlib\nimportlib.import_module(name)", set()),
        ("if TYPE_CHECKING:\n    import types_only\nelse:\n    import real", {"real"}),
        ("import typing\nif typing.TYPE_CHECKING:\n    import types_only", set()),
        ("if __name__ == '__main__':\n    import shown", set()),
        ("this is no Python", set()),
        ("'\\ud800'\nimport a\0", set()),
    ],
)
def test_imports(text: str, imported: set[str]) -> None:
    assert set(mentions_of_text(text.encode(), "m.py").imports) == imported


def test_words_are_texts_without_spaces() -> None:
    found = mentions_of_text(b"entry_points(group='host.models'); x = 'two words'; y = ''", "m.py")
    assert found.words == {"host.models"}


def test_of_a_wheel_tests_do_not_count_and_what_was_read_is_remembered(tmp_path: Path) -> None:
    files = {
        "m/__init__.py": b"import a",
        "m/tests/test_x.py": b"import pytest",
        "m/test_y.py": b"import pytest",
        "m/conftest.py": b"import pytest",
        "m/z.py": b"import a, b; GROUP = 'g'",
    }
    wheel = make_wheel(tmp_path, "m", files=files)
    found = mentions_of_wheel(wheel)
    assert found.imports == {"a": "m/__init__.py", "b": "m/z.py"}
    assert "g" in found.words
    memory = tmp_path / "mentions.json"
    assert mentions_of_wheel(wheel) == found
    memory.write_text(json.dumps({"imports": {"known": "k.py"}, "words": []}))
    assert mentions_of_wheel(wheel).imports == {"known": "k.py"}
    memory.write_text("damaged")
    assert mentions_of_wheel(wheel) == found
