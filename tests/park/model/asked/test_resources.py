"""Resources of a job: as people write them, checked, and the same again from a row."""

from __future__ import annotations

import doctest
from typing import Any

import pytest

from park.calling import RESOURCES
from park.errors import UsageError
from park.model.asked import resources
from park.model.asked.resources import (
    RESOURCE_KEYWORDS,
    Resources,
    check_resources,
    resources_from_json,
    resources_said,
)

EVERYTHING: dict[str, Any] = {
    "cpus": 4,
    "memory": "4G",
    "gpus": 1,
    "nodes": 2,
    "walltime": "02:00:00",
    "partition": "long",
    "account": "sns",
    "licenses": "matlab:2, disk",
    "extra": "--constraint=avx2",
    "engine": "slurm",
    "reuse": True,
}


def test_examples_are_true() -> None:
    assert doctest.testmod(resources).failed == 0


def test_every_resource_is_said_by_a_keyword_and_comes_back_from_its_json() -> None:
    asked = resources_said(EVERYTHING)
    assert asked == Resources(
        cpus=4,
        memory_bytes=4 << 30,
        gpus=1,
        nodes=2,
        walltime_s=7200.0,
        partition="long",
        account="sns",
        licenses={"matlab": 2, "disk": 1},
        extra=["--constraint=avx2"],
        engine="slurm",
        reuse=True,
    )
    assert resources_from_json(asked.as_json() | {"from_a_newer_park": 1}) == asked
    assert str(asked).startswith("cpus=4, gpus=1, nodes=2, partition=long")
    assert set(EVERYTHING) == RESOURCE_KEYWORDS == RESOURCES


def test_nothing_said_is_nothing_asked_and_what_is_said_wins_over_what_is_marked() -> None:
    assert resources_said({}).as_json() == {}
    assert resources_said({"cpus": 2, "gpus": None}, {"cpus": 8, "gpus": 1}) == Resources(
        cpus=2, gpus=1
    )


@pytest.mark.parametrize(
    ("said", "seconds"),
    [(90, 90), ("90", 90.0), ("90m", 5400.0), ("1-12:00:00", 129_600.0), ("0:00:30", 30.0)],
)
def test_a_time_is_seconds_or_has_its_units(said: Any, seconds: float) -> None:
    assert resources_said({"walltime": said}).walltime_s == seconds


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ({"cpus": 0}, None),
        ({"cpus": 1.5}, None),
        ({"cpus": True}, None),
        ({"gpus": -1}, None),
        ({"nodes": 0}, None),
        ({"memory": "much"}, 'memory="4G"'),
        ({"memory": 4}, 'memory="4G"'),
        ({"memory": 1.5}, 'memory="4G"'),
        ({"walltime": "12:30"}, "02:00:00"),
        ({"walltime": "00:75:00"}, "02:00:00"),
        ({"walltime": 0}, "02:00:00"),
        ({"walltime": float("inf")}, "02:00:00"),
        ({"partition": "a b"}, "park queues"),
        ({"account": ""}, "park queues"),
        ({"engine": "--wrap"}, "park queues"),
        ({"licenses": "matlab:two"}, "matlab:2"),
        ({"licenses": {"matlab": 0}}, "matlab:2"),
        ({"extra": "-n 5"}, "--constraint=avx2"),
        ({"extra": ["--a"] * 40}, None),
        ({"extra": ["--comment=two\nlines"]}, "--constraint=avx2"),
    ],
    ids=str,
)
def test_what_nobody_can_mean_is_refused_by_name(said: Any, hint: str | None) -> None:
    (name,) = said
    with pytest.raises(UsageError, match=f"^{name}") as caught:
        resources_said(said)
    assert (hint or "") in (caught.value.hint or "")


def test_a_request_is_held_to_the_same() -> None:
    with pytest.raises(UsageError, match=r"^memory=5"):
        check_resources(Resources(memory_bytes=5))
    with pytest.raises(TypeError, match="cores"):
        resources_said({"cores": 4})
