"""Generate the pages that list things, and the bill of materials of what is vendored."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path

from floors import framed
from sbom import BILL, bill_text
from service_reference import events_page, policy_page, routes_page

import park
from park.cli.main import EXIT_CODES, command_parsers
from park.client.areas import ServiceFiles
from park.errors import error_classes

ARCHITECTURE = Path(__file__).parents[1] / "ARCHITECTURE.md"
REFERENCE = Path(__file__).parents[1] / "docs" / "reference"


def main() -> None:
    """Write each page, and the floors into the architecture."""
    architecture = ARCHITECTURE.read_text(encoding="utf-8")
    ARCHITECTURE.write_text(framed(architecture), encoding="utf-8")
    for name, page in pages().items():
        (REFERENCE / name).write_text(page(), encoding="utf-8")
    BILL.write_text(bill_text(), encoding="utf-8")


def pages() -> dict[str, Callable[[], str]]:
    """Return what writes each generated page, by its file name."""
    return {
        "commands.md": commands_page,
        "errors.md": errors_page,
        "events.md": events_page,
        "policy.md": policy_page,
        "python.md": python_page,
        "routes.md": routes_page,
    }


def commands_page() -> str:
    """Return the reference of the command line."""
    parts = [
        "# Commands\n",
        "Generated from the program. `--help` shows the same, `--debug` tracebacks of park itself.",
        "\n## Exit status\n",
        "| status | meaning |",
        "| --- | --- |",
    ]
    parts += [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    for name, parser in command_parsers().items():
        parts += [f"\n## park {name}\n", f"{parser.description}\n", *_options(parser)]
        for action, inner in _actions_of(parser).items():
            parts += [f"\n### park {name} {action}\n", *_options(inner)]
        if parser.epilog:
            parts += ["\n```text", parser.epilog.strip(), "```"]
    return "\n".join(parts) + "\n"


def _options(parser: argparse.ArgumentParser) -> list[str]:
    rows = [row for action in parser._actions for row in _row(action)]
    return ["| argument | meaning |", "| --- | --- |", *rows] if rows else []


def _row(action: argparse.Action) -> Iterator[str]:
    if action.help == argparse.SUPPRESS or isinstance(
        action, (argparse._HelpAction, argparse._SubParsersAction)
    ):
        return
    value = "" if action.nargs == 0 else _metavar(action)
    spelled = [f"{option} {value}".strip() for option in action.option_strings] or [value]
    meaning = (action.help or "").replace("|", "\\|")
    yield f"| `{', '.join(spelled)}` | {meaning} |".replace("NAME|URL", "NAME\\|URL")


def _metavar(action: argparse.Action) -> str:
    if action.choices is not None:
        return "{" + ",".join(map(str, action.choices)) + "}"
    return str(action.metavar or action.dest.upper())


def _actions_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def errors_page() -> str:
    """Return the table of errors, with their statuses."""
    rows = [
        f"| `{cls.__name__}` | {(cls.__doc__ or '').splitlines()[0]} | {cls.exit_code} "
        f"| {cls.http_status} | `urn:park:problem:{name}` |"
        for name, cls in sorted(error_classes().items())
        if cls.__module__ == "park.errors"
    ]
    head = [
        "# Errors\n",
        "Generated from the program. Every error is a class of `park.errors`; the service tells it",
        "as an RFC 9457 problem document with `detail`, and `hint` where there is one, and the",
        "client raises the same class.\n",
        "| class | meaning | exit status | HTTP status | problem type |",
        "| --- | --- | --- | --- | --- |",
    ]
    return "\n".join([*head, *rows]) + "\n"


PYTHON_INTRODUCTION = """\
# Python

Generated from the program.

```python
import park
```

Importing park loads nothing outside the standard library; each name is loaded when it is first
used. Names that are not on this page are not part of the interface. Every error is a subclass of
`park.ParkError`, with `message`, `hint` (what to do, or None) and `details` (a dict): see
[Errors](errors.md). Which arguments and results travel, and how, is in
[Data and files](../how-to/data-and-files.md).
"""


INTERNAL = {
    park.Service: {"binding_of", "called", "connection", "put", "transport"},
    park.Job: {
        "called",
        "connection",
        "file_record",
        "item",
        "leaf",
        "reference",
        "route_of",
        "transport",
        "url_of",
    },
    park.Install: {"called", "connection", "item", "leaf"},
    park.Condition: {"expression", "handles", "verdict"},
    park.Plan: {"environment", "items", "take"},
}
"""What other parts of park ask of these objects: no part of the interface, so on no page."""


def python_page() -> str:
    """Return the reference of the Python interface, from its docstrings."""
    named = {name: getattr(park, name) for name in park.__all__}
    functions = [name for name, thing in named.items() if inspect.isfunction(thing)]
    classes = [thing for thing in named.values() if inspect.isclass(thing)]
    # the way of the story first: a service, its jobs, what they leave
    first = [park.Service, ServiceFiles, park.Job, park.Jobs, park.Fetch, park.Install]
    classes = list(dict.fromkeys([*first, *classes]))
    parts = [PYTHON_INTRODUCTION]
    parts += [_described(f"park.{name}", getattr(park, name), level=2) for name in functions]
    parts += [_class(cls) for cls in classes]
    return "\n".join(parts)


def _class(cls: type) -> str:
    internal = INTERNAL.get(cls, set())
    found: dict[str, object] = {}
    for each in (cls, *_unnamed_bases(cls)):
        found |= {name: value for name, value in vars(each).items() if name not in found}
    named = [(name, member) for name, member in found.items() if not name.startswith("_")]
    members = [(name, member) for name, member in named if name not in internal]
    parts = [f"## class {cls.__name__}\n\n{_text(cls)}\n"]
    for name, member in members:
        if isinstance(member, property):
            parts.append(f"### {name}\n\n{_text(member)}\n")
        elif inspect.isfunction(member):
            parts.append(_described(name, member, level=3))
    return "\n".join(parts)


def _unnamed_bases(cls: type) -> Iterator[type]:
    """Yield the bases that have no section of their own, up to one that has."""
    bases = [each for each in cls.__mro__[1:] if each.__module__.partition(".")[0] == "park"]
    named = [each for each in bases if each.__name__ in park.__all__]
    yield from (each for each in bases if not any(issubclass(other, each) for other in named))


def _described(name: str, function: Callable[..., object], *, level: int) -> str:
    signature = inspect.signature(function)
    shown = [p for p in signature.parameters.values() if p.name != "self"]
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in shown]
    text = str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))
    return f"{'#' * level} {name}{text}\n\n{_text(function)}\n"


def _text(thing: object) -> str:
    return (inspect.getdoc(thing) or "").replace("``", "`")


if __name__ == "__main__":
    main()
