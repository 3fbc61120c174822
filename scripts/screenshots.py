"""Make the pictures of the page of a service that are in the documents.

    .venv-test-3.11/bin/python scripts/screenshots.py

It starts a service on loopback with a few jobs, looks at it in the machine's chromium, and writes
docs/pictures. Look at each picture before it is committed.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.faults.pipes import Pipe  # noqa: E402 (beside the tests)
from support.pages.page_browser import opened_browser  # noqa: E402
from support.pages.page_lab import PageLab, after, page_lab, value_of  # noqa: E402
from support.services.park_client import Client  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"


def main() -> None:
    """Start the service, and look at it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with page_lab(folder) as lab, Pipe(folder / "up") as up, Pipe(folder / "go") as go:
            edited = _edited(lab.client, lab.tree)
            fit = submit(lab, str(up), str(go))
            up.receive()
            _look(lab, fit, edited)
            go.send("go")
            lab.service.result_of(fit)


def _edited(client: Client, tree: Path) -> str:
    """Install the model with an edit; return the lock of that."""
    source = tree / "page_model.py"
    before = source.read_text()
    edit = "rounded = round(thickness, 1)\n    return {"
    source.write_text(
        before.replace(
            'return {"layers": layers, "thickness": thickness',
            f'{edit}"layers": layers, "thickness": rounded',
        )
    )
    installed = client.json("install", "page_model")
    source.write_text(before)
    return str(installed["lock_hash"])


def submit(lab: PageLab, up: str, go: str) -> str:
    """Submit a reduction, a fit that is held half-way, and a sweep; return the fit."""
    reduction = lab.call("reduce_run", 4711, label="reduce run 4711")
    model = lab.call("prepare_model", label="prepare the model")
    assembly = lab.call(
        "define_fit", value_of(model["id"]), value_of(reduction["id"]), label="define the fit"
    )
    fit = lab.call(
        "fit_film", value_of(assembly["id"]), kwargs={"up": up, "go": go}, label="fit the film"
    )
    sweep = [
        lab.call("simulate", seed, kwargs={"fails": seed == 0}, when=after(assembly["id"]))
        for seed in range(4711, 4735)
    ]
    wrong = lab.call("simulate", 13, kwargs={"fails": True}, label="simulate(13)")
    whole = lab.call(
        "collect", [value_of(each["id"]) for each in (fit, *sweep)], label="compare with the sweep"
    )
    lab.submit(reduction, model, assembly, fit, *sweep, whole, wrong)
    for each in (*sweep, wrong):
        lab.service.job_when_final(each["id"])
    return str(fit["id"])


def _look(lab: PageLab, fit: str, edited: str) -> None:
    PICTURES.mkdir(exist_ok=True)
    with (
        opened_browser() as browser,
        browser.viewer(lab.service, viewport={"width": 1120, "height": 640}) as viewer,
    ):
        viewer.log_in()
        viewer.section("Running").get_by_text("30 of 60").wait_for()
        viewer.page.screenshot(path=PICTURES / "now.png")
        viewer.open(f"#/workflow/{fit}")
        viewer.page.locator(".graph .box").first.wait_for()
        viewer.page.screenshot(
            path=PICTURES / "workflow.png", clip={"x": 0, "y": 0, "width": 1120, "height": 380}
        )
        viewer.open(f"#/jobs/{fit}")
        viewer.section("Progress").locator("canvas").wait_for()
        viewer.section("Log").get_by_text("step  30").wait_for()
        viewer.page.screenshot(path=PICTURES / "job.png")
        viewer.open(f"#/environments/{lab.lock_hash}/{edited}")
        viewer.section("Source of page-model").locator("tr.plus").first.wait_for()
        viewer.page.screenshot(
            path=PICTURES / "difference.png", clip={"x": 0, "y": 0, "width": 1120, "height": 480}
        )


if __name__ == "__main__":
    main()
