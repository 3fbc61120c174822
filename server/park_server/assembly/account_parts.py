"""As whom users run here, put together: the accounts, and what a trial of one needs."""

from __future__ import annotations

import os
from functools import partial

from park_repo.database import Database
from park_server.accounts.account import Account
from park_server.accounts.assignment import Accounts
from park_server.home import Home
from park_server.jobs.engines.isolation import Isolations
from park_server.settings import Settings
from park_server.trust.trust import Trust

__all__ = ["accounts_of", "first_account"]


def first_account(settings: Settings, home: Home) -> tuple[Account | None, str | None]:
    """Return the first account that users may have; None, and why, where they have none.

    The home lets accounts pass then.
    """
    if os.geteuid() != 0:
        return None, None
    if settings.job_accounts is None:
        return None, "--job-accounts none"
    home.let_accounts_pass()
    first = settings.job_accounts.first
    return Account(name="trial", uid=first, gid=first, home=home.homes), None


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
