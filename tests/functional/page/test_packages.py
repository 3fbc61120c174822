"""What was packed, on the page: READMEs of strangers, and what an edit of a tree changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from support.session.limits import LIMIT_S
from support.session.slow_cases import slow_after

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.pages.page_browser import PageBrowser
    from support.pages.page_lab import PageLab

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def edited(lab: PageLab) -> Iterator[dict[str, Any]]:
    """Install the model once more, with one line of it edited and a module beside."""
    source = lab.tree / "page_model.py"
    before = source.read_text()
    source.write_text(before.replace("return seed * seed", "return seed**2  # <b>squared</b>"))
    yield lab.client.json("install", "page_model")
    source.write_text(before)


def test_a_readme_is_read_and_does_nothing(browser: PageBrowser, lab: PageLab) -> None:
    with browser.viewer(lab.service) as viewer:
        viewer.log_in()
        viewer.open("#/index/page-model")
        readme = viewer.section("README")
        readme.get_by_role("heading", name="page-model").wait_for()
        assert readme.locator("strong").inner_text() == "film"
        link = readme.get_by_role("link", name="reflectometry")
        assert link.get_attribute("href") == "https://example.org/film"
        assert "noreferrer" in (link.get_attribute("rel") or "")
        assert readme.locator("script, img, [id]").count() == 0
        assert readme.get_by_role("link").count() == 1
        viewer.section("About").get_by_text(">=3.11").wait_for()
        assert viewer.page.title() == "page-model · park"


def test_the_source_of_a_tree_is_compared(
    browser: PageBrowser, lab: PageLab, edited: dict[str, Any]
) -> None:
    with browser.viewer(lab.service) as viewer:
        viewer.log_in()
        viewer.open(f"#/environments/{lab.lock_hash}/{edited['lock_hash']}")
        viewer.section("Difference").get_by_text(edited["version"]).first.wait_for()
        source = viewer.section("Source of page-model")
        source.locator("tr.plus", has_text="return seed**2  # <b>squared</b>").wait_for()
        assert source.locator("tr.minus").first.inner_text().strip().endswith("return seed * seed")
        viewer.page.get_by_role("link", name="Other way round").click()
        source.locator("tr.minus", has_text="return seed**2").wait_for()


@pytest.mark.parametrize("scheme", slow_after(1, ["light", "dark"]))
def test_nobody_is_left_out_of_the_difference(
    browser: PageBrowser, lab: PageLab, edited: dict[str, Any], scheme: str
) -> None:
    with browser.viewer(
        lab.service, color_scheme=scheme, viewport={"width": 360, "height": 740}, bypass_csp=True
    ) as viewer:
        viewer.log_in()
        viewer.open(f"#/environments/{lab.lock_hash}/{edited['lock_hash']}")
        viewer.section("Source of page-model").locator("tr.plus").first.wait_for()
        assert viewer.faults() == []
        assert viewer.overflow() <= 0


def test_what_the_service_does_not_hold_is_not_compared(
    lab: PageLab, edited: dict[str, Any]
) -> None:
    path = f"/api/v1/environments/{lab.lock_hash}/differences/{edited['lock_hash']}/nothing"
    headers = {"Authorization": f"Bearer {lab.service.token}"}
    answer = httpx2.get(f"{lab.service.url}{path}", headers=headers, timeout=LIMIT_S)
    assert answer.status_code == 404
    assert "no nothing in the environment" in answer.json()["detail"]
