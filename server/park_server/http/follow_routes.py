"""The route by which clients and other services follow leaves of conditions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field, SkipValidation
from starlette.requests import Request
from starlette.responses import Response

from park.errors import NotAuthenticated, NotPermitted, UsageError
from park.model.conditions import After, AtLeast, Comparison, Leaf, Not, describe
from park.model.conditions_json import VERSION, condition_from_json
from park.model.leaves import service_of
from park.wire import FollowedLeaf, VerdictRecord
from park_server.grants.costs import COMPARISON
from park_server.grants.scope import Grant, check_leaf
from park_server.http.auth import opened_grant_of, user_of
from park_server.http.parts import LONG_POLL_S, parts_of
from park_server.http.pieces import (
    LargeRoute,
    checked_items,
    is_large,
    off_loop,
    records_response,
)
from park_server.http.routing.declared_routes import DeclaredRoutes
from park_server.jobs.leaf_polls import Asked

__all__ = ["router"]

router = DeclaredRoutes(route_class=LargeRoute)

_MOST_LEAVES = 20_000
_MOST_SHOWN = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class FollowRequest:
    """Leaves to be followed for up to ``wait`` seconds."""

    leaves: list[SkipValidation[FollowedLeaf]] = field(default_factory=list)
    wait: Annotated[float, Field(ge=0, le=LONG_POLL_S)] = 0.0


@router.post("/follow", response_model=list[VerdictRecord])
async def follow_leaves(request: Request, body: FollowRequest) -> Response:
    """Return a verdict for each leaf, when at least one is decided or after ``wait`` seconds.

    A leaf that may not be seen, or speaks of what is not here, is *never*, and says so.
    """
    if len(body.leaves) > _MOST_LEAVES:
        raise UsageError(f"{len(body.leaves)} leaves in one request; it may have {_MOST_LEAVES}")
    asked = await off_loop(
        request, lambda: _asked(request, checked_items(FollowedLeaf, body.leaves, "leaves"))
    )
    parts = parts_of(request)
    with parts.grant_costs.following(_weights(asked)):
        verdicts = await parts.leaf_polls.follow(asked, body.wait)
    return await records_response(
        request,
        lambda: [VerdictRecord(truth=each.truth, why=each.why) for each in verdicts],
        many=is_large(request),
    )


def _asked(request: Request, followed: Sequence[FollowedLeaf]) -> list[Asked]:
    """Return the leaves with whom they are asked for: by the request, or a leaf's own grant."""
    tokens = {each.token for each in followed if each.token is not None}
    held = parts_of(request).grants.holders(tokens) if tokens else {}
    opened = opened_grant_of(request)
    own: Grant | str = user_of(request) if opened is None else opened.grant
    use = None if opened is None else opened.use
    holder = None if use is None else use.holder
    return [
        _checked(_leaf(each.leaf), own if each.token is None else held[each.token], holder)
        for each in followed
    ]


def _weights(asked: Sequence[Asked]) -> Counter[str]:
    """Return what each grant is asked to follow."""
    found: Counter[str] = Counter()
    for each in asked:
        if each.grant is not None:
            found[each.grant] += COMPARISON if isinstance(each.leaf, Comparison) else 1
    return found


def _checked(leaf: Leaf, who: Grant | NotAuthenticated | str, holder: str | None) -> Asked:
    """Return ``leaf`` as it is asked by ``who``; ``holder`` is whose key signed the request."""
    if isinstance(who, str):
        return Asked(leaf=leaf, user=who)
    if isinstance(who, NotAuthenticated):
        return Asked(leaf=leaf, user="", refused=who.message)
    if who.holder not in {None, holder}:
        why = f"the grant …{who.id[-6:]} is bound to another service than that which asks"
        return Asked(leaf=leaf, user=who.user, refused=why)
    try:
        check_leaf(who, leaf)
    except NotPermitted as error:
        return Asked(leaf=leaf, user=who.user, refused=error.message)
    return Asked(leaf=leaf, user=who.user, grant=who.id)


def _leaf(node: object) -> Leaf:
    expression = condition_from_json({"version": VERSION, "condition": node})
    if isinstance(expression, (AtLeast, Not, After)) or service_of(expression) is not None:
        raise UsageError(
            f"not a leaf that this service can follow: {describe(expression)[:_MOST_SHOWN]}",
            hint="`after` is an `at` by now, and what lives elsewhere is followed there",
        )
    return expression
