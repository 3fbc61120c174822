"""Two users of one service: each is answered by his own runs, or by all, as its operator says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from support.services.park_client import Client, ModelTree, make_virtualenv
from support.services.park_service import ParkService

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

PASSWORD = "correct horse"
JOBS = '''

def stamped(note):
    """Return what is not the same each time, print it, and leave it in a file."""
    print("stamped", note)
    stamp = os.urandom(8).hex()
    Path("stamp.txt").write_text(f"{note} {stamp}")
    return stamp
'''


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of a machine of both, with the model that both run."""
    model = ModelTree("light-model", tmp_path_factory.mktemp("model"))
    model.edit("light_model.py", "ANSWER = 42\n", f"ANSWER = 42\n{JOBS}")
    return make_virtualenv(tmp_path_factory.mktemp("python") / "venv", model.root)


@dataclass(frozen=True, slots=True)
class Two:
    """Two users of one service."""

    ada: Client
    bob: Client


@pytest.fixture
def two(
    tmp_path: Path, python: Path, client_cache: Path, request: pytest.FixtureRequest
) -> Iterator[Two]:
    """Give two users, each with a login and an install of his own; options are the operator's."""
    with ParkService(tmp_path / "service", "--slots", "2", *request.param) as service:
        machine = Client.of(python, tmp_path / "client", cache=client_cache, service=service)
        yield Two(*(_user(name, machine, service) for name in ("ada", "bob")))


def _user(name: str, machine: Client, service: ParkService) -> Client:
    body = {"name": name, "password": PASSWORD}
    service.request("POST", "/api/v1/admin/users", json=body)
    token = service.request("POST", "/api/v1/login", json={"user": name, "password": PASSWORD})
    user = machine.with_variables(PARK_TOKEN=token.json()["token"], PARK_SERVICE=service.url)
    user.run("install", "light_model")
    return user


def stamped(user: Client) -> dict[str, Any]:
    """Run the call that both make, to its end; return what the service has of it."""
    job = user.json("run", "light_model:stamped", "--arg", 'note="one"')
    assert job["status"] == "completed", job
    record: dict[str, Any] = user.json("status", job["id"])
    return record | {"value": job["result"]}


@pytest.mark.parametrize("two", [("--shared-memo",)], ids=["shared"], indirect=True)
def test_where_the_operator_says_so_what_one_user_left_answers_another(two: Two) -> None:
    first, second = stamped(two.ada), stamped(two.bob)
    assert (second["value"], second["attempt"]) == (first["value"], 0)
    assert second["memoized_from"] == first["id"]
    two.bob.run("get", second["id"], "stamp.txt")
    assert (two.bob.folder / "stamp.txt").read_text() == f"one {first['value']}"
    assert two.bob.run("logs", second["id"]).stdout == "stamped one\n"
    assert "did not run" in two.bob.run("explain", second["id"]).stdout
    # it stays the run of her who made it: he neither reads it nor has it forgotten
    assert "no job" in two.bob.error("status", first["id"], status=2)
    assert two.bob.run("memo", "list").stdout == "nothing is remembered\n"
    assert two.bob.run("memo", "forget", "--all").stdout == "0 runs are forgotten\n"
    assert stamped(two.bob)["memoized_from"] == first["id"]
    two.ada.run("memo", "forget", "--all")
    again = stamped(two.bob)
    assert (again["attempt"], again["memoized_from"]) == (1, None)


@pytest.mark.parametrize("two", [()], ids=["each his own"], indirect=True)
def test_else_each_user_is_answered_by_his_own_runs_alone(two: Two) -> None:
    hers, his = stamped(two.ada), stamped(two.bob)
    assert (his["attempt"], his["memoized_from"]) == (1, None)
    assert his["value"] != hers["value"]
    assert [stamped(user)["memoized_from"] for user in (two.ada, two.bob)] == [
        hers["id"],
        his["id"],
    ]
