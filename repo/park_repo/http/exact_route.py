"""Routes that match the whole of a path, and nothing beside it.

Starlette ends its expressions with ``$``, which a line break may follow, and lets no line break
into ``{path:path}``: a file was served, and removed, for one whose
name has a line break behind it.
"""

from __future__ import annotations

import re
from typing import Any

from starlette.routing import Route

__all__ = ["ExactRoute"]


class ExactRoute(Route):
    """Starlette's route; a line break is a character like any other."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        to_its_end = self.path_regex.pattern.removesuffix("$") + r"\Z"
        self.path_regex = re.compile(to_its_end, self.path_regex.flags | re.DOTALL)
