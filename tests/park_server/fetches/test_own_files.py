"""URLs of this service lead to its files without a network, and to nobody else's."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert
from support.labs.databases import database_at
from support.labs.rows import new_job
from support.material.open_doors import of_the_service

from park.errors import NotPermitted, UnknownItem
from park.wire import FileRecord
from park_server.areas.areas import Areas
from park_server.db.tables import job_files
from park_server.fetches.own_files import OwnFiles

HERE = "https://h/service"
FILE = {"job": "a", "name": "out/fit 1.png", "sha256": "ab", "size": 3}


@pytest.fixture
def own(tmp_path: Path) -> Iterator[OwnFiles]:
    database = database_at(tmp_path)
    database.write(lambda connection: new_job(connection, "a")).result()
    database.write(lambda connection: connection.execute(insert(job_files), FILE)).result()
    areas = Areas(tmp_path / "areas", {}, of_the_service)
    yield OwnFiles(urls=(HERE, "http://localhost:1"), database=database, areas=areas)
    database.close()


@pytest.mark.parametrize(
    "url",
    [
        f"{HERE}/api/v1/jobs/a/files/out/fit%201.png",
        f"{HERE}/api/v1/jobs/a/files/out/fit%201.png?download=1#top",
        "http://localhost:1/api/v1/jobs/a/files/out/fit%201.png",
    ],
)
def test_a_file_of_ones_own_job_is_found_under_each_url(own: OwnFiles, url: str) -> None:
    assert own.of_job(url, "ada") == FileRecord(name="out/fit 1.png", sha256="ab", size=3)
    assert own.of_job(url, "eve") is None
    assert own.in_area(url, "ada") is None


@pytest.mark.parametrize(
    "url",
    [
        "https://h/other/api/v1/jobs/a/files/out/fit%201.png",
        "https://other/api/v1/jobs/a/files/out/fit%201.png",
        f"{HERE}/api/v1/jobs/a",
        f"{HERE}/api/v1/jobs/a/files/",
        f"{HERE}/api/v1/jobs/absent/files/x",
        "https://h/run.refl?next=https://h/service/api/v1/jobs/a/files/x",
    ],
)
def test_any_other_url_is_one_of_the_network(own: OwnFiles, url: str) -> None:
    assert own.of_job(url, "ada") is None


def test_a_file_that_the_job_does_not_have_is_told(own: OwnFiles) -> None:
    with pytest.raises(UnknownItem, match=r"out/fit 1\.png"):
        own.of_job(f"{HERE}/api/v1/jobs/a/files/absent", "ada")


async def content() -> AsyncIterator[bytes]:
    yield b"12"


def test_a_file_of_an_area_is_opened_by_who_may(own: OwnFiles) -> None:
    url = f"{HERE}/api/v1/areas/files/~ada/a%20b.txt"
    with pytest.raises(UnknownItem):
        own.in_area(url, "ada")
    asyncio.run(own.areas.put("~/a b.txt", "ada", content()))
    descriptor, name = own.in_area(url, "ada") or (-1, "")
    assert (os.read(descriptor, 9), name) == (b"12", "a b.txt")
    os.close(descriptor)
    with pytest.raises(NotPermitted):
        own.in_area(url, "eve")
    assert own.of_job(url, "ada") is None
    assert own.in_area(f"{HERE}/api/v1/areas/files/", "ada") is None


def test_a_file_of_the_operator_is_opened_by_its_root(own: OwnFiles, tmp_path: Path) -> None:
    (tmp_path / "shown").mkdir()
    (tmp_path / "shown" / "run.refl").write_text("12")
    there = replace(
        own, areas=Areas(tmp_path / "areas", {"data": tmp_path / "shown"}, of_the_service)
    )
    descriptor, name = there.in_area(f"{HERE}/api/v1/areas/files/data/run.refl", "eve") or (-1, "")
    assert (os.read(descriptor, 9), name) == (b"12", "run.refl")
    os.close(descriptor)
