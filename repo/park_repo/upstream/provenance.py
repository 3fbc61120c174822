"""What attests to a file of another index (PEP 740), as that index has it now.

It may change as long as the file is there, and whoever reads it verifies its signatures against
the file: so it is asked for each time, and kept by nobody here.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from park.errors import UnknownItem, UpstreamFault
from park_repo.upstream.remote_pages import provenance_url_of
from park_repo.upstream.whole_answer import whole_answer

if TYPE_CHECKING:
    from park_repo.simple import Document
    from park_repo.upstream.upstream import Upstream

__all__ = ["MEDIA_TYPE", "brought"]

MEDIA_TYPE = "application/vnd.pypi.integrity.v1+json"
"""What PyPI calls a provenance object."""

_MOST_BYTES = 4 << 20
"""An attestation has some 10 kB, and a file one or two of them."""

_FOUND, _GONE = 200, {404, 410}


async def brought(source: Upstream, file: Document) -> bytes:
    """Return the provenance object of ``file``, an entry of a page of ``source``.

    Raises `UnknownItem` where there is none, and `UpstreamFault` where it cannot be had.
    """
    url = provenance_url_of(file)
    if url is None:
        raise UnknownItem(f"{source.url} says nothing of what attests to {file['filename']}")
    async with source.opened(url, {"Accept": f"{MEDIA_TYPE}, application/json;q=0.9"}) as opened:
        if opened.status_code in _GONE:
            raise UnknownItem(f"{url} is not there, though its index names it")
        if opened.status_code != _FOUND:
            raise UpstreamFault(f"upstream {url} answered {opened.status_code}; expected 200")
        answer = await whole_answer(opened, _MOST_BYTES)
    if not await asyncio.to_thread(_is_provenance, answer.content):
        raise UpstreamFault(f"upstream {url} answered with what is no provenance object (PEP 740)")
    return answer.content


def _is_provenance(body: bytes) -> bool:
    """Tell an object with bundles of attestations; what is in them is for those who verify it."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and isinstance(found.get("attestation_bundles"), list)
