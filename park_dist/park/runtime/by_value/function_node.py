"""What is called, as a part of the call: a pickle with its digest, and where it was written."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from .code import places
from .rebuild import loads

__all__ = ["FunctionProblem", "decode_function", "encode_function"]


class FunctionProblem(ValueError):
    """A function that cannot be read here, and why."""


def encode_function(data: bytes, *, name: str, set_hash: str, modules: list[str]) -> dict[str, Any]:
    """Return a function that travels by value, as the pickle ``data``, in its JSON form.

    ``name`` is for people; ``modules`` are what reading it imports, so that it can be done ahead.
    """
    text = base64.b64encode(data).decode("ascii")
    value = {"$park": "pickle", "base64": text, "set_hash": set_hash, "type": name}
    sha256 = hashlib.sha256(data).hexdigest()
    return {"$park": "function", "value": value, "sha256": sha256, "modules": modules}


def decode_function(call: dict[str, Any], *, set_hash: str | None) -> Any:
    """Return the function of a call, None where it travelled as a name.

    Raises `FunctionProblem` for one of another set, and for one that is not what was sent.
    """
    places.learn(call.get("places") or [])
    node = call.get("function")
    if node is None:
        return None
    value = node["value"]
    if set_hash is None or value["set_hash"] != set_hash:
        raise FunctionProblem(
            f"{value['type']} was sent under the set {value['set_hash']}, and the set here is "
            f"{set_hash or 'unknown'}"
        )
    data = base64.b64decode(value["base64"], validate=True)
    if hashlib.sha256(data).hexdigest() != node["sha256"]:
        raise FunctionProblem(f"{value['type']} is not what was sent: its digest is another")
    try:
        return loads(data)
    except Exception as error:
        raise FunctionProblem(
            f"{value['type']} cannot be read: {type(error).__name__}: {error}"
        ) from error
