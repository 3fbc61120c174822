import json
import subprocess
import sys

LIST_MODULES = """
import json, sys
before = set(sys.modules)
{statement}
print(json.dumps(sorted({{name.partition(".")[0] for name in set(sys.modules) - before}})))
"""


def modules_after(statement: str) -> set[str]:
    argv = [sys.executable, "-I", "-c", LIST_MODULES.format(statement=statement)]
    return set(json.loads(subprocess.run(argv, capture_output=True, check=True).stdout))


def test_importing_park_loads_nothing_but_park() -> None:
    assert modules_after("import park") == {"__future__", "park"}


def test_what_a_model_uses_of_park_needs_only_the_standard_library() -> None:
    loaded = modules_after("import park; park.job(lambda: 0); park.progress(1, 2); park.ParkError")
    assert loaded - {"park"} <= sys.stdlib_module_names


def test_every_public_name_is_found_and_documented() -> None:
    import park

    for name in park.__all__:
        assert getattr(park, name).__doc__, name
    assert set(park.__all__) <= set(dir(park))


def test_an_unknown_name_is_an_attribute_error() -> None:
    argv = [sys.executable, "-I", "-c", "import park; park.nothing"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert "AttributeError: module 'park' has no attribute 'nothing'" in done.stderr
