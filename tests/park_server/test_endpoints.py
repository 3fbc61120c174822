"""Where a service is reached: by everybody, and by its own processes with a token."""

from __future__ import annotations

import pytest

from park_server.endpoints import Endpoints


@pytest.mark.parametrize("public", [None, "https://proxy.example/park"])
def test_its_own_processes_go_where_it_listens(public: str | None) -> None:
    found = Endpoints.of("http://127.0.0.1:8750/park", "a/b@c", public=public)
    assert found.url == (public or "http://127.0.0.1:8750/park")
    assert found.listening == "http://127.0.0.1:8750/park"
    assert found.internal_index == "http://__token__:a/b%40c@127.0.0.1:8750/park/simple/"


def test_the_token_is_shown_to_nobody() -> None:
    assert "secret" not in repr(Endpoints.of("http://h", "secret"))


def test_they_have_a_way_of_their_own_where_there_is_one() -> None:
    found = Endpoints.of("https://lab.example", "t", inside="http://127.0.0.1:81")
    assert found.internal_index == "http://__token__:t@127.0.0.1:81/simple/"
    assert found.listening == "https://lab.example"
