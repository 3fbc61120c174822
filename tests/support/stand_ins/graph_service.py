"""A service that does nothing but tell of its workflow, in answers that a test wrote."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from park.wire import GraphRecord, encode

__all__ = ["GraphService", "of"]


class GraphService:
    """Answers for its graph in turn, the last for good, or raises; of leaves it knows nothing."""

    def __init__(self, url: str, *answers: GraphRecord | Exception) -> None:
        self.address = SimpleNamespace(url=url)
        self.answers = list(answers)
        self.asked: list[Any] = []

    def json(self, method: str, path: str, **arguments: Any) -> Any:
        """Answer a request."""
        self.asked.append((method, path, arguments))
        if path.endswith("/follow"):
            return []
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return encode(answer)


def of(*pieces: Any) -> GraphRecord:
    """Return a workflow of ``pieces`` that need nothing of each other."""
    return GraphRecord(nodes=list(pieces), edges=[])
