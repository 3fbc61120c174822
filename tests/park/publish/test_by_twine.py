"""How twine is run; tests/functional/index/test_publish runs it."""

from __future__ import annotations

import importlib.util

import pytest

from park.errors import UsageError
from park.publish.by_twine import reason, require_twine, twine_environ


def test_nothing_in_the_environment_leads_an_upload_elsewhere() -> None:
    outer = {"TWINE_REPOSITORY_URL": "https://elsewhere", "TWINE_REPOSITORY": "x", "HOME": "/me"}
    assert twine_environ(outer) == {"HOME": "/me"}


def test_where_twine_is_missing_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    require_twine()
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UsageError) as caught:
        require_twine()
    assert caught.value.hint == "pip install 'park-dist[publish]'"


def test_the_words_of_a_service_are_found_in_what_twine_prints() -> None:
    document = '{"title":"Conflict","detail":"a is here already","hint":"a new version"}'
    output = f"Uploading a\nINFO     409 Conflict\nINFO     {document}\nERROR    HTTPError: 409\n"
    assert reason(output) == ("a is here already", "a new version")


@pytest.mark.parametrize("line", ["{not json}", '{"title": "nothing more"}', "no document"])
def test_without_them_its_own_last_lines_are_the_reason(line: str) -> None:
    assert reason(f"{line}\nERROR    refused\n") == (f"{line}\nERROR    refused", None)
