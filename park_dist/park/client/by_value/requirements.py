"""What a script says that its functions need besides what they are seen to refer to."""

from __future__ import annotations

from packaging.requirements import InvalidRequirement, Requirement

from park.errors import UsageError
from park.local.script import running_script, script_requirements

__all__ = ["requirements_here", "requires"]

_said: dict[str, None] = {}


def requires(*requirements: str) -> None:
    """Say what functions of this script or notebook need besides what they refer to.

    ``park.requires("h5py", "pandas>=2")``: projects that are installed here, as in a
    ``# /// script`` block (PEP 723), which counts as well. It is what no code shows: a plugin,
    or a module that is imported by a name in a variable. Raises `UsageError` for what is no
    requirement.
    """
    for text in requirements:
        try:
            Requirement(text)
        except InvalidRequirement as error:
            raise UsageError(f"park.requires({text!r}): {error}") from None
        _said[text] = None


requires.__module__ = "park"


def requirements_here() -> tuple[str, ...]:
    """Return what was said, and what the block of the script that runs here says.

    Raises `LocalSetError` where that is malformed.
    """
    script = running_script()
    declared = () if script is None else script_requirements(script)
    return tuple(dict.fromkeys([*declared, *_said]))
