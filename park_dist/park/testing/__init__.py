"""For tests of code that uses park: a service that is there for them alone.

`throwaway_service` is a context manager; with pytest, the fixture ``park_service`` gives one.
"""

from __future__ import annotations

from park.testing.throwaway import throwaway_service

__all__ = ["throwaway_service"]
