"""What a start asks of its machine before its own code is loaded.

Processes find it out, and SQLite, beside the second that the imports take. So nothing is imported
here that takes long itself. A service that stands by has asked the machine long before it starts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from park_repo.integrity import CHECK_S, damage_of
from park_server.accounts.account import Account
from park_server.assembly.start_stages import Stages
from park_server.envs.interpreters import Interpreter, discover
from park_server.envs.overlay_trial import FoundLayout, layout_here
from park_server.home import Home
from park_server.jobs.engines.isolation import Isolations, permitted_isolations
from park_server.settings import Settings

__all__ = ["Asked", "Machine", "asked_ahead", "asked_of_machine"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What a machine is asked; nobody who serves there changes the answers."""

    layout: Future[FoundLayout]
    interpreters: Future[dict[str, Interpreter]]
    isolations: Future[Isolations]

    @property
    def questions(self) -> tuple[Future[Any], ...]:
        """All of them: what takes over at once has their answers."""
        return self.layout, self.interpreters, self.isolations


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """The questions, whose answers are waited for when they are needed.

    ``damage`` is what is wrong with the file of the database, None where nothing was found.
    """

    damage: Future[str | None]
    machine: Machine

    def found_layout(self, stages: Stages) -> FoundLayout:
        """Return how environments are laid out here."""
        with stages.at("trying how environments can be laid out here"):
            return self.machine.layout.result()

    def found_interpreters(self, stages: Stages) -> Mapping[str, Interpreter]:
        """Return the interpreters that can carry environments, by minor."""
        with stages.at("asking the Python interpreters of this machine what they are"):
            return self.machine.interpreters.result()

    def found_isolations(self, stages: Stages) -> Isolations:
        """Return what jobs are kept from here."""
        with stages.at("trying what jobs can be kept from here"):
            return self.machine.isolations.result()


@contextmanager
def asked_ahead(settings: Settings, home: Home, machine: Machine | None = None) -> Iterator[Asked]:
    """Ask on ``home``, which is taken; nothing is under way any more behind the block.

    ``machine`` is what was asked of it before, where it was.
    """
    with ExitStack() as asking:
        machine = machine or asking.enter_context(asked_of_machine(settings, home))
        beside = asking.enter_context(ThreadPoolExecutor(max_workers=1))
        damage = beside.submit(_damage, None if settings.database else home.database)
        yield Asked(damage=damage, machine=machine)


@contextmanager
def asked_of_machine(settings: Settings, home: Home) -> Iterator[Machine]:
    """Ask the machine, on a ``home`` that another may have; it is left as it is."""
    first = _first_account(settings, home)
    with ThreadPoolExecutor(max_workers=3) as beside:
        yield Machine(
            layout=beside.submit(layout_here, home.path),
            interpreters=beside.submit(discover),
            isolations=beside.submit(permitted_isolations, home.path, *first),
        )


def _damage(database: Path | None) -> str | None:
    """Return what is wrong with the file; of one that is new there is nothing to say."""
    if database is None or not database.exists() or not database.stat().st_size:
        return None
    return damage_of(database, limit_s=CHECK_S)


def _first_account(settings: Settings, home: Home) -> tuple[Account | None, str | None]:
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
