"""READMEs of strangers: rendered as PyPI does, and harmless."""

from __future__ import annotations

import pytest

from park_server.page.texts.readme import MOST_RENDERED, about


def metadata(description: str, kind: str | None = None, *more: str) -> bytes:
    lines = ["Metadata-Version: 2.4", "Name: film", "Version: 1.0", "Summary: Thin  films", *more]
    if kind is not None:
        lines.append(f"Description-Content-Type: {kind}")
    return "\n".join([*lines, "", description]).encode()


def test_markdown_is_rendered() -> None:
    text = "# Film\n\n| a | b |\n| - | - |\n| 1 | 2 |\n"
    html = about(metadata(text, "text/markdown; charset=UTF-8; variant=GFM"))["html"]
    assert "<h1" in html
    assert "<td>1</td>" in html


@pytest.mark.parametrize("kind", ["text/x-rst", None])
def test_so_is_rest_which_is_meant_where_nothing_is_said(kind: str | None) -> None:
    html = about(metadata("Film\n====\n\n*thin* and ``d``\n", kind))["html"]
    assert "<em>thin</em>" in html


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("<script>alert(1)</script>x", "text/markdown"),
        ('<img src=x onerror="alert(1)">x', "text/markdown"),
        ("[x](javascript:alert(1))", "text/markdown"),
        ('<a href="javascript:alert(1)">x</a>', "text/markdown"),
        ("x\n\n.. raw:: html\n\n   <script>alert(1)</script>\n", "text/x-rst"),
        ("`x <javascript:alert(1)>`_\n", "text/x-rst"),
        ('<svg onload="alert(1)"/><style>*{}</style><form>x</form>', "text/markdown"),
    ],
)
def test_nothing_in_it_runs(text: str, kind: str) -> None:
    html = about(metadata(text, kind))["html"] or ""
    for bad in ("<script", "onerror", "onload", 'href="javascript', "<svg", "<style", "<form"):
        assert bad not in html


def test_no_file_of_the_service_is_read_by_it() -> None:
    found = about(metadata("x\n\n.. include:: /etc/passwd\n", "text/x-rst"))
    assert "root:" not in str(found)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("as *it* is", "text/plain"),
        ("as *it* is", "application/x-unknown"),
        ("x" * (MOST_RENDERED + 1), "text/markdown"),
        ("as it is\n=====\n\n.. image:: x\n   :bad\n", "text/x-rst"),
    ],
)
def test_what_is_not_rendered_is_text(text: str, kind: str) -> None:
    found = about(metadata(text, kind))
    assert found["html"] is None
    assert found["text"].startswith(text[:20].strip("\n"))
    assert len(found["text"]) <= MOST_RENDERED


def test_the_facts_are_lines_and_addresses_of_the_web_alone() -> None:
    found = about(
        metadata(
            "",
            None,
            "Requires-Python: >=3.11",
            "License-Expression: MIT",
            "Author: Ada",
            "Requires-Dist: numpy>=2",
            "Project-URL: Source, https://example.org/film",
            "Project-URL: Trick, javascript:alert(1)",
        )
    )
    assert found == {
        "summary": "Thin films",
        "requires_python": ">=3.11",
        "license": "MIT",
        "author": "Ada",
        "requires": ["numpy>=2"],
        "urls": {"Source": "https://example.org/film"},
        "html": None,
        "text": None,
    }
