"""`park_server.installs.checked_request`: what contradicts itself never becomes an install."""

from __future__ import annotations

from typing import Any

import pytest
from support.labs.environment_lab import own_interpreter

from park.errors import CannotSatisfy, NoInterpreter, UsageError
from park.model.pins import Pin, RequirementSet, parse_pin
from park.wire import InstallRequest, LocalWheel, PinRecord, SourceArchive
from park_server.installs.checked_request import CheckedRequest, checked

INTERPRETER = own_interpreter()
MINOR = INTERPRETER.target.python
TREE = "1.0+t0123456789abcdef"


def request(**changes: Any) -> InstallRequest:
    facts: dict[str, Any] = {
        "id": "1",
        "project": "demo",
        "version": "1",
        "python": MINOR,
        "pins": [PinRecord(name="demo", version="1")],
    }
    return InstallRequest(**facts | changes)


def wheel(filename: str = "demo-1-py3-none-any.whl", *, version: str = "1") -> LocalWheel:
    return LocalWheel(name="Demo", version=version, filename=filename, sha256="a" * 64, size=1)


def check(**changes: Any) -> CheckedRequest:
    return checked("ada", request(**changes), {MINOR: INTERPRETER})


def test_names_and_versions_are_normalised_once() -> None:
    pins = [PinRecord(name="Demo", version="1.0.0-post1"), PinRecord(name="a_b", version="2")]
    found = check(project="DEMO", version="1.0.0-post1", pins=pins)
    assert (found.project, found.version, found.user) == ("demo", "1.0.0-post1", "ada")
    wanted = (parse_pin("a-b", "2"), parse_pin("demo", "1.0.0.post1"))
    assert found.requirements == RequirementSet.of(MINOR, wanted)
    assert found.set_hash == found.requirements.hash
    assert found.interpreter is INTERPRETER


def test_wheels_and_sources_bring_their_pins_and_digests() -> None:
    source = SourceArchive(
        name="other",
        version=TREE,
        filename="other.tar.gz",
        sha256="0" * 64,
        size=1,
        build_pins=[PinRecord(name="Setup_Tools", version="80.0")],
        pretended_version="1.0",
    )
    pins = [PinRecord(name="demo", version="1"), PinRecord(name="other", version=TREE)]
    found = check(pins=pins, wheels=[wheel()], sources=[source])
    assert [each.pin for each in found.wheels] == [parse_pin("demo", "1")]
    assert [each.build_pins for each in found.sources] == [(parse_pin("setup-tools", "80.0"),)]
    assert found.sources[0].pretended_version == "1.0"
    assert found.digests == ["0" * 64, "a" * 64]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"id": "../1"}, "is no id"),
        ({"wheels": [wheel(version="2")]}, "wheels that no pin asks for: demo==2"),
        (
            {"version": TREE, "pins": [PinRecord(name="demo", version=TREE)]},
            f"working trees without a wheel: demo=={TREE}",
        ),
        ({"project": "other"}, "the project other==1 is not among its own pins"),
        (
            {"pins": [PinRecord(name="demo", version="1"), PinRecord(name="demo", version="2")]},
            "two versions of demo",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(UsageError) as caught:
        check(**changes)
    assert why in caught.value.message


def test_a_python_that_is_not_here_is_refused() -> None:
    with pytest.raises(NoInterpreter, match=r"no Python 3\.1; it has"):
        check(python="3.1")


def test_a_wheel_that_can_never_be_installed_is_refused_at_once() -> None:
    check(wheels=[wheel("demo-1-py3-none-any.whl")])
    check(wheels=[wheel(f"demo-1-{INTERPRETER.tags[0]}.whl")])
    with pytest.raises(CannotSatisfy, match=r"is for py3-none-win_amd64; this service runs"):
        check(wheels=[wheel("demo-1-py3-none-win_amd64.whl")])


def test_a_pin_keeps_a_version_that_is_none_of_pep_440() -> None:
    pins = [PinRecord(name="demo", version="2004d")]
    assert check(version="2004d", pins=pins).requirements.pins == (
        Pin(name=parse_pin("demo", "1").name, version="2004d"),
    )
