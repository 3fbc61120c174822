"""The documentation as a site: built strictly, whole, searchable, and all of it its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette
from support.neighbours.index_server import serving
from support.services.park_client import REPOSITORY
from support.session.limits import LIMIT_S

from park_server.documents.front import DocumentsFiles

if TYPE_CHECKING:
    from support.pages.page_browser import PageBrowser

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    strict = ["--quiet", "--fail-on-warning", "--nitpicky", "--conf-dir", "scripts/docs_site"]
    where = ["--builder", "html", "--doctree-dir", str(folder / "trees"), "."]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *strict, *where, str(folder / "html")],
        cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=LIMIT_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "html"


def test_it_has_every_page(site: Path) -> None:
    pages = {path.relative_to(REPOSITORY) for path in (REPOSITORY / "docs").rglob("*.md")}
    assert len(pages) > 50
    for page in pages:
        assert (site / page.with_suffix(".html")).is_file(), page


def test_its_search_knows_words_of_its_pages(site: Path) -> None:
    index = (site / "searchindex.js").read_text("utf-8")
    assert "docs/how-to/come-from-elsewhere" in index
    assert '"globu"' in index or "globus" in index


def test_a_reader_finds_a_page_by_a_word_of_it(site: Path, browser: PageBrowser) -> None:
    # with the policy that a service has its browser keep, by which a page can do little
    app = DocumentsFiles(Starlette(), site)
    with serving(app) as url, browser.viewer(None, bypass_csp=False) as viewer:
        viewer.page.goto(f"{url}/docs")
        box = viewer.page.get_by_role("textbox").first
        box.fill("memoization")
        box.press("Enter")
        results = viewer.page.locator("#search-results")
        results.get_by_role("link", name="Nothing is done twice").click()
        viewer.page.get_by_role("heading", name="Nothing is done twice").first.wait_for()


def test_nothing_in_it_comes_from_elsewhere_or_is_a_script_of_a_page(site: Path) -> None:
    for page in site.rglob("*.html"):
        html = page.read_text("utf-8")
        assert re.findall(r"<(?:script|img|iframe)[^>]*(?:src)=\"(?:https?:)?//", html) == [], page
        assert re.findall(r"<link[^>]*stylesheet[^>]*href=\"(?:https?:)?//", html) == [], page
        assert re.findall(r"<script(?![^>]*src=)|\son[a-z]+=\"", html) == [], page


def test_the_script_builds_it_as_strictly() -> None:
    script = (REPOSITORY / "scripts" / "docs").read_text("utf-8")
    assert "--quiet --fail-on-warning --nitpicky --conf-dir scripts/docs_site" in script
    assert "--builder linkcheck" in script


def test_what_users_and_developers_are_told_of_it_is_so() -> None:
    def words(path: str) -> str:
        return " ".join((REPOSITORY / path).read_text("utf-8").split())

    assert "each service has it under `/docs`, without a login" in words("CHANGELOG.md")
    assert "`scripts/docs --site` makes a site" in words("CONTRIBUTING.md")
    assert "is at `/docs` below the same address" in words("docs/how-to/see-a-service.md")
    assert "scripts/docs --site" in words("scripts/release")
    assert "documents/site" in words(".gitignore")
