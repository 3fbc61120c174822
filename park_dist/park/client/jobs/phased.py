"""The phases of what is on a service, as conditions: completed, failed, finished."""

from __future__ import annotations

from typing import TYPE_CHECKING

from park.client.jobs.handle import Handle
from park.model.states import Phase

if TYPE_CHECKING:
    from park.client.jobs.when import Condition
    from park.model.conditions import Leaf

__all__ = ["Phased"]


class Phased(Handle):
    """A job or an install, whose phases others can wait for."""

    _ended_as = ""
    """As far as somebody who waited has heard; its record may be older."""

    def leaf(self, phase: Phase) -> Leaf:
        """Return what says that it is in ``phase``."""
        raise NotImplementedError

    def _is(self, phase: Phase) -> Condition:
        from park.client.jobs.when import Condition  # what plain calls do without

        return Condition(self.leaf(phase), (self,))

    @property
    def iscompleted(self) -> Condition:
        """The condition that it ended well: a job with a result, an install with an environment."""
        return self._is(Phase.COMPLETED)

    @property
    def isfailed(self) -> Condition:
        """The condition that it failed: a job with its retries spent, an install for good."""
        return self._is(Phase.FAILED)

    @property
    def isfinished(self) -> Condition:
        """The condition that it has ended, however."""
        return self._is(Phase.FINISHED)

    def __and__(self, other: object) -> Condition:
        """Return the condition that both completed, as ``a.iscompleted & b.iscompleted``."""
        return self.iscompleted & other

    def __or__(self, other: object) -> Condition:
        """Return the condition that one of them completed."""
        return self.iscompleted | other
