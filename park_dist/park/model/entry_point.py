"""The entry point of a job: ``package.module:qualname``, as in the entry points specification."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from park.errors import InvalidEntryPoint

__all__ = ["EntryPoint"]

_DOTTED = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_FORM = re.compile(rf"(?P<module>{_DOTTED}):(?P<qualname>{_DOTTED})")
_PART = r"(?:[^\W\d]\w*|<\w+>)"  # a lambda is called <lambda>, what is inside a function <locals>
_FORM_BY_VALUE = re.compile(rf"(?P<module>{_DOTTED}):(?P<qualname>{_PART}(?:\.{_PART})*)")
_CALL = re.compile(rf"(?P<function>{_DOTTED}:{_DOTTED})\(.*\)", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class EntryPoint:
    """A callable: the module and the dotted name inside it.

    It is imported by that, unless the call brings it by value.
    """

    module: str
    qualname: str

    @staticmethod
    def parse(text: str, *, by_value: bool = False) -> EntryPoint:
        """Parse ``package.module:qualname``; raises `InvalidEntryPoint` for anything else.

        ``by_value``: the name is for people, and may be that of a lambda.
        """
        return _parsed(text, by_value=by_value)

    def __str__(self) -> str:
        return f"{self.module}:{self.qualname}"


@lru_cache(maxsize=1_000)  # thousands of jobs call one function, and each is read here and there
def _parsed(text: str, *, by_value: bool) -> EntryPoint:
    match = (_FORM_BY_VALUE if by_value else _FORM).fullmatch(text.strip())
    if match is None:
        raise InvalidEntryPoint(
            f"not an entry point: {text!r}; expected package.module:function",
            hint=_meant(text.strip()),
        )
    return EntryPoint(module=match["module"], qualname=match["qualname"])


def _meant(text: str) -> str:
    called = _CALL.fullmatch(text)
    if called is not None:
        return f"its arguments are given by name, and not with it: {called['function']}"
    module, dot, function = text.rpartition(".")
    if dot and _FORM.fullmatch(f"{module}:{function}"):
        return f"name the module and the function with a colon between: {module}:{function}"
    return "name the module and the function with a colon between: mymodel:fit"
