"""Reports of a job as columns, whatever its job has written there."""

import json

from park_server.page.series import series_of


def line(**report: object) -> bytes:
    return json.dumps(report).encode() + b"\n"


def test_each_report_is_a_point_of_its_columns() -> None:
    content = line(time=1, done=1, total=9, values={"chisq": 5.0}) + line(
        time=2, done=2, total=9, values={"chisq": 3, "note": "text"}
    )
    found = series_of(content)
    assert found.reports == 2
    assert found.time == [1.0, 2.0]
    assert (found.done, found.total) == ([1.0, 2.0], [9.0, 9.0])
    assert found.values == {"chisq": [5.0, 3.0]}


def test_what_is_no_report_is_passed_over() -> None:
    content = (
        b"no json\n[1]\n" + b"[" * 100_000 + b"\n" + line(time="x") + line(time=1, done=True)
        + b'{"time": NaN}\n{"time": 2, "values": 7}\n' + line(time=3, values={"a": 10**400})
        + b"\xff\xfe\n" + b'{"time": 4'
    )  # fmt: skip
    found = series_of(content)
    assert found.time == [1.0, 2.0, 3.0]
    assert found.done == [None, None, None]
    assert found.values == {}


def test_many_are_thinned_out_and_the_last_is_there() -> None:
    content = b"".join(line(time=number, done=number) for number in range(7_777))
    found = series_of(content)
    assert found.reports == 7_777
    assert len(found.time) <= 1_001
    assert (found.time[0], found.time[-1]) == (0.0, 7776.0)


def test_the_first_line_of_an_end_may_be_a_part() -> None:
    assert series_of(b'1}\n{"time": 1}\n', is_end=True).time == [1.0]
