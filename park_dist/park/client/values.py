"""Arguments on their way to a service and results on their way back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from park.client.files import File, digest_of
from park.client.transport import Transport
from park.errors import EnvironmentMismatch, UsageError
from park.runtime import codec
from park.wire import API, CallDocument

__all__ = ["decode_result", "encode_call"]


def encode_call(
    transport: Transport, args: tuple[Any, ...], kwargs: dict[str, Any], *, set_hash: str | None
) -> CallDocument:
    """Return the wire form of a call's arguments, after sending the files among them.

    Raises `UsageError` for a value that cannot travel.
    """
    try:
        return codec.encode_call(
            tuple(_with_files_sent(transport, value) for value in args),
            {name: _with_files_sent(transport, value) for name, value in kwargs.items()},
            set_hash=set_hash,
        )
    except codec.CodecError as error:
        raise UsageError(
            f"an argument cannot be sent: {error}",
            hint="pass JSON values, numpy arrays or park.File(path); other objects travel as "
            "pickles, only between equal sets (without --lock)",
        ) from error


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
    from park.build.cache import user_cache
    from park.build.local_set import local_set
    from park.errors import LocalSetError

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


def _with_files_sent(transport: Transport, value: Any) -> Any:
    """Return ``value`` with each `File` in it sent and replaced by what names its content."""
    if isinstance(value, File):
        return _sent(transport, value)
    if type(value) in {list, tuple}:
        return type(value)(_with_files_sent(transport, item) for item in value)
    if type(value) is dict:
        return {key: _with_files_sent(transport, item) for key, item in value.items()}
    return value


def _sent(transport: Transport, file: File) -> codec.FileValue:
    digest = digest_of(file)
    place = f"{API}/files/{digest.sha256}"
    if not transport.json("GET", f"{place}/present")["present"]:
        transport.put(place, Path(file.path))
    return codec.FileValue(sha256=digest.sha256, name=digest.name)
