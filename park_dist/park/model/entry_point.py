"""The entry point of a job: ``package.module:qualname``, as in the entry points specification."""

from __future__ import annotations

import re
from dataclasses import dataclass

from park.errors import InvalidEntryPoint

__all__ = ["EntryPoint"]

_DOTTED = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_FORM = re.compile(rf"(?P<module>{_DOTTED}):(?P<qualname>{_DOTTED})")


@dataclass(frozen=True, kw_only=True, slots=True)
class EntryPoint:
    """An importable callable: the module and the dotted name inside it."""

    module: str
    qualname: str

    @classmethod
    def parse(cls, text: str) -> EntryPoint:
        """Parse ``package.module:qualname``; raises `InvalidEntryPoint` for anything else."""
        match = _FORM.fullmatch(text.strip())
        if match is None:
            raise InvalidEntryPoint(
                f"not an entry point: {text!r}; expected package.module:function",
                hint="name the module and the function with a colon between: mymodel:fit",
            )
        return cls(module=match["module"], qualname=match["qualname"])

    def __str__(self) -> str:
        return f"{self.module}:{self.qualname}"
