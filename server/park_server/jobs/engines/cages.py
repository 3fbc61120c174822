"""The cage of each user's jobs: as which account, what of the home is there, what besides."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from park.errors import ParkError
from park_server.accounts.account import Account
from park_server.accounts.assignment import Accounts
from park_server.jobs.engines.control_groups import almost_all_memory
from park_server.jobs.engines.engine import StartOrder
from park_server.jobs.engines.isolation import Isolation, Isolations
from park_server.trust.policy import JobRules

__all__ = ["MOST_PROCESSES", "Cage", "Cages", "prepare_for"]

_KEPT = ("envs", "jobs", "runtime", "store")
"""What all jobs need of a home; of the rest they see what is their user's, and no secret."""

MOST_PROCESSES = 4096
"""What has an end without control groups, where the operator says none: more than programs use."""

_EACH = (
    "each job imports its module for itself, as those of users do who share the service's account,"
    ' or as its policy says (`imports = "ahead"` under [jobs] there is the other way)'
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cage:
    """What a fork server is told of its cage, and how a later one for another cage is told apart.

    ``words`` are for `park.runtime.cage.way_in`; with ``has_tmp`` comes one more for its /tmp, and
    with ``has_processes`` one for a namespace of processes. ``node_words`` are for a node of a
    cluster that shares the home: what is the service's own alone is not in them.
    ``imports_ahead``: what a module runs when it is imported may run where no job's folder is
    covered yet. ``digest`` is another one for each other cage.
    """

    isolation: Isolation
    account: Account | None
    words: tuple[str, ...]
    node_words: tuple[str, ...]
    has_tmp: bool
    has_processes: bool
    imports_ahead: bool
    digest: str

    def module_ahead(self, order: StartOrder) -> str | None:
        """Return what is imported ahead for an order; None: its job has a fresh interpreter."""
        return order.module if self.imports_ahead and not order.fresh else None

    def variables(self) -> dict[str, str | None]:
        """Return what programs go by in place of the service's variables; None: not at all."""
        tmp = {"TMPDIR": None} if self.has_tmp or self.account is not None else {}
        if self.account is None:
            return {**tmp}
        name = self.account.name
        return {**tmp, "HOME": str(self.account.home), "USER": name, "LOGNAME": name}

    def words_on_nodes(self, cache: Path) -> tuple[str, ...]:
        """Return what a process on a node of a cluster is told, whose ``cache`` that is."""
        return (*self.node_words, *((f"show={cache}",) if self.isolation.covers else ()))

    def words_for(self, cache: Path, tmp: Path) -> tuple[str, ...]:
        """Return what one fork server is told, whose ``cache`` and ``tmp`` these are."""
        shown = (f"show={cache}",) if self.isolation.covers else ()
        own = ("own-processes",) if self.has_processes else ()
        return (*self.words, *shown, *((f"tmp={tmp}",) if self.has_tmp else ()), *own)


@dataclass(kw_only=True)
class Cages:
    """The cages of a service with the home ``home``; belongs to the event loop.

    ``reached`` is what programs need outside of it: interpreters, the operator's folders.
    ``processes`` are as many as an account may have, or what one fork server starts, where there
    are no control groups; ``memory`` is what each of them may have there, in bytes (None: almost
    all of the machine).
    ``rules`` tells what the operator has said, ``is_operator`` whether a user is he.
    """

    home: Path
    isolations: Isolations
    accounts: Accounts | None
    rules: Callable[[], JobRules]
    is_operator: Callable[[str], bool]
    reached: Sequence[Path] = ()
    own_folders: Callable[[str], Iterable[Path]] = lambda _: ()
    processes: int = MOST_PROCESSES
    memory: int | None = None
    _known: dict[str, tuple[object, Cage]] = field(default_factory=dict)

    def of(self, user: str) -> Cage:
        """Return the cage of ``user``; raises what `Accounts.of` raises."""
        account = None if self.accounts is None else self.accounts.of(user)
        rules = self.rules()
        state = (account, rules, self._changed())
        known = self._known.get(user)
        if known is not None and known[0] == state:
            return known[1]
        cage = self._made(user, account, rules)
        self._known[user] = (state, cage)
        return cage

    def why_each(self, user: str) -> str | None:
        """Say why each job of ``user`` imports its module for itself; None where it need not."""
        try:
            return None if self.of(user).imports_ahead else _EACH
        except ParkError:  # his account has gone since
            return None

    def _changed(self) -> int:
        """Return when a user came to have an area: others see what he shares, then."""
        try:
            # for each order: a path of text is put together in a tenth of the time
            return os.stat(f"{self.home}/areas/v1/users").st_mtime_ns  # noqa: PTH116
        except OSError:
            return 0

    def _made(self, user: str, account: Account | None, rules: JobRules) -> Cage:
        isolation = self.isolations.of(account)
        has_tmp = isolation.temporary and self._is_for(user, rules.private_tmp)
        has_processes = isolation.own_processes and self._is_for(user, rules.own_processes)
        reached = () if account is None and not has_tmp else (self.home, *self.reached)
        anywhere = (
            "alone",
            *(() if account is None else (account.word,)),
            *(f"reach={path}" for path in reached),
            *(self._covers(user, account) if isolation.covers else ()),
            *self._limits(user, account, isolation),
        )
        own_folder = ("own-folder",) if isolation.own_folders else ()
        words = (*anywhere, *own_folder, *self._network(user, isolation, rules.network))
        # jobs of several nodes speak to each other, and a fork server there is for all jobs
        node_words = (*anywhere, *_network_words(rules.network))
        text = "\0".join([*words, *node_words, str(has_tmp), str(has_processes)])
        return Cage(
            isolation=isolation,
            account=account,
            words=words,
            node_words=node_words,
            has_tmp=has_tmp,
            has_processes=has_processes,
            imports_ahead=self._imports_ahead(user, account, isolation, rules.imports_ahead),
            digest=hashlib.sha256(os.fsencode(text)).hexdigest()[:16],
        )

    def _network(self, user: str, isolation: Isolation, rule: str | None) -> Sequence[str]:
        """Return what is said of the network: unless ruled, a loopback for all but the operator."""
        has_own = isolation.own_network and self._is_for(user, None)
        return _network_words(rule or ("loopback" if has_own else "all"))

    def _is_for(self, user: str, rule: bool | None) -> bool:  # noqa: FBT001 (what a policy says)
        """Tell whether ``user`` has what ``rule`` speaks of: unless said, all but the operator."""
        return not self.is_operator(user) if rule is None else rule

    def _imports_ahead(
        self,
        user: str,
        account: Account | None,
        isolation: Isolation,
        rule: bool | None,  # noqa: FBT001 (what a policy says)
    ) -> bool:
        """Tell whether modules of ``user`` are imported before it is known for which job.

        In the service's own account that code could change what jobs of others leave, where these
        are to be kept from it; an account of its own cannot.
        """
        if rule is not None:
            return rule
        return self.is_operator(user) or account is not None or not isolation.own_folders

    def _limits(self, user: str, account: Account | None, isolation: Isolation) -> list[str]:
        """Return what stands in for control groups, as far as that goes; and no core for users.

        What the machine does with one is beyond the limits of the job: a core goes where the
        kernel's pattern says, and to whatever program of the system collects them.
        """
        most = min(self.memory or almost_all_memory(), almost_all_memory())
        words = [] if isolation.memory else [f"limit=data:{most}"]
        is_counted = account is not None or isolation.counts_processes
        if is_counted and not isolation.processes:
            words.append(f"limit=nproc:{self.processes}")
        if not self.is_operator(user):
            words.append("limit=core:0")
        return words

    def _covers(self, user: str, account: Account | None) -> list[str]:
        shown = [*self.own_folders(user), *([] if account is None else [account.home])]
        return [
            f"hide={self.home}",
            *(f"keep={name}" for name in _KEPT),
            *(f"show={path}" for path in shown if path.is_relative_to(self.home)),
        ]


def _network_words(network: str | None) -> tuple[str, ...]:
    """Return what is said of a ``network``; None: nothing is said of it."""
    return () if network in {None, "all"} else (f"network={network}",)


def prepare_for(account: Account | None, folders: Iterable[Path], tmp: Path | None) -> None:
    """Make ``folders``, the home of ``account`` and its ``tmp``, all of them its own.

    Raises `OSError`.
    """
    made = [*folders, *([] if tmp is None else [tmp])]
    if account is not None and not account.home.exists():
        made.append(account.home)
    for folder in made:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if account is not None:
            os.chown(folder, *account.owner)
