"""The page of a project on another index, in the forms that clients ask for."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from packaging.utils import NormalizedName

from park_repo.negotiation import HTML, JSON
from park_repo.upstream import remote_project as module
from park_repo.upstream.remote_project import RemoteProject
from park_repo.upstream.upstream import Upstream

if TYPE_CHECKING:
    from park_repo.simple import Document

SHA256 = "ab" * 32
HERE = "https://lab.example/park/"
ATTESTED_AT = f"{HERE}files/upstream/demo/{SHA256}/demo-1.0.tar.gz.provenance"


def project(*, is_attested: bool = True) -> RemoteProject:
    file: Document = {
        "filename": "demo-1.0.tar.gz",
        "url": "https://up.example/demo-1.0.tar.gz",
        "hashes": {"sha256": SHA256},
        "size": 1,
    }
    if is_attested:
        file["provenance"] = "https://up.example/integrity/demo"
    document = {"meta": {"api-version": "1.4"}, "versions": ["1.0"], "files": [file]}
    source = Upstream("https://up.example/simple/")
    return RemoteProject(name=NormalizedName("demo"), source=source, document=document)


def test_what_attests_to_a_file_is_named_by_a_whole_url_that_leads_here() -> None:
    page = asyncio.run(project().page(JSON, service_url=HERE))
    (file,) = json.loads(page.body)["files"]
    assert file["provenance"] == ATTESTED_AT
    assert json.loads(page.body)["meta"]["api-version"] == "1.4"
    page = asyncio.run(project().page(HTML, service_url=HERE))
    assert f' data-provenance="{ATTESTED_AT}"' in page.body.decode()


@pytest.mark.parametrize("media_type", [JSON, HTML])
def test_none_is_named_without_a_url_or_an_attestation(media_type: str) -> None:
    for page in (
        asyncio.run(project().page(media_type)),
        asyncio.run(project(is_attested=False).page(media_type, service_url=HERE)),
    ):
        assert b"provenance" not in page.body
        assert b"integrity" not in page.body


def test_a_page_that_names_none_is_one_page_whoever_asks() -> None:
    async def both(found: RemoteProject) -> bool:
        pages = [await found.page(JSON, service_url=url) for url in (HERE, "https://x/", None)]
        return len(set(map(id, pages))) == 1

    assert asyncio.run(both(project(is_attested=False)))
    assert not asyncio.run(both(project()))


def test_the_forms_of_a_page_that_stay_in_memory_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_FORMS", 3)
    found = project()

    async def asked() -> None:
        first = await found.page(JSON, service_url=HERE)
        assert await found.page(JSON, service_url=HERE) is first
        for number in range(5):
            await found.page(JSON, service_url=f"https://host-{number}.example/")
        assert await found.page(JSON, service_url=HERE) == first

    asyncio.run(asked())
    assert len(found._pages) == 3
