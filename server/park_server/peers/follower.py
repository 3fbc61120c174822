"""Following the leaves of conditions on one other service, in as few requests as will do.

What is undecided is asked in long polls of some hundred leaves each. The other side keeps
nothing between them: whichever of the two is killed, the same question is asked again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace

from park.errors import NotAuthenticated, ParkError
from park.model.ids import JobId
from park.model.truth import Verdict, never
from park_server.bouncing.wanted_passes import PassRefused
from park_server.peers.lent import Lent
from park_server.peers.link import Barred, Followed, Link

__all__ = ["Follower", "Key"]

_log = logging.getLogger("park.peers")

Key = tuple[JobId, int]
"""A job here, and the position of one of its remote leaves."""

Decided = Callable[[Key, Verdict], Awaitable[None]]
Heard = Callable[[], None]

_MOST_LEAVES = 500
"""In one request: some 100 kB, and little to ask again when one of them is decided."""

_WAIT_S = 30.0
"""The longest that a service lets a request wait."""

_FIRST_WAIT_S = 1.0
"""The first poll of a leaf, so that a person sees what is waited for; a pass is for one poll."""

_GATHER_S = 0.002
"""Newcomers often come in a burst."""

_LOOKS_S = 0.1
"""A poll that is cut short for newcomers has had so long to answer for what it asks."""


class _Group:
    """Leaves that are asked about together.

    ``is_apart`` while one of them is refused, and it is not known which.
    """

    def __init__(self) -> None:
        self.leaves: dict[Key, Followed] = {}
        self.changed = asyncio.Event()
        self.is_apart = False

    def has_room(self, new: Collection[Followed]) -> bool:
        """Tell whether these leaves, of one holder, can be asked about with those here."""
        if self.is_apart or len(self.leaves) + len(new) > _MOST_LEAVES:
            return False
        first = next(iter(self.leaves.values()), None)
        return first is None or all(_together(each.lent, first.lent) for each in new)


def _together(one: Lent, other: Lent) -> bool:
    """Tell whether one request can ask for both: with one pass, or signed with one key."""
    if one.bounced is not None or other.bounced is not None:
        return one == other
    return one.holder == other.holder


class Follower:
    """The undecided leaves of one service; each that is decided is told, once.

    ``heard`` is called where something else is said of those that are not.
    """

    def __init__(self, link: Link, decided: Decided, heard: Heard = lambda: None) -> None:
        self._link = link
        self._decided = decided
        self._heard = heard
        self._groups: dict[_Group, asyncio.Task[None]] = {}
        self._group_of: dict[Key, _Group] = {}
        self._said: dict[Key, str] = {}

    def said(self, key: Key) -> str:
        """Return what the service said last of an undecided leaf; "" for nothing yet."""
        return self._said.get(key, "")

    def add(self, leaves: Mapping[Key, Followed]) -> None:
        """Follow ``leaves`` as well; those that are followed already stay as they are."""
        for key, leaf in leaves.items():
            if key not in self._group_of:
                self._put(key, leaf)

    def drop(self, keys: Sequence[Key]) -> None:
        """Follow these no longer."""
        for key in keys:
            group = self._group_of.pop(key, None)
            self._said.pop(key, None)
            if group is not None:
                del group.leaves[key]
                group.changed.set()

    async def stop(self) -> None:
        """End every request."""
        tasks = list(self._groups.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _put(self, key: Key, leaf: Followed) -> None:
        group = (
            next((each for each in self._groups if each.has_room([leaf])), None) or self._begin()
        )
        group.leaves[key] = leaf
        group.changed.set()
        self._group_of[key] = group

    def _begin(self) -> _Group:
        group = _Group()
        self._groups[group] = asyncio.create_task(self._follow(group))
        return group

    async def _follow(self, group: _Group) -> None:
        """Ask for the leaves of ``group`` until none is left, or others take them over."""
        try:
            while group.leaves:
                await asyncio.sleep(_GATHER_S)
                try:
                    await self._round(group)
                except Exception:  # noqa: BLE001 (a defect; those who wait still wait)
                    _log.exception("following %s failed", self._link.url)
                    await asyncio.sleep(_WAIT_S)
                self._join(group)
        finally:
            del self._groups[group]  # at once: what is put into it would be lost

    async def _round(self, group: _Group) -> None:
        loop = asyncio.get_running_loop()
        group.changed.clear()
        asked = dict(group.leaves)
        if not asked:
            return
        began = loop.time()
        verdicts = await self._answer(group, asked)
        if not await self._tell(group, asked, verdicts):
            # a service that stops answers all polls, and would be asked without a pause
            await asyncio.sleep(max(0.0, began + _LOOKS_S - loop.time()))

    async def _answer(self, group: _Group, asked: Mapping[Key, Followed]) -> Mapping[Key, Verdict]:
        """Return the verdicts; none when newcomers are to be asked about as well."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        poll = asyncio.create_task(self._verdicts(group, asked))
        changed = asyncio.create_task(group.changed.wait())
        try:
            await asyncio.wait({poll, changed}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({poll}, timeout=max(0.0, began + _LOOKS_S - loop.time()))
            return poll.result() if poll.done() else {}
        finally:
            for task in (poll, changed):
                task.cancel()
            await asyncio.gather(poll, changed, return_exceptions=True)

    async def _verdicts(
        self, group: _Group, asked: Mapping[Key, Followed]
    ) -> Mapping[Key, Verdict]:
        leaves = list(asked.values())
        is_known = leaves[0].lent.bounced is not None or asked.keys() <= self._said.keys()
        wait_s = _WAIT_S if is_known else _FIRST_WAIT_S
        try:
            found = await self._link.patiently(lambda: self._link.follow(leaves, wait_s))
        except Barred as error:
            return dict.fromkeys(asked, never(str(error)))
        except (NotAuthenticated, PassRefused) as error:
            # the request is made with the grant of its first leaf; the others may still open
            why = self._refusal(error)
            return {key: why for key, leaf in asked.items() if leaf.lent == leaves[0].lent}
        except Exception as error:  # noqa: BLE001 (what one leaf raises is its job's end)
            if len(asked) == 1:
                return dict.fromkeys(asked, self._refusal(error))
            self._split(group)
            return {}
        group.is_apart = False
        return dict(zip(asked, found, strict=True))

    def _refusal(self, error: Exception) -> Verdict:
        if isinstance(error, ParkError):
            return never(f"{self._link.host}: {error.message}")
        _log.error("a leaf could not be asked of %s", self._link.url, exc_info=error)
        return never(f"{self._link.host}: the service failed to ask for it: {error!r}")

    def _split(self, group: _Group) -> None:
        """Give half of the leaves to a group of their own: one is refused, the rest is not."""
        other = self._begin()
        other.is_apart = group.is_apart = True
        for key in list(group.leaves)[len(group.leaves) // 2 :]:
            other.leaves[key] = group.leaves.pop(key)
            self._group_of[key] = other

    async def _tell(
        self, group: _Group, asked: Mapping[Key, Followed], verdicts: Mapping[Key, Verdict]
    ) -> bool:
        """Tell what is decided, and keep what is said of the rest; return whether anything is."""
        told_of = {key: it for key, it in verdicts.items() if group.leaves.get(key) is asked[key]}
        decided = {key: verdict for key, verdict in told_of.items() if verdict.is_decided}
        self._keep({key: told_of[key].why for key in told_of.keys() - decided})
        for key, verdict in decided.items():
            del group.leaves[key], self._group_of[key]
            before = self._said.pop(key, "")  # has the name, which a true verdict has not
            decided[key] = replace(verdict, why=verdict.why or before)
        told = await asyncio.gather(
            *(self._decided(key, verdict) for key, verdict in decided.items()),
            return_exceptions=True,
        )
        lost = {}
        for key, outcome in zip(decided, told, strict=True):
            if isinstance(outcome, Exception):
                _log.error("a verdict of %s was lost", self._link.url, exc_info=outcome)
                lost[key] = asked[key]
        self.add(lost)  # and asked for once more
        return len(lost) < len(decided)

    def _keep(self, said: Mapping[Key, str]) -> None:
        if any(self._said.get(key, "") != line for key, line in said.items()):
            self._heard()
        self._said |= said

    def _join(self, group: _Group) -> None:
        """Let a group with room take over the rest of a small one."""
        count = len(group.leaves)
        if group.is_apart or not 0 < count <= _MOST_LEAVES // 4:
            return
        for other in self._groups:
            if other is not group and other.has_room(group.leaves.values()):
                other.leaves.update(group.leaves)
                self._group_of.update(dict.fromkeys(group.leaves, other))
                other.changed.set()
                group.leaves = {}
                return
