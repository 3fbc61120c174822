"""Results printed: as JSON for programs, and for people in a form in which no two look the same.

Both are made of what the wire has: nothing is unpickled, so every result can be printed
anywhere. The pickles themselves are put into the user's cache, where a program finds them.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from park.atomic import appearing
from park.build.cache import user_cache
from park.client.jobs.plain_result import nodes_in, pickled_bytes, plain_json
from park.runtime import codec

__all__ = ["json_of", "pickle_lines", "text_of"]

_MOST_FILES = 10
"""Pickles of one result that get a file; thousands are one for `job.result()`."""


def json_of(document: Any) -> Any:
    """Return an encoded result as JSON data, its first pickles with the paths of their files."""
    plain = plain_json(document)
    files = _files(document)
    for node, file in zip(nodes_in(plain, "pickle"), files, strict=False):
        node["file"] = str(file)
    return plain


def pickle_lines(document: Any) -> list[str]:
    """Return a line for each pickle in an encoded result: its type, and the path of its file."""
    nodes = list(nodes_in(document, "pickle"))
    lines = [
        f"pickle of {_clean(str(node['type']))}: {file}"
        for node, file in zip(nodes, _files(document), strict=False)
    ]
    more = len(nodes) - len(lines)
    return [*lines, f"… and {more} more pickles"] if more else lines


def _files(document: Any) -> list[Path]:
    """Write the first pickles of an encoded result to the user's cache; return their paths."""
    nodes = list(nodes_in(document, "pickle"))[:_MOST_FILES]
    return [_written(pickled_bytes(node)) for node in nodes]


def _written(data: bytes) -> Path:
    file = user_cache().files / hashlib.sha256(data).hexdigest() / "result.pickle"
    file.parent.mkdir(parents=True, exist_ok=True)
    with appearing(file) as beside:
        beside.write_bytes(data)
    return file


def text_of(document: Any) -> str:
    """Return an encoded result for people: JSON, but for what JSON has no form for.

    That stands without quotes, as Python writes it: ``NaN``, ``(1+2j)``, ``b"…"``, or the repr
    that the job made of a pickle.
    """
    return _text(document, "")


def _text(value: Any, indent: str) -> str:
    if isinstance(value, list):
        return _block("[", [_text(item, indent + "  ") for item in value], "]", indent)
    if not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    kind = value.get(codec.TAG)
    if kind is None:
        return _pairs([(key, item) for key, item in value.items()], indent)
    if kind == "dict":
        return _pairs(value["items"], indent)
    if kind == "pickle":
        return _clean(value.get("repr") or f"<{value['type']}>").replace("\n", f"\n{indent}")
    return _of_node(value, kind, indent)


def _of_node(node: dict[str, Any], kind: str, indent: str) -> str:
    plain = plain_json(node)
    if isinstance(plain, dict) and codec.TAG in plain:
        return _atom(plain)
    if kind in {"datetime", "date"}:
        return str(plain)
    return _text(node.get("items", plain), indent)


def _atom(node: dict[str, Any]) -> str:
    """Return what JSON has no form for as Python writes it."""
    kind = node[codec.TAG]
    if kind == "float":
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(node["value"], "?")
    if kind == "int":
        return str(node["hex"])
    if kind in {"ndarray", "numpy-scalar"}:
        return f"<{kind}: numpy, which is not installed here, can show it>"
    try:
        return _clean(repr(codec.decode(node, set_hash=None)))
    except codec.CodecError as error:
        return f"<{_clean(str(error))}>"


def _pairs(pairs: list[Any], indent: str) -> str:
    inner = indent + "  "
    lines = [f"{_text(key, inner)}: {_text(item, inner)}" for key, item in pairs]
    return _block("{", lines, "}", indent)


def _block(opening: str, lines: list[str], closing: str, indent: str) -> str:
    if not lines:
        return opening + closing
    inner = f",\n{indent}  ".join(lines)
    return f"{opening}\n{indent}  {inner}\n{indent}{closing}"


def _clean(text: str) -> str:
    """Return ``text`` without what a terminal would obey."""
    return "".join(
        char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode()
        for char in text
    )
