from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from support.labs.databases import database_at

from park.errors import NotAuthenticated, OverLimit, UnknownItem
from park.wire import LoginRecord, TokenRequest
from park_repo.database import Database
from park_server.db.tables import tokens
from park_server.trust import token_book
from park_server.trust.audit import Actor
from park_server.trust.held_token import HeldToken
from park_server.trust.identity import Caller
from park_server.trust.noted import change_rate
from park_server.trust.noted.change_rate import ChangeRate
from park_server.trust.rights import ALL, USUAL
from park_server.trust.token_book import TokenBook

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

ADA = Actor(user="ada", address="::1")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = database_at(tmp_path)
    yield database
    database.close()


class Ended:
    """What ends with tokens."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def __call__(self, ids: Collection[str]) -> None:
        self.ids += sorted(ids)


def unhurried() -> ChangeRate:
    return ChangeRate(lambda: 0.0)


def now() -> datetime:
    return datetime.now(UTC)


def logged_in(book: TokenBook, user: str = "ada") -> LoginRecord:
    return asyncio.run(book.log_in(user, "laptop", Actor(user=user)))


def held_by(book: TokenBook, token: str) -> HeldToken:
    held = book.find(token, now())
    assert held is not None
    return held


def caller(book: TokenBook, token: str) -> Caller:
    held = held_by(book, token)
    return Caller(user=held.user, rights=USUAL, token=held)


def child(book: TokenBook, parent: str) -> str:
    made = asyncio.run(book.make(caller(book, parent), TokenRequest(), ADA))
    assert made.token is not None
    return made.token


def test_a_token_is_found_and_is_in_no_row(database: Database) -> None:
    book = TokenBook(database, Ended(), unhurried())
    login = logged_in(book)
    held = book.find(login.token, now())
    assert held is not None
    assert (held.user, held.note, held.id) == ("ada", "laptop", login.id)
    rows = database.read(lambda c: c.execute(tokens.select()).all())
    assert login.token not in str(rows)
    assert book.find("park_unheard", now()) is None
    again = TokenBook(database, Ended(), unhurried())
    assert again.find(login.token, now()) is not None


def test_a_token_takes_its_children_along(database: Database) -> None:
    ended = Ended()
    book = TokenBook(database, ended, unhurried())
    login, other = logged_in(book), logged_in(book)
    grandchild = child(book, child(book, login.token))
    asyncio.run(book.revoke_own(login.id, "ada", ADA))
    assert len(ended.ids) == 3
    for kept in (book, TokenBook(database, Ended(), unhurried())):
        for token in (login.token, grandchild):
            with pytest.raises(NotAuthenticated, match="was revoked at"):
                kept.find(token, now())
        assert kept.find(other.token, now()) is not None


def test_nobody_revokes_what_is_anothers(database: Database) -> None:
    book = TokenBook(database, Ended(), unhurried())
    login = logged_in(book)
    with pytest.raises(UnknownItem):
        asyncio.run(book.revoke_own(login.id, "bob", Actor(user="bob")))
    with pytest.raises(UnknownItem):
        asyncio.run(book.revoke_own("", "ada", ADA))
    assert book.find(login.token, now()) is not None
    asyncio.run(book.revoke_own(login.id[-8:], None, Actor(user="root")))
    with pytest.raises(NotAuthenticated):
        book.find(login.token, now())


def test_all_of_a_user_go_at_once(database: Database) -> None:
    book = TokenBook(database, Ended(), unhurried())
    kept, gone = logged_in(book, "bob"), [logged_in(book) for _ in range(3)]
    assert asyncio.run(book.revoke_all("ada", ADA)) == 3
    assert asyncio.run(book.revoke_all("ada", ADA)) == 0
    for login in gone:
        with pytest.raises(NotAuthenticated):
            book.find(login.token, now())
    assert book.find(kept.token, now()) is not None


def test_what_is_refreshed_goes_on_as_the_same_with_its_children(database: Database) -> None:
    book = TokenBook(database, Ended(), unhurried())
    login = logged_in(book)
    of_login = child(book, login.token)
    held = book.find(login.token, now())
    assert held is not None
    new = asyncio.run(book.refresh(held, ADA))
    assert new.id == login.id
    assert new.token != login.token
    for kept in (book, TokenBook(database, Ended(), unhurried())):
        for token in (new.token, login.token):  # the old one for a minute
            found = kept.find(token, now())
            assert found is not None
            assert found.id == login.id
        assert kept.find(login.token, now() + timedelta(seconds=61)) is None
        assert kept.find(new.token, now() + timedelta(seconds=61)) is not None
    asyncio.run(book.revoke_own(login.id, "ada", ADA))
    for token in (new.token, login.token, of_login):
        with pytest.raises(NotAuthenticated):
            book.find(token, now())


def test_a_token_expires(database: Database) -> None:
    book = TokenBook(database, Ended(), unhurried())
    with pytest.raises(NotAuthenticated, match="expired at"):
        book.find(logged_in(book).token, now() + timedelta(hours=13))


def test_when_a_token_was_used_is_listed(database: Database) -> None:
    book = TokenBook(database, Ended(), unhurried())
    login = logged_in(book)
    logged_in(book, "bob")
    assert [each.last_used for each in book.listing("ada")] == [None]
    book.find(login.token, now())
    (listed,) = book.listing("ada")
    assert listed.last_used is not None
    assert listed.token is None
    assert len(book.listing()) == 2
    database.write(lambda _: None).result()  # what was queued before is committed
    (kept,) = TokenBook(database, Ended(), unhurried()).listing("ada")
    assert kept.last_used == listed.last_used


def test_the_operators_own_token_has_children_too(database: Database) -> None:
    book = TokenBook(database, Ended(), unhurried())
    root = Caller(user="root", rights=ALL)
    made = asyncio.run(book.make(root, TokenRequest(scopes=["query"]), Actor(user="root")))
    assert made.parent is None
    assert made.token is not None
    assert book.find(made.token, now()) is not None


def test_what_ended_long_ago_is_forgotten(database: Database) -> None:
    book = TokenBook(database, Ended(), unhurried())
    login = logged_in(book)
    database.write(
        lambda c: c.execute(
            tokens.update().values(expires="2020-01-01", renewable_until="2020-01-02")
        )
    ).result()
    asyncio.run(book.sweep())
    assert TokenBook(database, Ended(), unhurried()).find(login.token, now()) is None


def test_a_user_has_so_many_tokens_that_are_good_and_no_more(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_book, "_MOST_OF_USER", 2)
    book = TokenBook(database, Ended(), unhurried())
    login = logged_in(book)
    first = child(book, login.token)
    with pytest.raises(OverLimit, match="ada has 2 tokens that are good") as caught:
        child(book, login.token)
    assert "revoke" in str(caught.value.hint)
    logged_in(book, "bob")
    held = book.find(first, now())
    assert held is not None
    asyncio.run(book.revoke([held.id], ADA))
    child(book, login.token)


def test_who_makes_and_revokes_for_ever_is_remembered_for_so_many(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is in memory, and none counts as one that is good."""
    monkeypatch.setattr(token_book, "_MOST_REMEMBERED", 3)
    monkeypatch.setattr(token_book, "_OVERLAP", timedelta(0))
    book = TokenBook(database, Ended(), unhurried())
    bobs = logged_in(book, "bob")
    asyncio.run(book.revoke_own(bobs.id, "bob", Actor(user="bob")))
    kept = logged_in(book)
    for _ in range(10):
        made = asyncio.run(book.make(caller(book, kept.token), TokenRequest(), ADA))
        asyncio.run(book.revoke_own(made.id, "ada", ADA))
    last = logged_in(book)
    known = {token.id for token in book.listing("ada")}
    assert len(known) == 2 + 3
    assert {kept.id, last.id} < known
    assert {token.id for token in TokenBook(database, Ended(), unhurried()).listing("ada")} == known
    assert [token.id for token in book.listing("bob")] == [bobs.id]


def test_a_loop_of_tokens_ends_and_logins_and_revocations_go_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them is in the audit log for a year."""
    few = dict.fromkeys(("new tokens", "logins", "refreshes of tokens"), 3)
    monkeypatch.setattr(change_rate, "_OF_A_DAY", few)
    book = TokenBook(database, Ended(), unhurried())
    login = logged_in(book)
    for _ in range(3):
        held = held_by(book, child(book, login.token))
        asyncio.run(book.revoke([held.id], ADA))
    with pytest.raises(OverLimit, match="ada had 3 new tokens in a day"):
        child(book, login.token)
    again = logged_in(book)
    for _ in range(3):
        again = asyncio.run(book.refresh(held_by(book, again.token), ADA))
    with pytest.raises(OverLimit, match="ada had 3 refreshes"):
        asyncio.run(book.refresh(held_by(book, again.token), ADA))
    logged_in(book)
    with pytest.raises(OverLimit, match="ada had 3 logins"):
        logged_in(book)
    assert asyncio.run(book.revoke_all("ada", ADA)) == 3
    logged_in(book, "bob")
