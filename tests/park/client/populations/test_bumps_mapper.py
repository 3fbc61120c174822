"""How a population is cut, and what no mapper is made of."""

from __future__ import annotations

from typing import Any

import pytest

from park.client.populations.bumps_mapper import bumps_mapper, pieces
from park.errors import UsageError


class Problem:
    def nllf(self, point: Any) -> float:
        return float(sum(point))


class Told:
    """A service of which the jobs are done at once, here."""

    def __init__(self) -> None:
        self.calls: list[list[dict[str, Any]]] = []
        self.said: dict[str, Any] = {}

    def submit_all(self, entry_point: str, calls: list[dict[str, Any]], **said: Any) -> list[Any]:
        from park.fitting.population import costs

        assert entry_point == f"{costs.__module__}:{costs.__qualname__}"
        self.calls.append(calls)
        self.said = said
        return [Done(costs(**call)) for call in calls]


class Done:
    def __init__(self, value: Any) -> None:
        self.result = lambda: value


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Told:
    told = Told()
    monkeypatch.setattr("park.client.populations.bumps_mapper.service_named", lambda _: told)
    return told


@pytest.mark.parametrize("count", range(12))
@pytest.mark.parametrize("most", [1, 3, 8])
def test_each_point_is_in_one_piece_in_its_order(count: int, most: int) -> None:
    points = [[n, n + 0.5] for n in range(count)]
    found = list(pieces(points, most))
    assert [point for piece in found for point in piece] == points
    assert len(found) == min(most, count)
    sizes = {len(piece) for piece in found}
    assert not sizes or max(sizes) - min(sizes) <= 1


def test_costs_come_in_the_order_of_the_points(service: Told) -> None:
    mapper = bumps_mapper(Problem(), jobs=3, cpus=2)
    assert mapper([[1, 2], [3, 4], [5, 6], [7, 8]]) == [3.0, 7.0, 11.0, 15.0]
    assert [len(call["points"]) for call in service.calls[0]] == [2, 1, 1]
    assert service.said == {"memo": False, "label": "population", "cpus": 2}
    assert mapper([]) == []


@pytest.mark.parametrize("jobs", [0, -1, True, 2.0])
def test_fewer_than_one_job_is_refused(jobs: Any) -> None:
    with pytest.raises(UsageError, match="expected how many"):
        bumps_mapper(Problem(), jobs=jobs)


def test_what_has_no_costs_is_refused() -> None:
    with pytest.raises(UsageError, match="FitProblem") as found:
        bumps_mapper([1.0])
    assert found.value.hint
