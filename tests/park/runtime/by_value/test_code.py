"""Code without the place that it comes from, and with it again."""

from __future__ import annotations

import linecache
from types import CodeType
from typing import Any

from park.runtime.by_value.code import code, nested_in, packed, places


def function_of(text: str, file: str) -> Any:
    namespace: dict[str, Any] = {}
    exec(compile(text, file, "exec"), namespace)  # noqa: S102 (a function of a script)
    return namespace["f"]


SOURCE = "def f():\n    def g():\n        return 1\n    return g\n"


def test_the_same_source_is_the_same_bytes_wherever_it_stands() -> None:
    first = function_of(SOURCE, "/home/ada/fit.py").__code__
    second = function_of(f"\n\n\n{SOURCE}", "/tmp/cell.py").__code__  # noqa: S108 (a name)
    assert packed(first) == packed(second)
    assert packed(first) != packed(function_of(SOURCE.replace("1", "2"), "x").__code__)


def test_the_place_comes_back_with_the_lines_of_the_source() -> None:
    written = function_of(f"\n\n{SOURCE}", "/home/ada/fit.py").__code__
    source = SOURCE.splitlines(keepends=True)
    places.learn([{"file": "/home/ada/fit.py", "line": 3, "source": source}])
    found = code(packed(written), 0)
    (inner,) = [each for each in found.co_consts if isinstance(each, CodeType)]
    assert (found.co_filename, found.co_firstlineno, inner.co_firstlineno) == (
        "/home/ada/fit.py",
        3,
        4,
    )
    assert linecache.getline("/home/ada/fit.py", 5) == "        return 1\n"
    places.learn([])
    assert code(packed(written), 0).co_firstlineno == 1


def test_what_is_nested_comes_behind_what_it_is_in() -> None:
    names = [each.co_name for each in nested_in(compile(SOURCE, "fit.py", "exec"))]
    assert names == ["<module>", "f", "g"]
