"""Requests as they are kept: what opens something elsewhere is sealed, whoever reads them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from park.wire import JobRequest
from park_server.fetch_target import without_user_information

__all__ = ["kept_request"]

_Seal = Callable[[str], str]


def kept_request(request: JobRequest, seal: _Seal) -> JobRequest:
    """Return ``request`` as it may be written down: each secret in it as ``seal`` has it.

    These are the authorization of a fetch, ``user:password@`` of its URL, and the tokens of grants.
    A secret that looks sealed is sealed all the same: it may be another's, read in a database.
    """
    fetch = request.fetch
    if fetch is not None:
        fetch = without_user_information(fetch)
        if fetch.authorization is not None:
            fetch = replace(fetch, authorization=seal(fetch.authorization))
    if fetch is request.fetch and not request.grants:
        return request
    grants = [replace(each, token=seal(each.token)) for each in request.grants]
    return replace(request, fetch=fetch, grants=grants)
