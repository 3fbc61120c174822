"""The body of ``park.Fit``: fit a bumps problem, say how far it is, and leave what it found.

It runs inside job environments that have bumps, with whatever version of it is there; here
nothing outside the standard library is imported until a fit begins.
"""

from __future__ import annotations

from park.fitting.body import fit

__all__ = ["fit"]
