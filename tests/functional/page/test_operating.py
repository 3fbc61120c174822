"""Environments, the index and who may do what, on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.material.index_tools import upload
from support.material.wheels import make_wheel
from support.pages.page_lab import PageLab
from support.session.slow_cases import slow_after

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Route
    from support.pages.page_browser import PageBrowser

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def two(lab: PageLab) -> PageLab:
    """Give the lab with a second environment, that of another Python package alone."""
    lab.service.offer("sortedcontainers", "2.4.0")
    # what is kept ready is not evicted
    lab.service.request("DELETE", "/api/v1/offers/sortedcontainers/2.4.0")
    return lab


def test_an_environment_is_seen_compared_pinned_and_evicted(
    browser: PageBrowser, two: PageLab
) -> None:
    with browser.viewer(two.service) as viewer:
        viewer.log_in()
        viewer.page.get_by_role("link", name="Environments").click()
        viewer.section("Environments").get_by_role("link", name="page-model").first.wait_for()
        viewer.section("Environments").get_by_role("link", name="sortedcontainers").click()
        viewer.section("Packages").get_by_text("2.4.0").wait_for()
        viewer.page.get_by_role("button", name="Pin", exact=True).click()
        viewer.page.get_by_role("button", name="Unpin").click()
        viewer.page.get_by_role("button", name="Pin", exact=True).wait_for()
        with viewer.page.expect_download() as download:
            viewer.page.get_by_role("link", name="Download the lock").click()
        assert "sortedcontainers" in download.value.path().read_text()
        viewer.page.get_by_role("combobox", name="Compare with").select_option(two.lock_hash)
        viewer.section("Difference").get_by_text("page-model", exact=True).wait_for()
        viewer.section("Difference").get_by_role("link", name="sortedcontainers").click()
        viewer.page.get_by_role("button", name="Evict").click()
        viewer.page.get_by_role("button", name="Evict it? Its lock stays").click()
        viewer.until("evicted")


def test_a_project_is_seen_with_its_files(browser: PageBrowser, lab: PageLab) -> None:
    with browser.viewer(lab.service) as viewer:
        viewer.log_in()
        viewer.page.get_by_role("link", name="Index").click()
        viewer.section("Projects").get_by_role("link", name="page-model").click()
        viewer.section("Files").get_by_text(".whl").first.wait_for()
        assert not viewer.page.get_by_role("button", name="Yank").count()  # one's own tree


def test_a_version_is_yanked_and_that_is_undone(
    browser: PageBrowser, lab: PageLab, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path, "takenback", "1.0")
    assert upload(lab.service.url, wheel, lab.service.token).is_success
    with browser.viewer(lab.service) as viewer:
        viewer.log_in()
        viewer.open("#/index/takenback")
        viewer.page.get_by_role("button", name="Yank").click()
        viewer.page.get_by_label("Reason").fill("<b>wrong</b> units")
        viewer.page.get_by_role("button", name="Yank 1.0").click()
        viewer.section("Files").get_by_text("yanked: <b>wrong</b> units").wait_for()
        viewer.page.get_by_role("button", name="Undo the yank").click()
        viewer.page.get_by_role("button", name="Yank", exact=True).wait_for()
        assert "yanked" not in viewer.section("Files").inner_text()


def test_of_many_the_first_are_shown_and_the_rest_on_request(
    browser: PageBrowser, lab: PageLab
) -> None:
    """Names of kinds are whole, and numbers lie below each other."""
    project = {"versions": 1_000, "trees": 0, "size": 9_990_000_000, "status": "active"}
    projects = [
        {"name": f"project-{n:03}", "owned": True, "claimed": False, **project} for n in range(520)
    ]
    token = {"note": None, "user": "u" * 80, "kind": "browser", "scopes": ["query", "install"]}
    token |= {"last_used": None, "revoked": None, "expires_at": "2027-01-01T00:00:00.000000Z"}
    tokens = [{"id": f"0192aaaa-bbbb-7ccc-8ddd-{n:012}", **token} for n in range(502)]
    with browser.viewer(lab.service, viewport={"width": 2_000, "height": 900}) as viewer:
        for path, answer in (("index/projects", projects), ("admin/tokens", tokens)):
            viewer.page.route(f"**/api/v1/{path}", _answering(answer))
        viewer.log_in()
        viewer.open("#/index")
        section = viewer.section("Projects")
        section.get_by_role("link", name="project-499").wait_for()
        assert section.get_by_role("link", name="project-500").count() == 0
        section.get_by_role("button", name="20 more").click()
        section.get_by_role("link", name="project-519").wait_for()
        assert section.get_by_role("button").count() == 0
        size = section.get_by_role("cell", name="10 GB").first
        assert size.evaluate("cell => getComputedStyle(cell).textAlign") == "right"
        viewer.open("#/admin/tokens")
        kind = viewer.section("Tokens").get_by_role("cell", name="browser").first
        assert kind.evaluate("cell => getComputedStyle(cell).whiteSpace") == "nowrap"
        viewer.section("Tokens").get_by_role("button", name="2 more").wait_for()


def _answering(answer: list[dict[str, Any]]) -> Callable[[Route], None]:
    return lambda route: route.fulfill(json=answer)


def test_users_come_and_go(browser: PageBrowser, lab: PageLab) -> None:
    with browser.viewer(lab.service) as viewer:
        viewer.log_in()
        viewer.page.get_by_role("link", name="Admin").click()
        form = viewer.section("Add a user")
        form.get_by_label("Name").fill("eve")
        form.get_by_label("Password").fill("correct horse battery")
        form.get_by_role("button", name="Add").click()
        row = viewer.section("Users").get_by_role("row").filter(has_text="eve")
        row.get_by_role("button", name="Remove").click()
        row.get_by_role("button", name="Remove for good?").click()
        row.get_by_text("removed").wait_for()
        for part, seen in (
            ("Tokens", "the page in a browser"),
            ("Policy", "Everybody may"),
            ("Audit", "eve"),
            ("Usage", "without a limit"),
        ):
            viewer.page.get_by_role("link", name=part).click()
            viewer.until(seen)


@pytest.mark.parametrize("scheme", slow_after(1, ["light", "dark"]))
def test_nobody_is_left_out_here(browser: PageBrowser, lab: PageLab, scheme: str) -> None:
    with browser.viewer(
        lab.service, color_scheme=scheme, viewport={"width": 360, "height": 740}, bypass_csp=True
    ) as viewer:
        viewer.log_in()
        places = ("environments", f"environments/{lab.lock_hash}", "index", "index/page-model")
        admin = ("admin/users", "admin/tokens", "admin/policy", "admin/audit", "admin/usage")
        for place in (*places, *admin):
            viewer.open(f"#/{place}")
            viewer.page.locator("main section").first.wait_for()
            assert viewer.faults() == [], place
            assert viewer.overflow() <= 0, place
            assert viewer.page.evaluate(_UNNAMED) == [], place
            assert viewer.page.evaluate(_CUT) == [], place
            tab = viewer.page.locator("#bar nav [aria-current]").bounding_box()
            assert tab is not None, place
            assert tab["x"] + tab["width"] <= 360, place  # the tab that is shown is seen


_UNNAMED = """() => [...document.querySelectorAll("main table.stack")]
  .filter((table) => table.tHead)
  .flatMap((table) => [...table.tBodies[0].rows])
  .flatMap((row) => [...row.cells].slice(1))
  .filter((cell) => cell.textContent && !cell.dataset.label && !cell.querySelector("button, svg"))
  .map((cell) => cell.textContent)"""
"""What stands below each other, where there is no room beside each other, and does not say what
it is: a date is when something ends, or was made, or was used last."""

_CUT = """() => [...document.querySelectorAll("main section > header")]
  .filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.textContent)"""
"""Headings that are longer than their section is wide."""
