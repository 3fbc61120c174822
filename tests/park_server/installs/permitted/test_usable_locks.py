from __future__ import annotations

from typing import TYPE_CHECKING

from support.labs.install_lab import LOCKS, TREE, add_install, install_request, local_wheel
from support.material.open_doors import anybody

from park_server.installs.permitted.usable_locks import UsableLocks, owners

if TYPE_CHECKING:
    from park.wire import InstallRequest
    from park_repo.database import Database
    from park_server.trust.sharing import Shared


def of_tree(*names: str) -> InstallRequest:
    """Return the request for working trees of ``names``."""
    wheels = [local_wheel(name, TREE) for name in names]
    return install_request(*(f"{name}=={TREE}" for name in names), wheels=wheels)


class Shares:
    """What is shared, as a test says; ``generation`` as that of `Sharing`."""

    def __init__(self) -> None:
        self.generation = (0, 0)
        self.shared: Shared = frozenset()

    def with_user(self, _user: str) -> Shared:
        return self.shared

    def change(self, *shared: tuple[str, str]) -> None:
        self.shared = frozenset(shared)
        self.generation = (self.generation[0] + 1, 0)


def test_a_tree_is_for_its_user_and_what_is_released_for_all(database: Database) -> None:
    add_install(database, of_tree("demo"), lock=LOCKS[0])
    add_install(database, install_request("demo==1"), lock=LOCKS[1])
    locks = UsableLocks(database, Shares(), anybody)  # type: ignore[arg-type]
    assert [locks.may_use("ada", lock) for lock in LOCKS[:2]] == [True, True]
    assert [locks.may_use("bob", lock) for lock in LOCKS[:2]] == [False, True]
    assert not locks.may_use("ada", "0" * 64)
    assert database.read(lambda c: owners(c, LOCKS[0])) == {"ada"}


def test_what_is_shared_is_usable_until_it_is_not(database: Database) -> None:
    add_install(database, of_tree("demo"), lock=LOCKS[0])
    shares = Shares()
    locks = UsableLocks(database, shares, anybody)  # type: ignore[arg-type]
    shares.change(("ada", "demo"))
    assert locks.may_use("bob", LOCKS[0])
    shares.change(("eve", "demo"))
    assert not locks.may_use("bob", LOCKS[0])


def test_every_tree_in_an_environment_must_be_shared(database: Database) -> None:
    add_install(database, of_tree("demo", "other"), lock=LOCKS[0])
    shares = Shares()
    locks = UsableLocks(database, shares, anybody)  # type: ignore[arg-type]
    shares.change(("ada", "demo"))
    assert not locks.may_use("bob", LOCKS[0])
    shares.change(("ada", "demo"), ("ada", "other"))
    assert locks.may_use("bob", LOCKS[0])


def test_what_was_found_is_kept_while_nothing_changes(database: Database) -> None:
    shares = Shares()
    locks = UsableLocks(database, shares, anybody)  # type: ignore[arg-type]
    assert not locks.may_use("ada", LOCKS[0])  # what is not yet may come
    add_install(database, of_tree("demo"), lock=LOCKS[0])
    assert locks.may_use("ada", LOCKS[0])
