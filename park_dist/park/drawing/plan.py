"""Plans as text: what a script would run and install, where and in what order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from html import escape

from park.client.access.known_services import service_names, with_names
from park.client.submission.item import Item
from park.client.workflows.layers import Workflow
from park.client.workflows.plan_content import PlanContent, kind_of
from park.drawing.tree import aligned, tree
from park.model.states import NodeKind

__all__ = ["Plan", "plan"]


class Plan(PlanContent):
    """What was submitted in its block, which no service was told of.

    ``print(plan)`` shows the pieces, the services that they would run on and what waits for
    what, and for each environment whether it is there, or what would be built, sent and
    installed: to tell that, the services are asked, and what is installed here is looked at.
    The block ends where something would have to be known that only a run can tell, such as a
    result; ``ended`` then says what.
    """

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _repr_html_(self) -> str:
        """Show the plan in a notebook: its pieces as a picture, and what is said of them."""
        from park.drawing.as_image import as_image  # with what draws, for notebooks alone
        from park.drawing.svg import svg

        text = str(self)
        picture = svg(Workflow(with_names(self.graph())), datetime.now(UTC)) if self.items else ""
        return f"<pre>{escape(text)}</pre>" + (as_image(picture, text) if picture else "")

    def _lines(self) -> Iterator[str]:
        services = dict.fromkeys(item.outbox.url for item in self.items)
        name_of = service_names()
        yield f"would run: {_counted(self.items)} on {', '.join(map(name_of, services)) or '-'}"
        rows = tree(Workflow(with_names(self.graph())), datetime.now(UTC))
        yield from (f"  {line}" for line in aligned(rows))
        if self.environments:
            yield "environments:"
        for environment in self.environments:
            yield from (f"  {line}" for line in environment.lines(name_of))
        if self.ended is not None:
            yield f"ends there: {self.ended}"


def plan() -> Plan:
    """Plan what is submitted in a block, in place of submitting it.

    ::

        with park.plan() as plan:
            run_my_workflow()
        print(plan)

    It holds for this thread or task. See also ``park plan SCRIPT``.
    """
    return Plan()


def _counted(items: Iterable[Item]) -> str:
    kinds = [kind_of(item) for item in items]
    words = (
        (NodeKind.CALL, "job"),
        (NodeKind.FETCH, "fetch"),
        (NodeKind.RACE, "race"),
        (NodeKind.INSTALL, "install"),
    )
    counts = ((kinds.count(kind), word) for kind, word in words)
    told = [f"{count} {_plural(word, count)}" for count, word in counts if count]
    return ", ".join(told) or "nothing"


def _plural(word: str, count: int) -> str:
    if count == 1:
        return word
    return f"{word}es" if word.endswith("ch") else f"{word}s"
