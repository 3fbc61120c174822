"""The build requirements of a user's source, as the service takes them: names and versions.

They come from ``pyproject.toml``, or from the build backend, so a user may write anything there;
and a program to which they are passed takes ``-e FOLDER``, ``-r FILE`` or ``--target FOLDER``
for options, and follows a URL.
"""

from __future__ import annotations

from collections.abc import Iterable

from packaging.requirements import InvalidRequirement, Requirement

from park.errors import BuildFailed

__all__ = ["required_by_name"]


def required_by_name(requires: Iterable[str]) -> list[str]:
    """Return ``requires``, each a requirement (PEP 508) without a URL, in one spelling.

    Raises `BuildFailed`, naming the first that is none.
    """
    return [_by_name(text) for text in requires]


def _by_name(text: str) -> str:
    try:
        parsed = Requirement(text)
    except InvalidRequirement as error:
        why = str(error).partition("\n")[0]
        raise BuildFailed(
            f"the build requires {text!r}, which is no requirement (PEP 508): {why}",
            hint="correct [build-system] requires, or what the build backend asks for",
        ) from None
    if parsed.url is not None:
        raise BuildFailed(
            f"the build requires {text!r}: a service follows no URL, and takes its build"
            " requirements from its index alone",
            hint="require the project by its name, and publish its wheel there (park publish);"
            " or build on such a machine (park build --output DIR) and install the wheel",
        )
    return str(parsed)
