from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from packaging.utils import canonicalize_name
from support.labs.environment_lab import own_interpreter
from support.stand_ins.scripted_server import answer, scripted_server

from park.model.pins import parse_pin
from park_server.envs.available import Shortage, index_pages, shortage_error, shortages

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

INTERPRETER = own_interpreter()
ABI = INTERPRETER.target.abi
NATIVE = INTERPRETER.tags[0]


def page(*filenames: str, **entry: Any) -> dict[str, Any]:
    files = [{"filename": filename, **entry} for filename in filenames]
    return {"versions": ["1.0", "1.1", "1.10", "2.0"], "files": files}


PAGES = {
    "film": {
        "versions": ["1.0", "1.1", "1.10", "2.0", "odd"],
        "files": [
            *page("film-1.0.tar.gz", f"film-1.0-{ABI}-{ABI}-win_amd64.whl", "odd.whl")["files"],
            *page(f"film-1.1-{NATIVE}.whl", f"film-1.10-{NATIVE}.whl")["files"],
            *page(f"film-2.0-{NATIVE}.whl", yanked="broken")["files"],
            *page(f"film-2.1-{NATIVE}.whl", **{"requires-python": ">=9"})["files"],
            *page(f"film-2.2-{NATIVE}.whl", **{"requires-python": "?"})["files"],
        ],
    },
    "source": page("source-1.0.tar.gz"),
    "pure": page("pure-1.0-py3-none-any.whl"),
}


def page_of(name: NormalizedName) -> dict[str, Any] | None:
    return PAGES.get(name)


def lacking(*pins: str) -> tuple[Shortage, ...]:
    parsed = [parse_pin(*pin.split("==")) for pin in pins]
    return shortages(parsed, INTERPRETER, page_of)


def test_a_version_for_other_platforms_names_those_it_could_be() -> None:
    assert lacking("film==1.0") == (
        Shortage(
            name="film",
            version="1.0",
            is_known=True,
            wheels=(f"{ABI} on win_amd64",),
            versions=("2.2", "1.10", "1.1"),
        ),
    )


@pytest.mark.parametrize("pin", ["film==1.1", "film==1.10", "pure==1.0"])
def test_what_is_there_lacks_nothing(pin: str) -> None:
    assert lacking(pin) == ()


@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_what_is_yanked_or_for_another_python_does_not_count(version: str) -> None:
    assert [shortage.version for shortage in lacking(f"film=={version}")] == [version]


def test_the_message_names_each_and_the_hint_one_that_works() -> None:
    error = shortage_error(
        lacking("film==1.0", "source==1.0", "pure==3.0", "gone==1.0"), INTERPRETER
    )
    target = INTERPRETER.target
    platform = f"Python {target.python} on {target.platform}"
    assert str(error).splitlines() == [
        (
            f"film 1.0 has no wheel for {platform}; it has {ABI} on win_amd64; "
            "versions that it could take: 2.2, 1.10, 1.1"
        ),
        (
            f"source 1.0 has no wheel for {platform}; it has only source; "
            f"no version of source has a wheel for {platform}"
        ),
        "the service's index does not have pure 3.0; versions that it could take: 1.0",
        (
            "the service's index does not have gone 1.0; "
            f"no version of gone has a wheel for {platform}"
        ),
    ]
    assert "python -m pip install film==2.2; or have a wheel of it published" in str(error.hint)
    assert error.details["unavailable"][0]["versions"] == ("2.2", "1.10", "1.1")


def test_many_versions_are_not_all_in_the_message() -> None:
    many = page(*(f"much-{n}-py3-none-any.whl" for n in range(1, 15)))
    found = shortages([parse_pin("much", "20")], INTERPRETER, lambda _: many)
    assert str(shortage_error(found, INTERPRETER)).endswith("7, 6, 5 and 4 more")


def test_what_the_index_behind_has_without_digest_is_told_with_the_reason() -> None:
    entry = {"filename": f"film-1.0-{NATIVE}.whl", "reason": "no sha256"}
    pages = {"film": {"files": [], "_not-listed": [entry, {**entry, "filename": "x.tar.gz"}]}}
    found = shortages([parse_pin("film", "1.0")], INTERPRETER, pages.get)
    message = str(shortage_error(found, INTERPRETER))
    assert f"the service's index does not offer film-1.0-{NATIVE}.whl: no sha256" in message


def test_the_pages_of_all_pins_are_asked_for_by_one_client() -> None:
    body = json.dumps(page("film-1.0-py3-none-any.whl")).encode()
    with scripted_server(lambda _: answer(body)) as index:
        with index_pages(f"{index.url}/simple/") as read:
            found = [read(canonicalize_name(name)) for name in ("film", "pure")]
        assert found == [json.loads(body)] * 2
        assert [each.line.split()[1] for each in index.asked] == ["/simple/film/", "/simple/pure/"]
        assert len({each.sender for each in index.asked}) == 1
