"""The picture of a workflow: watched from start to end, folded, unfolded, and of any size."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from support.faults.pipes import Pipe
from support.pages.page_lab import after, value_of

from park_server.page.workflow_routes import MOST_APART

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator
    from support.pages.page_browser import PageBrowser, Viewer
    from support.pages.page_lab import PageLab

pytestmark = pytest.mark.slow


def box(viewer: Viewer, name: str, state: str) -> Locator:
    """Return the box of the picture that is called so and in that state."""
    return viewer.page.locator(f'.graph [aria-label^="{name}, {state}"]')


def test_a_workflow_is_watched_from_start_to_end(
    browser: PageBrowser, lab: PageLab, tmp_path: Path
) -> None:
    with (
        Pipe(tmp_path / "up") as up,
        Pipe(tmp_path / "go") as go,
        browser.viewer(lab.service) as viewer,
    ):
        held = {"up": str(up), "go": str(go)}
        reduction = lab.call("reduce_run", 4711, kwargs=held, label="reduction")
        model = lab.call("prepare_model", label="model")
        assembly = lab.call(
            "define_fit", value_of(model["id"]), value_of(reduction["id"]), label="assembly"
        )
        either = {
            "version": 1,
            "condition": {
                "any": [
                    {"job": reduction["id"], "is": "failed"},
                    {"job": assembly["id"], "is": "completed"},
                ]
            },
        }
        fit = lab.call(
            "fit_film", value_of(assembly["id"]), 20, label="fit", when=after(model["id"])
        )
        report = lab.call("talk", "done", "report.txt", label="report", when=either)
        lab.submit(reduction, model, assembly, fit, report)
        assert up.receive() == "there"
        viewer.log_in()
        viewer.open(f"#/workflow/{fit['id']}")
        box(viewer, "reduction", "running").wait_for()
        box(viewer, "model", "completed").wait_for()
        box(viewer, "fit", "waiting").wait_for()
        viewer.page.locator(".graph .note", has_text="when").wait_for()
        assert viewer.page.locator(".graph .edge").count() >= 4
        go.send("go")
        for name in ("reduction", "assembly", "fit", "report"):
            box(viewer, name, "completed").wait_for()
        viewer.until("5 completed")
        box(viewer, "fit", "completed").click()
        viewer.section("Chosen").get_by_role("link", name="Open the job").click()
        viewer.page.get_by_role("heading", name="fit", exact=True).wait_for()


def test_a_failure_is_seen_where_it_was_and_what_it_hurt(
    browser: PageBrowser, lab: PageLab
) -> None:
    bad = lab.call("wrong", "too thick", label="bad")
    hurt = lab.call("collect", [value_of(bad["id"])], label="hurt")
    lab.submit(bad, hurt)
    lab.service.job_when_final(hurt["id"])
    with browser.viewer(lab.service) as viewer:
        viewer.log_in()
        viewer.open(f"#/workflow/{hurt['id']}")
        box(viewer, "hurt", "cancelled").wait_for()
        box(viewer, "bad", "failed").click()
        viewer.section("Chosen").get_by_text("too thick").wait_for()
        viewer.section("As a list").get_by_role("link", name="hurt").wait_for()


def test_a_sweep_is_one_box_that_unfolds(browser: PageBrowser, lab: PageLab) -> None:
    sims = [lab.call("simulate", n, kwargs={"fails": n == 5}) for n in range(12)]
    whole = lab.call("collect", [value_of(each["id"]) for each in sims], label="all of it")
    lab.submit(*sims, whole)
    lab.service.job_when_final(whole["id"])
    with browser.viewer(
        lab.service, color_scheme="dark", viewport={"width": 360, "height": 740}, bypass_csp=True
    ) as viewer:
        viewer.log_in()
        viewer.open(f"#/workflow/{whole['id']}")
        group = viewer.page.locator('.graph [aria-label^="12 of simulate: 11 completed, 1 failed"]')
        group.wait_for()
        assert viewer.faults() == []
        assert viewer.overflow() <= 0
        group.focus()
        viewer.page.keyboard.press("Enter")
        viewer.section("Chosen").get_by_role("button", name="Unfold").click()
        viewer.page.wait_for_function("document.querySelectorAll('.graph .box').length >= 13")
        viewer.page.get_by_role("button", name="Fold all").click()
        group.wait_for()


def test_a_large_one_is_told_by_function(browser: PageBrowser, lab: PageLab) -> None:
    wrong = lab.call("wrong", "too thick", label="what the sweep needs")
    sweep = [
        lab.call("simulate", number, when=after(wrong["id"])) for number in range(MOST_APART + 50)
    ]
    lab.submit(wrong, *sweep)
    lab.service.job_when_final(sweep[-1]["id"])
    found = lab.service.get("/api/v1/workflow", job=sweep[3]["id"])
    assert found["by_function"]
    assert found["counts"] == {"failed": 1, "cancelled": MOST_APART + 50}
    with browser.viewer(lab.service) as viewer:
        viewer.log_in()
        viewer.open(f"#/workflow/{wrong['id']}")
        viewer.page.locator(f'.graph [aria-label^="{MOST_APART + 50} of simulate"]').click()
        # fifty of them, by their ids, which are in no order within a millisecond
        links = viewer.section("Chosen").get_by_role("link", name=re.compile(r"simulate\(\d+\)"))
        links.first.wait_for()
