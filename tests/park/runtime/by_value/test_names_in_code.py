"""Which names a function's code shows."""

from __future__ import annotations

from typing import Any

from park.runtime.by_value.names_in_code import names_in


def code_of(text: str) -> Any:
    namespace: dict[str, Any] = {}
    exec(text, namespace)  # noqa: S102 (a function of a script)
    return namespace["f"].__code__


def test_globals_are_found_in_all_that_is_nested() -> None:
    code = code_of(
        "def f(x, y=1):\n"
        "    global written\n"
        "    written = first(x)\n"
        "    class Local(Base):\n"
        "        kept = second\n"
        "        def method(self):\n"
        "            return [third(z) for z in x if (lambda: fourth)()]\n"
        "    return Local\n"
    )
    found = names_in(code).globals
    assert {"first", "written", "Base", "second", "third", "fourth"} <= set(found)
    assert not {"x", "y", "Local", "z"} & set(found)


def test_imports_are_found_with_what_comes_from_them() -> None:
    code = code_of(
        "def f():\n"
        "    import a.b, c as d\n"
        "    def g():\n"
        "        from e.f import g, h\n"
        "        from . import nothing\n"
    )
    found = names_in(code).imports
    assert set(found) >= {"a.b", "c", "e.f", "e.f.g", "e.f.h"}
    assert "" not in found


def test_attributes_are_names_of_their_own() -> None:
    assert {"optimize", "brentq"} <= names_in(code_of("def f(): s.optimize.brentq(1)")).attributes


def test_names_in_texts_count_where_something_reads_them_as_code() -> None:
    found = names_in(code_of("def f(): 'Of people, not code.'; return eval('grow(n) + 1')")).texts
    assert set(found) == {"grow", "n"}
    assert names_in(code_of("def f(): return globals()['grow']")).texts == ("grow",)
    assert names_in(code_of("def f(): return {'grow': 1}")).texts == ()
