"""Files run side by side in an order in which no core waits for a long one."""

from __future__ import annotations

from pathlib import Path

from support.session.file_order import files_in_order, noted_seconds
from support.session.files_together import TOGETHER, scope_of

ROOT = Path(__file__).parents[1]


def ids(**tests: int) -> list[str]:
    """Return the ids of so many tests of each file; those with services are called ``f…``."""
    return [
        f"tests/{'functional/' if name.startswith('f') else ''}{name}.py::test_{number}"
        for name, count in tests.items()
        for number in range(count)
    ]


def names(nodeids: list[str], noted: dict[str, float]) -> list[str]:
    return [Path(file).stem for file in files_in_order(nodeids, noted)]


def test_the_longest_begin_first() -> None:
    noted = {"tests/functional/f_long.py": 90.0, "tests/functional/f_short.py": 3.0}
    assert names(ids(f_short=1, f_long=1), noted) == ["f_long", "f_short"]


def test_what_is_not_noted_is_expected_to_take_what_its_kind_takes() -> None:
    noted = {"tests/functional/f_short.py": 3.0, "tests/unit.py": 1.0}
    assert names(ids(f_short=1, f_new=5), noted) == ["f_new", "f_short"]
    assert names(ids(unit=1, units=100), noted) == ["units", "unit"]


def test_what_waits_and_what_computes_begin_in_step() -> None:
    noted = {f"tests/functional/f{n}.py": 10.0 for n in range(4)}
    noted |= {f"tests/u{n}.py": 1.0 for n in range(4)}
    tests = ids(f0=1, f1=1, f2=1, f3=1, u0=1, u1=1, u2=1, u3=1)
    assert names(tests, noted) == ["f0", "u0", "f1", "u1", "f2", "u2", "f3", "u3"]


def test_each_file_begins_once_whatever_there_is() -> None:
    assert files_in_order([], {}) == []
    assert names(ids(f_one=3), {}) == ["f_one"]
    assert sorted(names(ids(f_one=3, one=2, two=1), {})) == ["f_one", "one", "two"]


def test_what_is_noted_is_still_there() -> None:
    assert {file for file in noted_seconds() if not (ROOT / file).exists()} == set()


def test_files_that_share_much_are_given_to_one_worker() -> None:
    for file, other in TOGETHER.items():
        assert (ROOT / file).exists()
        assert (ROOT / other).exists()
        assert {scope_of(f"{each}::test[a::b]") for each in (file, other)} == {other}
    assert scope_of("tests/a.py::Kind::test") == "tests/a.py"
