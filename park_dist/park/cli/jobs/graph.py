"""``park graph``: a workflow as a tree of text, as DOT, or as a picture."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from park.cli.option_types import new_file
from park.cli.options import add_jobs, add_json, add_service, service_of
from park.cli.output import print_json, say, say_text
from park.errors import UsageError
from park.wire import GraphRecord, encode

if TYPE_CHECKING:
    from park.client.workflows.layers import Workflow

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park graph                       the workflow of your newest job
  park graph …7f3abc               all that is connected with a job; the end of its id will do
  park graph -o workflow.svg       a picture that any browser shows
  park graph --dot | dot -Tpdf -o workflow.pdf
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_jobs(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--dot", action="store_true", help="in the language of Graphviz")
    form.add_argument("--svg", action="store_true", help="as a picture, with no other program")
    add_json(form)
    parser.add_argument(
        "-o",
        "--output",
        type=_file_or_stdout,
        metavar="FILE",
        help="where to write it; its ending (.svg, .dot, .gv, .json) says in which form",
    )
    parser.add_argument(
        "--all", action="store_true", help="a line for each, also where many are alike"
    )
    add_service(parser)


def run(options: argparse.Namespace) -> int:
    """Print or write the workflow."""
    from park.client.workflows.graph import Workflows, job_named, others

    form = _form(options)  # before anything is asked
    with others() as elsewhere:
        workflows = Workflows(service_of(options).transport, elsewhere)
        record = workflows.connected([job_named(text) for text in options.job])
    if options.output in {None, "-"}:
        _show(record, form, options)
    else:
        Path(options.output).write_text(_text(record, form, options), encoding="utf-8")
        say(options.output)
    return 0


def _file_or_stdout(text: str) -> str:
    return text if text == "-" else str(new_file(text))


_ENDINGS = {".svg": "svg", ".dot": "dot", ".gv": "dot", ".json": "json", ".txt": "text", "": "text"}


def _form(options: argparse.Namespace) -> str:
    """Return the form that an option names, else the ending of the file; raises `UsageError`."""
    for form in ("dot", "svg", "json"):
        if getattr(options, form):
            return form
    ending = Path(options.output or "").suffix.lower()
    if ending not in _ENDINGS:
        raise UsageError(
            f"{options.output}: a workflow is written as {', '.join(filter(None, _ENDINGS))}, "
            f"and not as {ending}",
            hint="-o workflow.svg is a picture that any browser shows; Graphviz makes others: "
            f"park graph --dot | dot -T{ending[1:]} -o {options.output}",
        )
    return _ENDINGS[ending]


def _show(record: GraphRecord, form: str, options: argparse.Namespace) -> None:
    from park.client.access.known_services import with_names
    from park.client.workflows.layers import Workflow
    from park.drawing.look import console, glyphs_for, styled
    from park.drawing.tree import tree

    if form == "json":
        print_json(encode(record))
        return
    terminal = console() if form == "text" else None
    if terminal is None:
        say_text(_text(record, form, options))
        return
    glyphs = glyphs_for(sys.stdout)
    workflow = Workflow(with_names(record))
    rows = tree(workflow, datetime.now(UTC), glyphs=glyphs, fold=_fold(options))
    for line in styled(rows, width=terminal.width, glyphs=glyphs, whole=True):
        terminal.print(line)
    for remark in _remarks(record):
        terminal.print(remark)


def _text(record: GraphRecord, form: str, options: argparse.Namespace) -> str:
    """Return the workflow in a form, as text."""
    import json

    from park.client.access.known_services import with_names
    from park.client.workflows.layers import Workflow
    from park.drawing.dot import dot
    from park.drawing.svg import svg

    if form == "json":
        return json.dumps(encode(record), indent=2, ensure_ascii=False) + "\n"
    workflow = Workflow(with_names(record))
    if form == "svg":
        return svg(workflow, datetime.now(UTC))
    return dot(workflow) if form == "dot" else _lines(workflow, record, options)


def _lines(workflow: Workflow, record: GraphRecord, options: argparse.Namespace) -> str:
    from park.drawing.look import glyphs_for
    from park.drawing.tree import UNICODE, aligned, tree

    glyphs = UNICODE if options.output not in {None, "-"} else glyphs_for(sys.stdout)
    rows = tree(workflow, datetime.now(UTC), glyphs=glyphs, fold=_fold(options))
    return "".join(
        f"{line}\n" for line in [*map(str, aligned(rows, glyphs=glyphs)), *_remarks(record)]
    )


def _fold(options: argparse.Namespace) -> int | None:
    return None if options.all else 8


def _remarks(record: GraphRecord) -> list[str]:
    if not record.nodes:
        return ["no jobs yet"]
    return [] if record.complete else ["there is more: name a job to see what is around it"]
