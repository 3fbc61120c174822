"""Where a service can be reached."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit, urlunsplit

__all__ = ["Endpoints"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoints:
    """Where the service is: for everybody, and for its own child processes with a token.

    ``listening`` is where it can be reached without any proxy: ``url`` too, unless the operator
    named another.
    """

    url: str
    listening: str
    internal_index: str = field(repr=False)

    @classmethod
    def of(
        cls,
        listening: str,
        internal_token: str,
        *,
        public: str | None = None,
        inside: str | None = None,
    ) -> Endpoints:
        """Return the addresses of a service that listens at the URL ``listening``.

        Its child processes ask at ``inside``, where that is another.
        """
        parts = urlsplit(inside or listening)
        netloc = f"__token__:{quote(internal_token)}@{parts.netloc}"
        index = urlunsplit(parts._replace(netloc=netloc, path=f"{parts.path}/simple/"))
        return cls(url=public or listening, listening=listening, internal_index=index)
