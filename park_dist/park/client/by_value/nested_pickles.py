"""Pickles within bytes: the modules that they name, read without unpickling anything."""

from __future__ import annotations

import copyreg
import pickletools
import re
from _compat_pickle import IMPORT_MAPPING  # of protocols before 3, which have names of Python 2
from collections.abc import Iterator
from typing import IO, Any, cast

from park.client.by_value.module_ways import Way
from park.client.by_value.sending import Sending
from park.errors import UsageError
from park.local.hint_commands import install_command

__all__ = ["named_in_pickles", "names_of", "note_nested"]

_BEGIN = re.compile(rb"\x80(?:[\x04\x05]\x95|[\x02\x03][c(\[\]{}XJKM\x8a])")
"""How pickles begin since protocol 2: with it, and since protocol 4 with a frame.

`pickle` leaves the frame out of what has no room for a name.
"""

_REGISTRY: dict[int, tuple[str, str]] = vars(copyreg)["_inverted_registry"]
_IMPORTERS = frozenset(
    {
        ("cloudpickle.cloudpickle", "subimport"),
        ("dill._dill", "_import_module"),
        ("importlib", "import_module"),
        ("builtins", "__import__"),
    }
)
"""What pickles call with the name of a module."""

_KEEPS = frozenset({"MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"})
_GETS = frozenset({"GET", "BINGET", "LONG_BINGET"})


def named_in_pickles(data: bytes, *, inside: bool = False) -> Iterator[tuple[str, str]]:
    """Yield the module and the name of each global that a pickle in ``data`` refers to.

    ``inside``: of those within the one that ``data`` is. Of what only looks like a pickle
    nothing is yielded.
    """
    found = [each.start() for each in _BEGIN.finditer(data) if each.start() or not inside]
    if not found and not inside and data[-1:] == b".":
        found = [0]  # of protocol 0 or 1, which have no beginning of their own
    for begin in found:
        yield from names_of(memoryview(data)[begin:])


def names_of(data: bytes | memoryview) -> list[tuple[str, str]]:
    """Return the globals that the pickle at the beginning of ``data`` names; none of what is none.

    A module that it imports as a whole is among them, without a name.
    """
    machine = _Machine()
    try:
        for code, argument, _ in pickletools.genops(cast("IO[bytes]", _Reader(data))):
            machine.step(code.name, argument)
    except Exception:  # noqa: BLE001 (whatever bytes make of a parser that are no pickle)
        return []
    return machine.found


class _Global(tuple[str, str]):
    """What was found by its module and its name."""

    __slots__ = ()


class _Machine:
    """As much of the machine that unpickles as names are made of: the last values, and the memo.

    A name is the argument of `GLOBAL`, or the two texts before a `STACK_GLOBAL`.
    """

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []
        self._memo: dict[int, Any] = {}
        self._recent: tuple[Any, Any] = (None, None)

    def step(self, code: str, argument: Any) -> None:
        """Take an opcode with its argument."""
        if code in {"FRAME", "PROTO"}:
            return
        if code in _KEEPS:
            self._memo[len(self._memo) if argument is None else int(argument)] = self._recent[1]
            return
        value = self._memo.get(int(argument)) if code in _GETS else self._value(code, argument)
        if isinstance(value, _Global):
            self.found.append(value)
        elif isinstance(value, str) and self._recent[1] in _IMPORTERS:
            self.found.append((value, ""))
        self._recent = self._recent[1], value

    def _value(self, code: str, argument: Any) -> Any:
        if code in {"GLOBAL", "INST"}:
            module, _, name = str(argument).partition(" ")
            return _Global((IMPORT_MAPPING.get(module, module), name))
        if code == "STACK_GLOBAL" and all(isinstance(each, str) for each in self._recent):
            return _Global(self._recent)
        if code.startswith("EXT") and argument in _REGISTRY:
            return _Global(_REGISTRY[argument])
        return argument


class _Reader:
    """A part of a buffer as a file, without a copy of it: many places may look like a pickle."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = memoryview(data)
        self._at = 0

    def read(self, size: int) -> bytes:
        """Read ``size`` bytes, or fewer at the end."""
        self._at += size
        return bytes(self._data[self._at - size : self._at])

    def readline(self) -> bytes:
        """Read to the end of a line; a name is no longer than a kibibyte."""
        found = bytes(self._data[self._at : self._at + 1024]).partition(b"\n")
        line = found[0] + found[1]
        self._at += len(line)
        return line

    def tell(self) -> int:
        """Return where it is."""
        return self._at


def note_nested(sending: Sending, data: bytes, *, what: str, inside: bool) -> None:
    """Note the modules that pickles in ``data`` name: the environment is to have them.

    ``what`` has them, for whoever reads of it. Raises `UsageError` for one that no environment
    of what is installed here has: the job would fail only once it is there.
    """
    for module, name in dict.fromkeys(named_in_pickles(data, inside=inside)):
        way = sending.note(module)
        if way is Way.VALUE and not name:  # perhaps no module, but what one has
            way = sending.note(module.partition(".")[0])
        if way is Way.VALUE or (way is Way.SOURCE and not inside):
            raise _refusal(what, module, name, way)


def _refusal(what: str, module: str, name: str, way: Way) -> UsageError:
    top = module.partition(".")[0]
    if module in {"__main__", "__mp_main__"} or way is Way.SOURCE:
        why, remedy = "which no environment has", "pass the object itself, not its pickle"
    else:
        why = "and no environment of what is installed here has that module"
        remedy = (
            f"install it here, so that it goes along: {install_command(top)} (or the project "
            f"that has it); for one that is installed and not found: with_=…, --with NAME"
        )
    return UsageError(
        f"{what} has a pickle that names {f'{name} of ' if name else ''}{module}, {why}",
        hint=remedy,
    )
