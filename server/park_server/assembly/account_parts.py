"""As whom users run here, put together."""

from __future__ import annotations

from functools import partial

from park_repo.database import Database
from park_server.accounts.assignment import Accounts
from park_server.home import Home
from park_server.jobs.engines.isolation import Isolations
from park_server.settings import Settings
from park_server.trust.trust import Trust

__all__ = ["accounts_of"]


def accounts_of(
    settings: Settings, home: Home, database: Database, trust: Trust, isolations: Isolations
) -> Accounts:
    """Return who has which account, as far as a trial has found that there can be any."""
    return Accounts(
        database,
        operator=trust.directory.operator,
        homes=home.homes,
        numbers=None if isolations.accounts is None else settings.job_accounts,
        named=partial(_named, trust),
    )


def _named(trust: Trust, user: str) -> str | None:
    """Return the account that ``user`` has by the policy of now."""
    return trust.directory.policy.account_of(user)
