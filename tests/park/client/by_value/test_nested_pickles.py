"""The names in pickles within bytes, read without unpickling anything."""

from __future__ import annotations

import copyreg
import importlib
import os
import pickle
from decimal import Decimal
from typing import Any

import packaging.version
import pytest

from park.client.by_value.module_ways import ModuleWays
from park.client.by_value.nested_pickles import named_in_pickles, names_of, note_nested
from park.client.by_value.pickles import pickled
from park.client.by_value.sending import Sending
from park.errors import UsageError

VERSION = ("packaging.version", "Version")


class Kept:
    """Keeps its state as a pickle, as what wraps functions by cloudpickle does."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __reduce__(self) -> Any:
        return pickle.loads, (self.data,)


class Imported:
    """Is pickled as the import of a module, which is named in a text."""

    def __init__(self, module: str) -> None:
        self.module = module

    def __reduce__(self) -> Any:
        return importlib.import_module, (self.module,)


@pytest.mark.parametrize("protocol", range(6))
def test_names_are_those_of_every_protocol(protocol: int) -> None:
    version = packaging.version.Version("1")
    data = pickle.dumps([version, (version, Decimal(1)), {"a": version}], protocol)
    assert {VERSION, ("decimal", "Decimal")} <= set(named_in_pickles(data))
    assert {module for module, _ in named_in_pickles(data)} <= {
        "packaging.version",
        "packaging._structures",
        "decimal",
        "copyreg",
        "builtins",
    }


def test_a_name_that_comes_from_the_memo_is_found() -> None:
    parts = [packaging.version.Version, packaging.version.InvalidVersion, "packaging.version"]
    data = pickle.dumps(parts, 4)
    assert names_of(data) == [VERSION, ("packaging.version", "InvalidVersion")]


def test_a_module_that_is_imported_by_its_name_is_found_each_time() -> None:
    data = pickle.dumps([Imported("numpy.linalg"), Imported("h5py")])
    assert {("numpy.linalg", ""), ("h5py", "")} <= set(named_in_pickles(data))


def test_a_class_of_the_registry_of_extensions_is_found() -> None:
    copyreg.add_extension(*VERSION, 240)
    try:
        data = pickle.dumps([packaging.version.Version], 2)
        assert b"Version" not in data
        assert names_of(data) == [VERSION]
    finally:
        copyreg.remove_extension(*VERSION, 240)


def test_what_only_looks_like_a_pickle_names_nothing() -> None:
    whole = pickle.dumps(packaging.version.Version("1"))
    for data in [b"", b".", b"(hello).", whole[:-1], b"\x80\x04\x95" * 50, os.urandom(1 << 16)]:
        assert list(named_in_pickles(data)) == []
    assert VERSION in named_in_pickles(b"HEADER" + whole + b"more")


def test_an_environment_has_what_a_pickle_within_names() -> None:
    sending = Sending(ModuleWays())
    pickled(Kept(pickle.dumps(packaging.version.Version("1"))), sending, name="x")
    assert "packaging.version" in sending.modules


def test_a_module_that_is_not_here_is_refused_with_the_remedy() -> None:
    data = pickle.dumps(packaging.version.Version("1")).replace(b"packaging", b"nosuchlib")
    with pytest.raises(
        UsageError, match=r"names Version of nosuchlib\.version, and no env"
    ) as told:
        pickled(Kept(data), Sending(ModuleWays()), name="model")
    assert "python -m pip install nosuchlib" in str(told.value.hint)
    assert "with_=" in str(told.value.hint)


def test_what_is_of_the_script_is_refused_in_a_pickle_of_the_callers_own() -> None:
    data = pickle.dumps(packaging.version.Version).replace(
        b"\x8c\x11packaging.version", b"\x8c\x08__main__"
    )
    with pytest.raises(UsageError, match="Version of __main__, which no environment has") as told:
        note_nested(Sending(ModuleWays()), data, what="an argument", inside=False)
    assert told.value.hint == "pass the object itself, not its pickle"
