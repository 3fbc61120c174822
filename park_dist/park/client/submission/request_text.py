"""Requests of jobs as text: what is known when they are made, and what is added later."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from park.errors import UsageError
from park.runtime.codec import TAG

__all__ = ["dumps", "extended", "of_size", "with_set_hash"]

_Item = TypeVar("_Item")

_BATCH_BYTES = 8 << 20
"""Bodies beyond are cut: no service should have to hold more of one request in memory."""

_ENCODER = json.JSONEncoder(separators=(",", ":"))


def dumps(document: Any) -> str:
    """Return ``document`` as JSON, short."""
    return _ENCODER.encode(document)


def extended(text: str, more: dict[str, Any]) -> str:
    """Return the object in ``text`` with the fields of ``more``."""
    return f"{text[:-1]},{dumps(more)[1:]}" if more else text


def with_set_hash(text: str, set_hash: str | None) -> str:
    """Return the request with the pickles in its call tagged as made under ``set_hash``."""
    if set_hash is None:
        raise UsageError(
            "an argument can only travel as a pickle, which needs the set that is installed here",
            hint="pass JSON values, numpy arrays or park.File(path) to a job of another lock",
        )
    document = json.loads(text)
    return dumps({**document, "call": _under(document["call"], set_hash)})


def _under(document: Any, set_hash: str) -> Any:
    """Return encoded arguments with their pickles tagged as made under ``set_hash``."""
    if isinstance(document, list):
        return [_under(each, set_hash) for each in document]
    if not isinstance(document, dict):
        return document
    if document.get(TAG) in {"pickle", "function"}:
        return {**document, "set_hash": set_hash}
    return {key: _under(value, set_hash) for key, value in document.items()}


def of_size(ready: Sequence[tuple[_Item, str]]) -> Iterable[list[tuple[_Item, str]]]:
    """Yield ``ready``, pieces and their texts, in parts that fit into a request."""
    part: list[tuple[_Item, str]] = []
    size = 0
    for item, text in ready:
        if part and size + len(text) > _BATCH_BYTES:
            yield part
            part, size = [], 0
        part.append((item, text))
        size += len(text)
    if part:
        yield part
