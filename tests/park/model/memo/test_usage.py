from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from park.errors import UsageError
from park.model.memo.usage import OutsideFile, Usage

USAGE = Usage(
    files={"b.py": "1" * 64, "a.txt": None},
    folders={"lib": "2"},
    modules={"site/b": (".py",), "site/optional": ()},
    wheels={"numpy": "3"},
    packages={"model": "4"},
    trees={"site/model": "5"},
    data="6",
    distributions="7",
    startup="8",
    outside=(
        OutsideFile(path="/z", size=-1, mtime_ns=0, sha256=None),
        OutsideFile(path="/etc/localtime", size=3, mtime_ns=0, sha256="a" * 64),
    ),
    interpreter="9",
    variables={"TZ": "UTC"},
    only_this_lock="it started another program",
    never="it wrote /x",
)


def test_it_goes_through_json() -> None:
    again = Usage.from_json(json.loads(json.dumps(USAGE.as_json())))
    assert replace(again, outside=USAGE.outside) == USAGE
    assert set(again.outside) == set(USAGE.outside)
    assert again.digest == USAGE.digest


def test_order_is_of_no_matter() -> None:
    turned = replace(
        USAGE,
        files=dict(reversed(list(USAGE.files.items()))),
        outside=tuple(reversed(USAGE.outside)),
    )
    assert turned.digest == USAGE.digest


@pytest.mark.parametrize(
    "change",
    [
        {"files": {"b.py": "1" * 64, "a.txt": "1" * 64}},
        {"modules": {"site/b": (".py", "/")}},
        {"data": ""},
        {"outside": USAGE.outside[:1]},
        {"only_this_lock": None},
        {"never": None},
        {"variables": {}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_differs_has_another_digest(change: dict[str, Any]) -> None:
    assert replace(USAGE, **change).digest != USAGE.digest


def test_names_that_are_no_utf8_have_a_digest() -> None:
    assert Usage(files={"\udce4.txt": None}).digest != Usage(files={"a.txt": None}).digest


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"format": 2},
        {"format": 1, "more": 1},
        {"format": 1, "files": {"a": 1}},
        {"format": 1, "folders": {"a": None}},
        {"format": 1, "files": []},
        {"format": 1, "modules": {"a": [1]}},
        {"format": 1, "outside": [["/a", "1", 0, None]]},
        {"format": 1, "outside": [["/a", 1, 0, "no digest"]]},
        {"format": 1, "never": 1},
    ],
)
def test_what_is_none_is_refused(document: Any) -> None:
    with pytest.raises(UsageError, match="not a record of what a run used"):
        Usage.from_json(document)
