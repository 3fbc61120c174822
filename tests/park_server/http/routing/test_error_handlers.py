"""Who registers the answers to errors has them all, FastAPI's own refusal among them."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.testclient import TestClient

from park_server.http.problems import HANDLERS
from park_server.http.routing.error_handlers import register


def test_each_class_of_errors_has_its_answer() -> None:
    app = FastAPI()
    register(app)
    assert {*HANDLERS, RequestValidationError} <= app.exception_handlers.keys()


def test_a_parameter_that_is_not_valid_is_a_problem_that_names_it() -> None:
    app = FastAPI()
    register(app)

    @app.get("/pages")
    def pages(number: int) -> int:
        return number

    answer = TestClient(app).get("/pages?number=first")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].startswith("the request is not valid at query.number: ")
