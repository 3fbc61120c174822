"""What is reached here without being required: taken along by name, by an extra, as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.material.projects import flit_project as pyproject
from support.material.projects import write_tree
from support.services.park_client import Client, make_virtualenv, uv_install

if TYPE_CHECKING:
    from pathlib import Path

    from support.services.park_service import ParkService

pytestmark = pytest.mark.slow

HOST = """
import importlib.metadata


def films():
    return sorted(e.name for e in importlib.metadata.entry_points(group="host.models"))


def sizes():
    import sortedcontainers

    return list(sortedcontainers.SortedList([2, 1]))


def versions(names):
    return [importlib.metadata.version(name).partition('+')[0] for name in names]
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the virtualenv of somebody with a host, its plugin, and what an extra requires."""
    folder = tmp_path_factory.mktemp("host")
    extra = '[project.optional-dependencies]\nsorted = ["sortedcontainers"]'
    host = write_tree(
        folder / "host",
        {"pyproject.toml": pyproject("host", tables=extra), "host.py": HOST},
    )
    gives = '[project.entry-points."host.models"]\nfilm = "host_film:film"'
    film = write_tree(
        folder / "host-film",
        {"pyproject.toml": pyproject("host-film", "host", tables=gives), "host_film.py": ""},
    )
    old = write_tree(
        folder / "old",
        {
            "pyproject.toml": pyproject("old", "packaging<20", "never-released"),
            "old.py": "import importlib.metadata\n\n\ndef packaging():\n"
            "    return importlib.metadata.version('packaging')\n",
        },
    )
    made = make_virtualenv(folder / "venv", "sortedcontainers==2.4.0")
    uv_install(made, host, film, old, options=("--no-deps",))
    return made


@pytest.fixture
def client(python: Path, tmp_path: Path, client_cache: Path, service: ParkService) -> Client:
    return Client.of(python, tmp_path / "client", cache=client_cache, service=service)


def test_a_plugin_that_nothing_requires_is_taken_along_by_its_name(client: Client) -> None:
    assert client.call("host:films") == []
    assert client.call("host:films", "--with", "host-film") == ["film"]
    assert client.call("host:films", "--with", "host_film") == ["film"]  # its module


def test_an_extra_is_asked_for_in_front_of_the_function_or_in_it(client: Client) -> None:
    said = client.run("run", "host:sizes", status=1, quotes_traceback=True).stderr
    assert "No module named 'sortedcontainers'" in said
    for words in (
        ["host[sorted]", "host:sizes"],
        ["host[sorted]:sizes"],
        ["host:sizes", "--with", "host[sorted]"],
        ["host:sizes", "--with", "sortedcontainers"],
    ):
        assert client.json("run", *words)["result"] == [1, 2]


def test_what_is_taken_along_must_be_here(client: Client) -> None:
    message = client.error("install", "host", "--with", "not-here-at-all", status=5)
    assert message.startswith("not-here-at-all is not installed in this interpreter (")
    assert "park run not-here-at-all MODULE:FUNCTION" in message
    message = client.error("install", "host", "--with", "sortedcontainers<2", status=5)
    assert "sortedcontainers 2.4.0 is installed here" in message
    message = client.error("install", "host[slow]", status=5)
    assert message.startswith("host 1 has no extra slow; it has: sorted")


def test_calls_in_a_script_have_what_their_package_was_installed_with(client: Client) -> None:
    code = """
import json, park
service = park.remote_service()
with service:
    upload = park.install_service("host[sorted]", with_=["host-film"])
    films, sizes = service.submit("host:films"), service.submit("host:sizes")
there = service.install("host", with_="host-film")
after = service.submit("host:films")
same = after.lock_hash == there.lock_hash
print(json.dumps([films.result(), sizes.result(), after.result(), same,
                  films.lock_hash == upload.result().lock_hash]))
"""
    assert client.script(code) == [["film"], [1, 2], ["film"], True, True]


def test_a_set_that_contradicts_itself_is_taken_as_it_is_installed(client: Client) -> None:
    message = client.error("install", "old", status=5)
    assert "old 1 requires packaging<20, but packaging " in message
    assert "old 1 requires never-released, which is not installed" in message
    assert message.rstrip().endswith("or take it as it is: --as-installed, as_installed=True")
    here = client.script("import importlib.metadata as m, json; "
                         "print(json.dumps(m.version('packaging')))")  # fmt: skip
    said = client.run("install", "old", "--as-installed").stderr
    assert "as installed: old 1 requires packaging<20, but packaging " in said
    assert client.call("old:packaging", "--as-installed") == here


def test_a_release_that_is_not_installed_here_is_resolved_by_the_service(client: Client) -> None:
    assert client.json("run", "idna==3.10", "idna:encode", "-a", 's="blå.no"')["status"]
    code = """
import json, park
service = park.remote_service()
jobs = [
    service.submit("idna:encode", "bl\\u00e5.no", requires=["idna==3.10"]),
    service.submit("idna:decode", "xn--bl-zia.no", requires="idna>=3.5,<3.10"),
]
print(json.dumps([str(job.result()) for job in jobs]))
"""
    assert client.script(code)[1] == "blå.no"


def test_a_release_takes_the_place_of_the_one_here_and_all_else_is_as_here(client: Client) -> None:
    found = client.json(
        *("run", "sortedcontainers==2.3.0", "host:versions", "--with", "host[sorted]"),
        *("-a", 'names=["sortedcontainers", "host"]'),
    )
    assert found["result"] == ["2.3.0", "1"]


def test_what_is_no_requirement_is_said(client: Client) -> None:
    message = client.error("run", "idna=3", "idna:encode", status=2)
    assert message.startswith("'idna=3' is not a requirement (PEP 508)")
    message = client.error("run", "x @ file:///tmp/x.whl", "x:f", status=2)
    assert "names a place; a service takes what its index has" in message
