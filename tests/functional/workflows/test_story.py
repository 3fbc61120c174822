"""The story: a run is reduced on one service, and its curve is fitted on another."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.faults.pipes import Pipe
from support.services.park_client import REPOSITORY, Client
from support.services.park_service import ParkService
from support.services.refl1d_ready import give_wheels, virtualenv_with_refl1d
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator
    from support.pages.page_browser import PageBrowser, Viewer

pytestmark = pytest.mark.slow

EXAMPLES = REPOSITORY / "examples"
WORKFLOW = EXAMPLES / "workflow"

RUN = """
import contextlib, io, json, pathlib, runpy, sys
printed = io.StringIO()
with contextlib.redirect_stdout(printed):
    names = runpy.run_path(sys.argv[1], run_name="__main__")
ids = {name: each.id for name, each in names.items() if isinstance(getattr(each, "id", None), str)}
print(json.dumps({"printed": printed.getvalue(), "ids": ids}))
"""
"""Runs a script as it is; prints what it printed, and the ids of its jobs and installs by name."""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A script that has run: what it printed, and the ids of what it made by variable."""

    printed: str
    ids: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A scientist with two services: one that reduces, and one that fits."""

    client: Client
    sns: ParkService
    compufans: ParkService

    def run(self, script: Path) -> Ran:
        """Run a script of hers."""
        return Ran(**self.client.script(RUN, script))

    @contextmanager
    def running(self, script: Path) -> Iterator[subprocess.Popen[str]]:
        """Run a script of hers while she looks at something else; it has to end well."""
        with subprocess.Popen(
            [self.client.python, script], env=self.client.environ(), cwd=self.client.folder,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        ) as process:  # fmt: skip
            try:
                yield process
                said, _ = process.communicate(timeout=LIMIT_S)
            finally:
                process.kill()
        assert process.returncode == 0, said


def job(service: ParkService, ran: Ran, name: str) -> dict[str, Any]:
    """Return the record of the job in the variable ``name`` when it has ended."""
    return service.job_when_final(ran.ids[name])


def environments(service: ParkService) -> dict[str, str]:
    """Return when each environment of a service was made."""
    return {each["lock_hash"]: each["realised"] for each in service.get("/api/v1/environments")}


@pytest.fixture(scope="module")
def sns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParkService]:
    """Run the service that has the data, whose one slot can be held."""
    with ParkService(tmp_path_factory.mktemp("sns"), "--slots", "1") as running:
        yield running


@pytest.fixture(scope="module")
def compufans(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParkService]:
    """Run the service that fits; it may talk to the other one on this machine."""
    options = ("--slots", "4", "--allow-address", "127.0.0.1")
    beginning = ParkService(tmp_path_factory.mktemp("compufans"), *options)
    give_wheels(beginning.home)
    with beginning as running:
        yield running


@pytest.fixture(scope="module")
def bench(
    tmp_path_factory: pytest.TempPathFactory, sns: ParkService, compufans: ParkService
) -> Bench:
    """Give a scientist who has both packages, both services by name, and a run on the first."""
    folder = tmp_path_factory.mktemp("story")
    trees = EXAMPLES / "mymodel", WORKFLOW / "reflectometry"
    python = virtualenv_with_refl1d(folder / "venv", *trees)
    # a cache of her own: other tests look at what is built of the same example
    client = Client.of(python, folder / "client", cache=folder / "cache", service=compufans)
    for name, service in (("sns", sns), ("compufans", compufans)):
        token_file = service.home / "token"
        client.run("service", "add", name, service.url, "--token-file", token_file)
    command = [sys.executable, str(EXAMPLES / "platypus.py"), str(folder), "--run"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    client.run("files", "put", done.stdout.strip(), "~/data/", "--service", "sns")
    return Bench(client=client, sns=sns, compufans=compufans)


@pytest.fixture(scope="module")
def story(bench: Bench) -> Ran:
    """Run the story."""
    return bench.run(WORKFLOW / "story.py")


def test_the_fit_of_the_reduced_curve(story: Ran) -> None:
    result = ast.literal_eval(story.printed)
    assert result["points"] == 1327
    assert result["chisq"] == pytest.approx(1.796, abs=0.005)
    oxide = result["parameters"]["SiO2 thickness"]
    assert oxide["value"] == pytest.approx(23.8, abs=0.5)
    assert 0 < oxide["uncertainty"] < 2


def test_each_piece_ran_where_it_belongs(bench: Bench, story: Ran) -> None:
    reduction = job(bench.sns, story, "reduction")
    pieces = {
        name: job(bench.compufans, story, name) for name in ("fetch", "model", "assembly", "fit")
    }
    assert {piece["status"] for piece in (reduction, *pieces.values())} == {"completed"}
    upload = bench.compufans.get(f"/api/v1/installs/{story.ids['upload']}")
    locks = {pieces[name]["lock_hash"] for name in ("model", "assembly", "fit")}
    assert locks == {upload["lock_hash"]}
    assert reduction["lock_hash"] in environments(bench.sns)
    assert upload["lock_hash"] not in environments(bench.sns)
    assert reduction["lock_hash"] not in environments(bench.compufans)


def test_the_curve_is_carried_from_one_to_the_other(bench: Bench, story: Ran) -> None:
    reduction = job(bench.sns, story, "reduction")
    fetch = job(bench.compufans, story, "fetch")
    (reduced,) = [each for each in reduction["files"] if each["name"] == "run.refl"]
    assert fetch["files"] == [reduced]
    path = f"/api/v1/jobs/{fetch['id']}/files/run.refl"
    curve = bench.compufans.request("GET", path).text
    assert len(curve.splitlines()) == 1328  # with the names of its columns
    listed = {
        entry["name"]: entry["size"] for entry in bench.sns.get("/api/v1/areas/folders/~/shared")
    }
    assert listed["run.refl"] == reduced["size"] == len(curve.encode())


def test_what_was_granted_is_given_back(bench: Bench, story: Ran) -> None:
    assert story.ids
    deadline = time.monotonic() + LIMIT_S
    grants = bench.sns.get("/api/v1/grants")
    assert grants
    while not all(grant["revoked"] for grant in grants):
        assert time.monotonic() < deadline, grants
        grants = bench.sns.get("/api/v1/grants")


@pytest.mark.slow
def test_run_again_it_installs_nothing(bench: Bench, story: Ran) -> None:
    before = environments(bench.sns), environments(bench.compufans)
    again = bench.run(WORKFLOW / "story.py")
    assert (environments(bench.sns), environments(bench.compufans)) == before
    assert again.printed == story.printed
    assert again.ids["fit"] != story.ids["fit"]


def test_run_again_it_starts_no_process_on_either_service(bench: Bench, story: Ran) -> None:
    again = bench.run(WORKFLOW / "story.py")
    for service, names in (
        (bench.sns, ("reduction",)),
        (bench.compufans, ("model", "assembly", "fit")),
    ):
        for name in names:
            record = job(service, again, name)
            assert (name, record["status"], record["attempt"]) == (name, "completed", 0)
            assert record["files"] == job(service, story, name)["files"]


FAILING = """
from reflectometry.notes import leave_note
note = leave_note("not reduced", "~/shared/lost.txt", service=sns, when=reduction.isfailed)
park.wait([reduction, fetch, model, assembly, fit, note])
"""


@pytest.fixture(scope="module")
def failed(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Run the story on a file that is not there."""
    text = (WORKFLOW / "story.py").read_text()
    assert text.count("run.zip") == 2  # the docstring's, and the argument
    script = tmp_path_factory.mktemp("failing") / "failing.py"
    script.write_text(text.replace("run.zip", "lost.zip").replace("print(fit.result())", FAILING))
    return bench.run(script)


def test_what_needs_a_reduction_that_failed_is_cancelled(bench: Bench, failed: Ran) -> None:
    ran = failed
    reduction = job(bench.sns, ran, "reduction")
    assert reduction["status"] == "failed"
    assert "lost.zip" in reduction["error"]
    assert job(bench.sns, ran, "note")["status"] == "completed"
    assert job(bench.compufans, ran, "model")["status"] == "completed"
    for name in ("fetch", "assembly", "fit"):
        piece = job(bench.compufans, ran, name)
        assert piece["status"] == "cancelled", name
        assert "it failed: FileNotFoundError" in piece["error"], name
    note = bench.sns.request("GET", "/api/v1/areas/files/~/shared/lost.txt").text
    assert note == "not reduced\n"


@pytest.mark.slow
def test_the_sweep_finds_the_oxide(bench: Bench) -> None:
    lines = bench.run(WORKFLOW / "sweep.py").printed.splitlines()
    tried = {line.partition(":")[0] for line in lines[:-1]}
    assert tried == {f"oxide of {thickness} Å" for thickness in range(12, 34, 2)}
    assert lines[-1] == "best: 24 Å"


def test_the_cleanup_runs_because_a_reduction_failed(bench: Bench) -> None:
    ran = bench.run(WORKFLOW / "cleanup.py")
    reduction, oxide, note, other = ran.printed.splitlines()
    assert reduction.startswith("reduction: failed: FileNotFoundError")
    assert oxide.startswith("its oxide: cancelled: needs job ")
    assert note == "the note: completed"
    assert other.startswith("the other: completed, chisq 1.8")
    assert job(bench.sns, ran, "lost")["attempt"] == 3


def test_what_the_graph_shows(bench: Bench, story: Ran) -> None:
    graph = bench.client.json("graph", story.ids["fit"], "--service", "compufans")
    assert json.dumps(graph).count(story.ids["reduction"])


LAST_BOX = '.graph .box[aria-label^="fit("]'
"""What is in the lowest layer of the picture, and not below its buttons."""


def box(viewer: Viewer, name: str, state: str) -> Locator:
    """Return the box of the picture whose name begins so, in that state."""
    found = re.compile(rf"^{re.escape(name)}.*, {state}\b")
    return viewer.page.locator(".graph").get_by_label(found)


def test_it_is_watched_from_start_to_end(
    bench: Bench, story: Ran, browser: PageBrowser, tmp_path: Path
) -> None:
    assert story.ids  # its environments are there
    text = (WORKFLOW / "story.py").read_text()
    script = tmp_path / "watched.py"
    anew = text.replace("run.refl", "watched.refl").replace(
        "Fit(assembly,", "Fit(assembly, seed=7,"
    )
    script.write_text(anew)
    with Pipe(tmp_path / "go") as go, browser.viewer(bench.compufans) as viewer:
        held = ["head", "-n1", str(tmp_path / "go")]
        bench.client.submit("subprocess:check_output", "--service", "sns", args=held)
        viewer.log_in()
        with bench.running(script):
            # what it waits for is said where it is listed, and on its own page
            waiting = viewer.section("Waiting")
            waiting.get_by_role("link", name=re.compile(r"^fit\(")).click()
            viewer.until("is waiting", inside="Why")
            viewer.page.get_by_role("link", name="Workflow", exact=True).last.click()
            box(viewer, "fit(", "waiting").wait_for()
            box(viewer, "fetch ", "waiting").wait_for()
            box(viewer, "prefit_simulation", "completed").wait_for()
            box(viewer, "SnsReduce on 127.0.0.1", "remote").wait_for()
            go.send("go")
            for name in ("fetch ", "define_fit", "fit("):
                box(viewer, name, "completed").wait_for()
            viewer.until("4 completed")
        box(viewer, "fit(", "completed").click()
        viewer.section("Chosen").get_by_role("link", name="Open the job").click()
        viewer.section("Progress").locator("canvas").wait_for()
        assert viewer.section("Why").get_by_role("progressbar").count() == 0
        viewer.until("SiO2 thickness", inside="Log")
        viewer.section("Files").get_by_role("button", name="curve-1.dat").click()
        viewer.section("Files").locator("canvas").first.wait_for()


def test_what_failed_is_understood_from_the_page_alone(
    bench: Bench, failed: Ran, browser: PageBrowser
) -> None:
    with browser.viewer(
        bench.compufans, color_scheme="dark", viewport={"width": 360, "height": 740},
        bypass_csp=True,
    ) as viewer:  # fmt: skip
        viewer.log_in()
        viewer.open(f"#/workflow/{failed.ids['fit']}")
        box(viewer, "fit(", "cancelled").wait_for()
        box(viewer, "SnsReduce on 127.0.0.1", "failed").focus()
        viewer.page.keyboard.press("Enter")
        viewer.until("lost.zip", inside="Chosen")
        assert viewer.faults() == []
        assert viewer.overflow() <= 0
        last, buttons = (
            viewer.page.locator(place).bounding_box() for place in (LAST_BOX, ".graph .zoom")
        )
        assert last is not None
        assert buttons is not None
        assert last["y"] + last["height"] <= buttons["y"]
        viewer.open(f"#/jobs/{failed.ids['fit']}")
        viewer.until("FileNotFoundError", inside="Why")
        assert viewer.section("Why").get_by_text("did not run").count() == 0
