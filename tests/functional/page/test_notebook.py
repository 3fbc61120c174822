"""A notebook as one runs it: what its cells show, and in a browser what one sees of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from support.pages.page_browser import PageBrowser
    from support.pages.page_lab import PageLab

pytestmark = pytest.mark.slow

SHOWN = {
    "service": "service",
    "job": "job = service.submit(lambda n: n + 1, 41); job",
    "sweep": "sweep = service.map(lambda n: 1 // n, range(3)); sweep",
    "condition": "job.iscompleted & ~sweep[0].iscompleted",  # 1 // 0
    "plan": "with park.plan() as plan:\n    with service:\n        park.fetch_url(job.url)\nplan",
    "versions": "service.versions()",
    "workflow": "later = service.submit('builtins:str', job.output); park.workflow(later)",
}
"""What is the last line of a cell, by what it is."""

ENDED = """
import threading
for thread in threading.enumerate():
    if thread.name == "park display":
        thread.join()
"""
"""A cell that waits until nothing changes any more in the cells above."""


@pytest.fixture(scope="module")
def shown(lab: PageLab) -> dict[str, dict[str, Any]]:
    """Run the notebook in a kernel; return what each cell shows at the end, by media type."""
    # here, and not where the module is read: such skips are no failures where all is required
    nbclient = pytest.importorskip("nbclient", reason="needs nbclient")
    nbformat = pytest.importorskip("nbformat.v4", reason="needs nbformat")
    client = lab.client
    begin = "import park\nservice = park.remote_service()"
    cells = [begin, *SHOWN.values(), ENDED]
    notebook = nbformat.new_notebook(cells=[nbformat.new_code_cell(text) for text in cells])
    runner = hearing_all(nbclient)(notebook, timeout=LIMIT_S, kernel_name="python3")
    # the kernel is of these tests' interpreter, the machine and its service of the client
    runner.execute(env=client.environ(), cwd=str(client.folder))
    outputs = [cell.outputs[-1]["data"] for cell in notebook.cells[1:-1]]
    return dict(zip(SHOWN, outputs, strict=True))


def hearing_all(nbclient: Any) -> Any:
    """Return a client that takes each change of a display, as Jupyter's pages do.

    nbclient's own hears the cell that runs alone: what changes between two cells is lost to it.
    """

    class HearsAll(nbclient.NotebookClient):  # type: ignore[misc]
        async def _async_poll_output_msg(self, parent: str, cell: Any, index: int) -> None:
            get, update = self.kc.iopub_channel.get_msg, self._update_display_id

            async def heard(**options: Any) -> Any:
                while True:
                    message = await get(**options)
                    is_other = message["parent_header"].get("msg_id") != parent
                    if is_other and message["header"]["msg_type"] == "update_display_data":
                        update(message["content"]["transient"]["display_id"], message)
                    else:
                        return message

            self.kc.iopub_channel.get_msg = heard
            try:
                await super()._async_poll_output_msg(parent, cell, index)
            finally:
                self.kc.iopub_channel.get_msg = get

    return HearsAll


def test_cards_go_on_after_their_cells_to_the_end(shown: dict[str, dict[str, Any]]) -> None:
    assert "completed" in shown["job"]["text/html"]
    assert "running" not in shown["job"]["text/html"]
    assert "2 completed" in shown["sweep"]["text/html"]
    assert "1 failed" in shown["sweep"]["text/html"]
    assert "completed" in shown["workflow"]["text/plain"]


def test_each_has_a_text_for_who_draws_nothing(shown: dict[str, dict[str, Any]]) -> None:
    texts = {name: data["text/plain"] for name, data in shown.items()}
    assert texts["service"].startswith("<Service http://")
    assert texts["job"].endswith("completed>")
    assert "2 completed, 1 failed>" in texts["sweep"]
    assert texts["condition"].startswith("<Condition ")
    assert texts["plan"] == "<Plan of 1 pieces>"
    assert "str(" in texts["workflow"]


def test_a_browser_shows_all_of_it(
    shown: dict[str, dict[str, Any]], browser: PageBrowser, lab: PageLab
) -> None:
    body = "".join(f'<div id="{name}">{data["text/html"]}</div>' for name, data in shown.items())
    with browser.viewer(lab.service) as viewer:
        page = viewer.page
        page.set_content(body)
        assert lab.service.url in page.locator("#service").inner_text()
        assert "✓ completed" in page.locator("#job").inner_text()
        assert "page-model" in page.locator("#versions").inner_text()
        assert "true" in page.locator("#condition").inner_text()
        assert "would run: 1 fetch" in page.locator("#plan").inner_text()
        bar = [part.bounding_box() for part in page.locator("#sweep span[style^=flex]").all()]
        good, bad = (box["width"] for box in bar if box is not None)
        assert good == pytest.approx(2 * bad, rel=0.05)
        for picture in page.locator("#workflow img, #plan img").all():
            box = picture.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) > 50
            assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
