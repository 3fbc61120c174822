"""The page of a project on another index, in the forms that clients ask for."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from packaging.utils import NormalizedName

from park_repo.negotiation import HTML, JSON
from park_repo.upstream import remote_forms as module
from park_repo.upstream.remote_forms import RemoteForms

if TYPE_CHECKING:
    from park_repo.simple import Document, Page

SHA256 = "ab" * 32
HERE = "https://lab.example/park/"
ATTESTED_AT = f"{HERE}files/upstream/demo/{SHA256}/demo-1.0.tar.gz.provenance"


def forms(*, is_attested: bool = True) -> RemoteForms:
    file: Document = {
        "filename": "demo-1.0.tar.gz",
        "url": "https://up.example/demo-1.0.tar.gz",
        "hashes": {"sha256": SHA256},
        "size": 1,
    }
    if is_attested:
        file["provenance"] = "https://up.example/integrity/demo"
    document = {"meta": {"api-version": "1.4"}, "versions": ["1.0"], "files": [file]}
    return RemoteForms(NormalizedName("demo"), document)


def shown(forms: RemoteForms, media_type: str, service_url: str | None = HERE) -> Page:
    return asyncio.run(forms.page(media_type, (), None, service_url))


def test_what_attests_to_a_file_is_named_by_a_whole_url_that_leads_here() -> None:
    page = shown(forms(), JSON)
    (file,) = json.loads(page.body)["files"]
    assert file["provenance"] == ATTESTED_AT
    assert json.loads(page.body)["meta"]["api-version"] == "1.4"
    page = shown(forms(), HTML)
    assert f' data-provenance="{ATTESTED_AT}"' in page.body.decode()


@pytest.mark.parametrize("media_type", [JSON, HTML])
def test_none_is_named_without_a_url_or_an_attestation(media_type: str) -> None:
    for page in (
        shown(forms(), media_type, None),
        shown(forms(is_attested=False), media_type),
    ):
        assert b"provenance" not in page.body
        assert b"integrity" not in page.body


def test_a_page_that_names_none_is_one_page_whoever_asks() -> None:
    async def both(found: RemoteForms) -> bool:
        pages = [await found.page(JSON, (), None, url) for url in (HERE, "https://x/", None)]
        return len(set(map(id, pages))) == 1

    assert asyncio.run(both(forms(is_attested=False)))
    assert not asyncio.run(both(forms()))


def test_the_forms_of_a_page_that_stay_in_memory_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_FORMS", 3)
    found = forms()

    async def asked() -> None:
        first = await found.page(JSON, (), None, HERE)
        assert await found.page(JSON, (), None, HERE) is first
        for number in range(5):
            await found.page(JSON, (), None, f"https://host-{number}.example/")
        assert await found.page(JSON, (), None, HERE) == first

    asyncio.run(asked())
    assert len(found._pages) == 3
