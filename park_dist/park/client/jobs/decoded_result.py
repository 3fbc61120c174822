"""Results on their way back from a service."""

from __future__ import annotations

from typing import Any

from park.build.cache import user_cache
from park.build.local_set import local_set
from park.errors import EnvironmentMismatch, LocalSetError
from park.runtime import codec

__all__ = ["decode_result"]


def decode_result(document: Any, *, set_hash: str | None) -> Any:
    """Return the value of an encoded result.

    A pickle is read only where what is installed here has the set hash of the job that made
    it; raises `EnvironmentMismatch` elsewhere, and for numpy data where numpy is absent.
    """
    try:
        return codec.decode(document, set_hash=None)
    except codec.CodecError as error:
        if set_hash is None or not _has_pickle(document):
            raise EnvironmentMismatch(f"the result cannot be read here: {error}") from error
    try:
        return codec.decode(document, set_hash=_set_hash_here(document, set_hash))
    except codec.CodecError as error:
        raise EnvironmentMismatch(
            f"the result cannot be read here: {error}",
            hint="return numbers, texts, lists, dicts or numpy arrays: those are read anywhere",
        ) from error


def _set_hash_here(document: Any, set_hash: str) -> str | None:
    """Return ``set_hash`` if the project that defines the pickled types has that set here."""
    for module in sorted(_pickled_modules(document)):
        try:
            if local_set(module, cache=user_cache()).requirements.hash == set_hash:
                return set_hash
        except LocalSetError:
            continue
    return None


def _pickled_modules(value: Any) -> set[str]:
    if isinstance(value, list):
        return {name for item in value for name in _pickled_modules(item)}
    if not isinstance(value, dict):
        return set()
    if value.get(codec.TAG) == "pickle":
        return {str(value["type"]).partition(".")[0]}
    return {name for item in value.values() for name in _pickled_modules(item)}


def _has_pickle(value: Any) -> bool:
    return bool(_pickled_modules(value))
