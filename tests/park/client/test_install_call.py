"""Installs by a service's handle: a module is meant by its name, and quiet unless told."""

from __future__ import annotations

import traceback
import types
from typing import Any

import pytest
from support.stand_ins.job_service import JobService

from park.client.installs import target_install
from park.client.report import Silence
from park.client.voice import background
from park.errors import BuildFailed


def test_a_module_goes_by_its_name_with_what_is_said_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[tuple[Any, ...]] = []

    def install_target(_: object, name: str, options: Any, report: object, **how: bool) -> str:
        called.append((name, options.taken, report, how))
        return "outcome"

    monkeypatch.setattr(target_install, "install_target", install_target)
    service, quiet = JobService().service, Silence()
    assert service.install(types.ModuleType("mymodel"), with_="plugin") == "outcome"  # type: ignore[comparison-overlap]
    service.install("./mymodel", report=quiet, until_compiled=False)
    assert called == [
        ("mymodel", ("plugin",), background, {"until_compiled": True}),
        ("./mymodel", (), quiet, {"until_compiled": False}),
    ]


def test_what_went_wrong_is_one_error_whose_traceback_ends_at_the_own_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def install_target(*_: object, **__: object) -> None:
        raise BuildFailed("the build backend could not build it") from LookupError("deep down")

    monkeypatch.setattr(target_install, "install_target", install_target)
    with pytest.raises(BuildFailed) as told:
        JobService().service.install("mymodel")
    shown = "".join(traceback.format_exception(told.value))
    assert shown.count("Traceback") == 1
    assert "deep down" not in shown
    assert "in install_target" not in shown
