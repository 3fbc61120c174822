"""Paths that end in a line break, or have one, are none of those without."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from park_repo.http.exact_route import ExactRoute


async def told(request: Request) -> PlainTextResponse:
    return PlainTextResponse(repr(request.path_params))


APP = TestClient(
    Starlette(
        routes=[
            ExactRoute("/page/", told),
            ExactRoute("/one/{name}", told),
            ExactRoute("/any/{path:path}", told),
        ]
    )
)


@pytest.mark.parametrize("path", ["/page/%0A", "/page/%0D%0A", "/page%0A"])
def test_a_path_with_a_line_break_behind_it_is_another(path: str) -> None:
    assert APP.get(path, follow_redirects=False).status_code == 404


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/page/", {}),
        ("/one/a%0A", {"name": "a\n"}),
        ("/any/a%0A", {"path": "a\n"}),
        ("/any/a/b%0Ac", {"path": "a/b\nc"}),
        ("/any/%0A", {"path": "\n"}),
    ],
)
def test_a_parameter_has_all_of_its_part_of_the_path(path: str, parameters: dict[str, str]) -> None:
    assert APP.get(path).text == repr(parameters)
