import ast
import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

import pytest

import park

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def generator() -> Any:
    """Return the program that writes the generated pages."""
    sys.path.insert(0, str(ROOT / "scripts"))  # what the generator imports stands beside it
    spec = importlib.util.spec_from_file_location("docs", ROOT / "scripts" / "generate_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(ROOT / "scripts"))
    return module


@pytest.mark.parametrize("name", generator().pages())
def test_generated_pages_are_up_to_date(name: str) -> None:
    written = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert written == generator().pages()[name](), "write it anew: scripts/docs"


def test_the_bill_of_materials_is_up_to_date() -> None:
    module = generator()
    assert module.BILL.read_text("utf-8") == module.bill_text(), "write it anew: scripts/docs"


def test_the_floors_in_the_architecture_are_those_that_are_checked() -> None:
    written = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert written == generator().framed(written), "write it anew: scripts/docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_inside_the_documentation_lead_somewhere(page: Path) -> None:
    for target, part in re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", page.read_text("utf-8")):
        if "://" not in target:
            there = page.parent / target if target else page
            assert there.exists(), f"{page.name} links to {target}"
            assert not part or part in parts_of(there), f"{page.name} links to {target}#{part}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_in_the_documentation_can_be_read_by_python(page: Path) -> None:
    for snippet in re.findall(
        r"^```python\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL
    ):
        ast.parse(snippet)


def test_the_architecture_names_modules_that_are_there() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    named = set(re.findall(r"\bpark(?:_repo|_server)?(?:\.[a-z_]+)+", text))
    assert len(named) > 40
    roots = [ROOT / folder for folder in ("park_dist", "repo", "server")]
    known = {"park.sqlite", *(f"park.{name}" for name in park.__all__)}
    for name in named - known:
        place = name.replace(".", "/")
        there = [root / f"{place}{end}" for root in roots for end in ("", ".py")]
        assert any(path.exists() for path in there), f"ARCHITECTURE.md names {name}"


def parts_of(page: Path) -> set[str]:
    """Return the names of the headings of a page, as GitHub and GitLab make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_story_of_the_readme_is_the_one_that_runs() -> None:
    def code(page: str) -> str:
        begin = page.index("import park, mymodel\nfrom reflectometry")
        story = page[begin : page.index("print(fit.result())", begin)]
        # where the services are is each reader's own
        return re.sub(r'remote_service\("[^"]*"\)', "remote_service(…)", story)

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    script = (ROOT / "examples" / "workflow" / "story.py").read_text(encoding="utf-8")
    assert code(script) == code(readme)


def test_the_index_of_the_documentation_has_every_page() -> None:
    docs = ROOT / "docs"
    index = (docs / "index.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"\]\(([^)#]+)", index))
    pages = {str(page.relative_to(docs)) for page in docs.glob("**/*.md")}
    # decisions have a folder of their own, which is linked
    assert {page for page in pages if not page.startswith("decisions/")} - {"index.md"} <= linked
    assert "decisions" in linked


@pytest.mark.parametrize("script", ["demo", "test", "check", "bench", "docs"])
def test_scripts_are_executable(script: str) -> None:
    assert (ROOT / "scripts" / script).stat().st_mode & 0o111


def test_what_is_internal_is_there_and_on_no_page() -> None:
    module = generator()
    for cls, names in module.INTERNAL.items():
        assert names <= set(dir(cls)), cls
    for name in ("transport", "item", "called", "take", "handles"):
        assert f"\n### {name}" not in module.python_page()
