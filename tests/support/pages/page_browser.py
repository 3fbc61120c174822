"""A real Chromium that looks at the page of a service, as somebody would."""

from __future__ import annotations

import importlib.resources
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Locator, Page
    from support.services.park_service import ParkService

__all__ = ["PageBrowser", "Viewer", "opened_browser"]

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def opened_browser() -> Iterator[PageBrowser]:
    """Give a browser of its own; skips where this machine has none."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("this machine has no chromium (apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    # what it would look for at its start, and needs not
    os.environ.setdefault("PLAYWRIGHT_SKIP_VALIDATE_HOST_REQUIREMENTS", "1")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(_FLAGS))
        try:
            yield PageBrowser(browser)
        finally:
            browser.close()


class PageBrowser:
    """The browser; each viewer has cookies of his own."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser

    @contextmanager
    def viewer(self, service: ParkService | None, **options: Any) -> Iterator[Viewer]:
        """Give somebody before an empty window; ``options`` are those of the context.

        Who only reads needs no ``service`` to log in to.
        """
        context = self._browser.new_context(
            **{"viewport": {"width": 1300, "height": 900}, **options}
        )
        context.set_default_timeout(LIMIT_S * 1_000)
        page = context.new_page()
        viewer = Viewer(page, service)
        try:
            yield viewer
        finally:
            context.close()
        assert not viewer.defects, viewer.defects


class Viewer:
    """Somebody before the page of ``service``; ``defects`` is what the browser complained of."""

    def __init__(self, page: Page, service: ParkService | None) -> None:
        self.page = page
        self.service = service
        self.defects: list[str] = []
        page.on("pageerror", lambda error: self.defects.append(str(error)))
        page.on("console", self._heard)
        page.on("dialog", self._asked)

    def _heard(self, message: Any) -> None:
        # an answer that refuses something is no defect; what the policy of the page forbids is
        if message.type == "error" and "responded with a status of" not in message.text:
            self.defects.append(message.text)

    def _asked(self, dialog: Dialog) -> None:
        self.defects.append(dialog.message)
        dialog.dismiss()

    def log_in(self, user: str | None = None, password: str = "") -> None:
        """Log in as the operator by his token, or by name and password."""
        assert self.service is not None
        self.page.goto(self.service.url)
        if user is None:
            self.page.get_by_text("With a token").click()
            self.page.get_by_label("Token").fill(self.service.token)
            self.page.get_by_role("button", name="Log in with the token").click()
        else:
            self.page.get_by_label("Name").fill(user)
            self.page.get_by_label("Password").fill(password)
            self.page.get_by_role("button", name="Log in", exact=True).click()
        self.page.get_by_role("navigation", name="Views").wait_for()

    def open(self, place: str) -> None:
        """Go to a view, as its link does."""
        self.page.evaluate("place => { location.hash = place }", place)

    def section(self, name: str) -> Locator:
        """Return a section of the view by its name."""
        return self.page.get_by_role("region", name=name, exact=True)

    def until(self, text: str, inside: str | None = None) -> None:
        """Wait until ``text`` is seen, in a section or anywhere."""
        place = self.page.locator("main") if inside is None else self.section(inside)
        place.get_by_text(text).first.wait_for()

    def faults(self) -> list[str]:
        """Return the serious faults that axe finds in what is shown now."""
        source = importlib.resources.files("axe_playwright_python").joinpath("axe.min.js")
        self.page.evaluate(f"() => {{ {source.read_text(encoding='utf-8')} }}")
        found = self.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{each['id']}: {each['nodes'][0]['html']} {each['nodes'][0]['failureSummary']}"
            for each in found["violations"]
            if each["impact"] in {"serious", "critical"}
        ]

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))
