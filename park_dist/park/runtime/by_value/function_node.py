"""What is called, as a part of the call: a pickle by its digest, and where it was written.

The pickle is in the call, or a file that came with it.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from .code import places
from .rebuild import loads

__all__ = ["FunctionProblem", "decode_function", "encode_function"]


class FunctionProblem(ValueError):
    """A function that cannot be read here, and why."""


_FILE = "function.pickle"


def encode_function(
    data: bytes, *, name: str, set_hash: str, modules: list[str], as_file: bool = False
) -> dict[str, Any]:
    """Return a function that travels by value, as the pickle ``data``, in its JSON form.

    ``name`` is for people; ``modules`` are what reading it imports, so that it can be done
    ahead. ``as_file``: the pickle itself travels as a file.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    value = (
        {"$park": "file", "sha256": sha256, "name": _FILE}
        if as_file
        else {"$park": "bytes", "base64": base64.b64encode(data).decode("ascii")}
    )
    return {
        "$park": "function",
        "type": name,
        "set_hash": set_hash,
        "sha256": sha256,
        "modules": modules,
        "value": value,
    }


def decode_function(call: dict[str, Any], *, set_hash: str | None, inputs: str) -> Any:
    """Return the function of a call, None where it travelled as a name.

    ``inputs`` is the folder of the call's files, as in `park.runtime.codec.decode`. Raises
    `FunctionProblem` for one of another set, and for one that is not what was sent.
    """
    places.learn(call.get("places") or [])
    node = call.get("function")
    if node is None:
        return None
    name = node["type"]
    if set_hash is None or node["set_hash"] != set_hash:
        raise FunctionProblem(
            f"{name} was sent under the set {node['set_hash']}, and the set here is "
            f"{set_hash or 'unknown'}"
        )
    data = _data(node, inputs)
    if hashlib.sha256(data).hexdigest() != node["sha256"]:
        raise FunctionProblem(f"{name} is not what was sent: its digest is another")
    try:
        return loads(data)
    except Exception as error:
        raise FunctionProblem(f"{name} cannot be read: {type(error).__name__}: {error}") from error


def _data(node: dict[str, Any], inputs: str) -> bytes:
    text = node["value"].get("base64")
    if text is not None:
        return base64.b64decode(text, validate=True)
    try:
        with open(f"{inputs}/{node['sha256']}/{_FILE}", "rb") as file:  # noqa: PTH123 (see `JobFolder`)
            return file.read()
    except OSError as error:
        raise FunctionProblem(f"{node['type']} did not come with its file: {error}") from error
