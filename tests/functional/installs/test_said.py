"""What is reached here and not sent is said: at the install, and where a job misses it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from support.material.projects import flit_project as pyproject
from support.material.projects import write_tree
from support.services.park_client import Client, make_virtualenv, uv_install

if TYPE_CHECKING:
    from pathlib import Path

    from support.services.park_service import ParkService

pytestmark = pytest.mark.slow

MODEL = """
import importlib.metadata

import toolz

try:
    import sortedcontainers
except ImportError:
    sortedcontainers = None


def films():
    return sorted(e.name for e in importlib.metadata.entry_points(group="of.no.name"))


def lists():
    if sortedcontainers is None:
        raise ImportError("sortedcontainers is not available")
    return sortedcontainers.__version__


def strict():
    import sortedcontainers.sortedlist

    return True


def encoded():
    return toolz.EDITED
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("said")
    extra = '[project.optional-dependencies]\nquick = ["iniconfig"]\ntest = ["pytest"]'
    model = write_tree(
        folder / "teller",
        {"pyproject.toml": pyproject("teller", "toolz", tables=extra), "teller.py": MODEL},
    )
    for name, group in (("teller-film", "teller.films"), ("by-word", "of.no.name")):
        gives = f'[project.entry-points."{group}"]\nfilm = "{name.replace("-", "_")}:film"'
        write_tree(
            folder / name,
            {
                "pyproject.toml": pyproject(name, tables=gives),
                f"{name.replace('-', '_')}.py": "def film(): ...\n",
            },
        )
    made = make_virtualenv(
        folder / "venv", "sortedcontainers==2.4.0", "iniconfig", "toolz==1.0.0", "pytest"
    )
    uv_install(made, model, folder / "teller-film", folder / "by-word", options=("--no-deps",))
    return made


@pytest.fixture
def client(python: Path, tmp_path: Path, client_cache: Path, service: ParkService) -> Client:
    return Client.of(python, tmp_path / "client", cache=client_cache, service=service)


def not_sent(text: str) -> dict[str, str]:
    """Return the lines about what is not sent, by project."""
    lines = [line for line in text.splitlines() if line.startswith("not sent: ")]
    return {line.split()[2]: line for line in lines}


def test_an_install_says_what_is_reached_here_and_not_sent(client: Client) -> None:
    said = not_sent(client.run("install", "teller").stderr)
    assert set(said) == {"teller-film", "by-word", "sortedcontainers", "iniconfig"}
    assert said["teller-film"] == (
        "not sent: teller-film 1 gives entry points of teller.films, and nothing that teller "
        "requires brings it (--with 'teller-film' would)"
    )
    assert "gives entry points of of.no.name" in said["by-word"]
    assert "sortedcontainers 2.4.0 is imported by teller.py" in said["sortedcontainers"]
    assert "perhaps for teller[quick], which was not asked for" in said["iniconfig"]
    assert "(--with 'teller[quick]' would)" in said["iniconfig"]


def test_what_is_taken_along_is_not_told(client: Client) -> None:
    names = ("teller-film", "by-word", "sortedcontainers", "teller[quick]")
    options = [word for name in names for word in ("--with", name)]
    assert not_sent(client.run("install", "teller", *options).stderr) == {}


@pytest.mark.parametrize("function", ["lists", "strict"])
def test_a_job_that_misses_what_is_here_is_told_why(client: Client, function: str) -> None:
    message = client.error("run", f"teller:{function}", status=1, quotes_traceback=True)
    assert (
        "sortedcontainers 2.4.0 is installed here, but nothing that teller requires brings it: "
        '--with sortedcontainers, or with_="sortedcontainers", takes it along'
    ) in message
    document = client.run(
        "run", f"teller:{function}", "--json", status=1, quotes_traceback=True
    ).stdout
    assert "sortedcontainers 2.4.0 is installed here" in json.loads(document)["hint"]
    client.run("run", f"teller:{function}", "--with", "sortedcontainers")


def test_a_file_that_was_edited_here_is_said_and_can_be_taken_along(client: Client) -> None:
    client.run("install", "teller")
    (site,) = client.python.parents[1].glob("lib/*/site-packages")
    file = site / "toolz" / "__init__.py"
    text = file.read_text()
    file.unlink()  # uv links it from its cache
    file.write_text(text + "EDITED = 'here'\n")
    try:
        failed = client.run("run", "teller:encoded", status=1, quotes_traceback=True).stderr
        said = "what was changed here in toolz 1.0.0 (toolz/__init__.py); the released wheel"
        assert said in failed
        done = client.run("run", "teller:encoded", "--with", "toolz")
        assert '"here"' in done.stdout
        assert said not in done.stderr
    finally:
        file.write_text(text)
    assert "what was changed here" not in client.run("install", "teller").stderr


def test_a_script_is_told_as_well(client: Client) -> None:
    code = """
import json, logging, park
lines = []
handler = logging.Handler()
handler.emit = lambda record: lines.append(record.getMessage())
logging.getLogger("park").addHandler(handler)
park.remote_service().install("teller")
print(json.dumps(lines))
"""
    assert "not sent: teller-film 1 gives" in "\n".join(client.script(code))
