"""How what has no name in a job's environment is taken apart; test_pickles makes it again."""

from __future__ import annotations

import dataclasses
import json
import math
import pickle
import platform
import sys
from types import FunctionType, ModuleType
from typing import Any

import packaging.version
import pytest
from support.stand_ins.job_service import JobService

from park.client.by_value.module_ways import ModuleWays
from park.client.by_value.sending import Sending
from park.runtime.by_value import rebuild
from park.runtime.by_value.reductions import globals_used, reduced


@pytest.fixture
def sending() -> Sending:
    return Sending(ModuleWays())


@pytest.mark.parametrize("value", [json.dumps, json.JSONDecoder, int, type(None)])
def test_what_a_job_finds_by_its_name_is_left_to_pickle(sending: Sending, value: Any) -> None:
    assert reduced(sending, value) is NotImplemented
    assert not sending.modules


def test_what_an_environment_must_have_is_noted(sending: Sending) -> None:
    assert reduced(sending, packaging.version.Version) is NotImplemented
    reduced(sending, packaging.tags if hasattr(packaging, "tags") else packaging.version)
    assert "packaging.version" in sending.modules


def test_names_of_what_there_is_once_are_kept(sending: Sending) -> None:
    assert reduced(sending, dataclasses.MISSING) == (rebuild.attribute, ("dataclasses", "MISSING"))
    assert reduced(sending, FunctionType) == (rebuild.attribute, ("types", "FunctionType"))
    assert reduced(sending, sys.stderr) == (rebuild.stream, ("stderr",))
    assert reduced(sending, json) == (rebuild.module, ("json",))
    assert reduced(sending, math.sqrt) == "sqrt"


def test_a_function_takes_the_globals_that_it_names_and_no_others(sending: Sending) -> None:
    namespace: dict[str, Any] = {"used": 1, "unused": 2, "Kind": int, "__name__": "nowhere"}
    exec("def f(x: 'Kind') -> 'used':\n    return used\n", namespace)  # noqa: S102 (of a script)
    function = namespace["f"]
    assert globals_used(function) == {"used": 1, "Kind": int}
    maker, made, state, _, _, setter = reduced(sending, function)
    assert (maker, setter) == (rebuild.function, rebuild.fill_function)
    assert made[0] == "bare"
    assert state["globals"] == {"used": 1, "Kind": int}


def test_the_client_stays_here(sending: Sending) -> None:
    with pytest.raises(pickle.PicklingError, match="belongs to the client"):
        reduced(sending, JobService().service)


def test_a_builtin_of_a_module_made_by_hand_is_not_found(
    sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Named:
        def __reduce__(self) -> str:
            return "named"

    stranger = ModuleType("stranger")
    value = Named()
    stranger.named = value  # type: ignore[attr-defined]
    Named.__module__ = "stranger"
    monkeypatch.setitem(sys.modules, "stranger", stranger)
    with pytest.raises(pickle.PicklingError, match="named of stranger cannot be found in a job"):
        reduced(sending, value)


def test_a_value_that_a_module_only_keeps_for_now_travels_as_a_value() -> None:
    known = platform.uname()
    assert any(each is known for each in vars(platform).values())
    made, given = reduced(Sending(ModuleWays()), known)[:2]
    assert made is not rebuild.attribute
    assert made(*given) == known
