"""A condition that is kept up to date leaf by leaf, so that an event costs what it changes.

`park.model.conditions.evaluate` looks at every leaf. A gathering of a sweep has thousands,
and each of them ends once: looking at all of them each time would cost their square.

A tally is kept as long as its job waits, and a full garbage collection, which holds every thread,
goes through what it consists of: so it has no object of its own for a leaf.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from park.model.conditions import (
    AtLeast,
    Comparison,
    Expression,
    InstallIs,
    JobIs,
    Leaf,
    Not,
    leaves,
)
from park.model.references import Reference
from park.model.truth import Truth, Verdict, opposite

__all__ = ["Tally", "subjects_of"]


class Tally:
    """What is still missing of ``expression``; the verdicts of its leaves must be final."""

    def __init__(self, expression: Expression, verdict_of: Callable[[Leaf], Verdict]) -> None:
        self.expression = expression
        self._top = _Gate(None, wanted=1, slack=0)
        self._places: dict[Leaf, Sequence[_Place]] = {}
        self._about: dict[str, Leaf | list[Leaf]] = {}
        self._build(expression, _Places(self._top))
        self.size = len(self._places)
        for leaf in list(self._places):
            self.decide(leaf, verdict_of(leaf).truth)

    @property
    def truth(self) -> Truth:
        """What the expression is worth now."""
        return self._top.truth

    def about(self, subject: str) -> list[Leaf]:
        """Return the undecided leaves that speak of the job or install ``subject``."""
        found = self._about.get(subject, [])
        about = found if isinstance(found, list) else [found]
        return [leaf for leaf in about if leaf in self._places]

    def decide(self, leaf: Leaf, truth: Truth) -> None:
        """Count ``leaf`` as decided; what is decided already, or not yet, changes nothing."""
        if truth is Truth.NOT_YET:
            return
        for gate, negated in self._places.pop(leaf, ()):
            gate.count(opposite(truth) if negated else truth)

    def _build(self, expression: Expression, places: _Places) -> None:
        if isinstance(expression, AtLeast):
            count, parts = expression.count, expression.parts
            gate = _Gate(places.parent, wanted=count, slack=len(parts) - count)
            inside = _Places(gate)
            for part in parts:
                self._build(part, inside)
            gate.look()
            return
        leaf = next(leaves(expression))
        if leaf not in self._places:
            for subject in subjects_of(leaf):
                self._speaks_of(subject, leaf)
        self._put(leaf, places.negated if isinstance(expression, Not) else places.plain)

    def _speaks_of(self, subject: str, leaf: Leaf) -> None:
        others = self._about.get(subject)
        if others is None:
            self._about[subject] = leaf
        elif isinstance(others, list):
            others.append(leaf)
        else:
            self._about[subject] = [others, leaf]

    def _put(self, leaf: Leaf, place: tuple[_Place]) -> None:
        others = self._places.get(leaf)
        if others is None:
            self._places[leaf] = place
        elif isinstance(others, list):
            others.extend(place)
        else:
            self._places[leaf] = [*others, *place]


class _Gate:
    """Some of several parts: how many more must be true, and how many more may be never."""

    __slots__ = ("parent", "slack", "truth", "wanted")

    def __init__(self, parent: _Gate | None, *, wanted: int, slack: int) -> None:
        self.parent = parent
        self.wanted = wanted
        self.slack = slack
        self.truth = Truth.NOT_YET

    def count(self, truth: Truth) -> None:
        """Count one part as decided."""
        if truth is Truth.TRUE:
            self.wanted -= 1
        else:
            self.slack -= 1
        self.look()

    def look(self) -> None:
        """Decide where the counts do, and tell the parent, once."""
        if self.truth is not Truth.NOT_YET:
            return
        if self.wanted <= 0:
            self.truth = Truth.TRUE
        elif self.slack < 0:
            self.truth = Truth.NEVER
        else:
            return
        if self.parent is not None:
            self.parent.count(self.truth)


_Place = tuple[_Gate, bool]
"""Where a leaf counts, and whether as its opposite."""


class _Places:
    """Where the parts of one gate count: the same two objects for all of them."""

    __slots__ = ("negated", "parent", "plain")

    def __init__(self, parent: _Gate) -> None:
        self.parent = parent
        self.plain: tuple[_Place] = ((parent, False),)
        self.negated: tuple[_Place] = ((parent, True),)


def subjects_of(leaf: Leaf) -> Iterator[str]:
    """Yield the ids of the jobs and installs that ``leaf`` speaks of, once each."""
    match leaf:
        case JobIs(job=subject) | InstallIs(install=subject):
            yield subject
        case Comparison(left=left, right=right):
            jobs = [each.job for each in (left, right) if isinstance(each, Reference)]
            yield from dict.fromkeys(jobs)
