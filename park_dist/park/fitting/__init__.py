"""The body of ``park.Fit``: fit a bumps problem, say how far it is, and leave what it found.

It runs inside job environments that have bumps, with whatever version of it is there; here
nothing outside the standard library is imported until a fit begins.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from park.fitting.body import fit

__all__ = ["fit"]


def __getattr__(name: str) -> object:
    """Import the body where it is called: a client reads summaries, and fits nothing."""
    if name != "fit":
        raise AttributeError(f"module 'park.fitting' has no attribute {name!r}")
    from park.fitting.body import fit

    return fit
