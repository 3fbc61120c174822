"""The versions of a service as a list that a notebook shows as a table."""

from __future__ import annotations

from park.client.choosing.versions import ServiceVersion

__all__ = ["VersionList"]

_MOST_DIFFERENCES = 3


class VersionList(list[ServiceVersion]):
    """What `Service.versions` returns: a list, and in a notebook a table."""

    def _repr_html_(self) -> str:
        from park.cards.frame import table  # what scripts do without

        rows = [
            (
                each.record.project,
                each.record.version,
                each.record.python,
                str(each.record.status),
                _compared(each),
                each.record.lock_hash[:12],
            )
            for each in self
        ]
        return table(rows, head=("project", "version", "Python", "status", "compared", "lock"))


def _compared(version: ServiceVersion) -> str:
    if version.matches_local is None:
        return "not installed here"
    if version.matches_local:
        return "what is installed here"
    shown = [str(each) for each in version.differences[:_MOST_DIFFERENCES]]
    more = len(version.differences) - _MOST_DIFFERENCES
    return ", ".join([*shown, *([f"and {more} more"] if more > 0 else [])])
