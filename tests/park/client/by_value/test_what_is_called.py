"""What is called: by name, or by value."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from typing import Any

import packaging.version
import pytest

from park.client.by_value.module_ways import ModuleWays
from park.client.by_value.sending import Sending
from park.client.by_value.what_is_called import called
from park.errors import InvalidEntryPoint


def sending() -> Sending:
    return Sending(ModuleWays())


class Model:
    def __call__(self) -> int:
        return 1

    def run(self) -> int:
        return 2


Model.__module__ = "__main__"


@pytest.mark.parametrize(
    ("function", "name"),
    [
        ("mymodel:fit", "mymodel:fit"),
        (packaging.version.parse, "packaging.version:parse"),
        (packaging.version.Version, "packaging.version:Version"),
        (json.dumps, "json:dumps"),
        (len, "builtins:len"),
    ],
)
def test_what_an_environment_has_goes_by_its_name(function: Any, name: str) -> None:
    what = called(function, sending())
    assert (str(what.entry_point), what.function) == (name, None)


def test_what_has_no_name_there_comes_as_its_bytes() -> None:
    def local() -> None:
        """Be nowhere to be imported from."""

    for function, name in (
        (local, f"{local.__qualname__}"),
        (Model, "Model"),
        (Model(), "Model"),
        (Model().run, "Model.run"),
        (functools.partial(functools.partial(local), 1), local.__qualname__),
    ):
        what = called(function, sending())
        assert what.entry_point.qualname == name
        assert what.function is not None
        data = base64.b64decode(what.function["value"]["base64"])
        assert what.function["sha256"] == hashlib.sha256(data).hexdigest()
        assert what.function["$park"] == "function"


def test_a_callable_that_is_no_function_is_known_by_its_name() -> None:
    numeric = Model()
    numeric.__name__ = "sine"  # type: ignore[attr-defined]  # as numpy's functions have it
    assert str(called(numeric, sending()).entry_point) == "__main__:sine"


def test_what_is_imported_ahead_is_what_people_import() -> None:
    version = packaging.version.Version("1")
    what = called(lambda: version, sending())
    assert what.function is not None
    assert "packaging.version" in what.function["modules"]


def test_what_the_body_imports_is_needed_and_not_imported_ahead() -> None:
    def body() -> None:
        import packaging.tags  # noqa: F401 (what is looked at)

    one = sending()
    what = called(body, one)
    assert "packaging.tags" in one.modules
    assert what.function is not None
    assert "packaging.tags" not in what.function["modules"]


def test_what_cannot_be_called_is_refused() -> None:
    with pytest.raises(InvalidEntryPoint, match="3 cannot be called"):
        called(3, sending())  # type: ignore[arg-type]
