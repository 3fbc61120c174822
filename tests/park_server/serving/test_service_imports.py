"""What a start loads, when, and what it does not load at all."""

from __future__ import annotations

import subprocess
import sys

NEVER_AT_A_START = (
    *("alembic", "mako", "jinja2", "psycopg", "sqlalchemy.dialects.postgresql", "parsl"),
    *("rich", "keyring", "numpy", "build", "virtualenv", "docutils", "requests"),
)
"""What a service uses for one thing, which many never do: each is loaded with its first use."""

OF_THE_WEB = ("fastapi", "pydantic", "pydantic_core", "opentelemetry", "uvicorn", "httptools")
"""What answers, and nothing that takes up the jobs of a home: loaded in a thread meanwhile."""


def loaded_by(module: str) -> set[str]:
    look = f"import {module}, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_what_takes_up_the_jobs_loads_nothing_of_what_answers() -> None:
    loaded = loaded_by("park_server.serving.serve")
    assert "sqlalchemy" in loaded
    assert loaded & {*OF_THE_WEB, *NEVER_AT_A_START} == set()
    of_routes = [name for name in loaded if name.endswith("_routes") and "park_server" in name]
    assert of_routes == []


def test_a_service_that_answers_has_loaded_nothing_that_it_may_never_use() -> None:
    loaded = loaded_by("park_server.serving.web")
    assert {*OF_THE_WEB} <= loaded
    assert loaded & {*NEVER_AT_A_START} == set()


def test_what_fastapi_declares_is_built_when_the_document_is_asked_for() -> None:
    look = (
        "import sys; usual = sys.getswitchinterval()\n"
        "from park_server.serving import service_imports\n"
        "service_imports._web()\n"
        "from pydantic import BaseModel; from fastapi.openapi.models import Components\n"
        "assert not Components.__pydantic_complete__\n"
        "assert 'defer_build' not in BaseModel.model_config\n"
        "assert sys.getswitchinterval() == usual\n"
        "from park_server.http.routing.documentation import Documentation\n"
        "from park_server.http.app import declared_routes\n"
        "print(len(Documentation(declared_routes((), None))._document()) > 100_000)"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=False)
    assert done.stdout == "True\n", done.stderr
