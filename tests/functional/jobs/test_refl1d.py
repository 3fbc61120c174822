"""The main job on real data: refl1d and bumps on a curve that was measured at Platypus."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.services.park_client import REPOSITORY, Client, ModelTree, make_virtualenv
from support.services.refl1d_ready import virtualenv_with_refl1d

if TYPE_CHECKING:
    from support.services.park_service import ParkService

pytestmark = pytest.mark.slow

EXAMPLES = REPOSITORY / "examples"

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of the scientist."""
    return tmp_path_factory.mktemp("refl1d")


@pytest.fixture(scope="module")
def mymodel(folder: Path) -> ModelTree:
    """Copy the example, so that it can be edited."""
    return ModelTree(EXAMPLES / "mymodel", folder)


@pytest.fixture(scope="module")
def client(
    folder: Path, mymodel: ModelTree, client_cache: Path, service_with_refl1d: ParkService
) -> Client:
    """Give the command line of a virtualenv with refl1d, whose machine runs the service."""
    python = virtualenv_with_refl1d(folder / "venv", mymodel.root)
    service = service_with_refl1d
    return Client.of(python, folder / "client", cache=client_cache, service=service)


@pytest.fixture(scope="module")
def installed(client: Client) -> dict[str, Any]:
    """Install the example; return the answer."""
    outcome: dict[str, Any] = client.json("install", "mymodel")
    return outcome


@pytest.fixture(scope="module")
def data(folder: Path) -> Path:
    """Get the measured curve."""
    command = [sys.executable, str(EXAMPLES / "platypus.py"), str(folder / "data")]
    return Path(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())


def here(client: Client, *names: str) -> dict[str, str]:
    """Return the versions that the client has installed."""
    script = "import json, sys; from importlib.metadata import version\n"
    script += "print(json.dumps({name: version(name) for name in sys.argv[1:]}))"
    versions: dict[str, str] = client.script(script, *names)
    return versions


def test_the_closure_is_installed_as_it_is_here(client: Client, installed: dict[str, Any]) -> None:
    assert installed["status"] == "ready"
    assert len(installed["built"]) == len(installed["uploaded"]) == 1
    (version,) = client.json("versions", "mymodel")
    assert (version["lock_hash"], version["matches_local"]) == (installed["lock_hash"], True)
    assert version["packages"] > 40
    again = client.json("install", "mymodel")
    assert (again["built"], again["uploaded"], again["realised"]) == ([], [], False)
    assert again["lock_hash"] == installed["lock_hash"]


def test_the_fit_of_the_measured_curve(
    client: Client, installed: dict[str, Any], data: Path, tmp_path: Path
) -> None:
    job = client.submit("mymodel:fit", data=data)
    result = json.loads(client.run("result", job).stdout)
    assert result["chisq"] == pytest.approx(1.917, abs=0.005)
    assert result["points"] > 100
    film = result["parameters"]["film thickness"]
    assert 200 < film["value"] < 300
    assert 0 < film["uncertainty"] < 10
    assert result["versions"] == {
        "mymodel": installed["version"],
        **here(client, "refl1d", "bumps"),
    }
    record = client.json("status", job)
    assert record["lock_hash"] == installed["lock_hash"]
    assert record["progress"]["values"]["chisq"] == pytest.approx(result["chisq"], abs=0.1)
    files = {file["name"] for file in record["files"]}
    assert files >= {"fit.json", "curve.txt", "fit.png"}
    client.run("get", job, "fit.png", "-o", str(tmp_path / "fit.png"))
    assert (tmp_path / "fit.png").read_bytes().startswith(PNG)
    assert "chisq 1.9" in client.run("logs", job).stdout


def test_arrays_come_back_as_arrays(client: Client, installed: dict[str, Any]) -> None:
    assert installed["status"] == "ready"
    seen = client.script("""
import json, park, mymodel, numpy
result = park.remote_service().submit(mymodel.prefit_simulation, n=50).result()
q = result["q"]
print(json.dumps([type(q).__name__, str(q.dtype), q.shape, float(q[0]), result["n"]]))
""")
    assert seen == ["ndarray", "float64", [50], pytest.approx(0.008), 50]


def test_an_edited_constant_lives_beside_the_first(
    client: Client, installed: dict[str, Any], mymodel: ModelTree
) -> None:
    mymodel.edit("src/mymodel/sample.py", "FILM_SLD = 2.0\n", "FILM_SLD = 2.5\n")
    try:
        message = client.error("submit", "mymodel:constants", "--install", "never", status=5)
        assert "\nthe service has another edit of it\n" in message
        edited = client.json("install", "mymodel")
        assert edited["lock_hash"] != installed["lock_hash"]
        assert len(edited["uploaded"]) == 1
        assert client.call("mymodel:constants")["film_sld"] == 2.5
        first = client.call("mymodel:constants", "--lock", installed["lock_hash"])
        assert first["film_sld"] == 2.0
    finally:
        mymodel.edit("src/mymodel/sample.py", "FILM_SLD = 2.5\n", "FILM_SLD = 2.0\n")
    undone = client.json("install", "mymodel")
    assert undone["lock_hash"] == installed["lock_hash"]
    assert (undone["built"], undone["uploaded"], undone["realised"]) == ([], [], False)


def test_what_refl1d_compiles_serves_every_edit_of_a_model(
    client: Client,
    installed: dict[str, Any],
    mymodel: ModelTree,
    service_with_refl1d: ParkService,
    data: Path,
) -> None:
    """Each edit would have numba compile anew what its fit needs, seconds before it begins."""
    fit = ("mymodel:fit", "--lock", installed["lock_hash"])
    client.call(*fit, data=data)
    compiled = sorted((service_with_refl1d.home / "cache" / "numba").rglob("*.nbc"))
    assert any("convolve" in path.name for path in compiled), "of refl1d"
    assert any("perm" in path.name or "diffev" in path.name for path in compiled), "of bumps"
    mymodel.edit("src/mymodel/sample.py", "FILM_SLD = 2.0\n", "FILM_SLD = 2.25\n")
    try:
        edited = client.json("install", "mymodel")
        assert client.call("mymodel:fit", data=data)["chisq"] > 1
    finally:
        mymodel.edit("src/mymodel/sample.py", "FILM_SLD = 2.25\n", "FILM_SLD = 2.0\n")
    assert edited["lock_hash"] != installed["lock_hash"]
    assert sorted((service_with_refl1d.home / "cache" / "numba").rglob("*.nbc")) == compiled


def test_a_third_environment_has_the_bumps_that_refl1d_excludes(
    client: Client,
    installed: dict[str, Any],
    folder: Path,
    client_cache: Path,
    service: ParkService,
) -> None:
    tree = ModelTree("bumps-newest", folder)
    python = make_virtualenv(folder / "newest-venv", tree.root)
    newest = Client.of(python, folder / "newest", cache=client_cache, service=service)
    assert newest.json("install", "bumps_newest")["lock_hash"] != installed["lock_hash"]
    result = newest.call("bumps_newest:fit_line", slope=2.0, offset=-1.0)
    assert result["bumps"] == "1.0.5"
    assert result["parameters"]["slope"] == pytest.approx(2.0, abs=1e-6)
    assert result["parameters"]["offset"] == pytest.approx(-1.0, abs=1e-6)
    assert here(client, "bumps") == {"bumps": "1.0.4"}
    assert client.call("mymodel:constants")["film_sld"] == 2.0
