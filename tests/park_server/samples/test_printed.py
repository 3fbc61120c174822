"""The samples are what they are to be, and name nothing that a service does not have."""

from __future__ import annotations

import argparse
import json
import re
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

from park_server.operating.catalogue import CATALOGUE, Kind
from park_server.samples.printed import SAMPLES, PrintSample, sample

_OF_PROMETHEUS = {"up"}
_METRIC = re.compile(r"\b((?:park|process)_[a-z_]+|up)\b(?=[{\[ ])")
_LABELS = re.compile(r"(park_[a-z_]+)\{([^}]*)\}")


def told() -> set[str]:
    """Return the names of all series of a service."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    of_process = re.findall(r"^(process_\w+) ", generate_latest(registry).decode(), re.MULTILINE)
    found = set(of_process) | _OF_PROMETHEUS
    for each in CATALOGUE:
        ends = ("_bucket", "_count", "_sum") if each.kind is Kind.HISTOGRAM else ("",)
        found |= {each.name + end for end in ends}
    return found


def expressions_of_dashboard() -> list[str]:
    dashboard: dict[str, Any] = json.loads(sample("grafana"))
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


def expressions_of_alerts() -> list[str]:
    return re.findall(r"expr: (?:>-\n)?(.*?)\n +(?:for|labels):", sample("alerts"), re.DOTALL)


@pytest.mark.parametrize("find", [expressions_of_dashboard, expressions_of_alerts])
def test_each_expression_asks_for_a_metric_that_there_is(find: Any) -> None:
    expressions, there = find(), told()
    assert len(expressions) >= 8
    for expression in expressions:
        named = set(_METRIC.findall(expression))
        assert named, expression
        assert named <= there, expression


@pytest.mark.parametrize("find", [expressions_of_dashboard, expressions_of_alerts])
def test_each_label_that_is_asked_for_is_one_of_its_metric(find: Any) -> None:
    labels = {each.name: {*each.labels, "job", "instance"} for each in CATALOGUE}
    for expression in find():
        for name, inside in _LABELS.findall(expression):
            metric = re.sub(r"_(bucket|count|sum)$", "", name)
            assert set(re.findall(r"(\w+)=", inside)) <= labels[metric], expression


def test_the_dashboard_shows_every_metric() -> None:
    shown = " ".join(expressions_of_dashboard())
    assert [each.name for each in CATALOGUE if each.name not in shown] == []


def test_its_panels_lie_beside_each_other() -> None:
    panels = json.loads(sample("grafana"))["panels"]
    places = {(each["gridPos"]["x"], each["gridPos"]["y"]) for each in panels}
    assert len(places) == len({each["id"] for each in panels}) == len(panels)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_the_option_prints_a_sample_whatever_else_is_missing(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", required=True)
    parser.add_argument("--sample", action=PrintSample, choices=SAMPLES)
    with pytest.raises(SystemExit) as ended:
        parser.parse_args(["--sample", name])
    assert ended.value.code == 0
    assert capsys.readouterr().out == sample(name)
