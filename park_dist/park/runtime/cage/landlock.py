"""A Landlock domain for this process and its children: whom they reach.

Whoever is in a domain can neither signal nor trace a process outside of it, nor speak to an
abstract socket there; who is outside reaches in. A domain within a domain is narrower still. No
privilege is needed; see landlock(7).
"""

from __future__ import annotations

import os
import sys

from .kernel import call
from .privileges import gain_nothing

__all__ = ["enter_domain", "is_available"]

# <linux/landlock.h>; these numbers are those of every architecture
_CREATE_RULESET, _RESTRICT_SELF = 444, 446
_VERSION = 1
_SCOPES = 0b11
"""Abstract sockets, signals."""

_RIGHTS = bytes(16) + _SCOPES.to_bytes(8, sys.byteorder)
"""``struct landlock_ruleset_attr``. Nothing is handled of files and of the network: mounts can
still be made by who may."""

_SINCE = 6
"""The version that has them: Linux 6.12."""


def is_available() -> bool:
    """Tell whether `enter_domain` can be had from this kernel."""
    try:
        return call(_CREATE_RULESET, None, 0, _VERSION) >= _SINCE
    except (OSError, ImportError, AttributeError):
        return False


def enter_domain() -> None:
    """Reach no process outside from now on; raises `OSError`."""
    ruleset = call(_CREATE_RULESET, _RIGHTS, len(_RIGHTS), 0)
    try:
        gain_nothing()
        call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
