"""A page becomes the steps of its reader; what is shown is held against what is printed."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from support.material.page_outputs import here, not_found
from support.material.page_steps import Cell, Named, NotRun, Typed, Written, steps_of
from support.material.typed_pages import NOT_TYPED, SHOWN_ALONE, pages, whys

ROOT = Path(__file__).parents[3]
TESTS = ROOT / "tests"
TYPED = pages()


def test_blocks_are_steps_from_top_to_bottom() -> None:
    page = """Text.

```console
$ park install mymodel \\
      --json
lock 1be8
$ park jobs
```

`fit.py`:

```python
import park
```

```python
job.result()
```

```text
shown alone
```
"""
    assert list(steps_of(page)) == [
        Typed(4, "park install mymodel \\\n      --json", ("lock 1be8",)),
        Typed(7, "park jobs", ()),
        Written(12, "fit.py", "import park\n"),
        Cell(16, "job.result()\n"),
    ]


def test_a_comment_says_what_stands_before_a_block() -> None:
    page = """<!-- page: JOB is: park submit m:f -->
<!-- page: first bash
cd tutorial
-->
<!-- page: output not compared: of this machine -->

```console
$ park status JOB
whatever
```

<!-- page: not run: a key is pressed -->

```console
$ park debug JOB
```
"""
    assert list(steps_of(page)) == [
        Named(1, "JOB", "park submit m:f"),
        Typed(2, "cd tutorial"),
        Typed(8, "park status JOB", None),
        NotRun(14, "a key is pressed"),
    ]


@pytest.mark.parametrize(
    "page",
    [
        "<!-- page: not run -->\n\n```bash\nls\n```\n",  # no reason
        "<!-- page: not run: why -->\n",
        "<!-- page: not run: why -->\n\n```text\nls\n```\n",
        "<!-- page: skip this -->\n",
        "```console\npark jobs\n```\n",
    ],
)
def test_a_marker_that_says_nothing_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="line 1: "):
        list(steps_of(page))


@pytest.mark.parametrize("name", TYPED)
def test_each_block_is_typed_or_said_where_all_that_are_not_stand(name: str) -> None:
    text = TYPED[name].read_text("utf-8")
    steps = list(steps_of(text))
    assert [step.why for step in steps if isinstance(step, NotRun)] == whys(name)
    fences = re.findall(r"^([ ]*)(?:```|~~~)(.*)$", text, re.MULTILINE)
    assert {indent for indent, _ in fences} <= {""}, "a block within a list is seen by no reader"
    languages = [language for _, language in fences[::2]]
    assert not any(language for _, language in fences[1::2])
    to_type = [each for each in languages if each not in SHOWN_ALONE]
    assert set(to_type) <= {"console", "bash", "sh", "python"}
    assert len(steps) >= len(to_type)


def test_each_page_with_a_block_has_a_reader() -> None:
    typed = [
        name
        for file in sorted((TESTS / "functional" / "documents").glob("test_*.py"))
        for node in ast.parse(file.read_text("utf-8")).body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "PAGES"
        for name in ast.literal_eval(node.value)
    ]
    with_steps = [name for name, page in TYPED.items() if list(steps_of(page.read_text("utf-8")))]
    assert sorted(typed) == sorted(with_steps)


def test_what_is_not_typed_is_tried_elsewhere() -> None:
    assert NOT_TYPED.keys() <= TYPED.keys()
    for name, blocks in NOT_TYPED.items():
        for why, tried in blocks:
            assert (TESTS / tried).exists() or (ROOT / tried).exists(), f"{name}: {why}"


SHOWN = "…2cc659  completed  fit(data=counts.txt)   9.1 s  chisq 1.011"
SAID = "…0a1b2c  completed  fit(data=counts.txt)  12.0 s  chisq 1.0112"


def test_ids_times_and_spaces_may_be_others() -> None:
    names: dict[str, str] = {}
    assert not_found([SHOWN], f"more\n{SAID}\n", names) is None
    assert names == {"2cc659": "0a1b2c"}
    assert here("park why …2cc659", names) == "park why …0a1b2c"


@pytest.mark.parametrize(
    "said",
    [
        SAID.replace("1.0112", "1.0212"),
        SAID.replace("completed", "failed"),
        SAID.replace("fit", "fi"),
    ],
)
def test_words_and_numbers_may_not(said: str) -> None:
    assert not_found([SHOWN], said, {}) == SHOWN


def test_what_a_page_calls_an_id_is_the_same_throughout() -> None:
    shown = ["job 01a2071c-31bc-7109-b7a0-40dcf0890247"]
    names: dict[str, str] = {}
    assert not_found(shown, "job 11a2071c-31bc-7109-b7a0-40dcf0890248", names) is None
    assert here("park why 890247", names) == "park why 890248"
    assert not_found(["…890247 failed"], "…890249 failed", names) == "…890247 failed"
    assert not_found(["…890247 failed"], "…890248 failed", names) is None


def test_lines_come_in_their_order_and_dots_are_anything() -> None:
    assert not_found(["one", "…", "three … five"], "one\ntwo\nthree four five", {}) is None
    assert not_found(["two", "one"], "one\ntwo", {}) == "one"
