"""What a crate says of itself to programs that know RO-Crates, and nothing of park."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from support.material.crates import JOB, LOCK, small_crate

from park.client.crates.crate_records import ABOUT, METADATA


@pytest.fixture
def graph(tmp_path: Path) -> dict[str, dict[str, Any]]:
    small_crate(tmp_path / "files", tmp_path / "crate")
    with zipfile.ZipFile(tmp_path / "crate") as archive:
        document = json.loads(archive.read(METADATA))
    assert document["@context"][0] == "https://w3id.org/ro/crate/1.2/context"
    entities: list[dict[str, Any]] = document["@graph"]
    by_id = {each["@id"]: each for each in entities}
    assert len(by_id) == len(entities)
    return by_id


def ids(value: Any) -> list[str]:
    return [each["@id"] for each in (value if isinstance(value, list) else [value])]


def test_the_descriptor_leads_to_the_root(graph: dict[str, dict[str, Any]]) -> None:
    descriptor, root = graph[METADATA], graph["./"]
    assert descriptor["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.2"}
    assert descriptor["about"] == {"@id": "./"}
    assert root["@type"] == "Dataset"
    assert root["conformsTo"] == {"@id": "https://w3id.org/ro/wfrun/process/0.5"}
    assert {"name", "description", "datePublished", "license"} <= root.keys()


def test_every_file_is_a_part_with_its_digest(graph: dict[str, dict[str, Any]]) -> None:
    parts = ids(graph["./"]["hasPart"])
    assert f"jobs/{JOB}/outputs/fit%201.dat" in parts
    for part in parts:
        assert graph[part]["@type"] == "File"
        assert part == ABOUT or len(graph[part]["sha256"]) == 64


def test_the_job_is_an_action(graph: dict[str, dict[str, Any]]) -> None:
    action = graph[f"#{JOB}"]
    assert ids(graph["./"]["mentions"]) == [f"#{JOB}"]
    assert (action["@type"], action["name"]) == ("CreateAction", "fit(film.txt)")
    assert (action["startTime"], action["endTime"]) == (
        "2026-11-27T11:00:01Z",
        "2026-11-27T11:00:02Z",
    )
    assert ids(action["object"]) == [f"jobs/{JOB}/call.json", "inputs/film/film.txt"]
    assert f"jobs/{JOB}/result.json" in ids(action["result"])
    assert graph[f"#{JOB}-cpu"]["value"] == "a processor"
    instrument = graph[action["instrument"]["@id"]]
    assert instrument["name"] == "light_model:fit"
    software = graph[instrument["softwareRequirements"]["@id"]]
    assert software["identifier"] == LOCK
    assert "wheels/light_model-1.0-py3-none-any.whl" in ids(software["softwareRequirements"])


def test_whatever_it_refers_to_is_in_it(graph: dict[str, dict[str, Any]]) -> None:
    def references(value: Any) -> list[str]:
        if isinstance(value, dict) and set(value) == {"@id"}:
            return [value["@id"]]
        inner = value.values() if isinstance(value, dict) else value
        nested = inner if isinstance(value, (dict, list)) else []
        return [found for each in nested for found in references(each)]

    outside = {each for each in references(list(graph.values())) if each not in graph}
    assert all(each.startswith(("http://", "https://")) for each in outside)


def test_a_failed_job_says_so(tmp_path: Path) -> None:
    small_crate(tmp_path / "files", tmp_path / "crate", error="ValueError: too thin", result=None)
    with zipfile.ZipFile(tmp_path / "crate") as archive:
        document = json.loads(archive.read(METADATA))
    (action,) = (each for each in document["@graph"] if each["@type"] == "CreateAction")
    assert action["error"] == "ValueError: too thin"
    assert action["actionStatus"] == {"@id": "http://schema.org/FailedActionStatus"}
