"""`park_server.envs.resolve`: what a resolver is asked, and what is told of its answer."""

from __future__ import annotations

from pathlib import Path

from support.labs.environment_lab import own_interpreter

from park.model.pins import RequirementSet, parse_pin
from park_server.envs.resolve import (
    ResolutionRequest,
    child_environment,
    explanation,
    requirement_lines,
)

TREE = parse_pin("mymodel", "1.0+t0123456789abcdef")

REQUEST = ResolutionRequest(
    pins=RequirementSet.of("3.11", [TREE, parse_pin("Six", "1.17")]),
    interpreter=own_interpreter(),
    index_url="https://__token__:secret@sns.example.org/simple/",
    cache=Path("/srv/park/cache"),
    trees={TREE: Path("/srv/park/files/ab/mymodel-1.0+t0123456789abcdef-py3-none-any.whl")},
)


def test_pins_are_exact_and_trees_are_files() -> None:
    assert requirement_lines(REQUEST) == (
        "mymodel @ file:///srv/park/files/ab/"
        "mymodel-1.0%2Bt0123456789abcdef-py3-none-any.whl\nsix==1.17\n"
    )


def test_credentials_are_not_in_what_is_shown_of_a_request() -> None:
    assert "secret" not in repr(REQUEST)


def test_the_operators_own_indexes_are_not_asked() -> None:
    own = {
        "PATH": "/bin",
        "UV_INDEX": "https://other.example.org",
        "PIP_EXTRA_INDEX_URL": "https://other.example.org",
        "PIP_CERT": "/etc/ssl/own.pem",
        "VIRTUAL_ENV": "/venv",
    }

    assert child_environment(own, {"UV_DEFAULT_INDEX": "x"}) == {
        "PATH": "/bin",
        "PIP_CERT": "/etc/ssl/own.pem",
        "UV_DEFAULT_INDEX": "x",
        "GIT_ALLOW_PROTOCOL": "none",
        # the service's index sends a file on when all of it is there
        "UV_HTTP_TIMEOUT": "600",
        "PIP_DEFAULT_TIMEOUT": "600",
    }


def test_the_explanation_has_no_credentials_and_no_paths() -> None:
    wheel = REQUEST.trees[TREE]
    said = (
        f"error: no solution: {wheel.as_uri()} and {wheel} need six==2,\n"
        "  seen at https://__token__:secret@sns.example.org/simple/six/,\n"
        "  in /tmp/x1/requirements.txt and /srv/park/cache/uv"
    )

    told = explanation(said, REQUEST, "/tmp/x1")  # noqa: S108 (a name in a text)

    assert told == (
        f"no solution: {wheel.name} and {wheel.name} need six==2,\n"
        "  seen at https://sns.example.org/simple/six/,\n"
        "  in requirements.txt and uv"
    )
