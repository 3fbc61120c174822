"""What the board shows, and what a key makes of it: values in and out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from park.wire import JobLine, NowRecord

__all__ = ["Action", "Board", "Log", "Wish", "changes", "news", "pressed", "sections"]

_MOST_LINES = 5_000
_PAGE = 10
_LIVE = frozenset({"running", "queued", "waiting"})


class Action(StrEnum):
    """What a key asks for that the board itself cannot do."""

    CANCEL = "cancel"
    LOG = "log"
    QUIT = "quit"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """An action, the job that it is about, and the number of the log that was opened for it."""

    action: Action
    job: str = ""
    log: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Log:
    """What a job writes, as far as it came; ``back`` is how many lines above the end one looks."""

    number: int
    label: str
    lines: tuple[str, ...] = ()
    back: int = 0
    is_over: bool = False

    def wrote(self, text: str) -> Log:
        """Return the log with more text; of many lines the last are kept."""
        last = self.lines[-1] if self.lines else ""
        lines = (*self.lines[:-1], *(last + text).split("\n"))
        return replace(self, lines=lines[-_MOST_LINES:])

    def moved(self, lines: int) -> Log:
        """Return the log, looked at so many lines further up."""
        return replace(self, back=max(0, min(self.back + lines, len(self.lines) - 1)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """What is seen: the service, the chosen job, the log that is open, what was asked and said."""

    where: str
    now: NowRecord
    chosen: str | None = None
    asked: str | None = None
    log: Log | None = None
    opened: int = 0
    """How many logs were opened so far: what comes late of another one is not taken for its."""
    said: str = ""
    silence: str | None = None
    helps: bool = False

    @property
    def job(self) -> JobLine | None:
        """The chosen job."""
        return next((each for each in _jobs(self.now) if each.id == self.chosen), None)


def sections(now: NowRecord) -> Sequence[tuple[str, Sequence[JobLine]]]:
    """Return what is shown, each with its title, what matters most first."""
    return (
        ("Running", now.running),
        ("Waiting", now.waiting),
        ("Failed lately", now.failed),
        ("Ended lately", now.ended),
    )


def _jobs(now: NowRecord) -> list[JobLine]:
    return [job for _, jobs in sections(now) for job in jobs]


def news(board: Board, now: NowRecord) -> Board:
    """Return the board with what goes on now; the choice stays where it was, or as near."""
    after = [each.id for each in _jobs(now)]
    chosen = board.chosen
    if chosen not in after:
        before = [each.id for each in _jobs(board.now)]
        place = before.index(chosen) if chosen in before else 0
        chosen = after[min(place, len(after) - 1)] if after else None
    return replace(board, now=now, chosen=chosen, silence=None)


def changes(before: NowRecord | None, after: NowRecord) -> Iterator[JobLine]:
    """Yield what is in another state than before, what ended first; at first all that goes on."""
    known = {} if before is None else {each.id: each.status for each in _jobs(before)}
    shown = [*after.ended, *after.failed] if before is not None else []
    for job in (*reversed(shown), *after.running, *after.waiting):
        if known.get(job.id) != job.status:
            yield job


def pressed(board: Board, key: str) -> tuple[Board, Wish | None]:
    """Return the board after ``key``, and what is to be done besides."""
    if board.asked is not None:
        return _answered(board, key)
    if board.log is not None:
        return _in_log(board, board.log, key), None
    if key in {"q", "escape", "ctrl-c"}:
        return board, Wish(action=Action.QUIT)
    if key == "?":
        return replace(board, helps=not board.helps), None
    board = replace(_moved(board, _MOVES.get(key, 0)), said="", helps=False)
    return (board, None) if board.job is None else _about(board, board.job, key)


def _about(board: Board, job: JobLine, key: str) -> tuple[Board, Wish | None]:
    if key in {"l", "enter"}:
        number = board.opened + 1
        opened = replace(board, opened=number, log=Log(number=number, label=_called(job)))
        return opened, Wish(action=Action.LOG, job=job.id, log=number)
    return (_asking(board, job) if key == "c" else board), None


_MOVES = {
    "up": -1,
    "k": -1,
    "down": 1,
    "j": 1,
    "page-up": -_PAGE,
    "page-down": _PAGE,
    "home": -1_000_000,
    "g": -1_000_000,
    "end": 1_000_000,
    "G": 1_000_000,
}


def _called(job: JobLine) -> str:
    return job.label or job.entry_point


def _moved(board: Board, by: int) -> Board:
    ids = [each.id for each in _jobs(board.now)]
    if not ids:
        return board
    place = ids.index(board.chosen) if board.chosen in ids else 0
    return replace(board, chosen=ids[max(0, min(place + by, len(ids) - 1))])


def _asking(board: Board, job: JobLine) -> Board:
    if job.status not in _LIVE:
        return replace(board, said=f"{_called(job)} has ended: there is nothing to cancel")
    return replace(board, asked=job.id, said=f"Cancel {_called(job)}? y / n")


def _answered(board: Board, key: str) -> tuple[Board, Wish | None]:
    job = board.asked or ""
    if key == "y":
        said = replace(board, asked=None, said="cancelling…")
        return said, Wish(action=Action.CANCEL, job=job)
    return replace(board, asked=None, said="not cancelled"), None


def _in_log(board: Board, log: Log, key: str) -> Board:
    if key in {"q", "escape", "left", "ctrl-c"}:
        return replace(board, log=None)
    if key in _MOVES:
        return replace(board, log=log.moved(-_MOVES[key]))
    return board
